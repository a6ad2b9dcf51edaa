// Letters one by one, some of them chosen.
import type { JSX } from "preact";

import type { Letter } from "../../api/types";
import { type Column, Table, Time } from "../../ui";
import { StateBadge } from "./state";

export function Letters(props: {
	rows: Letter[];
	chosen: ReadonlySet<string>;
	onChoose: (chosen: Set<string>) => void;
	projectName: (id: number) => string;
	mayChange: boolean;
	empty: JSX.Element;
}): JSX.Element {
	const pending = props.rows.filter((l) => l.state === "pending");
	const isAll =
		pending.length > 0 && pending.every((l) => props.chosen.has(l.id));
	const flip = (id: string) => {
		const next = new Set(props.chosen);
		if (!next.delete(id)) next.add(id);
		props.onChoose(next);
	};
	const columns: Column<Letter>[] = [
		{
			id: "letter",
			title: "Event",
			cell: (l) => (
				<a href={`/dead-letters/${encodeURIComponent(l.id)}`} class="break">
					{l.event || "(no name)"}
				</a>
			),
		},
		{
			id: "distinct",
			title: "Distinct id",
			optional: true,
			cell: (l) => <span class="break">{l.distinct_id ?? "–"}</span>,
		},
		{
			id: "error",
			title: "Error",
			grow: true,
			cell: (l) => <span class="break">{l.error ?? l.reason ?? "–"}</span>,
		},
		{
			id: "project",
			title: "Project",
			optional: true,
			cell: (l) => <span class="break">{props.projectName(l.project_id)}</span>,
		},
		{ id: "at", title: "Came", cell: (l) => <Time at={l.at} /> },
		{ id: "state", title: "State", cell: (l) => <StateBadge letter={l} /> },
	];
	if (props.mayChange)
		columns.unshift({
			id: "choose",
			title: (
				<input
					type="checkbox"
					aria-label="Choose all that are shown"
					checked={isAll}
					disabled={pending.length === 0}
					onChange={() =>
						props.onChoose(
							new Set(isAll ? [] : pending.map((letter) => letter.id)),
						)
					}
				/>
			),
			cell: (l) => (
				<input
					type="checkbox"
					aria-label={`Choose the letter of ${l.event ?? l.id}`}
					checked={props.chosen.has(l.id)}
					disabled={l.state !== "pending"}
					onChange={() => flip(l.id)}
				/>
			),
		});
	return (
		<Table
			caption="Dead letters"
			columns={columns}
			rows={props.rows}
			rowKey={(l) => l.id}
			isMarked={(l) => props.chosen.has(l.id)}
			empty={props.empty}
		/>
	);
}
