// Letters by error: where most of them come from is seen at once.
import type { JSX } from "preact";

import type { LetterGroup } from "../../api/types";
import { Badge, Button, type Column, Num, Table, Time } from "../../ui";
import type { Asked } from "./confirm";

export function Groups(props: {
	rows: LetterGroup[];
	projectName: (id: number) => string;
	mayChange: boolean;
	onOpen: (group: LetterGroup) => void;
	onAsk: (asked: Asked) => void;
	empty: JSX.Element;
}): JSX.Element {
	const ask = (verb: Asked["verb"], g: LetterGroup) =>
		props.onAsk({
			verb,
			what: {
				all: true,
				error: g.error,
				reason: g.reason,
				project: g.project_id,
			},
			count: g.pending,
			which: `of ${props.projectName(g.project_id)} with the error “${g.error}”.`,
		});
	const columns: Column<LetterGroup>[] = [
		{
			id: "error",
			title: "Error",
			grow: true,
			cell: (g) => (
				<div class="stack tight">
					<button
						type="button"
						class="dead-link break"
						onClick={() => props.onOpen(g)}
					>
						{g.error === "" ? "(no text)" : g.error}
					</button>
					<span class="row">
						<Badge>{g.reason || "unknown"}</Badge>
						{g.step !== "" && <Badge>step {g.step}</Badge>}
					</span>
				</div>
			),
		},
		{
			id: "project",
			title: "Project",
			optional: true,
			cell: (g) => <span class="break">{props.projectName(g.project_id)}</span>,
		},
		{
			id: "count",
			title: "Letters",
			align: "right",
			cell: (g) => <Num n={g.count} />,
		},
		{ id: "last", title: "Newest", cell: (g) => <Time at={g.last_at} /> },
		{
			id: "first",
			title: "Oldest",
			optional: true,
			cell: (g) => <Time at={g.first_at} />,
		},
		{
			id: "do",
			title: "",
			cell: (g) =>
				props.mayChange && g.pending > 0 ? (
					<span class="row dead-actions">
						<Button small onClick={() => ask("replay", g)}>
							Replay all
						</Button>
						<Button small kind="quiet" onClick={() => ask("discard", g)}>
							Discard
						</Button>
					</span>
				) : null,
		},
	];
	return (
		<Table
			caption="Dead letters by error"
			columns={columns}
			rows={props.rows}
			rowKey={(g) => `${g.project_id} ${g.reason} ${g.step} ${g.error}`}
			onRow={props.onOpen}
			empty={props.empty}
		/>
	);
}
