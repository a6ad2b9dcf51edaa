// One topic: its records, its partitions, who reads it.
import type { JSX } from "preact";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Partition, Topic, Topics } from "../../api/types";
import { useQuery } from "../../router";
import type { PageProps } from "../../routes";
import {
	Await,
	Bytes,
	type Column,
	Empty,
	LinkButton,
	Num,
	PageBody,
	Table,
	Tabs,
} from "../../ui";
import { ConsumerGroups } from "../topics/groups";
import { retentionOf } from "../topics/retention";
import { Records } from "./records";

const EVERY_MS = 5000;

const columns: Column<Partition>[] = [
	{ id: "index", title: "Partition", align: "right", cell: (p) => p.index },
	{
		id: "start",
		title: "Begins at",
		align: "right",
		cell: (p) => <Num n={p.log_start} />,
	},
	{
		id: "end",
		title: "Ends before",
		align: "right",
		cell: (p) => <Num n={p.high_watermark} />,
	},
	{
		id: "records",
		title: "Records kept",
		align: "right",
		cell: (p) => <Num n={p.high_watermark - p.log_start} />,
	},
	{
		id: "bytes",
		title: "Size",
		align: "right",
		cell: (p) => <Bytes n={p.bytes} />,
	},
	{
		id: "kept",
		title: "Kept for",
		grow: true,
		optional: true,
		cell: (p) => retentionOf(p),
	},
];

function Parts(props: { topic: Topic }): JSX.Element {
	return (
		<Table
			caption="Partitions"
			columns={columns}
			rows={props.topic.partitions}
			rowKey={(p) => p.index}
			narrow="scroll"
		/>
	);
}

export default function TopicPage(props: PageProps): JSX.Element {
	const name = props.params.name ?? "";
	const [query, setQuery] = useQuery();
	const view = query.get("view") ?? "records";
	const topics = useLoad(
		(signal) => api.get<Topics>("/topics", { signal }),
		[],
		EVERY_MS,
	);
	return (
		<PageBody
			title={name}
			actions={<LinkButton href="/topics">All topics</LinkButton>}
		>
			<Await of={topics} title="The topic could not be loaded">
				{({ items }) => {
					const topic = items.find((t) => t.name === name);
					if (topic === undefined)
						return (
							<Empty title="There is no such topic">
								It may have been deleted. See the list of all topics.
							</Empty>
						);
					return (
						<Tabs
							label="Topic"
							tabs={[
								{ id: "records", label: "Records" },
								{
									id: "partitions",
									label: `Partitions (${topic.partitions.length})`,
								},
								{ id: "groups", label: "Consumer groups" },
							]}
							chosen={view}
							onChoose={(id) =>
								setQuery({ view: id === "records" ? null : id })
							}
						>
							{view === "records" && <Records topic={topic} />}
							{view === "partitions" && <Parts topic={topic} />}
							{view === "groups" && (
								<ConsumerGroups everyMs={EVERY_MS} topic={name} />
							)}
						</Tabs>
					);
				}}
			</Await>
		</PageBody>
	);
}
