// Text from outside is shown as text, whatever it is made of.
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";

import { CopyButton } from "./button";

const SHOWN_MAX_CHARS = 200_000;
const ITEMS_MAX = 500;

/** A block of code or text with a button that copies it. */
export function Code(props: {
	text: string;
	/** For screen readers: what it is. */
	label?: string;
	wrap?: boolean;
	noCopy?: boolean;
}): JSX.Element {
	const cut = props.text.length > SHOWN_MAX_CHARS;
	return (
		<section class="code-box" aria-label={props.label ?? "Code"}>
			<pre
				class={props.wrap ? "code wrap" : "code"}
				// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
				tabIndex={0}
			>
				{cut ? props.text.slice(0, SHOWN_MAX_CHARS) : props.text}
			</pre>
			{cut && (
				<p class="small muted code-cut">
					The first {SHOWN_MAX_CHARS} characters of {props.text.length}; the
					copy has all.
				</p>
			)}
			{!props.noCopy && (
				<div class="code-copy">
					<CopyButton text={props.text} iconOnly label="Copy" />
				</div>
			)}
		</section>
	);
}

function Scalar(props: { value: unknown }): JSX.Element {
	const { value } = props;
	if (typeof value === "string")
		return <span class="json-string break">"{value}"</span>;
	return (
		<span class={`json-${value === null ? "null" : typeof value}`}>
			{String(value)}
		</span>
	);
}

function Node(props: {
	name?: ComponentChildren;
	value: unknown;
	depth: number;
	open: number;
}): JSX.Element {
	const { value, depth } = props;
	const name = props.name !== undefined && (
		<span class="json-key break">{props.name}: </span>
	);
	if (value === null || typeof value !== "object")
		return (
			<div class="json-line">
				{name}
				<Scalar value={value} />
			</div>
		);
	const isList = Array.isArray(value);
	const entries = Object.entries(value);
	if (entries.length === 0)
		return (
			<div class="json-line">
				{name}
				<span class="muted">{isList ? "[]" : "{}"}</span>
			</div>
		);
	return (
		<details open={depth < props.open}>
			<summary class="json-line">
				{name}
				<span class="muted">
					{isList ? `[${entries.length}]` : `{${entries.length}}`}
				</span>
			</summary>
			<div class="json-inside">
				{entries.slice(0, ITEMS_MAX).map(([k, v]) => (
					<Node
						key={k}
						name={k}
						value={v}
						depth={depth + 1}
						open={props.open}
					/>
				))}
				{entries.length > ITEMS_MAX && (
					<div class="muted">
						… {entries.length - ITEMS_MAX} more: copy the JSON to see them
					</div>
				)}
			</div>
		</details>
	);
}

/**
 * JSON as a tree that folds. value: parsed JSON, or its text; text that is no JSON
 * is shown as it is. open: how many levels are unfolded.
 */
export function Json(props: {
	value: unknown;
	text?: string;
	open?: number;
	label?: string;
}): JSX.Element {
	const { value, text } = props;
	const shown = useMemo(() => {
		if (text === undefined) return { value };
		try {
			return { value: JSON.parse(text) as unknown };
		} catch {
			return undefined;
		}
	}, [value, text]);
	if (shown === undefined) return <Code text={text ?? ""} wrap />;
	return (
		<section class="code-box json" aria-label={props.label ?? "JSON"}>
			<Node value={shown.value} depth={0} open={props.open ?? 2} />
			<div class="code-copy">
				<CopyButton
					text={text ?? JSON.stringify(shown.value, null, 2) ?? ""}
					iconOnly
					label="Copy JSON"
				/>
			</div>
		</section>
	);
}
