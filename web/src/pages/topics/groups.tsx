// Consumer groups: who reads, and how far behind each partition is.
import type { JSX } from "preact";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { ConsumerGroups as Groups } from "../../api/types";
import {
	Await,
	Badge,
	type BadgeKind,
	Card,
	type Column,
	Empty,
	Num,
	Table,
} from "../../ui";

type Group = Groups["items"][number];
type Offset = Group["offsets"][number];

const kinds: Record<string, BadgeKind> = {
	Stable: "ok",
	Empty: "neutral",
	Dead: "neutral",
};

function lagOf(g: Group): number {
	return g.offsets.reduce((n, o) => n + Math.max(0, o.lag), 0);
}

const columns: Column<Offset>[] = [
	{
		id: "topic",
		title: "Topic",
		grow: true,
		cell: (o) => (
			<a href={`/topics/${encodeURIComponent(o.topic)}`} class="break">
				{o.topic}
			</a>
		),
	},
	{
		id: "partition",
		title: "Partition",
		align: "right",
		cell: (o) => o.partition,
	},
	{
		id: "offset",
		title: "Read up to",
		align: "right",
		cell: (o) => <Num n={o.offset} />,
	},
	{
		id: "end",
		title: "End",
		align: "right",
		optional: true,
		cell: (o) => <Num n={o.high_watermark} />,
	},
	{ id: "lag", title: "Lag", align: "right", cell: (o) => <Num n={o.lag} /> },
];

function One(props: { group: Group; topic: string | undefined }): JSX.Element {
	const { group, topic } = props;
	const offsets = group.offsets.filter(
		(o) => topic === undefined || o.topic === topic,
	);
	const lag = lagOf(group);
	return (
		<Card
			title={group.group}
			actions={
				<>
					<Badge kind={kinds[group.state] ?? "info"}>{group.state}</Badge>
					{group.offsets.length > 0 && (
						<Badge kind={lag > 0 ? "warn" : "ok"}>
							{lag > 0 ? (
								<>
									lag <Num n={lag} short />
								</>
							) : (
								"nothing waits"
							)}
						</Badge>
					)}
				</>
			}
		>
			<p class="muted small break">
				{group.members.length === 0
					? "Nobody reads in this group now."
					: `Read by ${group.members
							.map((m) => `${m.client_id ?? m.member_id} (${m.host})`)
							.join(", ")}`}
			</p>
			<Table
				caption={`Partitions of ${group.group}`}
				columns={columns}
				rows={offsets}
				rowKey={(o) => `${o.topic} ${o.partition}`}
				narrow="scroll"
				empty={
					<p class="muted">It has not committed where it has read to yet.</p>
				}
			/>
		</Card>
	);
}

/** topic: only the groups that read it. */
export function ConsumerGroups(props: {
	everyMs: number;
	topic?: string;
}): JSX.Element {
	const groups = useLoad(
		(signal) => api.get<Groups>("/consumer-groups", { signal }),
		[],
		props.everyMs,
	);
	return (
		<Await of={groups} title="The consumer groups could not be loaded">
			{({ items }) => {
				const shown = items
					.filter(
						(g) =>
							props.topic === undefined ||
							g.offsets.some((o) => o.topic === props.topic),
					)
					.sort(
						(a, b) =>
							lagOf(b) - lagOf(a) ||
							b.offsets.length - a.offsets.length ||
							(a.group < b.group ? -1 : 1),
					);
				if (shown.length === 0)
					return (
						<Empty title="No consumer group">
							A group appears when a consumer joins it or commits an offset. The
							local ClickHouse has one for each of its topics.
						</Empty>
					);
				return (
					<div class="stack">
						{shown.map((g) => (
							<One key={g.group} group={g} topic={props.topic} />
						))}
					</div>
				);
			}}
		</Await>
	);
}
