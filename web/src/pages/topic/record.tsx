// One record: key, headers, the value decoded or as it stands.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { callRaw, path } from "../../api/client";
import { useAction } from "../../api/hooks";
import type { Record as Line, RecordShown } from "../../api/types";
import {
	Button,
	Bytes,
	Code,
	Dialog,
	ErrorBox,
	Facts,
	Json,
	Note,
	Tabs,
	Time,
} from "../../ui";
import { decode } from "./decode";

export function keyOf(r: RecordShown): string | null {
	if (r.key_base64 !== undefined) return `${r.key_base64} (base64)`;
	return r.key ?? null;
}

async function loadWhole(topic: string, r: RecordShown): Promise<Line> {
	const answer = await callRaw("GET", path`/topics/${topic}/records`, {
		query: { partition: r.partition, from: r.offset, max: 1 },
	});
	const line = (await answer.text()).trim();
	const record = line === "" ? undefined : (JSON.parse(line) as Line);
	if (record?.offset !== r.offset)
		throw new Error("The record is not kept any more.");
	return record;
}

function Value(props: {
	text: string | null;
	base64: string | undefined;
}): JSX.Element {
	const { text, base64 } = props;
	const [view, setView] = useState("decoded");
	if (base64 !== undefined)
		return (
			<>
				<p class="muted">The value is no text; here it is in base64.</p>
				<Code text={base64} wrap label="Value in base64" />
			</>
		);
	if (text === null) return <p class="muted">No value (a tombstone).</p>;
	const tree = decode(text);
	if (tree === undefined) return <Code text={text} wrap label="Value" />;
	return (
		<Tabs
			label="Value"
			tabs={[
				{ id: "decoded", label: "Decoded" },
				{ id: "raw", label: "As it stands" },
			]}
			chosen={view}
			onChoose={setView}
		>
			{view === "decoded" ? (
				<Json value={tree} label="Value" open={3} />
			) : (
				<Code text={text} wrap label="Value as it stands" />
			)}
		</Tabs>
	);
}

export function RecordDialog(props: {
	topic: string;
	record: RecordShown;
	onClose: () => void;
}): JSX.Element {
	const { topic, record: r } = props;
	const [whole, setWhole] = useState<Line | undefined>();
	const load = useAction(async () => setWhole(await loadWhole(topic, r)));
	const shown = whole ?? r;
	return (
		<Dialog
			wide
			title={`Partition ${r.partition}, offset ${r.offset}`}
			onClose={props.onClose}
		>
			<Facts
				items={[
					["Time", <Time key="t" at={r.timestamp_ms} exact />],
					["Key", keyOf(r) ?? <span class="muted">none</span>],
					["Value", <Bytes key="b" n={r.value_bytes} />],
				]}
			/>
			<h3>Headers</h3>
			{Object.keys(r.headers).length === 0 ? (
				<p class="muted">It has none.</p>
			) : (
				<Facts
					items={Object.entries(r.headers).map(([k, v]) => [
						k,
						v ?? <span class="muted">null</span>,
					])}
				/>
			)}
			<h3>Value</h3>
			{r.cut && whole === undefined && (
				<Note
					action={
						<Button small busy={load.busy} onClick={() => load.run()}>
							Show all of it
						</Button>
					}
				>
					Only the first part of the value is shown.
				</Note>
			)}
			{load.error && <ErrorBox error={load.error} />}
			<Value text={shown.value ?? null} base64={shown.value_base64} />
		</Dialog>
	);
}
