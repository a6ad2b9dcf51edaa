// Replay and discard: a call does a part, and is made again until all is done.
import { api } from "../../api/client";
import type { DlqBulk, DlqBulkResult } from "../../api/types";
import { formatNumber } from "../../ui";

export type Verb = "replay" | "discard";

export interface Outcome {
	done: number;
	already: number;
	failed: number;
	errors: DlqBulkResult["errors"];
}

/** onStep is told after each part. */
export async function runBulk(
	verb: Verb,
	what: DlqBulk,
	onStep: (so: Outcome) => void = () => {},
): Promise<Outcome> {
	const all: Outcome = { done: 0, already: 0, failed: 0, errors: [] };
	let cursor: string | null = null;
	do {
		const part: DlqBulkResult = await api.post(
			`/dlq/${verb}`,
			cursor === null ? what : { ...what, cursor },
			{ timeoutMs: 120_000 },
		);
		all.done += part.replayed ?? part.discarded ?? 0;
		all.already += part.already;
		all.failed += part.failed;
		all.errors = [...all.errors, ...part.errors].slice(0, 20);
		cursor = part.next;
		onStep({ ...all });
	} while (cursor !== null);
	return all;
}

export function sayOutcome(verb: Verb, o: Outcome): string {
	const did = verb === "replay" ? "replayed" : "discarded";
	const parts = [`${formatNumber(o.done)} ${did}`];
	if (o.already > 0)
		parts.push(`${formatNumber(o.already)} were not pending any more`);
	if (o.failed > 0) parts.push(`${formatNumber(o.failed)} failed`);
	return parts.join(", ");
}
