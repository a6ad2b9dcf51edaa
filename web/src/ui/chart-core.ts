// The only file that imports uPlot; loaded by chart.tsx when needed.
import uPlot from "uplot";

import type { ChartProps } from "./chart";
import { formatBytes, formatShort, formatTime } from "./values";

const COLOURS = 6;
// Steps of an axis of bytes, so that its figures are whole.
const POWERS_OF_2 = Array.from({ length: 51 }, (_, i) => 2 ** i);

function colour(name: string): string {
	return getComputedStyle(document.documentElement)
		.getPropertyValue(`--${name}`)
		.trim();
}

function rowsOf(p: ChartProps): uPlot.AlignedData {
	return [[...p.x], ...p.series.map((s) => [...s.values])];
}

function seriesOf(p: ChartProps): uPlot.Series[] {
	const format = p.format ?? formatShort;
	const bars = uPlot.paths.bars?.({ size: [0.7, 48] });
	return p.series.map((s, i) => {
		const stroke = colour(`series-${(i % COLOURS) + 1}`);
		return {
			label: s.label,
			stroke,
			width: p.kind === "bar" ? 0 : 1.5,
			...(p.kind === "bar" && bars ? { paths: bars } : {}),
			...(p.kind === "bar"
				? { fill: stroke }
				: p.kind === "area"
					? { fill: `${stroke}26` }
					: {}),
			points: { show: p.x.length < 3 },
			value: (_u: uPlot, v: number | null) => (v === null ? "–" : format(v)),
		};
	});
}

function axesOf(p: ChartProps): uPlot.Axis[] {
	const format = p.format ?? formatShort;
	const look = {
		stroke: colour("muted"),
		font: `11px ${colour("font")}`,
		grid: { stroke: colour("border"), width: 1 },
		ticks: { stroke: colour("border"), width: 1 },
	};
	const names = p.categories;
	return [
		{
			...look,
			grid: { show: false },
			...(names
				? {
						values: (_u: uPlot, at: number[]) =>
							at.map((v) => short(names[v] ?? "")),
						incrs: [1, 2, 5, 10, 20, 50, 100],
					}
				: {
						values: (_u: uPlot, at: number[], _i, _space, step: number) =>
							at.map((v) => clock(v, step)),
					}),
		},
		{
			...look,
			size: 68,
			values: (_u: uPlot, at: number[]) => at.map(format),
			...(format === formatBytes ? { incrs: POWERS_OF_2 } : {}),
		},
	];
}

/** A time as short as the distance to the next one allows. */
function clock(seconds: number, step: number): string {
	const text = formatTime(seconds * 1000);
	if (step >= 86_400) return text.slice(5, 10);
	return step >= 60 ? text.slice(11, 16) : text.slice(11);
}

function short(name: string): string {
	return name.length > 14 ? `${name.slice(0, 13)}…` : name;
}

function optionsOf(p: ChartProps, width: number): uPlot.Options {
	const names = p.categories;
	return {
		width,
		height: p.height ?? 180,
		scales: {
			x: names ? { time: false, range: [-0.6, names.length - 0.4] } : {},
			y: {
				range: (_u, min, max) => [
					Math.min(0, min ?? 0),
					max > 0 ? max * 1.08 : 1,
				],
			},
		},
		series: [
			names
				? { value: (_u, v) => (v === null ? "–" : (names[v] ?? "")) }
				: {
						label: "Time",
						value: (_u, v) => (v === null ? "–" : formatTime(v * 1000)),
					},
			...seriesOf(p),
		],
		axes: axesOf(p),
		legend: { show: p.series.length > 1 || !names, live: true },
		cursor: { points: { size: 6 }, drag: { x: false, y: false } },
	};
}

export function drawChart(
	box: HTMLElement,
	first: ChartProps,
): { set: (p: ChartProps) => void; end: () => void } {
	let p = first;
	let plot: uPlot | undefined;
	const draw = () => {
		plot?.destroy();
		plot = new uPlot(optionsOf(p, box.clientWidth), rowsOf(p), box);
	};
	const size = new ResizeObserver(() =>
		plot?.setSize({ width: box.clientWidth, height: p.height ?? 180 }),
	);
	draw();
	size.observe(box);
	document.addEventListener("themechange", draw);
	return {
		set: (next) => {
			p = next;
			plot?.setData(rowsOf(p));
		},
		end: () => {
			size.disconnect();
			document.removeEventListener("themechange", draw);
			plot?.destroy();
		},
	};
}
