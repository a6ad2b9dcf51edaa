// SQL: an editor, running and cancelling, the result, queries that are kept.
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { SavedQueries, SavedQuery, SqlSchema } from "../../api/types";
import { useQuery } from "../../router";
import { useMay } from "../../session";
import {
	Button,
	Card,
	Editor,
	Empty,
	ErrorBox,
	formatSeconds,
	Note,
} from "../../ui";
import type { ChartSettings, Result } from "./model";
import { ResultView } from "./result";
import { useRun } from "./run";
import { chartOf, SaveDialog, SavedList } from "./saved";

function Elapsed(props: { since: number }): JSX.Element {
	const [now, setNow] = useState(Date.now);
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), 200);
		return () => clearInterval(timer);
	}, []);
	return (
		<span class="number muted">
			{formatSeconds(Math.max(0, (now - props.since) / 1000))}
		</span>
	);
}

/** Columns by table; names of properties as those of a table of their own. */
export function completionOf(
	schema: SqlSchema | undefined,
): Record<string, readonly string[]> {
	const all: Record<string, readonly string[]> = {};
	if (schema === undefined) return all;
	for (const t of schema.tables) all[t.name] = t.columns.map((c) => c.name);
	for (const f of schema.functions) all[f] ??= [];
	for (const name of [...schema.events, ...schema.properties])
		if (/^[$\w]+$/.test(name)) all[name] ??= [];
	return all;
}

function Tables(props: { schema: SqlSchema | undefined }): JSX.Element {
	return (
		<details class="explore-tables">
			<summary>Tables and columns</summary>
			{props.schema?.tables.map((t) => (
				<details key={t.name}>
					<summary class="mono">{t.name}</summary>
					<ul class="plain small">
						{t.columns.map((c) => (
							<li key={c.name} class="mono break">
								{c.name} <span class="muted">{c.type}</span>
							</li>
						))}
					</ul>
				</details>
			))}
		</details>
	);
}

export function Console(props: {
	text: string;
	onText: (text: string) => void;
	schema: SqlSchema | undefined;
}): JSX.Element {
	const { text, onText } = props;
	const [query, setQuery] = useQuery();
	const run = useRun<Result>();
	const list = useLoad(
		(signal) => api.get<SavedQueries>("/sql/saved", { signal }),
		[],
	);
	const [chart, setChart] = useState<ChartSettings>({ kind: "table" });
	const [saving, setSaving] = useState(false);
	const mayKeep = useMay("member");
	const schema = useMemo(() => completionOf(props.schema), [props.schema]);
	const wanted = query.get("saved");
	const open = list.data?.items.find((q) => String(q.id) === wanted);

	const start = (sql = text) => run.run("/sql/console", { query: sql });
	const take = (q: SavedQuery) => {
		onText(q.query);
		setChart(chartOf(q));
		run.clear();
		setQuery({ saved: String(q.id) });
	};
	useEffect(() => {
		if (open !== undefined && text.trim() === "") take(open);
	}, [open?.id]);
	const fault = run.error?.query;
	const mark =
		run.error && fault?.line !== undefined && fault.column !== undefined
			? { line: fault.line, column: fault.column, text: run.error.message }
			: undefined;
	const shownMark = useMemo(() => mark, [run.error]);

	return (
		<div class="explore-console">
			<div class="stack explore-main">
				<Editor
					label="SQL query"
					language="sql"
					rows={14}
					value={text}
					onInput={onText}
					schema={schema}
					mark={shownMark}
					onRun={start}
				/>
				<div class="row">
					<Button
						kind="primary"
						icon="play"
						busy={run.busy}
						disabled={text.trim() === ""}
						onClick={() => start()}
					>
						Run
					</Button>
					{run.busy ? (
						<>
							<Button icon="close" onClick={run.cancel}>
								Cancel
							</Button>
							<Elapsed since={run.since} />
						</>
					) : (
						<span class="small muted explore-keys">Ctrl+Enter</span>
					)}
					{mayKeep && (
						<Button
							disabled={text.trim() === ""}
							onClick={() => setSaving(true)}
						>
							Keep
						</Button>
					)}
				</div>
				{run.error && (
					<ErrorBox
						error={run.error}
						title={
							fault?.line === undefined
								? "The query was not run to its end"
								: `The query has an error in line ${fault.line}, column ${fault.column}`
						}
					>
						{fault?.detail && (
							<details class="small">
								<summary>What ClickHouse said</summary>
								<span class="break">{fault.detail}</span>
							</details>
						)}
					</ErrorBox>
				)}
				{run.result && !run.error ? (
					<ResultView
						result={run.result}
						settings={chart}
						onSettings={setChart}
						title={open?.name ?? "Result of the query"}
					/>
				) : (
					!run.error &&
					!run.busy && (
						<Empty title="Ask your events">
							Queries only read, and see the events of all projects: narrow them
							by team_id. Each is stopped at its limits of time, memory and
							rows.
						</Empty>
					)
				)}
			</div>
			<aside class="stack explore-side" aria-label="Kept queries">
				<Card title="Kept queries">
					<SavedList list={list} open={open?.id} onOpen={take} />
				</Card>
				<Card>
					<Tables schema={props.schema} />
				</Card>
				{!mayKeep && <Note>Keeping queries needs the role member.</Note>}
			</aside>
			{saving && (
				<SaveDialog
					query={text}
					chart={chart}
					open={open}
					onSaved={(q) => {
						list.reload();
						setQuery({ saved: String(q.id) });
					}}
					onClose={() => setSaving(false)}
				/>
			)}
		</div>
	);
}
