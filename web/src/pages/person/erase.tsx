// Deleting a person: asked with the id typed, then how far it is and what remains.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Erasure, Person } from "../../api/types";
import {
	Badge,
	Card,
	CheckField,
	Confirm,
	ErrorBox,
	Facts,
	formatNumber,
	Note,
	Table,
	Time,
} from "../../ui";
import { nameOf } from "../persons/search";

const ASK_AGAIN_MS = 1000;

export function EraseDialog(props: {
	project: number;
	person: Person;
	onBegun: (report: Erasure) => void;
	onClose: () => void;
}): JSX.Element {
	const { person } = props;
	const [withEvents, setWithEvents] = useState(true);
	return (
		<Confirm
			title={`Delete ${nameOf(person)}?`}
			action="Delete the person"
			danger
			typed={person.distinct_ids[0] ?? person.uuid}
			onConfirm={async () => {
				const report = await api.del<Erasure>(
					path`/projects/${props.project}/persons/${person.uuid}`,
					undefined,
					{
						query: { by_uuid: true, with_events: withEvents },
						timeoutMs: 120_000,
					},
				);
				props.onBegun(report);
			}}
			onClose={props.onClose}
		>
			<p>
				The person, its properties and its {person.distinct_ids.length} distinct{" "}
				{person.distinct_ids.length === 1 ? "id" : "ids"} are deleted. This
				cannot be taken back.
			</p>
			<CheckField
				label="Delete its events in ClickHouse too"
				help="Events, heatmaps, session replays and dead letters of all its ids."
				checked={withEvents}
				onInput={setWithEvents}
			/>
		</Confirm>
	);
}

const ended = new Set(["done", "off"]);

export function ErasureReport(props: { first: Erasure }): JSX.Element {
	const { task } = props.first.clickhouse;
	const [over, setOver] = useState(ended.has(props.first.clickhouse.state));
	const loaded = useLoad(
		async (signal) => {
			if (task === 0) return props.first;
			const now = await api.get<Erasure>(path`/erasures/${task}`, { signal });
			if (ended.has(now.clickhouse.state)) setOver(true);
			return now;
		},
		[task],
		over ? 0 : ASK_AGAIN_MS,
	);
	const report = loaded.data ?? props.first;
	const { clickhouse } = report;
	const isOver = ended.has(clickhouse.state);
	return (
		<div class="stack" data-erasure={clickhouse.state}>
			{loaded.error && (
				<ErrorBox error={loaded.error} onRetry={loaded.reload} />
			)}
			<Note
				kind={clickhouse.error !== "" ? "warn" : isOver ? "ok" : "info"}
				live
				title={
					isOver
						? "The person is deleted"
						: "The person is deleted; ClickHouse is still at it"
				}
			>
				{clickhouse.error !== ""
					? `ClickHouse: ${clickhouse.error}. It is tried again by itself.`
					: isOver
						? "What is left, and until when, is listed below."
						: "This goes on by itself, also when this page is left."}
			</Note>
			<Card title="What was done">
				<Facts
					items={[
						["UUID", <code key="u">{report.uuid}</code>],
						["Distinct ids", report.distinct_ids.join(", ")],
						["Asked", <Time key="t" at={report.asked_at} exact />],
						["With events", report.with_events ? "yes" : "no"],
						[
							"Overwritten on disk",
							report.wiped ? "yes" : "not yet: a program holds the file open",
						],
						[
							"ClickHouse",
							<Badge key="c" kind={isOver ? "ok" : "info"}>
								{clickhouse.state}
							</Badge>,
						],
						["Rows there", formatNumber(clickhouse.rows)],
					]}
				/>
			</Card>
			<Card title="What remains, and until when">
				<Table
					caption="What remains"
					rows={report.remains}
					rowKey={(r) => `${r.what} ${r.where}`}
					columns={[
						{ id: "what", title: "What", cell: (r) => r.what },
						{ id: "where", title: "Where", cell: (r) => r.where },
						{
							id: "until",
							title: "Until",
							cell: (r) =>
								r.until === null ? "–" : <Time at={r.until} exact />,
						},
						{ id: "how", title: "How it ends", cell: (r) => r.how },
					]}
				/>
			</Card>
		</div>
	);
}
