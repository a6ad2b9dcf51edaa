// Charts: uPlot is loaded when the first is shown. Each has its figures as a table
// for those who cannot see it.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { formatShort, formatTime } from "./values";

export interface Series {
	label: string;
	/** One a point of x; null: a gap. */
	values: readonly (number | null)[];
}

export interface ChartProps {
	/** What the chart shows; the table's caption as well. */
	title: string;
	/** Seconds since 1970, rising; with categories: 0, 1, 2 … */
	x: readonly number[];
	/** Names of the points instead of times. */
	categories?: readonly string[];
	series: readonly Series[];
	kind?: "line" | "area" | "bar";
	height?: number;
	format?: (n: number) => string;
}

const TABLE_ROWS_MAX = 200;

function FigureTable(props: ChartProps): JSX.Element {
	const format = props.format ?? formatShort;
	const from = Math.max(0, props.x.length - TABLE_ROWS_MAX);
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
		<div class="chart-table" tabIndex={0}>
			<table class="table">
				<caption class="sr-only">{props.title}</caption>
				<thead>
					<tr>
						<th scope="col">{props.categories ? "Name" : "Time"}</th>
						{props.series.map((s) => (
							<th key={s.label} scope="col" class="right">
								{s.label}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{props.x.slice(from).map((x, i) => (
						<tr key={i}>
							<th scope="row">
								{props.categories?.[from + i] ?? formatTime(x * 1000)}
							</th>
							{props.series.map((s) => {
								const v = s.values[from + i];
								return (
									<td key={s.label} class="right">
										{v === null || v === undefined ? "–" : format(v)}
									</td>
								);
							})}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

export function Chart(props: ChartProps): JSX.Element {
	const box = useRef<HTMLDivElement>(null);
	const chart = useRef<{ set: (p: ChartProps) => void; end: () => void }>(
		undefined,
	);
	const latest = useRef(props);
	const [failed, setFailed] = useState(false);
	const [open, setOpen] = useState(false);
	latest.current = props;

	// A chart is made anew when its shape changes, else only fed.
	const shape = JSON.stringify([
		props.kind,
		props.height,
		props.series.map((s) => s.label),
		props.categories,
	]);
	useEffect(() => {
		let ended = false;
		import("./chart-core").then(
			({ drawChart }) => {
				if (ended || box.current === null) return;
				chart.current = drawChart(box.current, latest.current);
			},
			() => setFailed(true),
		);
		return () => {
			ended = true;
			chart.current?.end();
			chart.current = undefined;
		};
	}, [shape]);
	useEffect(() => {
		chart.current?.set(props);
	}, [props.x, props.series]);

	return (
		<figure class="chart" aria-label={props.title}>
			<div
				ref={box}
				class="chart-box"
				style={{ minHeight: `${props.height ?? 180}px` }}
				aria-hidden="true"
			/>
			{failed && (
				<p class="muted">
					The chart could not be loaded; its figures are below.
				</p>
			)}
			<details open={failed} onToggle={(e) => setOpen(e.currentTarget.open)}>
				<summary class="small muted">Figures as a table</summary>
				{(open || failed) && <FigureTable {...props} />}
			</details>
		</figure>
	);
}
