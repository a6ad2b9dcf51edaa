// Loads a page's code, and keeps the rest alive when a page breaks.

import type { JSX } from "preact";
import { Component, type ComponentChildren, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Params } from "../router";
import type { PageProps, Route } from "../routes";
import { Button, Loading, Note } from "../ui";

const loaded = new Map<Route, ComponentType<PageProps>>();

class Boundary extends Component<
	{ children: ComponentChildren },
	{ error?: unknown }
> {
	override state: { error?: unknown } = {};

	static override getDerivedStateFromError(error: unknown): { error: unknown } {
		return { error };
	}

	override componentDidCatch(error: unknown): void {
		console.error(error);
	}

	override render(): ComponentChildren {
		if (this.state.error === undefined) return this.props.children;
		return (
			<Note
				kind="bad"
				live
				title="This page broke"
				action={
					<Button onClick={() => window.location.reload()}>
						Load it again
					</Button>
				}
			>
				That is an error in the web admin; data is not touched by it:{" "}
				<code>{String(this.state.error)}</code>
			</Note>
		);
	}
}

export function Lazy(props: { route: Route; params: Params }): JSX.Element {
	const { route } = props;
	const [, redraw] = useState(0);
	const [failed, setFailed] = useState(false);
	const Page = loaded.get(route);

	useEffect(() => {
		setFailed(false);
		if (loaded.has(route)) return;
		route.load().then(
			(m) => {
				loaded.set(route, m.default);
				redraw((n) => n + 1);
			},
			() => setFailed(true),
		);
	}, [route]);
	if (failed)
		return (
			<Note
				kind="bad"
				live
				title="This page could not be loaded"
				action={
					<Button onClick={() => window.location.reload()}>
						Load it again
					</Button>
				}
			>
				Sluice does not answer, or it was upgraded while this was open.
			</Note>
		);
	if (Page === undefined) return <Loading />;
	return (
		<Boundary key={route.path}>
			<Page params={props.params} />
		</Boundary>
	);
}
