// Every page of the admin. To add one: make pages/<page>/index.tsx that exports its
// component as default, and add a row here; see README.md.
import type { ComponentType } from "preact";

import type { Params } from "./router";

export type Role = "viewer" | "member" | "admin";

export type NavGroup = "watch" | "repair" | "manage";

export interface PageProps {
	params: Params;
}

export interface Route {
	/** Parts that begin with a colon are parameters. */
	path: string;
	title: string;
	/** The least role that may open it; open: without a sign-in. */
	role: Role | "open";
	load: () => Promise<{ default: ComponentType<PageProps> }>;
	/** Its place in the navigation; none: it is reached by links. */
	nav?: { group: NavGroup; key?: string };
	/** The path whose place in the navigation is marked instead. */
	under?: string;
}

// In the order of the navigation, group by group. key: `g` and this letter go there.
export const routes: Route[] = [
	{
		path: "/sign-in",
		title: "Sign in",
		role: "open",
		load: () => import("./pages/sign-in"),
	},
	{
		path: "/setup",
		title: "Set up",
		role: "open",
		load: () => import("./pages/setup"),
	},
	{
		path: "/start",
		title: "Send the first event",
		role: "viewer",
		load: () => import("./pages/start"),
		under: "/projects",
	},

	// watch: Overview, Live, Explore, Persons, Groups
	{
		path: "/overview",
		title: "Overview",
		role: "viewer",
		load: () => import("./pages/overview"),
		nav: { group: "watch", key: "o" },
	},
	{
		path: "/live",
		title: "Live events",
		role: "viewer",
		load: () => import("./pages/live"),
		nav: { group: "watch", key: "l" },
	},
	{
		path: "/explore",
		title: "Explorer",
		role: "viewer",
		load: () => import("./pages/explore"),
		nav: { group: "watch", key: "e" },
	},
	{
		path: "/persons",
		title: "Persons",
		role: "viewer",
		load: () => import("./pages/persons"),
		nav: { group: "watch", key: "p" },
	},
	{
		path: "/persons/:distinct_id",
		title: "Person",
		role: "viewer",
		load: () => import("./pages/person"),
		under: "/persons",
	},
	{
		path: "/groups",
		title: "Groups",
		role: "viewer",
		load: () => import("./pages/groups"),
		nav: { group: "watch", key: "g" },
	},
	{
		path: "/groups/:type/:key",
		title: "Group",
		role: "viewer",
		load: () => import("./pages/group"),
		under: "/groups",
	},

	// repair: Dead letters, Topics, Connections
	{
		path: "/dead-letters",
		title: "Dead letters",
		role: "viewer",
		load: () => import("./pages/dead-letters"),
		nav: { group: "repair", key: "d" },
	},
	{
		path: "/dead-letters/:letter",
		title: "Dead letter",
		role: "viewer",
		load: () => import("./pages/dead-letter"),
		under: "/dead-letters",
	},
	{
		path: "/topics",
		title: "Topics",
		role: "viewer",
		load: () => import("./pages/topics"),
		nav: { group: "repair", key: "t" },
	},
	{
		path: "/topics/:name",
		title: "Topic",
		role: "viewer",
		load: () => import("./pages/topic"),
		under: "/topics",
	},
	{
		path: "/connections",
		title: "Connections",
		role: "viewer",
		load: () => import("./pages/connections"),
		nav: { group: "repair", key: "c" },
	},

	// manage: Projects, Settings, Users, Keys, Audit
	{
		path: "/projects",
		title: "Projects and keys",
		role: "viewer",
		load: () => import("./pages/projects"),
		nav: { group: "manage", key: "k" },
	},
	{
		path: "/projects/:id",
		title: "Project",
		role: "viewer",
		load: () => import("./pages/project"),
		under: "/projects",
	},
	{
		path: "/settings",
		title: "Settings",
		role: "admin",
		load: () => import("./pages/settings"),
		nav: { group: "manage", key: "s" },
	},
	{
		path: "/users",
		title: "Users",
		role: "admin",
		load: () => import("./pages/users"),
		nav: { group: "manage", key: "u" },
	},
	{
		path: "/keys",
		title: "Personal keys",
		role: "admin",
		load: () => import("./pages/keys"),
		nav: { group: "manage", key: "y" },
	},
	{
		path: "/audit",
		title: "Audit trail",
		role: "admin",
		load: () => import("./pages/audit"),
		nav: { group: "manage", key: "a" },
	},
	{
		path: "/account",
		title: "Your account",
		role: "viewer",
		load: () => import("./pages/account"),
	},
];
