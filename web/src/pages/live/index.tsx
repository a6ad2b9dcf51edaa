// Events as they pass.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { api, type Page, path } from "../../api/client";
import { useLoad } from "../../api/hooks";
import { type StreamState, useIsLost, useStream } from "../../api/stream";
import type { LiveEvent, LiveFlow, LiveState } from "../../api/types";
import { useProject } from "../../project";
import { useQuery } from "../../router";
import { useMay } from "../../session";
import {
	Button,
	CheckField,
	Empty,
	formatNumber,
	formatSeconds,
	LinkButton,
	Note,
	PageBody,
	StreamBadge,
	Table,
	TextField,
} from "../../ui";
import { Detail } from "./detail";
import { addTold, type Row, type Told } from "./model";
import { StateBadge } from "./state";

const SHOW_EVERY_MS = 250;
const TYPED_WAITS_MS = 400;

/** Text that is used once no key was pressed for a moment. */
function useSettled(text: string): string {
	const [settled, setSettled] = useState(text);
	useEffect(() => {
		const timer = setTimeout(() => setSettled(text), TYPED_WAITS_MS);
		return () => clearTimeout(timer);
	}, [text]);
	return settled;
}

interface Live {
	rows: Row[];
	state: StreamState;
	flow: LiveFlow | undefined;
	/** Events that this browser was too slow for. */
	dropped: number;
	clear: () => void;
}

/** What comes is shown a few times a second, however much there is. */
function useLive(where: string | null, filter: Record<string, string>): Live {
	const [rows, setRows] = useState<Row[]>([]);
	const [flow, setFlow] = useState<LiveFlow | undefined>();
	const [dropped, setDropped] = useState(0);
	const told = useRef<Told>({ events: [], states: [] });
	const state = useStream(
		where,
		{
			event: (data) => told.current.events.push(data as LiveEvent),
			state: (data) => told.current.states.push(data as LiveState),
			flow: (data) => setFlow(data as LiveFlow),
			dropped: (data) => setDropped((n) => n + (data as { n: number }).n),
		},
		{ ...filter, recent: 100 },
	);
	const clear = () => {
		told.current = { events: [], states: [] };
		setRows([]);
		setFlow(undefined);
		setDropped(0);
	};
	useEffect(() => {
		const timer = setInterval(() => {
			const some = told.current;
			if (some.events.length === 0 && some.states.length === 0) return;
			told.current = { events: [], states: [] };
			setRows((now) => addTold(now, some));
		}, SHOW_EVERY_MS);
		return () => clearInterval(timer);
	}, []);
	return { rows, state, flow, dropped, clear };
}

function FlowLine(props: {
	live: Live;
	isFiltered: boolean;
	isPaused: boolean;
}): JSX.Element {
	const { flow, dropped } = props.live;
	const of = props.isFiltered ? "match" : "pass";
	if (props.isPaused)
		return <span>Paused: what passes meanwhile is not shown.</span>;
	if (flow === undefined) return <span>Waiting for events.</span>;
	const hidden = flow.left_out + flow.skipped;
	if (flow.matched + hidden + dropped === 0)
		return (
			<span>
				Nothing {props.isFiltered ? "matches" : "passes"} at the moment.
			</span>
		);
	return (
		<span>
			{formatNumber(flow.matched + (props.isFiltered ? 0 : flow.skipped))} a
			second {of}
			{hidden > 0 &&
				`; ${formatNumber(flow.shown)} of them are shown, ${formatNumber(hidden)} left out`}
			{dropped > 0 &&
				`; ${formatNumber(dropped)} were dropped because this browser was too slow`}
			.
		</span>
	);
}

function clockText(ms: number): string {
	const d = new Date(ms);
	const two = (n: number, digits = 2) => String(n).padStart(digits, "0");
	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${two(d.getMilliseconds(), 3)}`;
}

function Rows(props: {
	rows: Row[];
	withProject: boolean;
	open: string | undefined;
	onOpen: (row: Row) => void;
	empty: JSX.Element;
}): JSX.Element {
	const { projects } = useProject();
	return (
		<Table
			caption="Events, the newest first"
			rows={props.rows}
			rowKey={(r) => r.uuid}
			isMarked={(r) => r.uuid === props.open}
			onRow={props.onOpen}
			empty={props.empty}
			columns={[
				{
					id: "at",
					title: "Received",
					cell: (r) => (
						<span class="number live-clock">{clockText(r.atMs)}</span>
					),
				},
				{
					id: "event",
					title: "Event",
					cell: (r) => (
						<button
							type="button"
							class="live-open"
							onClick={() => props.onOpen(r)}
						>
							{r.event || "(no name)"}
						</button>
					),
				},
				{
					id: "distinct_id",
					title: "Distinct id",
					cell: (r) => <span class="break">{r.distinctId}</span>,
				},
				...(props.withProject
					? [
							{
								id: "project",
								title: "Project",
								cell: (r: Row) =>
									projects?.find((p) => p.id === r.projectId)?.name ??
									(r.projectId === 0 ? "none" : r.projectId),
							},
						]
					: []),
				{
					id: "state",
					title: "State",
					cell: (r) => (
						<span class="row">
							<StateBadge row={r} />
							{r.tookMs !== undefined && (
								<span class="small muted number">
									{formatSeconds(r.tookMs / 1000)}
								</span>
							)}
						</span>
					),
				},
			]}
		/>
	);
}

function Names(props: {
	id: string;
	project: number | undefined;
}): JSX.Element {
	const names = useLoad(
		(signal) =>
			props.project === undefined
				? Promise.resolve({ items: [], next: null })
				: api.get<Page<{ name: string }>>(
						path`/projects/${props.project}/event-definitions`,
						{ query: { limit: 200 }, signal },
					),
		[props.project],
	);
	return (
		<datalist id={props.id}>
			{names.data?.items.map((d) => (
				<option key={d.name} value={d.name} />
			))}
		</datalist>
	);
}

export default function LivePage(): JSX.Element {
	const { projects, project } = useProject();
	const mayAll = useMay("admin");
	const [query, setQuery] = useQuery();
	const [paused, setPaused] = useState(false);
	const [opened, setOpened] = useState<Row | undefined>();
	const [typed, setTyped] = useState({
		event: query.get("event") ?? "",
		distinct_id: query.get("distinct_id") ?? "",
		text: query.get("text") ?? "",
	});
	const all = mayAll && query.get("all") === "1";
	const filter = JSON.parse(useSettled(JSON.stringify(typed))) as typeof typed;
	const isFiltered = Object.values(filter).some((v) => v !== "");
	const where = all
		? "/events/stream"
		: project && path`/projects/${project.id}/events/stream`;
	const live = useLive(paused ? null : (where ?? null), filter);
	const isLost = useIsLost(live.state);
	// Its state goes on; when it has left the list it stays as it was.
	const row = live.rows.find((r) => r.uuid === opened?.uuid) ?? opened;
	const shape = JSON.stringify([where, filter]);

	useEffect(() => {
		live.clear();
		setQuery(filter);
	}, [shape]);

	const field = (name: keyof typeof typed, label: string, list?: string) => (
		<TextField
			label={label}
			type="search"
			value={typed[name]}
			onInput={(v) => setTyped((now) => ({ ...now, [name]: v }))}
			maxLength={200}
			spellcheck={false}
			autocomplete="off"
			{...(list === undefined ? {} : { list })}
		/>
	);
	const empty = isFiltered ? (
		<Empty title="No event has matched yet">
			Event name and distinct id must be equal to what is typed; the text must
			stand in the properties as it is written there.
		</Empty>
	) : (
		<Empty
			title="No events yet"
			{...(project === undefined
				? {}
				: {
						action: (
							<LinkButton href="/start">How to send the first event</LinkButton>
						),
					})}
		>
			They show up here within a moment after an SDK has sent them.
		</Empty>
	);
	if (projects !== undefined && project === undefined && !all)
		return (
			<PageBody title="Live events">
				<Empty
					title="There is no project yet"
					action={<LinkButton href="/start">Make the first project</LinkButton>}
				>
					Events belong to projects.
				</Empty>
			</PageBody>
		);
	return (
		<PageBody
			title="Live events"
			intro="Events as they pass, and what becomes of them."
			actions={
				<>
					<StreamBadge state={live.state} />
					<Button
						icon={paused ? "play" : "pause"}
						onClick={() => setPaused(!paused)}
					>
						{paused ? "Go on" : "Pause"}
					</Button>
				</>
			}
		>
			{isLost && (
				<Note kind="warn" live title="The connection to Sluice is lost">
					It is tried again by itself; what passes meanwhile is missing here,
					but not lost.
				</Note>
			)}
			<search class="live-filter">
				{field("event", "Event name", "live-names")}
				<Names id="live-names" project={project?.id} />
				{field("distinct_id", "Distinct id")}
				{field("text", "Text in the properties")}
				{mayAll && (
					<CheckField
						label="All projects"
						checked={all}
						onInput={(on) => setQuery({ all: on ? "1" : null })}
					/>
				)}
			</search>
			<p class="small muted live-flow">
				<FlowLine live={live} isFiltered={isFiltered} isPaused={paused} />
			</p>
			<Rows
				rows={live.rows}
				withProject={all}
				open={opened?.uuid}
				onOpen={setOpened}
				empty={empty}
			/>
			{row && <Detail row={row} onClose={() => setOpened(undefined)} />}
		</PageBody>
	);
}
