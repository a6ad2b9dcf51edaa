// One group: its properties and the events that name it.
import type { JSX } from "preact";

import { api, path } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Group } from "../../api/types";
import { useProject } from "../../project";
import { useQuery } from "../../router";
import type { PageProps } from "../../routes";
import { Await, Empty, LinkButton, PageBody, Tabs } from "../../ui";
import { EventList } from "../person/events";
import { PropertyTable } from "../person/properties";

const tabs = [
	{ id: "properties", label: "Properties" },
	{ id: "events", label: "Events" },
];

export default function GroupPage(props: PageProps): JSX.Element {
	const { project } = useProject();
	const [query, setQuery] = useQuery();
	const type = props.params.type ?? "";
	const key = props.params.key ?? "";
	const where = path`/projects/${project?.id ?? 0}/groups/${type}/${key}`;
	const group = useLoad(
		(signal) =>
			project === undefined
				? new Promise<Group>(() => {})
				: api.get<Group>(where, { signal }),
		[project?.id, type, key],
	);
	const tab = tabs.find((t) => t.id === query.get("tab"))?.id ?? "properties";
	return (
		<PageBody
			title={key}
			intro={`A group of the type ${type}.`}
			actions={
				<LinkButton href={`/groups?type=${encodeURIComponent(type)}`}>
					All groups
				</LinkButton>
			}
		>
			{group.error?.status === 404 ? (
				<Empty title="There is no such group">
					A group is there once it has properties. Is the right project chosen?
				</Empty>
			) : (
				<Await of={group} title="The group could not be loaded">
					{(g) => (
						<Tabs
							label="About the group"
							tabs={tabs}
							chosen={tab}
							onChoose={(t) => setQuery({ tab: t })}
						>
							{tab === "properties" ? (
								<PropertyTable of={g.properties} />
							) : (
								<EventList where={`${where}/events`} withId />
							)}
						</Tabs>
					)}
				</Await>
			)}
		</PageBody>
	);
}
