// Topics and the consumer groups that read them.
import type { JSX } from "preact";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Topic, Topics } from "../../api/types";
import { useQuery } from "../../router";
import {
	Await,
	Badge,
	Bytes,
	type Column,
	Empty,
	Num,
	PageBody,
	SelectField,
	type Sort,
	sortRows,
	Table,
	Tabs,
	TextField,
} from "../../ui";
import { ConsumerGroups } from "./groups";
import { retentionOf } from "./retention";

const EVERY_MS = 5000;

function recordsOf(t: Topic): number {
	return t.partitions.reduce((n, p) => n + p.high_watermark - p.log_start, 0);
}

function bytesOf(t: Topic): number {
	return t.partitions.reduce((n, p) => n + p.bytes, 0);
}

const columns: Column<Topic>[] = [
	{
		id: "name",
		title: "Topic",
		sortable: true,
		grow: true,
		cell: (t) => (
			<span class="row">
				<a href={`/topics/${encodeURIComponent(t.name)}`} class="break">
					{t.name}
				</a>
				{!t.internal && <Badge kind="info">own</Badge>}
			</span>
		),
	},
	{
		id: "partitions",
		title: "Partitions",
		align: "right",
		optional: true,
		cell: (t) => <Num n={t.partitions.length} />,
	},
	{
		id: "records",
		title: "Records kept",
		align: "right",
		sortable: true,
		cell: (t) => <Num n={recordsOf(t)} />,
	},
	{
		id: "bytes",
		title: "Size",
		align: "right",
		sortable: true,
		cell: (t) => <Bytes n={bytesOf(t)} />,
	},
	{
		id: "retention",
		title: "Kept for",
		optional: true,
		cell: (t) => (
			<span class="topics-kept">{retentionOf(t.partitions[0])}</span>
		),
	},
];

function sortValue(t: Topic, by: string): string | number {
	if (by === "records") return recordsOf(t);
	return by === "bytes" ? bytesOf(t) : t.name;
}

function List(props: { topics: Topic[] }): JSX.Element {
	const [query, setQuery] = useQuery();
	const word = (query.get("q") ?? "").toLowerCase();
	const kind = query.get("kind") ?? "all";
	const [by, order] = (query.get("sort") ?? "records-desc").split("-");
	const sort: Sort = { by: by ?? "records", descending: order === "desc" };
	const shown = props.topics.filter(
		(t) =>
			t.name.toLowerCase().includes(word) &&
			(kind === "all" || (kind === "own") !== t.internal),
	);
	return (
		<div class="stack">
			<div class="filters">
				<TextField
					label="Name"
					type="search"
					value={query.get("q") ?? ""}
					onInput={(q) => setQuery({ q })}
				/>
				<SelectField
					label="Which"
					value={kind}
					choices={[
						{ value: "all", label: "All topics" },
						{ value: "internal", label: "Sluice's" },
						{ value: "own", label: "Of other producers" },
					]}
					onInput={(k) => setQuery({ kind: k === "all" ? null : k })}
				/>
			</div>
			<Table
				caption="Topics"
				columns={columns}
				rows={sortRows(shown, sort, sortValue)}
				rowKey={(t) => t.name}
				sort={sort}
				onSort={(s) =>
					setQuery({ sort: `${s.by}-${s.descending ? "desc" : "asc"}` })
				}
				empty={
					<Empty title="No such topic">
						Change the filters above. A topic of your own is made by{" "}
						<code>sluice topic create NAME</code> or by a producer.
					</Empty>
				}
			/>
		</div>
	);
}

export default function TopicsPage(): JSX.Element {
	const [query, setQuery] = useQuery();
	const view = query.get("view") ?? "topics";
	const topics = useLoad(
		(signal) => api.get<Topics>("/topics", { signal }),
		[],
		EVERY_MS,
	);
	return (
		<PageBody
			title="Topics"
			intro="The logs that events go through, and who reads them by the Kafka protocol."
		>
			<Tabs
				label="Topics"
				tabs={[
					{ id: "topics", label: "Topics" },
					{ id: "groups", label: "Consumer groups" },
				]}
				chosen={view}
				onChoose={(id) => setQuery({ view: id === "topics" ? null : id })}
			>
				{view === "topics" ? (
					<Await of={topics} title="The topics could not be loaded">
						{(t) => <List topics={t.items} />}
					</Await>
				) : (
					<ConsumerGroups everyMs={EVERY_MS} />
				)}
			</Tabs>
		</PageBody>
	);
}
