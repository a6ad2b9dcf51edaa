// The way of an event, drawn as a list of hops that stand in a line, or below each
// other where the screen is narrow.
import type { JSX } from "preact";

import { Badge, type BadgeKind } from "../../ui";
import type { HopId, HopState, Node } from "./model";

const kinds: Record<HopState, BadgeKind> = {
	ok: "ok",
	quiet: "neutral",
	behind: "warn",
	stopped: "bad",
	off: "neutral",
};

function Hop(props: {
	node: Node;
	chosen: boolean;
	onChoose: (id: HopId) => void;
}): JSX.Element {
	const { node } = props;
	return (
		<button
			type="button"
			class="overview-hop"
			data-hop={node.id}
			data-state={node.state}
			aria-pressed={props.chosen}
			onClick={() => props.onChoose(node.id)}
		>
			<span class="overview-hop-title">{node.title}</span>
			<Badge kind={kinds[node.state]} dot>
				{node.word}
			</Badge>
			<span class="overview-hop-facts small">
				{node.facts.map((fact, i) => (
					<span key={i} class="number">
						{fact}
					</span>
				))}
				{node.facts.length === 0 && <span class="muted">{node.what}</span>}
			</span>
		</button>
	);
}

export function Pipeline(props: {
	line: Node[];
	beside: Node[];
	stale: boolean;
	chosen: HopId;
	onChoose: (id: HopId) => void;
}): JSX.Element {
	const hop = (node: Node) => (
		<Hop
			node={node}
			chosen={node.id === props.chosen}
			onChoose={props.onChoose}
		/>
	);
	return (
		<ol class="overview-line plain" data-stale={props.stale || undefined}>
			{props.line.map((node) => (
				<li key={node.id} class="overview-step">
					{hop(node)}
					{node.id === "ingest" && (
						<ul class="overview-beside plain" aria-label="Beside it">
							{props.beside.map((b) => (
								<li key={b.id}>{hop(b)}</li>
							))}
						</ul>
					)}
				</li>
			))}
		</ol>
	);
}
