// Groups: the types of a project, and the groups of one.
import type { JSX } from "preact";

import { api, type Page, path } from "../../api/client";
import { useLoad, usePages } from "../../api/hooks";
import type { Group, GroupTypes } from "../../api/types";
import { useProject } from "../../project";
import { useQuery } from "../../router";
import {
	Await,
	Empty,
	ErrorBox,
	LinkButton,
	Loading,
	MoreRows,
	PageBody,
	SelectField,
	Table,
} from "../../ui";

const PROPERTIES_SHOWN = 4;

function short(group: Group): string {
	return Object.entries(group.properties)
		.slice(0, PROPERTIES_SHOWN)
		.map(([k, v]) => `${k}: ${typeof v === "string" ? v : JSON.stringify(v)}`)
		.join(", ");
}

export function groupPath(project: number, type: string, key: string): string {
	return `/groups/${encodeURIComponent(type)}/${encodeURIComponent(key)}?project=${project}`;
}

function List(props: { project: number; type: string }): JSX.Element {
	const groups = usePages(
		(cursor, signal) =>
			api.get<Page<Group>>(path`/projects/${props.project}/groups`, {
				query: { type: props.type, cursor, limit: 50 },
				signal,
			}),
		[props.project, props.type],
	);
	return (
		<div class="stack">
			{groups.error && (
				<ErrorBox
					error={groups.error}
					title="The groups could not be loaded"
					onRetry={groups.reload}
				/>
			)}
			{groups.rows === undefined ? (
				!groups.error && <Loading />
			) : (
				<Table
					caption="Groups"
					rows={groups.rows}
					rowKey={(g) => g.key}
					empty={<Empty title="No group of this type has properties yet" />}
					columns={[
						{
							id: "key",
							title: "Group",
							cell: (g) => (
								<a class="break" href={groupPath(props.project, g.type, g.key)}>
									{g.key}
								</a>
							),
						},
						{
							id: "properties",
							title: "Properties",
							cell: (g) => <span class="muted break">{short(g)}</span>,
						},
					]}
				/>
			)}
			<MoreRows {...groups} count={groups.rows?.length} />
		</div>
	);
}

export default function GroupsPage(): JSX.Element {
	const { projects, project } = useProject();
	const [query, setQuery] = useQuery();
	const types = useLoad(
		(signal) =>
			project === undefined
				? Promise.resolve({ items: [], next: null })
				: api.get<GroupTypes>(path`/projects/${project.id}/group-types`, {
						signal,
					}),
		[project?.id],
	);
	return (
		<PageBody
			title="Groups"
			intro="Companies, teams or whatever events were grouped by."
		>
			{projects !== undefined && project === undefined ? (
				<Empty
					title="There is no project yet"
					action={<LinkButton href="/start">Make the first project</LinkButton>}
				/>
			) : (
				<Await of={types} title="The types could not be loaded">
					{({ items }) => {
						const type =
							items.find((t) => t.type === query.get("type")) ?? items[0];
						if (type === undefined || project === undefined)
							return (
								<Empty title="No groups yet">
									They are made by $groupidentify: posthog.group("company",
									"acme").
								</Empty>
							);
						return (
							<>
								<div class="filters">
									<SelectField
										label="Type"
										value={type.type}
										onInput={(v) => setQuery({ type: v })}
										choices={items.map((t) => ({
											value: t.type,
											label: t.type,
										}))}
									/>
								</div>
								<List project={project.id} type={type.type} />
							</>
						);
					}}
				</Await>
			)}
		</PageBody>
	);
}
