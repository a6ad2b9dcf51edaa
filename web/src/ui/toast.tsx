import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Button } from "./button";

type Kind = "ok" | "bad" | "info";

interface Toast {
	id: number;
	text: string;
	kind: Kind;
}

const SHOWN_MS = 6000;
const SHOWN_MAX = 4;

let shown: Toast[] = [];
let lastId = 0;
let tell: (all: Toast[]) => void = () => {};

function take(id: number): void {
	shown = shown.filter((t) => t.id !== id);
	tell(shown);
}

/** A short word of what was done. What the user must act on is no toast. */
export function toast(text: string, kind: Kind = "ok"): void {
	const id = ++lastId;
	shown = [...shown, { id, text, kind }].slice(-SHOWN_MAX);
	tell(shown);
	if (kind !== "bad") setTimeout(() => take(id), SHOWN_MS);
}

export function ToastArea(): JSX.Element {
	const [all, setAll] = useState(shown);
	useEffect(() => {
		tell = setAll;
	}, []);
	return (
		<section class="toasts" role="status" aria-label="Messages">
			{all.map((t) => (
				<div key={t.id} class={`toast ${t.kind}`}>
					<span class="grow break">{t.text}</span>
					<Button
						kind="quiet"
						small
						icon="close"
						iconOnly
						onClick={() => take(t.id)}
					>
						Close
					</Button>
				</div>
			))}
		</section>
	);
}
