// What stands around each page: navigation, project, warnings, user.
import type { ComponentChildren, JSX } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { errorOf } from "../api/client";
import { useProject } from "../project";
import { navigate, useLocation } from "../router";
import { type NavGroup, type Route, routes } from "../routes";
import {
	mayRole,
	SessionContext,
	signOut,
	useSession,
	type Warning,
} from "../session";
import { Button, Icon, LinkButton, Note, toast } from "../ui";
import { chooseTheme, chosenTheme, type Theme } from "../ui/theme";
import { Shortcuts } from "./shortcuts";

const groups: [NavGroup, string][] = [
	["watch", "Watch"],
	["repair", "Repair"],
	["manage", "Manage"],
];

function Nav(props: { route: Route | undefined }): JSX.Element {
	const session = useSession();
	const current = props.route?.under ?? props.route?.path;
	const shown = routes.filter(
		(r) => r.nav && session && mayRole(session.user.role, r.role),
	);
	return (
		<nav aria-label="Pages">
			{groups.map(([group, label]) => {
				const rows = shown.filter((r) => r.nav?.group === group);
				if (rows.length === 0) return null;
				return (
					<div key={group} class="nav-group">
						<div class="nav-title" id={`nav-${group}`}>
							{label}
						</div>
						<ul class="plain" aria-labelledby={`nav-${group}`}>
							{rows.map((r) => (
								<li key={r.path}>
									<a
										href={r.path}
										aria-current={r.path === current ? "page" : undefined}
									>
										{r.title}
									</a>
								</li>
							))}
						</ul>
					</div>
				);
			})}
		</nav>
	);
}

function ProjectSwitch(): JSX.Element | null {
	const { projects, project, choose } = useProject();
	const session = useSession();
	if (projects === undefined) return null;
	if (project === undefined)
		return session && mayRole(session.user.role, "admin") ? (
			<LinkButton href="/start" small icon="plus">
				New project
			</LinkButton>
		) : (
			<span class="muted small">No project yet</span>
		);
	return (
		<label class="project-switch">
			<span class="sr-only">Project</span>
			<select
				class="input"
				value={String(project.id)}
				onChange={(e) => choose(Number(e.currentTarget.value))}
			>
				{projects.map((p) => (
					<option
						key={p.id}
						value={String(p.id)}
						selected={p.id === project.id}
					>
						{p.name}
					</option>
				))}
			</select>
		</label>
	);
}

const themes: [Theme, string][] = [
	["system", "As the system"],
	["light", "Light"],
	["dark", "Dark"],
];

function UserMenu(): JSX.Element | null {
	const { session, refresh } = useContext(SessionContext);
	const [theme, setTheme] = useState(chosenTheme);
	const { path } = useLocation();
	const [open, setOpen] = useState(false);
	useEffect(() => setOpen(false), [path]);
	if (session === null) return null;
	const leave = async () => {
		try {
			await signOut();
			navigate("/sign-in");
			await refresh();
		} catch (e) {
			toast(`Signing out did not work: ${errorOf(e).message}`, "bad");
		}
	};
	const hasAccount = routes.some((r) => r.path === "/account");
	return (
		<details
			class="user-menu"
			open={open}
			onToggle={(e) => setOpen(e.currentTarget.open)}
			onKeyDown={(e) => {
				if (e.key === "Escape") setOpen(false);
			}}
		>
			<summary class="button quiet">
				<Icon name="user" />
				<span class="user-name">{session.user.name || session.user.email}</span>
			</summary>
			<div class="user-box stack tight">
				<div class="break">
					<strong>{session.user.email}</strong>
					<div class="muted small">
						Role: {session.user.role}. Sluice {session.version}
					</div>
				</div>
				<label class="row spread">
					<span>Colours</span>
					<select
						class="input theme-select"
						value={theme}
						onChange={(e) => {
							const chosen = e.currentTarget.value as Theme;
							chooseTheme(chosen);
							setTheme(chosen);
						}}
					>
						{themes.map(([value, label]) => (
							<option key={value} value={value} selected={value === theme}>
								{label}
							</option>
						))}
					</select>
				</label>
				{hasAccount && (
					<a class="button" href="/account">
						Password, sessions and keys
					</a>
				)}
				<Button onClick={leave}>Sign out</Button>
			</div>
		</details>
	);
}

function warningText(w: Warning): string {
	return typeof w === "string" ? w : w.message;
}

export function Shell(props: {
	route: Route | undefined;
	children: ComponentChildren;
}): JSX.Element {
	const session = useSession();
	const [drawer, setDrawer] = useState(false);
	const { path } = useLocation();
	useEffect(() => setDrawer(false), [path]);
	useEffect(() => {
		if (!drawer) return;
		const onKey = (e: KeyboardEvent) => {
			if (e.key === "Escape") setDrawer(false);
		};
		document.addEventListener("keydown", onKey);
		return () => document.removeEventListener("keydown", onKey);
	}, [drawer]);
	return (
		<div class="shell">
			<a class="skip-link" href="#content">
				To the content
			</a>
			<header class="top">
				<button
					type="button"
					class="button quiet icon-only drawer-button"
					aria-expanded={drawer}
					aria-controls="side"
					onClick={() => setDrawer(!drawer)}
				>
					<Icon name={drawer ? "close" : "menu"} />
					<span class="sr-only">Pages</span>
				</button>
				<a class="brand" href="/">
					<img src="/assets/icon.svg" alt="" width="22" height="22" />
					<span>Sluice</span>
				</a>
				<ProjectSwitch />
				<span class="grow" />
				<UserMenu />
			</header>
			<div id="side" class="side" data-open={drawer || undefined}>
				<Nav route={props.route} />
			</div>
			<main id="content" tabIndex={-1}>
				{session?.warnings?.map((w) => (
					<div key={warningText(w)} class="standing-warning">
						<Note kind="warn">{warningText(w)}</Note>
					</div>
				))}
				{props.children}
			</main>
			<Shortcuts />
		</div>
	);
}
