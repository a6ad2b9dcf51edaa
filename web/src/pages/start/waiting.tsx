// The wait for the first event: asked once a second, drawn hop by hop.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { type Loaded, useLoad } from "../../api/hooks";
import type { FirstEvent } from "../../api/types";
import type { Project } from "../../project";
import { routes } from "../../routes";
import {
	Badge,
	type BadgeKind,
	Facts,
	Icon,
	Json,
	LinkButton,
	Note,
	Time,
} from "../../ui";

type Hop = FirstEvent["hops"][number];

const EVERY_MS = 1000;
const EARLIER_MS = 15 * 60_000; // an event that has just come counts
const MARGIN_MS = 2000;

function isFinal(hop: Hop): boolean {
	return hop.state !== "waiting";
}

export interface Watch extends Loaded<FirstEvent> {
	/** Requests refused before the page was opened. */
	base: FirstEvent["refused"] | undefined;
	since: number;
}

export function useFirstEvent(projectId: number): Watch {
	const from = useRef(Date.now() - EARLIER_MS);
	const [since] = useState(Date.now);
	const [base, setBase] = useState<FirstEvent["refused"]>();
	const [done, setDone] = useState(false);
	const look = useLoad(
		async (signal) => {
			const seen = await api.get<FirstEvent>(
				path`/projects/${projectId}/first-event`,
				{ query: { from_ms: from.current }, signal },
			);
			if (seen.event === null)
				from.current = Math.max(from.current, seen.looked_to_ms - MARGIN_MS);
			else from.current = Math.min(seen.event.at_ms, from.current);
			return seen;
		},
		[projectId],
		done ? 0 : EVERY_MS,
	);
	const { data } = look;
	useEffect(() => {
		if (data === undefined) return;
		setBase((b) => b ?? data.refused);
		if (data.event !== null && data.hops.every(isFinal)) setDone(true);
	}, [data]);
	return { ...look, base, since };
}

const names: Record<Hop["id"], [string, string]> = {
	capture: ["Capture", "takes the request and checks the key"],
	front_log: [
		"Front log",
		"the event is on disk: nothing is lost from here on",
	],
	ingest: ["App server", "persons, properties, rules"],
	output: ["Output log", "the finished event"],
	broker: ["Kafka broker", "readable by any Kafka client"],
	clickhouse: ["ClickHouse", "found by queries"],
};

const words: Record<Hop["state"], [BadgeKind, string]> = {
	done: ["ok", "Done"],
	waiting: ["neutral", "Waiting"],
	off: ["neutral", "Off"],
	letter: ["bad", "Dead letter"],
	dropped: ["warn", "Dropped"],
};

function HopRow(props: { hop: Hop; isNext: boolean }): JSX.Element {
	const { hop } = props;
	const [name, what] = names[hop.id];
	const [kind, word] = words[hop.state];
	return (
		<li class="start-hop" data-state={hop.state}>
			<span class="start-mark" aria-hidden="true">
				{hop.state === "done" ? (
					<Icon name="check" />
				) : props.isNext ? (
					<span class="spinner" />
				) : null}
			</span>
			<span class="grow">
				<strong>{name}</strong> <span class="muted">{what}</span>
				{hop.text !== "" && <div class="small break">{hop.text}</div>}
			</span>
			<Badge kind={kind}>{word}</Badge>
		</li>
	);
}

/** What may be wrong when nothing comes, the likeliest first. */
function Hints(props: {
	look: FirstEvent;
	base: FirstEvent["refused"] | undefined;
	url: string;
	since: number;
}): JSX.Element | null {
	const { look, base, url } = props;
	const [now, setNow] = useState(Date.now);
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), 5000);
		return () => clearInterval(timer);
	}, []);
	const badKeys = look.refused.key - (base?.key ?? look.refused.key);
	const others = look.refused.other - (base?.other ?? look.refused.other);
	const isLong = now - props.since > 30_000;
	if (badKeys > 0)
		return (
			<Note
				kind="warn"
				live
				title={`${badKeys} ${badKeys === 1 ? "request was" : "requests were"} refused: the key is not known (401)`}
			>
				Something reaches Sluice, with another key. Copy the project key from
				here into the SDK once more, without blanks.
			</Note>
		);
	if (others > 0)
		return (
			<Note
				kind="warn"
				live
				title={`${others} ${others === 1 ? "request was" : "requests were"} refused for another reason`}
			>
				Something reaches Sluice, but what it sends is no event. Compare it with
				the snippet; the answer to the request says what is wrong.
			</Note>
		);
	if (!isLong) return null;
	return (
		<Note title="Nothing has come yet">
			<ul>
				<li>
					Does <code>{url}</code> work from where the SDK runs? In a container
					or on another machine <code>127.0.0.1</code> is that machine itself.
				</li>
				<li>
					SDKs send in batches: call <code>flush</code> or <code>shutdown</code>{" "}
					before the program ends.
				</li>
				<li>
					In a web page: look at the console for blocked requests. A page of
					https sends to https only, and content blockers know some names of
					hosts.
				</li>
				<li>
					Try the curl snippet on the machine of Sluice: if that arrives, it is
					the network or the SDK’s address.
				</li>
			</ul>
		</Note>
	);
}

function Arrived(props: {
	look: FirstEvent;
	project: Project;
}): JSX.Element | null {
	const { event, hops } = props.look;
	if (event === null) return null;
	const isThrough = hops.every((h) => h.state === "done" || h.state === "off");
	const goOn = ["/live", "/explore", "/persons"]
		.map((p) => routes.find((r) => r.path === p))
		.filter((r) => r !== undefined);
	return (
		<div class="stack">
			{isThrough && <Note kind="ok" live title="The first event is here" />}
			{hops.some((h) => h.state === "letter") && (
				<Note kind="bad" live title="It became a dead letter">
					It was kept with the reason: see{" "}
					<a href="/dead-letters">Dead letters</a>, from where it can be put
					back.
				</Note>
			)}
			<Facts
				items={[
					["Event", event.event ?? "without a name"],
					["Distinct id", event.distinct_id ?? "none"],
					["Arrived", <Time key="at" at={event.at_ms} exact />],
					["UUID", <code key="uuid">{event.uuid}</code>],
				]}
			/>
			{event.data ? (
				<Json text={event.data} value={undefined} label="The event" />
			) : (
				<p class="muted">It is too large to be shown here.</p>
			)}
			{isThrough && (
				<div class="row">
					{goOn.map((r) => (
						<LinkButton key={r.path} href={r.path}>
							{r.title}
						</LinkButton>
					))}
				</div>
			)}
		</div>
	);
}

export function Waiting(props: {
	look: FirstEvent;
	base: FirstEvent["refused"] | undefined;
	project: Project;
	url: string;
	since: number;
}): JSX.Element {
	const { look } = props;
	const next = look.hops.findIndex((h) => h.state === "waiting");
	return (
		<div class="stack">
			<ol class="plain start-hops" aria-live="polite">
				{look.hops.map((hop, i) => (
					<HopRow key={hop.id} hop={hop} isNext={i === next} />
				))}
			</ol>
			{look.event === null ? (
				<Hints
					look={look}
					base={props.base}
					url={props.url}
					since={props.since}
				/>
			) : (
				<Arrived look={look} project={props.project} />
			)}
		</div>
	);
}
