// Does data flow, and where it does not: why, and what to do.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { useIsLost, useStream } from "../../api/stream";
import type { Status } from "../../api/types";
import { useQuery } from "../../router";
import {
	Badge,
	Bytes,
	Card,
	Facts,
	formatSeconds,
	LinkButton,
	Loading,
	Note,
	PageBody,
	StreamBadge,
	Time,
} from "../../ui";
import { Charts, type Range } from "./charts";
import {
	alertsOf,
	forecastText,
	type HopId,
	type Node,
	nodesOf,
	summaryOf,
	titles,
} from "./model";
import { Pipeline } from "./pipeline";

function Alerts(props: { status: Status }): JSX.Element {
	const alerts = alertsOf(props.status);
	return (
		<section class="stack tight" aria-label="What needs somebody">
			{alerts.map((a) => (
				<Note
					key={a.key}
					kind={a.kind}
					title={a.title}
					action={
						a.link && (
							<LinkButton small href={a.link.href}>
								{a.link.text}
							</LinkButton>
						)
					}
				>
					<p>{a.text}</p>
					{a.todo !== "" && (
						<p>
							<strong>What to do: </strong>
							{a.todo}
						</p>
					)}
				</Note>
			))}
		</section>
	);
}

function RangeChoice(props: {
	range: Range;
	onChoose: (r: Range) => void;
}): JSX.Element {
	const choice = (range: Range, text: string) => (
		<button
			type="button"
			class="button small-button"
			aria-pressed={props.range === range}
			onClick={() => props.onChoose(range)}
		>
			{text}
		</button>
	);
	return (
		// biome-ignore lint/a11y/useSemanticElements: a fieldset looks another way
		<div class="overview-range" role="group" aria-label="Time shown">
			{choice("1h", "1 hour")}
			{choice("24h", "24 hours")}
		</div>
	);
}

const links: Partial<Record<HopId, { href: string; text: string }>> = {
	dead_letters: { href: "/dead-letters", text: "Open the dead letters" },
	broker: { href: "/topics", text: "Topics and consumer groups" },
	output: { href: "/topics", text: "Topics and consumer groups" },
	postgres: { href: "/connections", text: "Connections" },
	clickhouse: { href: "/connections", text: "Connections" },
};

function Details(props: { node: Node; range: Range }): JSX.Element {
	const { node } = props;
	const link = links[node.id];
	return (
		<>
			<Facts
				items={[
					[
						"State",
						`${node.word}${node.error === "" ? "" : `: ${node.error}`}`,
					],
					["What to do", node.todo === "" ? undefined : node.todo],
					["Now", node.facts.length === 0 ? undefined : node.facts.join(", ")],
					[
						"Last error",
						node.lastError === null ? (
							<span class="muted">none since the start</span>
						) : (
							<>
								<Time at={node.lastError.at} />: {node.lastError.text}
							</>
						),
					],
					["See also", link && <a href={link.href}>{link.text}</a>],
				]}
			/>
			{node.state !== "off" && <Charts hop={node.id} range={props.range} />}
		</>
	);
}

interface Canary {
	interval_s: number;
	sent_at: string | null;
	hops: { name: string; latency_s: number; seen_at: string | null }[];
	broken: string | null;
	error: string;
}

function CanaryFact(props: { canary: Canary | null }): JSX.Element {
	const { canary } = props;
	if (canary === null) return <span class="muted">off</span>;
	const last = canary.hops[canary.hops.length - 1];
	if (canary.broken !== null)
		return (
			<>
				<Badge kind="bad" dot>
					lost
				</Badge>{" "}
				{canary.error}
			</>
		);
	if (last === undefined || last.seen_at === null)
		return <span class="muted">under way</span>;
	return (
		<>
			all the way in {formatSeconds(last.latency_s)}, <Time at={last.seen_at} />
		</>
	);
}

function Machine(props: { status: Status; range: Range }): JSX.Element {
	const { status } = props;
	const { disk } = status;
	const used = disk.total_bytes - disk.free_bytes;
	const files = disk.files.reduce((n, f) => n + f.bytes + f.wal_bytes, 0);
	return (
		<Card title="This machine">
			<Facts
				items={[
					[
						"Disk",
						<>
							<meter
								class="overview-disk"
								min={0}
								max={disk.total_bytes}
								high={disk.total_bytes - 2 * disk.reserve_bytes}
								value={used}
								aria-label="Used space"
							/>
							<Bytes n={disk.free_bytes} /> of <Bytes n={disk.total_bytes} />{" "}
							free
						</>,
					],
					[
						"Forecast",
						<span class="overview-forecast">{forecastText(status)}</span>,
					],
					["Files of Sluice", files > 0 ? <Bytes n={files} /> : undefined],
					["Canary", <CanaryFact canary={status.canary as Canary | null} />],
					["Running for", formatSeconds(status.uptime_s)],
					["Version", status.version],
					["Data folder", <code>{status.data}</code>],
				]}
			/>
			<Charts hop="machine" range={props.range} />
		</Card>
	);
}

const HIDDEN_MS = 20_000;

/** false: the tab has been in the background for a while. A browser has six
 * connections to a server; a stream that nobody sees would hold one. */
function useLookedAt(): boolean {
	const [lookedAt, setLookedAt] = useState(!document.hidden);
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout> | undefined;
		const changed = () => {
			clearTimeout(timer);
			if (document.hidden)
				timer = setTimeout(() => setLookedAt(false), HIDDEN_MS);
			else setLookedAt(true);
		};
		document.addEventListener("visibilitychange", changed);
		changed();
		return () => {
			clearTimeout(timer);
			document.removeEventListener("visibilitychange", changed);
		};
	}, []);
	return lookedAt;
}

function isHop(text: string | null): text is HopId {
	return text !== null && text in titles;
}

export default function Overview(): JSX.Element {
	const [status, setStatus] = useState<Status | undefined>();
	const [seenAt, setSeenAt] = useState(0);
	const [query, setQuery] = useQuery();
	const lookedAt = useLookedAt();
	const stream = useStream(lookedAt ? "/status/stream" : null, {
		status: (data) => {
			setStatus(data as Status);
			setSeenAt(Date.now());
		},
	});
	const range: Range = query.get("range") === "24h" ? "24h" : "1h";
	const nodes = status && nodesOf(status);
	const asked = query.get("hop");
	const all = nodes ? [...nodes.line, ...nodes.beside] : [];
	const wanted: HopId = isHop(asked)
		? asked
		: ((status?.behind[0]?.hop as HopId | undefined) ?? "capture");
	const chosen = all.find((n) => n.id === wanted) ?? all[1];
	const lost = useIsLost(stream);
	return (
		<PageBody
			title="Overview"
			intro={
				status
					? summaryOf(status)
					: "Whether data flows, and where it does not."
			}
			actions={<StreamBadge state={stream} />}
		>
			{lost && (
				<Note kind="warn" live title="The connection to Sluice is lost">
					{status ? (
						<>
							What stands here is of <Time at={seenAt} exact />. It goes on by
							itself when Sluice answers again.
						</>
					) : (
						"It is tried again by itself. Is the service running?"
					)}
				</Note>
			)}
			{status === undefined || nodes === undefined || chosen === undefined ? (
				!lost && <Loading />
			) : (
				<>
					<Alerts status={status} />
					<section aria-label="The way of an event">
						<Pipeline
							line={nodes.line}
							beside={nodes.beside}
							stale={lost}
							chosen={chosen.id}
							onChoose={(id) => setQuery({ hop: id })}
						/>
					</section>
					<Card
						title={chosen.title}
						intro={chosen.what}
						actions={
							<RangeChoice
								range={range}
								onChoose={(r) => setQuery({ range: r === "1h" ? null : r })}
							/>
						}
					>
						<Details key={chosen.id} node={chosen} range={range} />
					</Card>
					<Machine status={status} range={range} />
				</>
			)}
		</PageBody>
	);
}
