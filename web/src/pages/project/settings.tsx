// A project's settings as a form, made from the table that the program has.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import type { ProjectSettingsTable } from "../../api/types";
import type { Project } from "../../project";
import { useLeaveGuard } from "../../router";
import { useMay } from "../../session";
import {
	Await,
	Button,
	Card,
	ErrorBox,
	Field,
	Note,
	TextField,
	toast,
} from "../../ui";
import { type Row, readValue, textOf, titleOf } from "./value";

function Control(props: {
	row: Row;
	value: string;
	error: string | undefined;
	disabled: boolean;
	onInput: (text: string) => void;
}): JSX.Element {
	const { row, value, disabled, onInput } = props;
	const unset = textOf(row, row.default);
	const options: [string, string][] | undefined =
		row.kind === "bool"
			? [
					["true", "on"],
					["false", "off"],
				]
			: row.kind === "maybe"
				? [
						["", "not said"],
						["true", "yes"],
						["false", "no"],
					]
				: row.kind === "word"
					? [
							...(row.default === null
								? ([["", "not said"]] as [string, string][])
								: []),
							...row.choices.map((c): [string, string] => [c, c]),
						]
					: undefined;
	const isJson = row.kind === "array" || row.kind === "object";
	return (
		<Field
			label={
				<>
					{titleOf(row.name)} <code class="project-name">{row.name}</code>
				</>
			}
			name={row.name}
			error={props.error}
			help={
				<>
					{row.help}
					{options === undefined && <> Allowed: {row.allowed}.</>}
					{unset !== "" && (
						<>
							{" "}
							Default:{" "}
							{options
								? (options.find(([v]) => v === unset)?.[1] ?? unset)
								: unset}
							.
						</>
					)}
				</>
			}
		>
			{(p) =>
				options !== undefined ? (
					<select
						{...p}
						class="input"
						disabled={disabled}
						value={value}
						onChange={(e) => onInput(e.currentTarget.value)}
					>
						{options.map(([v, label]) => (
							<option key={v} value={v} selected={v === value}>
								{label}
							</option>
						))}
					</select>
				) : isJson ? (
					<textarea
						{...p}
						class="input mono"
						rows={value === "" ? 1 : Math.min(12, value.split("\n").length + 1)}
						spellcheck={false}
						placeholder="not set"
						disabled={disabled}
						value={value}
						onInput={(e) => onInput(e.currentTarget.value)}
					/>
				) : (
					<input
						{...p}
						type="text"
						inputMode={
							row.kind === "int"
								? "numeric"
								: row.kind === "number"
									? "decimal"
									: "text"
						}
						class="input"
						placeholder={unset === "" ? "not set" : unset}
						disabled={disabled}
						value={value}
						onInput={(e) => onInput(e.currentTarget.value)}
					/>
				)
			}
		</Field>
	);
}

function groupsOf(rows: readonly Row[]): [string, Row[]][] {
	const all = new Map<string, Row[]>();
	for (const r of rows) all.set(r.group, [...(all.get(r.group) ?? []), r]);
	return [...all].sort(([a], [b]) => order(a) - order(b));
}

const first = ["Receiving events", "Privacy", "Persons", "Key", "Autocapture"];

function order(group: string): number {
	const at = first.indexOf(group);
	return at < 0 ? first.length : at;
}

function Editor(props: {
	project: Project;
	rows: readonly Row[];
	onChanged: (p: Project) => void;
}): JSX.Element {
	const { project, rows } = props;
	const mayChange = useMay("admin");
	const [edits, setEdits] = useState<Record<string, string>>({});
	const [search, setSearch] = useState("");
	const names = Object.keys(edits);
	const faults: Record<string, string> = {};
	for (const row of rows) {
		const text = edits[row.name];
		if (text === undefined) continue;
		const read = readValue(row, text);
		if ("fault" in read) faults[row.name] = read.fault;
	}
	const save = useAction(async () => {
		const settings: Record<string, unknown> = {};
		for (const row of rows) {
			const text = edits[row.name];
			if (text === undefined) continue;
			const read = readValue(row, text);
			if ("value" in read) settings[row.name] = read.value;
		}
		const now = await api.patch<Project>(path`/projects/${project.id}`, {
			settings,
		});
		setEdits({});
		toast("Saved, and in use");
		props.onChanged(now);
	});
	useLeaveGuard(
		names.length > 0 ? "Leave the page? The changes are not saved." : undefined,
	);
	const words = search.toLowerCase();
	const found = rows.filter((r) =>
		`${r.name} ${titleOf(r.name)} ${r.help} ${r.group}`
			.toLowerCase()
			.includes(words),
	);
	const atField =
		save.error?.field !== undefined && save.error.field in edits
			? save.error
			: undefined;
	useEffect(() => {
		if (atField)
			document
				.querySelector<HTMLElement>(".project-fields [aria-invalid]")
				?.focus();
	}, [atField]);
	return (
		<>
			{!mayChange && (
				<Note>Administrators change these; you can look at them.</Note>
			)}
			<div class="filters">
				<TextField
					label="Search the settings"
					type="search"
					value={search}
					onInput={setSearch}
				/>
			</div>
			{found.length === 0 && <p class="muted">No setting has that in it.</p>}
			{groupsOf(found).map(([title, list]) => (
				<Card key={title} title={title}>
					<div class="project-fields">
						{list.map((row) => {
							const base = textOf(row, project[row.name]);
							return (
								<Control
									key={row.name}
									row={row}
									value={edits[row.name] ?? base}
									error={
										faults[row.name] ??
										(atField?.field === row.name ? atField.message : undefined)
									}
									disabled={!mayChange || row.kind === "off"}
									onInput={(text) =>
										setEdits(({ [row.name]: _, ...rest }) =>
											text === base ? rest : { ...rest, [row.name]: text },
										)
									}
								/>
							);
						})}
					</div>
				</Card>
			))}
			{names.length > 0 && (
				<section class="project-bar stack tight" aria-label="Unsaved changes">
					{save.error && !atField && <ErrorBox error={save.error} />}
					<div class="row spread">
						<span>
							{names.length === 1
								? "One change is not saved"
								: `${names.length} changes are not saved`}
						</span>
						<span class="row">
							<Button
								kind="primary"
								busy={save.busy}
								disabled={Object.keys(faults).length > 0}
								onClick={save.run}
							>
								Save
							</Button>
							<Button onClick={() => setEdits({})}>Discard</Button>
						</span>
					</div>
				</section>
			)}
		</>
	);
}

export function ProjectSettings(props: {
	project: Project;
	onChanged: (p: Project) => void;
}): JSX.Element {
	const table = useLoad(
		(signal) => api.get<ProjectSettingsTable>("/projects/settings", { signal }),
		[],
	);
	return (
		<Await of={table} title="The settings could not be loaded">
			{(data) => (
				<Editor
					project={props.project}
					rows={data.items}
					onChanged={props.onChanged}
				/>
			)}
		</Await>
	);
}
