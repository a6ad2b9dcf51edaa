// What one hop did over time, from the series that the daemon keeps.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Series } from "../../api/types";
import {
	Await,
	Chart,
	Empty,
	formatBytes,
	formatSeconds,
	formatShort,
} from "../../ui";
import type { HopId } from "./model";

export type Range = "1h" | "24h";

interface Plot {
	title: string;
	/** Names of series; one that ends in a dot is all that begin so. */
	names: string[];
	unit: "count" | "seconds" | "bytes";
	kind?: "line" | "area" | "bar";
}

const plots: Record<HopId, Plot[]> = {
	sdks: [
		{
			title: "Refused requests",
			names: ["refused."],
			unit: "count",
			kind: "bar",
		},
	],
	capture: [
		{
			title: "Events a second",
			names: ["capture.rate"],
			unit: "count",
			kind: "area",
		},
		{
			title: "The canary, until the front log has it",
			names: ["canary.capture"],
			unit: "seconds",
		},
	],
	front_log: [
		{
			title: "Records that wait for the app server",
			names: ["ingest.lag_records"],
			unit: "count",
			kind: "area",
		},
		{ title: "Size of the file", names: ["disk.spool"], unit: "bytes" },
	],
	ingest: [
		{
			title: "Records a second",
			names: ["ingest.rate"],
			unit: "count",
			kind: "area",
		},
		{
			title: "Age of the oldest record that waits",
			names: ["ingest.lag_seconds"],
			unit: "seconds",
		},
		{
			title: "Batches done again after an error",
			names: ["ingest.errors"],
			unit: "count",
			kind: "bar",
		},
		{
			title: "The canary, until the output log has it",
			names: ["canary.ingest"],
			unit: "seconds",
		},
	],
	postgres: [
		{
			title: "Events a second whose persons were asked for",
			names: ["postgres.rate"],
			unit: "count",
			kind: "area",
		},
		{ title: "Errors", names: ["postgres.errors"], unit: "count", kind: "bar" },
	],
	output: [
		{
			title: "Records a second",
			names: ["output.rate"],
			unit: "count",
			kind: "area",
		},
		{ title: "Size of the file", names: ["disk.state"], unit: "bytes" },
	],
	broker: [
		{
			title: "Kafka requests a second",
			names: ["broker.rate"],
			unit: "count",
			kind: "area",
		},
	],
	clickhouse: [
		{
			title: "Records a second",
			names: ["clickhouse.rate"],
			unit: "count",
			kind: "area",
		},
		{
			title: "Records that wait",
			names: ["clickhouse.lag_records"],
			unit: "count",
			kind: "area",
		},
		{
			title: "Age of the oldest record that waits",
			names: ["clickhouse.lag_seconds"],
			unit: "seconds",
		},
		{
			title: "The canary, until ClickHouse has it",
			names: ["canary.clickhouse"],
			unit: "seconds",
		},
		{ title: "Memory", names: ["memory.clickhouse"], unit: "bytes" },
		{
			title: "Restarts",
			names: ["clickhouse.restarts"],
			unit: "count",
			kind: "bar",
		},
	],
	dead_letters: [
		{
			title: "New dead letters",
			names: ["dead_letters.new"],
			unit: "count",
			kind: "bar",
		},
		{
			title: "Dead letters that wait",
			names: ["dead_letters.pending"],
			unit: "count",
		},
	],
};

const machine: Plot[] = [
	{ title: "Free space on the disk", names: ["disk.free"], unit: "bytes" },
	{
		title: "Memory",
		names: ["memory.daemon", "memory.clickhouse"],
		unit: "bytes",
	},
];

const formats = {
	count: formatShort,
	seconds: formatSeconds,
	bytes: formatBytes,
};

// At least so many are drawn, also of a daemon that has just begun.
const POINTS_MIN = 30;

const ranges = { "1h": { s: 3600, step: 10 }, "24h": { s: 86_400, step: 60 } };

function belongs(plot: Plot, name: string): boolean {
	return plot.names.some((n) =>
		n.endsWith(".") ? name.startsWith(n) : n === name,
	);
}

const unitWords: Record<string, string> = { s: "time", bytes: "size" };

/** Of several by their names, of one by its unit. */
function label(name: string, unit: string, isOne: boolean): string {
	const [, last = name] = name.split(".");
	if (isOne) return unitWords[unit] ?? unit;
	return name.startsWith("memory.")
		? last === "daemon"
			? "Sluice"
			: "ClickHouse"
		: last.replaceAll("_", " ");
}

function hasAny(values: readonly (number | null)[]): boolean {
	return values.some((v) => v !== null && v !== 0);
}

/** Where the points begin: not long before the first that is known. */
function beginOf(data: Series): number {
	const first = Math.min(
		...data.items
			.map((s) => s.values.findIndex((v) => v !== null))
			.map((at) => (at < 0 ? data.points : at)),
	);
	return Math.max(0, Math.min(first - 1, data.points - POINTS_MIN));
}

function One(props: { plot: Plot; data: Series; begin: number }): JSX.Element {
	const { plot, data, begin } = props;
	const x = useMemo(
		() =>
			Array.from(
				{ length: data.points - begin },
				(_, i) => data.from + (begin + i) * data.step,
			),
		[data, begin],
	);
	const series = useMemo(() => {
		const rows = data.items.filter((s) => belongs(plot, s.name));
		const some = rows.length > 1 ? rows.filter((s) => hasAny(s.values)) : rows;
		return some.map((s) => ({
			label: label(s.name, s.unit, rows.length === 1),
			values: s.values.slice(begin),
		}));
	}, [data, begin]);
	return (
		<div class="overview-chart stack tight">
			<h3>{plot.title}</h3>
			{series.length === 0 ? (
				<p class="muted">None in this time.</p>
			) : (
				<Chart
					title={plot.title}
					x={x}
					series={series}
					kind={plot.kind ?? "line"}
					height={150}
					format={formats[plot.unit]}
				/>
			)}
		</div>
	);
}

/** All names that are asked for; without those by prefix all are. */
function query(shown: Plot[]): string | undefined {
	const names = shown.flatMap((p) => p.names);
	return names.some((n) => n.endsWith(".")) ? undefined : names.join(",");
}

export function Charts(props: {
	hop: HopId | "machine";
	range: Range;
}): JSX.Element {
	const shown = props.hop === "machine" ? machine : plots[props.hop];
	const range = ranges[props.range];
	const series = useLoad(
		(signal) =>
			api.get<Series>("/series", {
				query: {
					names: query(shown),
					from: Math.max(0, Math.floor(Date.now() / 1000) - range.s),
					step: range.step,
				},
				signal,
			}),
		[props.hop, props.range],
		range.step * 1000,
	);
	return (
		<Await of={series} title="The charts could not be loaded">
			{(data) =>
				data.points < 2 ? (
					<Empty title="Nothing is measured yet">
						The first points are there within a minute after the start.
					</Empty>
				) : (
					<div class="overview-charts">
						{shown.map((plot) => (
							<One
								key={`${props.hop}-${plot.title}-${props.range}`}
								plot={plot}
								data={data}
								begin={beginOf(data)}
							/>
						))}
					</div>
				)
			}
		</Await>
	);
}
