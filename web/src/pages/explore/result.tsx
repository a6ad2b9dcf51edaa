// A result: as a table page by page, as a chart, as a file.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";

import {
	Button,
	Chart,
	Code,
	CopyButton,
	Dialog,
	Empty,
	formatBytes,
	formatNumber,
	formatSeconds,
	Json,
	SelectField,
	Stat,
	Table,
} from "../../ui";
import {
	type ChartKind,
	type ChartSettings,
	cellText,
	chosenColumns,
	download,
	draw,
	isNumeric,
	type Result,
	toCsv,
	toJson,
	toTsv,
} from "./model";

const ROWS_A_PAGE = 50;
const CELL_CHARS = 200;

function Cell(props: { value: unknown }): JSX.Element {
	const { value } = props;
	if (value === null) return <span class="muted">null</span>;
	const text = cellText(value);
	if (text === "") return <span class="muted">(empty)</span>;
	return (
		<span class="explore-cell">
			{text.length > CELL_CHARS ? `${text.slice(0, CELL_CHARS)}…` : text}
		</span>
	);
}

function isJson(text: string): boolean {
	return /^\s*[[{]/.test(text);
}

function RowDialog(props: {
	result: Result;
	row: unknown[];
	onClose: () => void;
}): JSX.Element {
	return (
		<Dialog title="One row" wide onClose={props.onClose}>
			{props.result.columns.map((c, i) => {
				const value = props.row[i];
				const text = cellText(value);
				return (
					<section key={i} class="stack tight">
						<h3 class="break">
							{c.name} <span class="muted small">{c.type}</span>
						</h3>
						{value === null ? (
							<span class="muted">null</span>
						) : isJson(text) ? (
							<Json value={undefined} text={text} label={c.name} />
						) : (
							<Code text={text} wrap label={c.name} />
						)}
					</section>
				);
			})}
		</Dialog>
	);
}

function ResultTable(props: { result: Result }): JSX.Element {
	const { result } = props;
	const [page, setPage] = useState(0);
	const [open, setOpen] = useState<number | undefined>();
	const pages = Math.max(1, Math.ceil(result.rows.length / ROWS_A_PAGE));
	const at = Math.min(page, pages - 1);
	const first = at * ROWS_A_PAGE;
	const rows = result.rows
		.slice(first, first + ROWS_A_PAGE)
		.map((row, i) => ({ row, n: first + i }));
	const opened = open === undefined ? undefined : result.rows[open];
	return (
		<div class="stack">
			<Table
				caption="Result"
				narrow="scroll"
				rows={rows}
				rowKey={(r) => r.n}
				onRow={(r) => setOpen(r.n)}
				columns={[
					{
						id: "n",
						title: <span class="sr-only">Row</span>,
						cell: (r) => (
							<button
								type="button"
								class="explore-row"
								aria-label={`Row ${r.n + 1}`}
								onClick={() => setOpen(r.n)}
							>
								{r.n + 1}
							</button>
						),
					},
					...result.columns.map((c, i) => ({
						id: String(i),
						title: <span title={c.type}>{c.name}</span>,
						...(isNumeric(c.type) ? { align: "right" as const } : {}),
						cell: (r: { row: unknown[] }) => <Cell value={r.row[i]} />,
					})),
				]}
			/>
			{pages > 1 && (
				<div class="row">
					<Button
						small
						icon="left"
						disabled={at === 0}
						onClick={() => setPage(at - 1)}
					>
						Before
					</Button>
					<span class="small muted number">
						Rows {first + 1} to {first + rows.length} of {result.rows.length}
					</span>
					<Button
						small
						icon="right"
						disabled={at === pages - 1}
						onClick={() => setPage(at + 1)}
					>
						Next
					</Button>
				</div>
			)}
			{opened && (
				<RowDialog
					result={result}
					row={opened}
					onClose={() => setOpen(undefined)}
				/>
			)}
		</div>
	);
}

const kinds: { value: ChartKind; label: string }[] = [
	{ value: "table", label: "Table" },
	{ value: "line", label: "Line" },
	{ value: "bar", label: "Bars" },
	{ value: "number", label: "Number" },
];

function ChartControls(props: {
	result: Result;
	settings: ChartSettings;
	onChange: (s: ChartSettings) => void;
}): JSX.Element {
	const { result, settings } = props;
	const chosen = chosenColumns(result, settings);
	const choices = result.columns.map((c, i) => ({
		value: String(i),
		label: c.name,
	}));
	const column = (name: "x" | "y" | "by", label: string, none?: string) => (
		<SelectField
			label={label}
			value={String(chosen[name])}
			onInput={(v) => props.onChange({ ...settings, [name]: Number(v) })}
			choices={
				none === undefined
					? choices
					: [{ value: "-1", label: none }, ...choices]
			}
		/>
	);
	return (
		<div class="explore-controls">
			<SelectField
				label="Show as"
				value={settings.kind}
				onInput={(v) => props.onChange({ ...settings, kind: v as ChartKind })}
				choices={kinds}
			/>
			{(settings.kind === "line" || settings.kind === "bar") && (
				<>
					{column("x", "Along")}
					{column("y", "Figures")}
					{column("by", "A line for each", "(none)")}
				</>
			)}
		</div>
	);
}

function Drawing(props: {
	result: Result;
	settings: ChartSettings;
	title: string;
}): JSX.Element {
	const { result, settings } = props;
	const drawn = useMemo(() => draw(result, settings), [result, settings]);
	if (settings.kind === "number") {
		const { y } = chosenColumns(result, settings);
		return (
			<Stat
				label={result.columns[y]?.name ?? ""}
				value={cellText(result.rows[0]?.[y])}
			/>
		);
	}
	if (drawn === undefined)
		return (
			<Empty title="This cannot be drawn">
				A chart wants a column of numbers: choose it under “Figures”, or show
				the result as a table.
			</Empty>
		);
	return (
		<div class="stack tight">
			<Chart
				title={props.title}
				kind={settings.kind === "bar" ? "bar" : "line"}
				height={280}
				{...drawn}
			/>
			{drawn.left_out > 0 && (
				<p class="small muted">
					{formatNumber(drawn.left_out)} points or lines more than a chart
					shows: the table has them.
				</p>
			)}
		</div>
	);
}

export function ResultView(props: {
	result: Result;
	settings: ChartSettings;
	onSettings: (s: ChartSettings) => void;
	title: string;
}): JSX.Element {
	const { result, settings } = props;
	const s = result.statistics;
	const name = `sluice-${new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-")}`;
	return (
		<div class="stack" data-result>
			<div class="row spread">
				<p class="small muted" role="status">
					{formatNumber(result.n_rows)} {result.n_rows === 1 ? "row" : "rows"}
					{result.truncated && ", cut off: there are more"}
					{s?.elapsed !== undefined &&
						`; ${formatSeconds(Number(s.elapsed))}, read ${formatNumber(
							Number(s.rows_read ?? 0),
						)} rows (${formatBytes(Number(s.bytes_read ?? 0))})`}
				</p>
				<div class="row">
					<CopyButton text={toTsv(result)} label="Copy" />
					<Button
						small
						icon="down"
						onClick={() => download(`${name}.csv`, "text/csv", toCsv(result))}
					>
						CSV
					</Button>
					<Button
						small
						icon="down"
						onClick={() =>
							download(`${name}.json`, "application/json", toJson(result))
						}
					>
						JSON
					</Button>
				</div>
			</div>
			{result.n_rows === 0 ? (
				<Empty title="No rows">
					The query ran and found nothing. Look at its conditions: the project
					(team_id) and the time range first.
				</Empty>
			) : (
				<>
					<ChartControls
						result={result}
						settings={settings}
						onChange={props.onSettings}
					/>
					{settings.kind === "table" ? (
						<ResultTable result={result} />
					) : (
						<Drawing result={result} settings={settings} title={props.title} />
					)}
				</>
			)}
		</div>
	);
}
