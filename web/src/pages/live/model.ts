// The list of events that passed: newest first, bounded, by their uuid.
import type { LiveEvent, LiveState } from "../../api/types";

export const ROWS_MAX = 200;

export interface Row {
	uuid: string;
	projectId: number;
	event: string;
	distinctId: string;
	atMs: number;
	bytes: number;
	state: "captured" | "processed" | "dead_letter";
	/** Until it was processed; unknown where it was read later. */
	tookMs: number | undefined;
	error: string;
	topic: string;
	partition: number;
	offset: number;
	personId: string;
}

export interface Told {
	events: LiveEvent[];
	states: LiveState[];
}

function rowOf(e: LiveEvent): Row {
	return {
		uuid: e.uuid,
		projectId: e.project_id,
		event: e.event ?? "",
		distinctId: e.distinct_id ?? "",
		atMs: e.at_ms,
		bytes: e.bytes,
		state: e.state,
		tookMs: undefined,
		error: e.error ?? "",
		topic: e.topic,
		partition: e.partition,
		offset: e.offset,
		personId: "",
	};
}

function withState(row: Row, s: LiveState): Row {
	return {
		...row,
		state: s.state,
		tookMs: s.seen_ms === null ? undefined : Math.max(0, s.seen_ms - row.atMs),
		error: s.error ?? "",
		personId: s.person_id ?? "",
	};
}

/** The rows after what was told; the newest first. */
export function addTold(rows: readonly Row[], told: Told): Row[] {
	const states = new Map(told.states.map((s) => [s.uuid, s]));
	const known = new Set(rows.map((r) => r.uuid));
	const fresh = new Map<string, Row>();
	for (const e of told.events)
		if (!known.has(e.uuid)) fresh.set(e.uuid, rowOf(e));
	const all = [...[...fresh.values()].reverse(), ...rows].slice(0, ROWS_MAX);
	if (states.size === 0) return all;
	return all.map((row) => {
		const s = states.get(row.uuid);
		return s === undefined ? row : withState(row, s);
	});
}
