// One dead letter: why, the original beside what it is edited to, replay, discard.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { ApiError, api, path } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import type { Letter } from "../../api/types";
import { useProject } from "../../project";
import { useLeaveGuard } from "../../router";
import type { PageProps } from "../../routes";
import { useMay } from "../../session";
import {
	Await,
	Badge,
	Button,
	Card,
	Code,
	Confirm,
	Editor,
	ErrorBox,
	Facts,
	Json,
	LinkButton,
	Note,
	PageBody,
	Time,
	toast,
} from "../../ui";
import { runBulk, type Verb } from "../dead-letters/bulk";
import { StateBadge } from "../dead-letters/state";

function pretty(value: unknown): string {
	return JSON.stringify(value, null, 2);
}

/** What is wrong with the text of an edited event; undefined: nothing. */
function faultOf(text: string): string | undefined {
	try {
		const value: unknown = JSON.parse(text);
		if (value === null || typeof value !== "object" || Array.isArray(value))
			return "An event is a JSON object: { … }.";
		return undefined;
	} catch (e) {
		return e instanceof Error ? e.message : String(e);
	}
}

async function act(verb: Verb, letter: Letter, event?: string): Promise<void> {
	const o = await runBulk(verb, {
		ids: [letter.id],
		...(event === undefined ? {} : { event: JSON.parse(event) }),
	});
	const why = o.errors[0]?.error;
	if (o.done === 0)
		throw new ApiError(
			200,
			"refused",
			why ?? "Nothing was done: the letter is not pending any more.",
		);
	toast(verb === "replay" ? "Replayed" : "Discarded");
}

function About(props: { letter: Letter }): JSX.Element {
	const l = props.letter;
	const { projects } = useProject();
	const project = projects?.find((p) => p.id === l.project_id);
	return (
		<Card title="Why">
			<Note kind={l.state === "pending" ? "warn" : "info"}>
				{l.error ?? l.reason ?? "no reason is told"}
			</Note>
			<Facts
				items={[
					["State", <StateBadge key="s" letter={l} />],
					["Reason", l.reason ?? undefined],
					["Step", l.step ?? undefined],
					["Event", l.event ?? undefined],
					["Distinct id", l.distinct_id ?? undefined],
					[
						"Project",
						project?.name ??
							(l.project_id === 0 ? "none that is known" : l.project_id),
					],
					["Came", <Time key="t" at={l.at} exact />],
					[
						"Read from",
						l.source
							? `${l.source.topic}, partition ${l.source.partition}, offset ${l.source.offset}`
							: undefined,
					],
					["Attempts", l.attempts > 1 ? l.attempts : undefined],
					[
						"Replayed",
						l.replayed_at ? (
							<>
								<Time at={l.replayed_at} exact /> {l.by && `by ${l.by}`}
							</>
						) : undefined,
					],
					[
						"Discarded",
						l.discarded_at ? (
							<>
								<Time at={l.discarded_at} exact /> {l.by && `by ${l.by}`}
							</>
						) : undefined,
					],
					[
						"Replay of",
						l.replay_of ? (
							<a href={`/dead-letters/${encodeURIComponent(l.replay_of)}`}>
								an earlier letter
							</a>
						) : undefined,
					],
					["UUID of the event", l.event_uuid ?? undefined],
				]}
			/>
		</Card>
	);
}

/** The original that is no JSON event: it is shown as it came. */
function Unreadable(props: { letter: Letter }): JSX.Element {
	const l = props.letter;
	return (
		<Card title="Original">
			<Note>
				The record is no JSON event, so it cannot be edited here. It can be
				replayed as it is once its cause is mended, or discarded.
			</Note>
			<Code
				label="Original record"
				wrap
				text={l.raw_payload ?? l.raw_payload_base64 ?? ""}
			/>
		</Card>
	);
}

function Both(props: {
	letter: Letter;
	text: string;
	onInput: (text: string) => void;
	mayChange: boolean;
}): JSX.Element {
	const { letter, text } = props;
	const original = pretty(letter.body);
	const changed = text !== original;
	return (
		<div class="dead-both">
			<Card title="Original">
				<Editor
					key="original"
					label="Original event"
					language="json"
					readOnly
					rows={18}
					value={original}
					onInput={() => {}}
				/>
			</Card>
			<Card
				title={
					<>
						Edited{" "}
						{changed ? (
							<Badge kind="info">changed</Badge>
						) : (
							<Badge>as the original</Badge>
						)}
					</>
				}
				actions={
					changed &&
					props.mayChange && (
						<Button small onClick={() => props.onInput(original)}>
							Undo all changes
						</Button>
					)
				}
			>
				<Editor
					key="edited"
					label="Edited event"
					language="json"
					readOnly={!props.mayChange}
					rows={18}
					value={text}
					onInput={props.onInput}
				/>
			</Card>
		</div>
	);
}

function Loaded(props: { letter: Letter; reload: () => void }): JSX.Element {
	const { letter, reload } = props;
	const mayChange = useMay("member") && letter.state === "pending";
	const canEdit =
		letter.body !== null &&
		letter.body !== undefined &&
		typeof letter.body === "object";
	const original = canEdit ? pretty(letter.body) : "";
	const [text, setText] = useState(original);
	const [asks, setAsks] = useState(false);
	const changed = canEdit && text !== original;
	const fault = changed ? faultOf(text) : undefined;
	const replay = useAction(async () => {
		await act("replay", letter, changed ? text : undefined);
		reload();
	});
	useLeaveGuard(
		changed && mayChange && !replay.busy
			? "Your edit of this event is not replayed yet. Leave it?"
			: undefined,
	);
	return (
		<>
			<About letter={letter} />
			{canEdit ? (
				<Both
					{...{ letter, text, mayChange }}
					onInput={(v) => {
						setText(v);
						replay.clear();
					}}
				/>
			) : (
				<Unreadable letter={letter} />
			)}
			{fault !== undefined && (
				<Note kind="bad" live title="The edited event is not valid JSON">
					{fault}
				</Note>
			)}
			{replay.error && (
				<ErrorBox error={replay.error} title="It was not replayed">
					{changed
						? "Change the edited event and try again; the letter stays as it was."
						: "The letter stays as it was."}
				</ErrorBox>
			)}
			{mayChange && (
				<div class="row">
					<Button
						kind="primary"
						busy={replay.busy}
						disabled={fault !== undefined}
						onClick={() => replay.run()}
					>
						{changed ? "Replay the edited event" : "Replay as it is"}
					</Button>
					<Button onClick={() => setAsks(true)}>Discard</Button>
				</div>
			)}
			{letter.headers && (
				<Card title="Headers of the record">
					<Json value={letter.headers} label="Headers" />
				</Card>
			)}
			{asks && (
				<Confirm
					title="Discard this letter"
					action="Discard"
					danger
					onConfirm={async () => {
						await act("discard", letter);
						reload();
					}}
					onClose={() => setAsks(false)}
				>
					It is no longer offered for replay. Its record stays until the topic's
					retention removes it.
				</Confirm>
			)}
		</>
	);
}

export default function DeadLetter(props: PageProps): JSX.Element {
	const id = props.params.letter ?? "";
	const letter = useLoad(
		(signal) => api.get<Letter>(path`/dlq/${id}`, { signal }),
		[id],
	);
	return (
		<PageBody
			title={letter.data?.event || "Dead letter"}
			intro="An event that could not be processed, as it came."
			actions={<LinkButton href="/dead-letters">All dead letters</LinkButton>}
		>
			<Await of={letter} title="The letter could not be loaded">
				{(l) => <Loaded key={l.id} letter={l} reload={letter.reload} />}
			</Await>
		</PageBody>
	);
}
