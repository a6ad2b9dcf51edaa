// The explorer: SQL, and ready-made questions.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { SqlSchema } from "../../api/types";
import { useProject } from "../../project";
import { useQuery } from "../../router";
import { Empty, LinkButton, PageBody, Tabs } from "../../ui";
import { Console } from "./console";
import { InsightTab } from "./insight";
import type { InsightKind } from "./insight-model";

const tabs: { id: InsightKind | "sql"; label: string }[] = [
	{ id: "trends", label: "Trends" },
	{ id: "users", label: "Unique users" },
	{ id: "funnel", label: "Funnel" },
	{ id: "retention", label: "Retention" },
	{ id: "top", label: "Top lists" },
	{ id: "sql", label: "SQL" },
];

const KEPT = "sluice.sql";

function firstText(projectId: number | undefined): string {
	const kept = sessionStorage.getItem(KEPT);
	if (kept !== null && kept.trim() !== "") return kept;
	return `SELECT event, count() AS events
FROM events
WHERE team_id = ${projectId ?? 1}
  AND timestamp > now() - INTERVAL 7 DAY
GROUP BY event
ORDER BY events DESC
LIMIT 100
`;
}

export default function ExplorePage(): JSX.Element {
	const { projects, project } = useProject();
	const [query, setQuery] = useQuery();
	const [text, setText] = useState<string | undefined>();
	const schema = useLoad(
		(signal) =>
			api.get<SqlSchema>("/sql/schema", {
				query: { project: project?.id },
				signal,
			}),
		[project?.id],
	);
	const asked = query.get("tab");
	const tab = tabs.find((t) => t.id === asked)?.id ?? "trends";
	const changeText = (sql: string) => {
		sessionStorage.setItem(KEPT, sql);
		setText(sql);
	};
	const openSql = (sql: string) => {
		changeText(sql);
		setQuery({ tab: "sql", saved: null, i: null });
	};
	const shownText =
		text ?? (query.get("saved") === null ? firstText(project?.id) : "");

	if (projects !== undefined && project === undefined && tab !== "sql")
		return (
			<PageBody title="Explorer">
				<Empty
					title="There is no project yet"
					action={<LinkButton href="/start">Make the first project</LinkButton>}
				>
					Questions are asked of a project's events.
				</Empty>
			</PageBody>
		);
	return (
		<PageBody
			title="Explorer"
			intro="Questions to your events: ready-made ones, or your own in SQL."
		>
			<Tabs
				label="Questions"
				tabs={tabs}
				chosen={tab}
				onChoose={(id) => setQuery({ tab: id, i: null })}
			>
				{tab === "sql" ? (
					<Console text={shownText} onText={changeText} schema={schema.data} />
				) : (
					project && (
						<InsightTab
							key={`${tab} ${project.id}`}
							kind={tab}
							project={project.id}
							schema={schema.data}
							onSql={openSql}
						/>
					)
				)}
			</Tabs>
		</PageBody>
	);
}
