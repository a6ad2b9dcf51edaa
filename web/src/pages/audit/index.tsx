// What was changed, by whom, by which door and from where.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import { usePages } from "../../api/hooks";
import type { Trail } from "../../api/types";
import { useQuery } from "../../router";
import {
	Button,
	Dialog,
	Empty,
	ErrorBox,
	Facts,
	Json,
	Loading,
	MoreRows,
	PageBody,
	SelectField,
	Table,
	TextField,
	Time,
} from "../../ui";

type Row = Trail["items"][number];

const TYPED_WAITS_MS = 300;

const doors = [
	{ value: "", label: "Any way" },
	{ value: "session", label: "Web admin" },
	{ value: "key", label: "Personal key" },
	{ value: "socket", label: "Command" },
	{ value: "files", label: "Command, without the service" },
];

function doorWord(how: string): string {
	return doors.find((d) => d.value === how)?.label ?? how;
}

const spans = [
	{ value: "", label: "Any time" },
	{ value: "1", label: "The last day" },
	{ value: "7", label: "The last 7 days" },
	{ value: "30", label: "The last 30 days" },
];

/** What happened in words; the action itself where this version knows none. */
function what(row: Row): string {
	return row.summary === "" ? row.action : row.summary;
}

function Detail(props: { row: Row; onClose: () => void }): JSX.Element {
	const { row } = props;
	return (
		<Dialog title={what(row)} onClose={props.onClose} wide>
			<Facts
				items={[
					["When", <Time key="at" at={row.at} exact />],
					["Who", row.who === "" ? "not known" : row.who],
					["How", doorWord(row.how)],
					["From", row.address === "" ? "this machine" : row.address],
					["Action", <code key="action">{row.action}</code>],
					["On", <code key="target">{row.target}</code>],
					...(row.key_id > 0 ? [["Key", `number ${row.key_id}`] as const] : []),
				]}
			/>
			<Json value={row.detail} label="What was sent, without secrets" />
		</Dialog>
	);
}

/** The field's text, and what counts of it once no key was pressed for a moment. */
function useTyped(
	counts: string,
	setCounts: (text: string) => void,
): [string, (text: string) => void] {
	const [text, setText] = useState(counts);
	useEffect(() => {
		if (text === counts) return;
		const timer = setTimeout(() => setCounts(text), TYPED_WAITS_MS);
		return () => clearTimeout(timer);
	}, [text]);
	return [text, setText];
}

function Rows(props: { rows: Row[]; onOpen: (row: Row) => void }): JSX.Element {
	return (
		<Table
			caption="Changes, the newest first"
			rows={props.rows}
			rowKey={(r) => r.id}
			onRow={props.onOpen}
			empty={
				<Empty title="No such change">
					<p>Nothing was changed that fits what is asked for above.</p>
				</Empty>
			}
			columns={[
				{ id: "at", title: "When", cell: (r) => <Time at={r.at} /> },
				{
					id: "who",
					title: "Who",
					cell: (r) => <span class="break">{r.who}</span>,
				},
				{
					id: "what",
					title: "What",
					cell: (r) => (
						<div>
							<button
								type="button"
								class="audit-open break"
								onClick={() => props.onOpen(r)}
							>
								{what(r)}
							</button>
							<div class="muted small break">
								<code>{r.target}</code>
							</div>
						</div>
					),
				},
				{ id: "how", title: "How", cell: (r) => doorWord(r.how) },
				{
					id: "from",
					title: "From",
					optional: true,
					cell: (r) =>
						r.address === "" ? (
							<span class="muted">this machine</span>
						) : (
							<code class="break">{r.address}</code>
						),
				},
			]}
		/>
	);
}

export default function AuditTrail(): JSX.Element {
	const [query, setQuery] = useQuery();
	const [open, setOpen] = useState<Row | undefined>();
	const asked = (name: string) => query.get(name) ?? "";
	const [who, setWho] = useTyped(asked("who"), (v) => setQuery({ who: v }));
	const [target, setTarget] = useTyped(asked("target"), (v) =>
		setQuery({ target: v }),
	);
	const filters = [asked("who"), asked("how"), asked("target"), asked("days")];
	const rows = usePages<Row>((cursor, signal) => {
		const days = Number(asked("days"));
		return api.get("/audit-trail", {
			query: {
				cursor,
				who: asked("who"),
				how: asked("how"),
				target: asked("target"),
				from_ms: days > 0 ? Date.now() - days * 86_400_000 : undefined,
			},
			signal,
		});
	}, filters);
	return (
		<PageBody
			title="Audit trail"
			intro="Every change, by the web admin, by personal keys and by commands. Rows are only added; secrets are left out."
			actions={
				<Button icon="reload" busy={rows.loading} onClick={rows.reload}>
					Reload
				</Button>
			}
		>
			<search class="filters">
				<TextField
					label="Who"
					type="search"
					placeholder="anna@example.org"
					value={who}
					onInput={setWho}
				/>
				<TextField
					label="On what"
					type="search"
					placeholder="/projects/1"
					value={target}
					onInput={setTarget}
				/>
				<SelectField
					label="How"
					choices={doors}
					value={asked("how")}
					onInput={(how) => setQuery({ how })}
				/>
				<SelectField
					label="When"
					choices={spans}
					value={asked("days")}
					onInput={(days) => setQuery({ days })}
				/>
			</search>
			{rows.error && (
				<ErrorBox
					error={rows.error}
					title="The audit trail could not be loaded"
					onRetry={rows.reload}
				/>
			)}
			{rows.rows ? (
				<Rows rows={rows.rows} onOpen={setOpen} />
			) : (
				!rows.error && <Loading />
			)}
			<MoreRows {...rows} count={rows.rows?.length} />
			{open && <Detail row={open} onClose={() => setOpen(undefined)} />}
		</PageBody>
	);
}
