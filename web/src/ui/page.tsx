// What pages are laid out with.
import type { ComponentChildren, JSX } from "preact";

/** The head of a page and what it shows. */
export function PageBody(props: {
	title: ComponentChildren;
	/** One sentence: what this page is for. */
	intro?: ComponentChildren;
	actions?: ComponentChildren;
	children: ComponentChildren;
}): JSX.Element {
	return (
		<div class="page stack">
			<div class="page-head row spread">
				<div class="stack tight grow">
					<h1 class="break">{props.title}</h1>
					{props.intro && <p class="muted">{props.intro}</p>}
				</div>
				{props.actions && <div class="row">{props.actions}</div>}
			</div>
			{props.children}
		</div>
	);
}

/** A part of a page in a box of its own. */
export function Card(props: {
	title?: ComponentChildren;
	intro?: ComponentChildren;
	actions?: ComponentChildren;
	children?: ComponentChildren;
}): JSX.Element {
	return (
		<section class="card stack">
			{(props.title || props.actions) && (
				<div class="row spread">
					<div class="stack tight grow">
						{props.title && <h2 class="break">{props.title}</h2>}
						{props.intro && <p class="muted">{props.intro}</p>}
					</div>
					{props.actions && <div class="row">{props.actions}</div>}
				</div>
			)}
			{props.children}
		</section>
	);
}

/** Names and their values: [name, value] pairs; a value undefined is left out. */
export function Facts(props: {
	items: readonly (readonly [ComponentChildren, ComponentChildren])[];
}): JSX.Element {
	return (
		<dl class="facts">
			{props.items
				.filter(([, value]) => value !== undefined)
				.map(([name, value], i) => (
					<div key={i}>
						<dt>{name}</dt>
						<dd class="break">{value}</dd>
					</div>
				))}
		</dl>
	);
}

/** One figure with its name. */
export function Stat(props: {
	label: ComponentChildren;
	value: ComponentChildren;
	note?: ComponentChildren;
}): JSX.Element {
	return (
		<div class="stat">
			<div class="muted small">{props.label}</div>
			<div class="stat-value number">{props.value}</div>
			{props.note && <div class="muted small">{props.note}</div>}
		</div>
	);
}
