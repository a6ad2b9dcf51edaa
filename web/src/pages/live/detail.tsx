// One event: as it was sent, where it was seen, whose it is.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { api, callRaw, errorOf, path } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type {
	Trace,
	TraceChanges,
	TracePlace,
	TracePlaces,
} from "../../api/types";
import {
	Await,
	Badge,
	Bytes,
	Dialog,
	ErrorBox,
	Facts,
	formatSeconds,
	Json,
	Loading,
	Time,
} from "../../ui";
import type { Row } from "./model";
import { StateBadge } from "./state";

/** The event within the record: a message holds it as text in "data". */
function eventOf(text: string): unknown {
	const message = JSON.parse(text) as Record<string, unknown>;
	const data = message.data ?? message.raw_payload;
	if (typeof data !== "string") return message;
	try {
		return JSON.parse(data);
	} catch {
		return message;
	}
}

async function loadRecord(row: Row, signal: AbortSignal): Promise<unknown> {
	const answer = await callRaw("GET", path`/topics/${row.topic}/records`, {
		query: { partition: row.partition, from: row.offset, max: 1 },
		signal,
	});
	const line = (await answer.text()).trim();
	if (line === "") throw new Error("The record is not kept any more.");
	const record = JSON.parse(line) as { offset: number; value: string | null };
	if (record.offset !== row.offset || record.value === null)
		throw new Error("The record is not kept any more.");
	return eventOf(record.value);
}

interface Found {
	trace: Trace;
	places: TracePlace[];
	changes: TraceChanges | undefined;
}

const PAGES_MAX = 40;

async function loadPlaces(
	row: Row,
	trace: Trace,
	signal: AbortSignal,
): Promise<TracePlace[]> {
	const places: TracePlace[] = [];
	let cursor: string | undefined;
	for (let i = 0; i < PAGES_MAX; i++) {
		const page = await api.get<TracePlaces>(path`/trace/${row.uuid}/places`, {
			query: {
				// When it came is known better than ClickHouse or the uuid tell.
				from_ms: Math.min(trace.from_ms ?? row.atMs, row.atMs),
				to_ms: trace.to_ms,
				cursor,
			},
			signal,
		});
		places.push(...page.items);
		if (page.next === null) break;
		cursor = page.next;
	}
	return places;
}

async function loadTrace(row: Row, signal: AbortSignal): Promise<Found> {
	const trace = await api.get<Trace>(path`/trace/${row.uuid}`, { signal });
	const places = await loadPlaces(row, trace, signal);
	const front = places.find((p) => p.kind === "capture");
	const output = places.find((p) => p.kind === "output");
	const changes =
		front !== undefined && output !== undefined
			? await api.get<TraceChanges>(path`/trace/${row.uuid}/changes`, {
					query: {
						topic: front.topic,
						partition: front.partition,
						front: front.offset,
						output: output.offset,
					},
					signal,
				})
			: undefined;
	return { trace, places, changes };
}

const kindWords: Record<TracePlace["kind"], string> = {
	capture: "Front log: as it was accepted",
	output: "Output log: the finished event",
	letter: "Dead letters",
	warning: "A warning about it",
	person: "A person that it made",
	heatmap: "Heatmap points of it",
};

// In the order of the way, not of the search.
const kindOrder: TracePlace["kind"][] = [
	"capture",
	"output",
	"person",
	"heatmap",
	"warning",
	"letter",
];

function inOrder(places: TracePlace[]): TracePlace[] {
	return [...places].sort(
		(a, b) => kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind),
	);
}

function Place(props: { place: TracePlace }): JSX.Element {
	const { place } = props;
	const error = place.error;
	return (
		<li>
			<strong>{kindWords[place.kind]}</strong>
			<div class="small muted break">
				{place.topic}, partition {place.partition}, offset {place.offset},
				received <Time at={place.timestamp_ms} exact />
			</div>
			{typeof error === "string" && <div class="break">{error}</div>}
		</li>
	);
}

function ClickHouse(props: { trace: Trace }): JSX.Element {
	const { rows, error, since } = props.trace.clickhouse;
	return (
		<li>
			<strong>ClickHouse</strong>
			<div class="small muted break">
				{rows === null
					? `not asked: ${error ?? "it does not answer"}`
					: rows === 0
						? "not there yet"
						: `${rows === 1 ? "one row" : `${rows} rows`}, since ${since ?? "?"}`}
			</div>
		</li>
	);
}

function Changes(props: { changes: TraceChanges }): JSX.Element {
	const { items } = props.changes;
	return (
		<details>
			<summary>
				{items.length === 0
					? "The app server changed nothing"
					: `What the app server changed: ${items.length}`}
			</summary>
			<ul class="live-changes">
				{items.map((c, i) => (
					<li key={i} class="small break">
						<code>{c.member}</code> {c.change} by {c.step}
						{c.from !== undefined && (
							<>
								, was <code>{c.from}</code>
							</>
						)}
						{c.to !== undefined && (
							<>
								, is <code>{c.to}</code>
							</>
						)}
					</li>
				))}
			</ul>
		</details>
	);
}

function TraceOf(props: { row: Row }): JSX.Element {
	const found = useLoad(
		(signal) => loadTrace(props.row, signal),
		[props.row.uuid, props.row.state],
	);
	return (
		<section class="stack tight" aria-label="Its way">
			<h3>Its way</h3>
			<Await of={found} title="Its way could not be looked up">
				{(f) => (
					<>
						<ol class="live-places">
							{inOrder(f.places).map((p) => (
								<Place
									key={`${p.topic}-${p.partition}-${p.offset}`}
									place={p}
								/>
							))}
							<ClickHouse trace={f.trace} />
						</ol>
						{f.changes && <Changes changes={f.changes} />}
					</>
				)}
			</Await>
		</section>
	);
}

function Sent(props: { row: Row }): JSX.Element {
	const [event, setEvent] = useState<{ value?: unknown; error?: unknown }>({});
	useEffect(() => {
		const control = new AbortController();
		setEvent({});
		loadRecord(props.row, control.signal).then(
			(value) => setEvent({ value }),
			(error) => {
				if (!control.signal.aborted) setEvent({ error });
			},
		);
		return () => control.abort();
	}, [props.row.uuid]);
	return (
		<section class="stack tight" aria-label="As it was sent">
			<h3>As it was sent</h3>
			{event.error !== undefined ? (
				<ErrorBox
					title="The event could not be read"
					error={errorOf(event.error)}
				/>
			) : event.value === undefined ? (
				<Loading />
			) : (
				<Json value={event.value} label="The event" open={2} />
			)}
		</section>
	);
}

export function Detail(props: { row: Row; onClose: () => void }): JSX.Element {
	const { row } = props;
	return (
		<Dialog
			wide
			title={<span class="break">{row.event || "An event"}</span>}
			onClose={props.onClose}
		>
			<Facts
				items={[
					["State", <StateBadge row={row} />],
					[
						"Processed after",
						row.tookMs === undefined
							? undefined
							: formatSeconds(row.tookMs / 1000),
					],
					["Error", row.error === "" ? undefined : row.error],
					[
						"See also",
						row.state === "dead_letter" ? (
							<a href="/dead-letters">The dead letters</a>
						) : undefined,
					],
					["Received", <Time at={row.atMs} exact />],
					[
						"Person",
						row.distinctId === "" ? (
							<Badge>none</Badge>
						) : (
							<a
								href={`/persons/${encodeURIComponent(row.distinctId)}?project=${row.projectId}`}
							>
								{row.distinctId}
							</a>
						),
					],
					["UUID", <code>{row.uuid}</code>],
					["Size", <Bytes n={row.bytes} />],
				]}
			/>
			<div class="live-detail">
				<Sent row={row} />
				<TraceOf row={row} />
			</div>
		</Dialog>
	);
}
