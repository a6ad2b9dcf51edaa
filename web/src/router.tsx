// A small router on the history API: links are plain <a href>, one place keeps where
// the user is, routes are matched by their pattern.
import { useCallback, useEffect, useState } from "preact/hooks";

export interface Place {
	path: string;
	query: URLSearchParams;
	hash: string;
}

export type Params = Record<string, string>;

const listeners = new Set<() => void>();
let guard: (() => string | undefined) | undefined;

export function here(): Place {
	const { pathname, search, hash } = window.location;
	return { path: pathname, query: new URLSearchParams(search), hash };
}

function changed(): void {
	for (const fn of listeners) fn();
}

/** Goes to a path of the admin. replace: "back" does not return here. */
export function navigate(to: string, o: { replace?: boolean } = {}): void {
	const from = window.location.pathname;
	// A filter in the address does not leave the page.
	const isAway = new URL(to, window.location.href).pathname !== from;
	const question = isAway ? guard?.() : undefined;
	if (question !== undefined && !window.confirm(question)) return;
	if (isAway) guard = undefined;
	if (o.replace) window.history.replaceState(null, "", to);
	else window.history.pushState(null, "", to);
	if (window.location.pathname !== from) window.scrollTo(0, 0);
	changed();
}

export function useLocation(): Place {
	const [place, setPlace] = useState(here);
	useEffect(() => {
		const fn = () => setPlace(here());
		listeners.add(fn);
		fn();
		return () => {
			listeners.delete(fn);
		};
	}, []);
	return place;
}

/**
 * The query's values, and a function that changes some of them in place: filters
 * that stand in the address can be sent to a colleague. "" or null removes one.
 */
export function useQuery(): [
	URLSearchParams,
	(change: Record<string, string | null | undefined>) => void,
] {
	const { query } = useLocation();
	const set = useCallback(
		(change: Record<string, string | null | undefined>) => {
			const now = here();
			for (const [name, value] of Object.entries(change))
				if (value === null || value === undefined || value === "")
					now.query.delete(name);
				else now.query.set(name, value);
			const text = now.query.toString();
			navigate(now.path + (text === "" ? "" : `?${text}`), {
				replace: true,
			});
		},
		[],
	);
	return [query, set];
}

/** Asks before the page is left while there is a question (unsaved changes). */
export function useLeaveGuard(question: string | undefined): void {
	useEffect(() => {
		if (question === undefined) return;
		const before = (e: BeforeUnloadEvent) => e.preventDefault();
		guard = () => question;
		window.addEventListener("beforeunload", before);
		return () => {
			guard = undefined;
			window.removeEventListener("beforeunload", before);
		};
	}, [question]);
}

/** The parameters of "/projects/:id" in a path; undefined: it is another. */
export function matchPath(pattern: string, path: string): Params | undefined {
	const want = pattern.split("/");
	const got = path.replace(/(.)\/$/, "$1").split("/");
	const params: Params = {};
	if (want.length !== got.length) return undefined;
	for (const [i, word] of want.entries()) {
		const value = got[i] ?? "";
		if (word.startsWith(":") && value !== "") {
			try {
				params[word.slice(1)] = decodeURIComponent(value);
			} catch {
				return undefined;
			}
		} else if (word !== value) return undefined;
	}
	return params;
}

function ownLink(e: MouseEvent): HTMLAnchorElement | undefined {
	if (e.defaultPrevented || e.button !== 0) return undefined;
	if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return undefined;
	const target = e.composedPath()[0];
	const a = target instanceof Element ? target.closest("a") : null;
	if (a === null || a.origin !== window.location.origin) return undefined;
	if (a.target !== "" || a.hasAttribute("download")) return undefined;
	if (a.pathname.startsWith("/api/") || a.pathname === "/metrics")
		return undefined;
	return a;
}

/** Clicks on links within the admin do not load the page anew. */
export function startRouter(): void {
	window.addEventListener("popstate", changed);
	document.addEventListener("click", (e) => {
		const a = ownLink(e);
		if (a === undefined) return;
		const isHere =
			a.pathname === window.location.pathname &&
			a.search === window.location.search;
		if (isHere && a.hash !== "") return; // a place on this page
		e.preventDefault();
		navigate(a.pathname + a.search + a.hash);
	});
}
