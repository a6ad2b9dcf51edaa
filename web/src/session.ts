// Who is signed in, and how that is asked, begun and ended.
import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { api, setCsrfToken } from "./api/client";
import type { Role } from "./routes";

export interface User {
	id: number;
	email: string;
	name: string;
	role: Role;
}

/** A standing warning, as that the admin is reachable without TLS. */
export type Warning = string | { code?: string; message: string };

export interface Session {
	user: User;
	csrf_token: string;
	version: string;
	warnings?: Warning[];
}

const ranks: Record<Role | "open", number> = {
	open: 0,
	viewer: 1,
	member: 2,
	admin: 3,
};

/** null: nobody is signed in. */
export const SessionContext = createContext<{
	session: Session | null;
	refresh: () => Promise<void>;
}>({ session: null, refresh: async () => {} });

export function useSession(): Session | null {
	return useContext(SessionContext).session;
}

/** true: who is signed in may do what wants this role. */
export function useMay(role: Role): boolean {
	const session = useSession();
	return session !== null && mayRole(session.user.role, role);
}

export function mayRole(has: Role, wants: Role | "open"): boolean {
	return ranks[has] >= ranks[wants];
}

/** Throws ApiError: 401 when nobody is signed in. */
export async function loadSession(): Promise<Session> {
	const session = await api.get<Session>("/session", { stay: true });
	setCsrfToken(session.csrf_token);
	return session;
}

export async function signIn(email: string, password: string): Promise<void> {
	await api.post("/session", { email, password }, { stay: true });
}

export async function signOut(): Promise<void> {
	await api.del("/session", undefined, { stay: true });
	setCsrfToken("");
}

/** The path to return to, kept in the address of the sign-in page. */
export function signInPath(from: string): string {
	return from === "/" || from.startsWith("/sign-in")
		? "/sign-in"
		: `/sign-in?next=${encodeURIComponent(from)}`;
}

/** Only paths of this admin: "//host" and "/\host" are other places. */
export function safeNext(next: string | null): string {
	return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}
