// Queries that are kept: the list, and the dialog that keeps one.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { type Loaded, useAction } from "../../api/hooks";
import type { SavedQueries, SavedQuery } from "../../api/types";
import {
	Await,
	Badge,
	Button,
	CheckField,
	Confirm,
	Dialog,
	Empty,
	Form,
	TextField,
	Time,
	toast,
} from "../../ui";
import type { ChartSettings } from "./model";

export function chartOf(saved: SavedQuery): ChartSettings {
	const c = saved.chart as Partial<ChartSettings>;
	const kind = c.kind ?? "table";
	const column = (n: unknown) => (typeof n === "number" ? n : undefined);
	return {
		kind: ["table", "line", "bar", "number"].includes(kind) ? kind : "table",
		x: column(c.x),
		y: column(c.y),
		by: column(c.by),
	};
}

export function SaveDialog(props: {
	query: string;
	chart: ChartSettings;
	/** The one that is open; undefined: it becomes a new one. */
	open: SavedQuery | undefined;
	onSaved: (saved: SavedQuery) => void;
	onClose: () => void;
}): JSX.Element {
	const { open } = props;
	const [name, setName] = useState(open?.name ?? "");
	const [shared, setShared] = useState(open?.is_shared ?? false);
	const save = useAction(async (asNew: boolean) => {
		const body = {
			name,
			query: props.query,
			chart: { ...props.chart },
			is_shared: shared,
		};
		const saved =
			open !== undefined && !asNew
				? await api.put<SavedQuery>(path`/sql/saved/${open.id}`, body)
				: await api.post<SavedQuery>("/sql/saved", body);
		toast("The query is kept");
		props.onSaved(saved);
		props.onClose();
	});
	const mayChange = open?.may_change ?? false;
	return (
		<Dialog title="Keep this query" onClose={props.onClose}>
			<Form
				label="Keep this query"
				onSubmit={() => save.run(!mayChange)}
				error={save.error}
				fields={["name"]}
				actions={
					<>
						<Button kind="primary" type="submit" busy={save.busy}>
							{mayChange ? "Save" : "Keep"}
						</Button>
						{mayChange && (
							<Button onClick={() => save.run(true)}>Keep as a new one</Button>
						)}
						<Button onClick={props.onClose}>Cancel</Button>
					</>
				}
			>
				<TextField
					label="Name"
					name="name"
					value={name}
					onInput={setName}
					maxLength={100}
					autofocus
				/>
				<CheckField
					label="Everybody may see and run it"
					help="Only you and administrators can change it."
					checked={shared}
					onInput={setShared}
				/>
			</Form>
		</Dialog>
	);
}

export function SavedList(props: {
	list: Loaded<SavedQueries>;
	open: number | undefined;
	onOpen: (saved: SavedQuery) => void;
}): JSX.Element {
	const [asked, setAsked] = useState<SavedQuery | undefined>();
	return (
		<Await of={props.list} title="The kept queries could not be loaded">
			{({ items }) => (
				<>
					{items.length === 0 && (
						<Empty title="No query is kept yet">
							Write one, run it, and press “Keep”.
						</Empty>
					)}
					<ul class="plain explore-saved">
						{items.map((q) => (
							<li key={q.id} data-open={q.id === props.open || undefined}>
								<button
									type="button"
									class="explore-saved-name"
									onClick={() => props.onOpen(q)}
								>
									<span class="break">{q.name}</span>
									<span class="small muted">
										{q.is_own ? "yours" : q.owner}, <Time at={q.changed_at} />
									</span>
								</button>
								{q.is_shared && <Badge>shared</Badge>}
								{q.may_change && (
									<Button
										kind="quiet"
										small
										icon="close"
										iconOnly
										onClick={() => setAsked(q)}
									>
										{`Delete ${q.name}`}
									</Button>
								)}
							</li>
						))}
					</ul>
					{asked && (
						<Confirm
							title="Delete this query?"
							action="Delete the query"
							danger
							onConfirm={async () => {
								await api.del(path`/sql/saved/${asked.id}`);
								props.list.reload();
							}}
							onClose={() => setAsked(undefined)}
						>
							{asked.name}
							{asked.is_shared && " is shared: others lose it too."}
						</Confirm>
					)}
				</>
			)}
		</Await>
	);
}
