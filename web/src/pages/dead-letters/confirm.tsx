// Asks before letters are replayed or discarded, shows how far it is, and what failed.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { errorOf } from "../../api/client";
import type { DlqBulk } from "../../api/types";
import { Button, Dialog, ErrorBox, formatNumber, Note, toast } from "../../ui";
import { type Outcome, runBulk, sayOutcome, type Verb } from "./bulk";

export interface Asked {
	verb: Verb;
	what: DlqBulk;
	/** As far as it is known. */
	count: number;
	/** Which ones: "with the error …". */
	which: string;
}

const words = {
	replay: {
		title: "Replay dead letters",
		button: "Replay",
		says: "They go through the app server again, as if they had just come. What fails again becomes a new letter.",
	},
	discard: {
		title: "Discard dead letters",
		button: "Discard",
		says: "They are no longer offered for replay. Their records stay until the topic's retention removes them.",
	},
};

export function BulkDialog(props: {
	asked: Asked;
	onClose: (changed: boolean) => void;
}): JSX.Element {
	const { verb, what, count, which } = props.asked;
	const [busy, setBusy] = useState(false);
	const [so, setSo] = useState<Outcome | undefined>();
	const [error, setError] = useState<ReturnType<typeof errorOf> | undefined>();
	const isOver = so !== undefined && !busy;
	const run = async () => {
		setBusy(true);
		setError(undefined);
		try {
			const all = await runBulk(verb, what, setSo);
			if (all.failed === 0) {
				toast(sayOutcome(verb, all));
				props.onClose(true);
			}
		} catch (e) {
			setError(errorOf(e));
		} finally {
			setBusy(false);
		}
	};
	return (
		<Dialog
			title={words[verb].title}
			onClose={() => props.onClose(so !== undefined)}
			actions={
				<>
					{!isOver && (
						<Button
							kind={verb === "discard" ? "danger" : "primary"}
							busy={busy}
							onClick={run}
						>
							{words[verb].button} {formatNumber(count)}
						</Button>
					)}
					<Button onClick={() => props.onClose(so !== undefined)}>
						{isOver ? "Close" : "Cancel"}
					</Button>
				</>
			}
		>
			<p class="break">
				{formatNumber(count)} {count === 1 ? "letter" : "letters"} {which}
			</p>
			<p class="muted">{words[verb].says}</p>
			{busy && so && <p role="status">{sayOutcome(verb, so)} so far…</p>}
			{isOver && so.failed > 0 && (
				<Note kind="warn" live title={sayOutcome(verb, so)}>
					<ul class="dead-errors">
						{so.errors.map((e) => (
							<li key={e.id} class="break">
								<code>{e.id}</code>: {e.error}
							</li>
						))}
					</ul>
				</Note>
			)}
			{error && <ErrorBox error={error} />}
		</Dialog>
	);
}
