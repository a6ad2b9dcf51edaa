// The records of a topic, page by page, the newest first or from a place on.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, type Page, path } from "../../api/client";
import { usePages } from "../../api/hooks";
import type { RecordShown, Topic } from "../../api/types";
import { useQuery } from "../../router";
import {
	Button,
	type Column,
	Empty,
	ErrorBox,
	Loading,
	MoreRows,
	Num,
	SelectField,
	Table,
	TextField,
	Time,
} from "../../ui";
import { keyOf, RecordDialog } from "./record";

const SHOWN_CHARS = 160;

const places = [
	{ value: "end", label: "Newest first" },
	{ value: "start", label: "Oldest first" },
	{ value: "offset", label: "From an offset" },
	{ value: "time", label: "From a time" },
];

function previewOf(r: RecordShown): string {
	const text = r.value_base64 !== undefined ? "(no text)" : (r.value ?? "–");
	return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/** Keys begin with the project's token and end with what tells them apart. */
function shortKey(key: string): string {
	return key.length > 30 ? `${key.slice(0, 8)}…${key.slice(-18)}` : key;
}

/** The time of a datetime-local input, which is the reader's, as the API takes it. */
function utcOf(local: string): string | undefined {
	const at = new Date(local);
	return Number.isNaN(at.getTime()) ? undefined : at.toISOString().slice(0, 19);
}

/** What is asked; undefined: it is not complete yet. */
function fromOf(place: string, at: string): string | undefined {
	if (place === "offset") return /^\d{1,18}$/.test(at) ? at : undefined;
	return place === "time" ? utcOf(at) : place;
}

function Place(props: {
	place: string;
	at: string;
	onChange: (place: string, at: string) => void;
}): JSX.Element {
	const { place, at, onChange } = props;
	return (
		<>
			<SelectField
				label="Show"
				value={place}
				choices={places}
				onInput={(p) => onChange(p, "")}
			/>
			{place === "offset" && (
				<TextField
					label="Offset"
					inputMode="numeric"
					value={at}
					onInput={(v) => onChange(place, v)}
				/>
			)}
			{place === "time" && (
				<div class="field">
					<label class="field-label" for="topic-time">
						Time (yours)
					</label>
					<input
						id="topic-time"
						class="input"
						type="datetime-local"
						step="1"
						value={at}
						onInput={(e) => onChange(place, e.currentTarget.value)}
					/>
				</div>
			)}
		</>
	);
}

export function Records(props: { topic: Topic }): JSX.Element {
	const { topic } = props;
	const [query, setQuery] = useQuery();
	const [open, setOpen] = useState<RecordShown | undefined>();
	const partition = query.get("partition") ?? "";
	const place = query.get("from") ?? "end";
	const at = query.get("at") ?? "";
	const from = fromOf(place, at);
	const records = usePages(
		(cursor, signal) =>
			from === undefined
				? Promise.resolve<Page<RecordShown>>({ items: [], next: null })
				: api.get<Page<RecordShown>>(path`/topics/${topic.name}/browse`, {
						query: { from, partition, cursor },
						signal,
					}),
		[topic.name, from, partition],
	);
	const columns: Column<RecordShown>[] = [
		{
			id: "time",
			title: "Time",
			cell: (r) => (
				<span class="topic-time">
					<Time at={r.timestamp_ms} exact />
				</span>
			),
		},
		{
			id: "place",
			title: "Partition, offset",
			align: "right",
			cell: (r) => (
				<button type="button" class="topic-link" onClick={() => setOpen(r)}>
					<span class="sr-only">Partition </span>
					{r.partition}, <span class="sr-only">offset </span>
					<Num n={r.offset} />
				</button>
			),
		},
		{
			id: "key",
			title: "Key",
			optional: true,
			cell: (r) => (
				<span class="mono break topic-key" title={keyOf(r) ?? undefined}>
					{shortKey(keyOf(r) ?? "–")}
				</span>
			),
		},
		{
			id: "value",
			title: "Value",
			grow: true,
			cell: (r) => (
				<>
					{r.headers.event && <strong class="break">{r.headers.event}</strong>}
					<span class="mono topic-value">{previewOf(r)}</span>
				</>
			),
		},
	];
	return (
		<div class="stack">
			<div class="filters">
				<Place
					{...{ place, at }}
					onChange={(p, v) => setQuery({ from: p === "end" ? null : p, at: v })}
				/>
				{topic.partitions.length > 1 && (
					<SelectField
						label="Partition"
						value={partition}
						choices={[
							{ value: "", label: "All" },
							...topic.partitions.map((p) => ({
								value: String(p.index),
								label: String(p.index),
							})),
						]}
						onInput={(p) => setQuery({ partition: p })}
					/>
				)}
				<Button icon="reload" busy={records.loading} onClick={records.reload}>
					Reload
				</Button>
			</div>
			{records.error && (
				<ErrorBox
					error={records.error}
					title="The records could not be loaded"
					onRetry={records.reload}
				/>
			)}
			{records.rows ? (
				<Table
					caption="Records"
					columns={columns}
					rows={records.rows}
					rowKey={(r) => `${r.partition}-${r.offset}`}
					onRow={setOpen}
					empty={
						<Empty title={from ? "No records here" : "From where?"}>
							{from
								? "Nothing has come since, or retention has removed it."
								: "Give the offset or the time to begin with."}
						</Empty>
					}
				/>
			) : (
				!records.error && <Loading />
			)}
			<MoreRows {...records} count={records.rows?.length} />
			{open && (
				<RecordDialog
					topic={topic.name}
					record={open}
					onClose={() => setOpen(undefined)}
				/>
			)}
		</div>
	);
}
