import type { ComponentChildren, JSX } from "preact";

export type BadgeKind = "neutral" | "ok" | "warn" | "bad" | "info";

/** A state in a word; the colour only repeats what the word says. */
export function Badge(props: {
	kind?: BadgeKind;
	/** Puts a dot before it. */
	dot?: boolean;
	title?: string;
	children: ComponentChildren;
}): JSX.Element {
	return (
		<span class={`badge ${props.kind ?? "neutral"}`} title={props.title}>
			{props.dot && <span class="dot" aria-hidden="true" />}
			{props.children}
		</span>
	);
}
