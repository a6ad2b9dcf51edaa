// From the status to what is drawn: the hops in the order of an event's way, and what
// needs somebody.
import type { Status } from "../../api/types";
import { formatBytes, formatSeconds, formatShort } from "../../ui";

export type HopId =
	| "sdks"
	| "capture"
	| "front_log"
	| "ingest"
	| "postgres"
	| "output"
	| "broker"
	| "clickhouse"
	| "dead_letters";

/** ok: it works; quiet: nothing comes; off: it is not part of this node. */
export type HopState = "ok" | "quiet" | "behind" | "stopped" | "off";

export interface Node {
	id: HopId;
	title: string;
	/** What it is, in a few words. */
	what: string;
	state: HopState;
	/** The state in a word. */
	word: string;
	/** Lines of figures. */
	facts: string[];
	error: string;
	todo: string;
	lastError: { at: string; text: string } | null;
}

export const titles: Record<HopId, string> = {
	sdks: "SDKs",
	capture: "Capture",
	front_log: "Front log",
	ingest: "App server",
	postgres: "Postgres",
	output: "Output log",
	broker: "Broker",
	clickhouse: "ClickHouse",
	dead_letters: "Dead letters",
};

const whats: Record<HopId, string> = {
	sdks: "Your apps and sites",
	capture: "Takes events over HTTP",
	front_log: "Keeps what was accepted",
	ingest: "Persons and groups",
	postgres: "Where persons are kept",
	output: "Keeps finished events",
	broker: "Kafka protocol",
	clickhouse: "Where events are queried",
	dead_letters: "What could not be processed",
};

const words: Record<HopState, string> = {
	ok: "working",
	quiet: "quiet",
	behind: "behind",
	stopped: "stopped",
	off: "off",
};

function isOff(status: Status, name: string): boolean {
	return status.hops.find((h) => h.name === name)?.state === "off";
}

function waiting(records: number, seconds: number): string {
	if (records === 0) return "nothing waits";
	return `${formatShort(records)} wait, oldest ${formatSeconds(seconds)}`;
}

function rate(perSecond: number, unit: string): string {
	return `${formatShort(Math.round(perSecond * 10) / 10)} ${unit}/s`;
}

/** A node of a hop that the status has. */
function ofHop(status: Status, id: HopId, facts: string[]): Node {
	const hop = status.hops.find((h) => h.name === id);
	const state =
		hop === undefined || hop.state === "off" || hop.state === "unknown"
			? "off"
			: hop.state;
	return {
		id,
		title: titles[id],
		what: whats[id],
		state,
		word: words[state],
		facts: hop === undefined || state === "off" ? [] : facts,
		error: hop?.error ?? "",
		todo: hop?.do ?? "",
		lastError: hop?.last_error ?? null,
	};
}

function plain(
	id: HopId,
	state: HopState,
	facts: string[],
	error = "",
	todo = "",
): Node {
	return {
		id,
		title: titles[id],
		what: whats[id],
		state,
		word: words[state],
		facts,
		error,
		todo,
		lastError: null,
	};
}

function sdksNode(status: Status): Node {
	const hop = status.hops.find((h) => h.name === "capture");
	const refused = Object.values(status.refused).reduce((a, n) => a + n, 0);
	const state = isOff(status, "capture")
		? "off"
		: (hop?.rate ?? 0) > 0
			? "ok"
			: "quiet";
	return {
		...plain("sdks", state, [
			refused === 0
				? "no request refused"
				: `${formatShort(refused)} refused since the start`,
		]),
		word: state === "ok" ? "sending" : words[state],
	};
}

function frontLogNode(status: Status): Node {
	const file = status.disk.files.find((f) => f.name === "spool.db");
	const capture = status.hops.find((h) => h.name === "capture");
	const stops = file?.failed || status.disk.events_refused;
	if (isOff(status, "capture")) return plain("front_log", "off", []);
	return plain(
		"front_log",
		stops ? "stopped" : "ok",
		[`holds ${formatBytes(file?.log_bytes ?? 0)}`],
		stops ? (capture?.error ?? "") : "",
		stops ? (capture?.do ?? "") : "",
	);
}

function lettersNode(status: Status): Node {
	const { pending, per_minute, top_error } = status.dead_letters;
	return {
		...plain(
			"dead_letters",
			pending > 0 ? "behind" : "ok",
			[
				pending === 0 ? "none waits" : `${formatShort(pending)} wait`,
				...(per_minute > 0
					? [`${formatShort(per_minute)} in the last minute`]
					: []),
			],
			pending > 0 && top_error !== null ? `Most of them: ${top_error}` : "",
			pending > 0 ? "Mend the cause, then replay or discard them." : "",
		),
		word: pending > 0 ? "to look at" : "empty",
	};
}

/** The main line, and what stands beside it. */
export function nodesOf(status: Status): { line: Node[]; beside: Node[] } {
	const hop = (name: string) => status.hops.find((h) => h.name === name);
	const figures = (id: HopId, withLag = false) => {
		const h = hop(id);
		if (h === undefined) return [];
		return [
			rate(h.rate, h.unit),
			...(withLag ? [waiting(h.lag_records, h.lag_s)] : []),
		];
	};
	const beside = [lettersNode(status)];
	if (!isOff(status, "postgres"))
		beside.unshift(ofHop(status, "postgres", figures("postgres")));
	return {
		line: [
			sdksNode(status),
			ofHop(status, "capture", figures("capture")),
			frontLogNode(status),
			ofHop(status, "ingest", figures("ingest", true)),
			ofHop(status, "output", figures("output")),
			ofHop(status, "broker", figures("broker")),
			ofHop(status, "clickhouse", figures("clickhouse", true)),
		],
		beside,
	};
}

export interface Alert {
	key: string;
	kind: "bad" | "warn";
	title: string;
	text: string;
	todo: string;
	link?: { href: string; text: string };
}

function hopAlerts(status: Status): Alert[] {
	return status.behind.map((b) => {
		const hop = status.hops.find((h) => h.name === b.hop);
		const title = titles[b.hop as HopId] ?? b.hop;
		return {
			key: `hop-${b.hop}`,
			kind: hop?.state === "stopped" ? "bad" : "warn",
			title:
				hop?.state === "stopped"
					? `${title} stands still`
					: `${title} is behind`,
			text: b.why,
			todo: b.do,
		};
	});
}

const SOON_S = 3 * 86_400;

/** When the disk is full, in words. */
export function forecastText(status: Status): string {
	const f = status.forecast;
	if (f === undefined || f === null) return "";
	const basis = formatSeconds(f.basis_s);
	switch (f.state) {
		case "too_early":
			return "It is too early to say how long the disk lasts: ask again in ten minutes.";
		case "full":
			return "The reserve is reached: events are refused until there is room.";
		case "steady":
			return `In the last ${basis} the free space did not get less: the disk lasts.`;
		case "filling":
			return (
				`At the rate of the last ${basis} (${formatBytes(-f.bytes_per_day)} a day) ` +
				`the disk is full in ${formatSeconds(f.full_in_s ?? 0)}.`
			);
	}
}

function diskAlerts(status: Status): Alert[] {
	const f = status.forecast;
	const all: Alert[] = [];
	if (status.disk.recordings_refused && !status.disk.events_refused)
		all.push({
			key: "recordings",
			kind: "warn",
			title: "Session recordings are refused",
			text: "The disk or a log is nearly full; events are still taken.",
			todo: "Make room on the disk of the data folder.",
		});
	if (f?.state === "filling" && (f.full_in_s ?? SOON_S) < SOON_S)
		all.push({
			key: "forecast",
			kind: "warn",
			title: "The disk will be full soon",
			text: forecastText(status),
			todo: "Make room, use a larger disk, or keep topics for a shorter time.",
		});
	return all;
}

function tlsAlerts(status: Status): Alert[] {
	const warning = status.tls?.warning;
	if (typeof warning !== "string" || warning === "") return [];
	return [
		{
			key: "tls",
			kind: "warn",
			title: "The certificate of the capture port",
			text: warning,
			todo: "Put a valid certificate and key where the settings say.",
		},
	];
}

/** Causes first. */
export function alertsOf(status: Status): Alert[] {
	const covered = new Set(status.behind.map((b) => b.hop));
	return [
		...hopAlerts(status),
		...status.missing.flatMap(({ role = "", reason = "" }): Alert[] =>
			covered.has(role)
				? []
				: [
						{
							key: `missing-${role}`,
							kind: "bad",
							title: `${titles[role as HopId] ?? role} is not ready`,
							text: reason,
							todo: "It may be starting. If it stays so, the log of the service says more.",
						},
					],
		),
		...diskAlerts(status),
		...status.dead_letters.alerts.map((a, i) => ({
			key: `letters-${i}`,
			kind: "warn" as const,
			title: "Dead letters",
			text: a.text,
			todo: "Look at what they have in common, mend the cause, then replay them.",
			link: { href: "/dead-letters", text: "Open the dead letters" },
		})),
		...tlsAlerts(status),
	];
}

// As they stand in a sentence.
const inWords: Record<string, string> = {
	capture: "capture",
	ingest: "the app server",
	postgres: "Postgres",
	output: "the output log",
	broker: "the broker",
	clickhouse: "ClickHouse",
};

/** One sentence: does data flow? */
export function summaryOf(status: Status): string {
	const held = status.behind[0];
	const capture = status.hops.find((h) => h.name === "capture");
	if (held !== undefined)
		return `Data is held up at ${inWords[held.hop] ?? held.hop}. Nothing that was accepted is lost.`;
	if (capture === undefined || capture.state === "off")
		return "All parts of this node work.";
	if (capture.rate > 0)
		return `Data flows: ${rate(capture.rate, "events")} come in, and nothing is held up.`;
	return "All parts work; no events are coming in at the moment.";
}
