// Forms of the ready-made questions, and what is made of their answers.
import type { InsightResult } from "../../api/types";
import type { Series } from "../../ui";
import { cellText, toSeconds } from "./model";

export type InsightKind = "trends" | "users" | "funnel" | "retention" | "top";
export type Interval = "hour" | "day" | "week" | "month";

export interface Form {
	/** A number of days until now, or "own": from and to. */
	range: string;
	from: string;
	to: string;
	interval: Interval;
	event: string;
	return_event: string;
	breakdown: "none" | "event" | "property" | "person_property";
	property: string;
	steps: string[];
	window: string;
	top: "events" | "properties" | "values";
	limit: string;
}

export const ranges = [
	{ value: "1", label: "Last 24 hours" },
	{ value: "7", label: "Last 7 days" },
	{ value: "30", label: "Last 30 days" },
	{ value: "90", label: "Last 90 days" },
	{ value: "365", label: "Last 365 days" },
	{ value: "own", label: "From … to …" },
];

export const windows = [
	{ value: "1", label: "1 hour" },
	{ value: "24", label: "1 day" },
	{ value: "168", label: "7 days" },
	{ value: "336", label: "14 days" },
	{ value: "720", label: "30 days" },
	{ value: "2160", label: "90 days" },
];

export const STEPS_MAX = 6;

const DAY_MS = 86_400_000;

export function newForm(kind: InsightKind): Form {
	return {
		range: kind === "retention" || kind === "funnel" ? "30" : "7",
		from: new Date(Date.now() - 7 * DAY_MS).toISOString().slice(0, 10),
		to: new Date().toISOString().slice(0, 10),
		interval: "day",
		event: "",
		return_event: "",
		breakdown: kind === "trends" ? "event" : "none",
		property: "",
		steps: ["", ""],
		window: "336",
		top: "events",
		limit: "20",
	};
}

function second(text: string, days: number): number {
	const at = Date.parse(`${text}T00:00:00Z`);
	return Number.isNaN(at) ? -1 : at / 1000 + days * 86_400;
}

/** The last day of a range is in it. */
export function rangeOf(form: Form): { from: number; to: number } {
	if (form.range === "own")
		return { from: second(form.from, 0), to: second(form.to, 1) };
	const to = Math.floor(Date.now() / 1000) + 60;
	return { from: to - 60 - Number(form.range) * 86_400, to };
}

/** As POST …/insights wants it. */
export function bodyOf(kind: InsightKind, form: Form): Record<string, unknown> {
	const base = { ...rangeOf(form), event: form.event };
	switch (kind) {
		case "trends":
		case "users":
			return {
				...base,
				kind: "trends",
				measure: kind === "users" ? "users" : "events",
				interval: form.interval,
				breakdown: form.breakdown,
				property: form.property,
			};
		case "funnel":
			return {
				...rangeOf(form),
				kind,
				steps: form.steps,
				window_h: Number(form.window),
			};
		case "retention":
			return {
				...base,
				kind,
				return_event: form.return_event,
				interval: form.interval === "hour" ? "day" : form.interval,
			};
		case "top":
			return {
				...base,
				kind,
				top: form.top,
				property: form.property,
				limit: Number(form.limit),
			};
	}
}

/** Whether the form has what its question needs. */
export function isWhole(kind: InsightKind, form: Form): boolean {
	const byProperty =
		form.breakdown === "property" || form.breakdown === "person_property";
	switch (kind) {
		case "trends":
		case "users":
			return !byProperty || form.property !== "";
		case "funnel":
			return form.steps.length >= 2 && form.steps.every((s) => s !== "");
		case "retention":
			return form.event !== "";
		case "top":
			return form.top !== "values" || form.property !== "";
	}
}

const POINTS_MAX = 3000;

/** The next time of the interval, as the text that ClickHouse writes. */
function nextText(text: string, interval: Interval): string {
	const d = new Date(toSeconds(text) * 1000);
	if (interval === "hour") d.setUTCHours(d.getUTCHours() + 1);
	else if (interval === "day") d.setUTCDate(d.getUTCDate() + 1);
	else if (interval === "week") d.setUTCDate(d.getUTCDate() + 7);
	else d.setUTCMonth(d.getUTCMonth() + 1);
	const iso = d.toISOString();
	return text.length > 10
		? iso.slice(0, 19).replace("T", " ")
		: iso.slice(0, 10);
}

/** Times without events are zeros, not gaps that one does not see. */
export function trendOf(
	result: InsightResult,
	interval: Interval,
): { categories: string[]; x: number[]; series: Series[] } {
	const hasValue = result.columns.length === 3;
	const lines = new Map<string, Map<string, number>>();
	const totals = new Map<string, number>();
	let last = "";
	let first = "";
	for (const row of result.rows) {
		const at = cellText(row[0]);
		const name = hasValue ? cellText(row[1]) || "(none)" : "All";
		const n = Number(row[hasValue ? 2 : 1]);
		if (first === "" || at < first) first = at;
		if (at > last) last = at;
		const line = lines.get(name) ?? new Map<string, number>();
		line.set(at, n);
		lines.set(name, line);
		totals.set(name, (totals.get(name) ?? 0) + n);
	}
	const times: string[] = [];
	for (
		let at = first;
		at !== "" && at <= last && times.length < POINTS_MAX;
		at = nextText(at, interval)
	)
		times.push(at);
	const names = [...lines.keys()].sort(
		(a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0),
	);
	return {
		categories: times.map((t) =>
			interval === "hour" ? t.slice(5, 16) : t.slice(0, 10),
		),
		x: times.map((_, i) => i),
		series: names.map((name) => ({
			label: name,
			values: times.map((t) => lines.get(name)?.get(t) ?? 0),
		})),
	};
}

export interface Cohort {
	name: string;
	size: number;
	/** By period, from 0. */
	users: number[];
}

export function cohortsOf(result: InsightResult): {
	cohorts: Cohort[];
	periods: number;
} {
	const cohorts = new Map<string, Cohort>();
	let periods = 1;
	for (const row of result.rows) {
		const name = cellText(row[0]).slice(0, 10);
		const period = Number(row[1]);
		const users = Number(row[2]);
		const cohort = cohorts.get(name) ?? { name, size: 0, users: [] };
		if (period === 0) cohort.size = users;
		cohort.users[period] = users;
		cohorts.set(name, cohort);
		periods = Math.max(periods, period + 1);
	}
	return { cohorts: [...cohorts.values()], periods: Math.min(periods, 40) };
}
