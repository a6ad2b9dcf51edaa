// All that is known of a person as one file, as `sluice person export` writes it.
import { api, type Page, path } from "../../api/client";
import type { PersonEvent, PersonExport } from "../../api/types";
import { download } from "../explore/model";

export async function exportPerson(
	project: number,
	id: string,
	byUuid: boolean,
	onEvents: (n: number) => void,
): Promise<void> {
	const query = { by_uuid: byUuid || undefined };
	const where = path`/projects/${project}/persons/${id}`;
	const head = await api.get<PersonExport>(`${where}/export`, { query });
	const { has_clickhouse, ...known } = head;
	const events: PersonEvent[] = [];
	let cursor: string | undefined;
	while (has_clickhouse) {
		const page: Page<PersonEvent> = await api.get(`${where}/events`, {
			query: { ...query, cursor },
			timeoutMs: 120_000,
		});
		events.push(...page.items);
		onEvents(events.length);
		if (page.next === null) break;
		cursor = page.next;
	}
	const all = { ...known, events: has_clickhouse ? events : null };
	download(
		`person-${head.uuid}.json`,
		"application/json",
		`${JSON.stringify(all, null, 2)}\n`,
	);
}
