// One person: properties, ids, events, merges; handing out and deleting its data.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { type Loaded, useAction, useLoad } from "../../api/hooks";
import type { Erasure, Person, PersonHistory } from "../../api/types";
import { useProject } from "../../project";
import { useQuery } from "../../router";
import type { PageProps } from "../../routes";
import { useMay } from "../../session";
import {
	Await,
	Badge,
	Button,
	Card,
	CopyButton,
	Empty,
	ErrorBox,
	Facts,
	formatNumber,
	LinkButton,
	Note,
	PageBody,
	Table,
	Tabs,
	Time,
} from "../../ui";
import { nameOf } from "../persons/search";
import { EraseDialog, ErasureReport } from "./erase";
import { EventList } from "./events";
import { exportPerson } from "./export";
import { PropertyTable } from "./properties";

const tabs = [
	{ id: "properties", label: "Properties" },
	{ id: "events", label: "Events" },
	{ id: "ids", label: "Ids and merges" },
];

function Properties(props: {
	person: Person;
	history: PersonHistory | undefined;
}): JSX.Element {
	const set = new Map(props.history?.properties.map((p) => [p.name, p]));
	return (
		<PropertyTable
			of={props.person.properties}
			more={[
				{
					id: "first",
					title: "First set",
					cell: (p) => {
						const known = set.get(p.name);
						return known ? <Time at={known.first_at} exact /> : "–";
					},
				},
				{
					id: "last",
					title: "Last set",
					cell: (p) => {
						const known = set.get(p.name);
						return known ? <Time at={known.last_at} exact /> : "–";
					},
				},
			]}
		/>
	);
}

const words: Record<string, string> = {
	$identify: "was identified",
	$create_alias: "got an alias",
	$merge_dangerously: "was merged",
};

function Ids(props: {
	person: Person;
	history: Loaded<PersonHistory>;
}): JSX.Element {
	return (
		<div class="person-ids">
			<Card title={`${formatNumber(props.person.distinct_ids.length)} ids`}>
				<ul class="plain stack tight person-list">
					{props.person.distinct_ids.map((id) => (
						<li key={id} class="row spread">
							<code class="break">{id}</code>
							<CopyButton text={id} iconOnly label="Copy the id" />
						</li>
					))}
				</ul>
			</Card>
			<Card
				title="Merges"
				intro="Events by which ids were made one person, as far as ClickHouse has them."
			>
				<Await of={props.history} title="The merges could not be loaded">
					{(history) => (
						<Table
							caption="Merges"
							rows={history.merges}
							rowKey={(m) => `${m.at} ${m.event} ${m.other}`}
							empty={<Empty title="No merges are known" />}
							columns={[
								{
									id: "at",
									title: "At",
									cell: (m) => <Time at={m.at} exact />,
								},
								{
									id: "what",
									title: "What",
									cell: (m) => (
										<span class="break">
											<code>{m.other}</code> and <code>{m.distinct_id}</code>:{" "}
											{words[m.event] ?? m.event}
										</span>
									),
								},
							]}
						/>
					)}
				</Await>
			</Card>
		</div>
	);
}

function Actions(props: {
	project: number;
	id: string;
	byUuid: boolean;
	onDelete: () => void;
}): JSX.Element {
	const [events, setEvents] = useState(0);
	const take = useAction(async () => {
		setEvents(0);
		await exportPerson(props.project, props.id, props.byUuid, setEvents);
	});
	return (
		<div class="stack tight">
			<div class="row">
				<Button icon="down" busy={take.busy} onClick={() => take.run()}>
					{take.busy && events > 0
						? `${formatNumber(events)} events…`
						: "Export"}
				</Button>
				<Button kind="danger" onClick={props.onDelete}>
					Delete
				</Button>
			</div>
			{take.error && (
				<ErrorBox error={take.error} title="The export was not made" />
			)}
		</div>
	);
}

function Shown(props: {
	project: number;
	id: string;
	byUuid: boolean;
	person: Person;
}): JSX.Element {
	const { project, person, id, byUuid } = props;
	const [query, setQuery] = useQuery();
	const where = path`/projects/${project}/persons/${id}`;
	const history = useLoad(
		(signal) =>
			api.get<PersonHistory>(`${where}/history`, {
				query: { by_uuid: byUuid || undefined },
				signal,
			}),
		[where],
	);
	const tab = tabs.find((t) => t.id === query.get("tab"))?.id ?? "properties";
	return (
		<>
			<Card>
				<Facts
					items={[
						["UUID", <code key="u">{person.uuid}</code>],
						[
							"Identified",
							person.is_identified ? (
								<Badge key="i" kind="ok">
									yes
								</Badge>
							) : (
								"no"
							),
						],
						["Since", <Time key="c" at={person.created_at} exact />],
						[
							"Last seen",
							person.last_seen_at === undefined ? undefined : (
								<Time key="l" at={person.last_seen_at} />
							),
						],
						["Distinct ids", formatNumber(person.distinct_ids.length)],
						["Version", formatNumber(person.version)],
					]}
				/>
			</Card>
			<Tabs
				label="About the person"
				tabs={tabs}
				chosen={tab}
				onChoose={(t) => setQuery({ tab: t })}
			>
				{tab === "properties" && (
					<>
						{history.error && (
							<Note kind="warn">
								When properties were set is not known now:{" "}
								{history.error.message}
							</Note>
						)}
						<Properties person={person} history={history.data} />
					</>
				)}
				{tab === "events" && (
					<EventList
						where={`${where}/events`}
						query={{ by_uuid: byUuid || undefined }}
						withId={person.distinct_ids.length > 1}
					/>
				)}
				{tab === "ids" && <Ids person={person} history={history} />}
			</Tabs>
		</>
	);
}

export default function PersonPage(props: PageProps): JSX.Element {
	const { project } = useProject();
	const [query] = useQuery();
	const mayChange = useMay("member");
	const [asking, setAsking] = useState(false);
	const [report, setReport] = useState<Erasure | undefined>();
	const id = props.params.distinct_id ?? "";
	const byUuid = query.get("by_uuid") === "1";
	const person = useLoad(
		(signal) =>
			project === undefined
				? new Promise<Person>(() => {})
				: api.get<Person>(path`/projects/${project.id}/persons/${id}`, {
						query: { by_uuid: byUuid || undefined },
						signal,
					}),
		[project?.id, id, byUuid],
	);
	const found = person.data;
	const toList = <LinkButton href="/persons">All persons</LinkButton>;

	if (report) {
		return (
			<PageBody title="A person is deleted" actions={toList}>
				<ErasureReport first={report} />
			</PageBody>
		);
	}
	return (
		<PageBody
			title={found ? nameOf(found) : id}
			actions={
				<>
					{toList}
					{found && project && mayChange && (
						<Actions
							project={project.id}
							id={id}
							byUuid={byUuid}
							onDelete={() => setAsking(true)}
						/>
					)}
				</>
			}
		>
			{person.error?.status === 404 ? (
				<Empty title="There is no such person">
					An id that only sent events without a person profile has no person;
					one that was deleted is not shown. Is the right project chosen?
				</Empty>
			) : (
				<Await of={person} title="The person could not be loaded">
					{(p) =>
						project && (
							<Shown project={project.id} id={id} byUuid={byUuid} person={p} />
						)
					}
				</Await>
			)}
			{asking && found && project && (
				<EraseDialog
					project={project.id}
					person={found}
					onBegun={setReport}
					onClose={() => setAsking(false)}
				/>
			)}
		</PageBody>
	);
}
