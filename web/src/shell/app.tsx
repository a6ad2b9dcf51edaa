// Finds who is signed in and which page is asked for, and shows it.
import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";

import { type ApiError, api, errorOf, onSignedOut } from "../api/client";
import { ProjectProvider } from "../project";
import { here, matchPath, navigate, type Params, useLocation } from "../router";
import { type Route, routes } from "../routes";
import {
	loadSession,
	mayRole,
	type Session,
	SessionContext,
	signInPath,
} from "../session";
import { Empty, ErrorBox, LinkButton, Loading, PageBody } from "../ui";
import { ToastArea } from "../ui/toast";
import { Lazy } from "./lazy";
import { Shell } from "./shell";

/** A word in the path goes before a parameter. */
export function findRoute(
	path: string,
): { route: Route; params: Params } | undefined {
	let best: { route: Route; params: Params } | undefined;
	for (const route of routes) {
		const params = matchPath(route.path, path);
		if (params === undefined) continue;
		const n = Object.keys(params).length;
		if (best === undefined || n < Object.keys(best.params).length)
			best = { route, params };
	}
	return best;
}

function NotFound(): JSX.Element {
	return (
		<PageBody title="There is no such page">
			<Empty
				title="Nothing is at this address"
				action={<LinkButton href="/">To the first page</LinkButton>}
			>
				It may be of another version of Sluice. The navigation shows all pages.
			</Empty>
		</PageBody>
	);
}

function NoRole(props: { route: Route }): JSX.Element {
	return (
		<PageBody title={props.route.title}>
			<Empty title="Your role does not open this page">
				It needs the role {props.route.role}. An administrator can change roles
				on the page Users.
			</Empty>
		</PageBody>
	);
}

/** "/" is the first page of the navigation that the role opens. */
function firstPath(session: Session): string {
	const first = routes.find((r) => r.nav && mayRole(session.user.role, r.role));
	return first?.path ?? "/start";
}

// Undefined: not known yet; null: nobody is signed in.
type Known = { session: Session | null | undefined; error?: ApiError };

function useSessionState() {
	const [known, setKnown] = useState<Known>({ session: undefined });
	const refresh = useCallback(async () => {
		try {
			setKnown({ session: await loadSession() });
		} catch (e) {
			const error = errorOf(e);
			setKnown(
				error.status === 401
					? { session: null }
					: { session: undefined, error },
			);
		}
	}, []);
	useEffect(() => {
		onSignedOut(() => setKnown({ session: null }));
		refresh();
	}, []);
	return { known, refresh };
}

/** Before anybody can sign in the first administrator is made. */
async function whereToSignIn(): Promise<string> {
	const { path, query } = here();
	const text = query.toString();
	try {
		const { needed } = await api.get<{ needed: boolean }>("/setup", {
			stay: true,
		});
		if (needed) return "/setup";
	} catch {
		// the sign-in page shows what is wrong when it is used
	}
	return signInPath(path + (text === "" ? "" : `?${text}`));
}

export function App(): JSX.Element {
	const place = useLocation();
	const { known, refresh } = useSessionState();
	const { session, error } = known;
	const found = findRoute(place.path);
	const isOpen = found?.route.role === "open";

	useEffect(() => {
		document.title = `${found?.route.title ?? "Sluice"} – Sluice`;
	}, [found?.route]);
	useEffect(() => {
		if (session === null && !isOpen)
			whereToSignIn().then((to) => navigate(to, { replace: true }));
	}, [session, isOpen]);
	useEffect(() => {
		if (session && place.path === "/" && found === undefined)
			navigate(firstPath(session), { replace: true });
	}, [session, place.path]);

	const content = () => {
		if (isOpen)
			return (
				<main id="content" class="bare">
					<Lazy route={found.route} params={found.params} />
				</main>
			);
		if (error)
			return (
				<main id="content" class="bare">
					<ErrorBox
						title="The admin could not be opened"
						error={error}
						onRetry={refresh}
					/>
				</main>
			);
		if (!session) return <Loading />;
		return (
			<ProjectProvider>
				<Shell route={found?.route}>
					{found === undefined ? (
						place.path === "/" ? (
							<Loading />
						) : (
							<NotFound />
						)
					) : mayRole(session.user.role, found.route.role) ? (
						<Lazy route={found.route} params={found.params} />
					) : (
						<NoRole route={found.route} />
					)}
				</Shell>
			</ProjectProvider>
		);
	};
	return (
		<SessionContext.Provider value={{ session: session ?? null, refresh }}>
			{content()}
			<ToastArea />
		</SessionContext.Provider>
	);
}
