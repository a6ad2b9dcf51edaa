// What the explorer works with: results, their charts and their files.
import type { ConsoleResult } from "../../api/types";
import type { Series } from "../../ui";

export type Result = Pick<
	ConsoleResult,
	"columns" | "rows" | "n_rows" | "truncated" | "statistics"
>;

export type ChartKind = "table" | "line" | "bar" | "number";

export interface ChartSettings {
	kind: ChartKind;
	/** Columns by number; undefined: chosen by what the result has. */
	x?: number | undefined;
	y?: number | undefined;
	by?: number | undefined;
}

export interface Drawn {
	x: number[];
	categories?: string[];
	series: Series[];
	left_out: number;
}

const POINTS_MAX = 2000;
const SERIES_MAX = 12;

/** Not on addresses without TLS: randomUUID. */
export function newId(): string {
	const b = crypto.getRandomValues(new Uint8Array(16));
	b[6] = ((b[6] ?? 0) & 15) | 64;
	b[8] = ((b[8] ?? 0) & 63) | 128;
	const hex = [...b].map((v) => v.toString(16).padStart(2, "0")).join("");
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function cellText(value: unknown): string {
	if (value === null || value === undefined) return "";
	return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function bare(type: string): string {
	return type.replace(/^(?:(?:Nullable|LowCardinality)\()*/, "");
}

export function isNumeric(type: string): boolean {
	return /^(U?Int|Float|Decimal|BFloat)/.test(bare(type));
}

export function isTime(type: string): boolean {
	return /^Date/.test(bare(type));
}

/** The column that is drawn along, the figures, and what tells lines apart. */
export function chosenColumns(
	result: Result,
	s: ChartSettings,
): { x: number; y: number; by: number } {
	const types = result.columns.map((c) => c.type);
	const first = (test: (t: string, i: number) => boolean) =>
		types.findIndex(test);
	const x = s.x ?? Math.max(first(isTime), 0);
	const y = s.y ?? first((t, i) => i !== x && isNumeric(t));
	const by =
		s.by ?? first((t, i) => i !== x && i !== y && !isNumeric(t) && !isTime(t));
	return { x, y: y === -1 ? x : y, by };
}

function toNumber(value: unknown): number | null {
	if (value === null || value === "") return null;
	const n = Number(value);
	return Number.isFinite(n) ? n : null;
}

/** Seconds since 1970 of ClickHouse's texts, which are UTC unless they say so. */
export function toSeconds(text: string): number {
	const iso = /^\d{4}-\d\d-\d\d$/.test(text)
		? `${text}T00:00:00Z`
		: `${text.replace(" ", "T")}Z`;
	return Date.parse(iso) / 1000;
}

/** A result as lines or bars; undefined: it cannot be drawn. */
export function draw(result: Result, s: ChartSettings): Drawn | undefined {
	const { x, y, by } = chosenColumns(result, s);
	const type = result.columns[x]?.type ?? "";
	if (result.rows.length === 0) return undefined;
	if (!isNumeric(result.columns[y]?.type ?? "")) return undefined;

	const asTime = s.kind === "line" && isTime(type);
	const places = new Map<string, number>();
	const lines = new Map<string, Map<string, number | null>>();
	for (const row of result.rows) {
		const at = cellText(row[x]);
		const name = by >= 0 ? cellText(row[by]) : "";
		if (!places.has(at)) places.set(at, places.size);
		let line = lines.get(name);
		if (line === undefined) {
			line = new Map();
			lines.set(name, line);
		}
		line.set(at, toNumber(row[y]));
	}
	let points = [...places.keys()];
	if (asTime) points.sort((a, b) => toSeconds(a) - toSeconds(b));
	const left_out =
		Math.max(0, points.length - POINTS_MAX) +
		Math.max(0, lines.size - SERIES_MAX);
	points = points.slice(0, POINTS_MAX);
	const series = [...lines].slice(0, SERIES_MAX).map(([name, values]) => ({
		label: by >= 0 ? name || "(empty)" : (result.columns[y]?.name ?? ""),
		values: points.map((p) => values.get(p) ?? null),
	}));
	return asTime
		? { x: points.map(toSeconds), series, left_out }
		: { x: points.map((_, i) => i), categories: points, series, left_out };
}

function quoted(text: string): string {
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Events come from strangers: what a spreadsheet would take for a formula gets
 * an apostrophe before it. Numbers stay as they are. */
function unarmed(value: unknown): string {
	const text = cellText(value);
	return typeof value === "string" &&
		/^[=+\-@\t\r]/.test(text) &&
		!/^[+-]?[0-9.]+$/.test(text)
		? `'${text}`
		: text;
}

export function toCsv(result: Result): string {
	const lines = [result.columns.map((c) => c.name), ...result.rows];
	return lines
		.map((line) => line.map((v) => quoted(unarmed(v))).join(","))
		.join("\r\n")
		.concat("\r\n");
}

export function toTsv(result: Result): string {
	const lines = [result.columns.map((c) => c.name), ...result.rows];
	return lines
		.map((line) =>
			line.map((v) => cellText(v).replace(/[\t\r\n]/g, " ")).join("\t"),
		)
		.join("\n");
}

/** A row as an object; of columns that share a name all are kept. */
export function toJson(result: Result): string {
	const seen = new Map<string, number>();
	const names = result.columns.map(({ name }) => {
		const n = (seen.get(name) ?? 0) + 1;
		seen.set(name, n);
		return n === 1 ? name : `${name} (${n})`;
	});
	const rows = result.rows.map((row) =>
		Object.fromEntries(names.map((name, i) => [name, row[i]])),
	);
	return `${JSON.stringify(rows, null, 2)}\n`;
}

export function download(name: string, type: string, text: BlobPart): void {
	const a = document.createElement("a");
	const url = URL.createObjectURL(new Blob([text], { type }));
	a.href = url;
	a.download = name;
	document.body.append(a);
	a.click();
	a.remove();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
