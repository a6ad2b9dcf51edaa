import type { Role } from "../../routes";

/** What each role may, in words for who gives it. */
export const roles: { value: Role; label: string }[] = [
	{ value: "viewer", label: "Viewer: looks at everything, changes nothing" },
	{
		value: "member",
		label: "Member: also deletes persons and replays dead letters",
	},
	{
		value: "admin",
		label: "Administrator: also projects, settings and users",
	},
];

export const roleWord: Record<Role, string> = {
	viewer: "Viewer",
	member: "Member",
	admin: "Administrator",
};
