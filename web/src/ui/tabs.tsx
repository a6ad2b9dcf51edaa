import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export interface Tab {
	id: string;
	label: ComponentChildren;
}

/** Tabs with their panel. Arrow keys go from tab to tab, as screen readers expect. */
export function Tabs(props: {
	label: string;
	tabs: readonly Tab[];
	chosen: string;
	onChoose: (id: string) => void;
	children: ComponentChildren;
}): JSX.Element {
	const id = useId();
	const list = useRef<HTMLDivElement>(null);
	const at = props.tabs.findIndex((t) => t.id === props.chosen);
	const go = (to: number) => {
		const tab = props.tabs[(to + props.tabs.length) % props.tabs.length];
		if (tab === undefined) return;
		props.onChoose(tab.id);
		list.current
			?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(tab.id)}"]`)
			?.focus();
	};
	useEffect(() => {
		// On a narrow screen the list scrolls; the page must not.
		const box = list.current;
		const tab = box?.querySelector<HTMLElement>("[aria-selected=true]");
		if (box && tab)
			box.scrollLeft = tab.offsetLeft - (box.clientWidth - tab.offsetWidth) / 2;
	}, [props.chosen]);
	const onKeyDown = (e: KeyboardEvent) => {
		const moves: Record<string, number> = {
			ArrowRight: at + 1,
			ArrowLeft: at - 1,
			Home: 0,
			End: props.tabs.length - 1,
		};
		const to = moves[e.key];
		if (to === undefined) return;
		e.preventDefault();
		go(to);
	};
	return (
		<div class="tabs">
			<div
				ref={list}
				class="tab-list"
				role="tablist"
				aria-label={props.label}
				onKeyDown={onKeyDown}
			>
				{props.tabs.map((t) => (
					<button
						key={t.id}
						type="button"
						role="tab"
						id={`${id}-${t.id}`}
						data-tab={t.id}
						aria-selected={t.id === props.chosen}
						aria-controls={`${id}-panel`}
						tabIndex={t.id === props.chosen ? 0 : -1}
						onClick={() => props.onChoose(t.id)}
					>
						{t.label}
					</button>
				))}
			</div>
			<div
				role="tabpanel"
				id={`${id}-panel`}
				aria-labelledby={`${id}-${props.chosen}`}
				class="tab-panel"
			>
				{props.children}
			</div>
		</div>
	);
}
