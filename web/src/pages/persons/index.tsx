// Persons: looking for one by id, e-mail address or property.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Person, SqlSchema } from "../../api/types";
import { useProject } from "../../project";
import { useQuery } from "../../router";
import {
	Badge,
	Button,
	Empty,
	ErrorBox,
	Form,
	formatNumber,
	LinkButton,
	Loading,
	PageBody,
	SelectField,
	Table,
	TextField,
	Time,
} from "../../ui";
import {
	type Asked,
	isWhole,
	nameOf,
	personPath,
	type Search,
	useSearch,
} from "./search";

const bys = [
	{ value: "all", label: "All persons" },
	{ value: "id", label: "Distinct id or UUID" },
	{ value: "email", label: "E-mail contains" },
	{ value: "property", label: "Property" },
];
const operators = [
	{ value: "is", label: "is" },
	{ value: "contains", label: "contains" },
	{ value: "is_set", label: "is set" },
];

function askedOf(query: URLSearchParams): Asked {
	const by = bys.find((b) => b.value === query.get("by"))?.value ?? "all";
	const operator =
		operators.find((o) => o.value === query.get("operator"))?.value ?? "is";
	return {
		by: by as Asked["by"],
		text: query.get("text") ?? "",
		property: query.get("property") ?? "",
		operator: operator as Asked["operator"],
	};
}

function SearchForm(props: {
	asked: Asked;
	properties: readonly string[];
	busy: boolean;
	onStop: () => void;
	onAsk: (a: Asked) => void;
}): JSX.Element {
	const [form, setForm] = useState(props.asked);
	const change = (c: Partial<Asked>) => setForm((f) => ({ ...f, ...c }));
	return (
		<Form
			label="Find persons"
			onSubmit={() => isWhole(form) && props.onAsk(form)}
			actions={
				<>
					<Button
						kind="primary"
						type="submit"
						icon="search"
						disabled={!isWhole(form)}
					>
						Find
					</Button>
					{props.busy && <Button onClick={props.onStop}>Stop</Button>}
				</>
			}
		>
			<div class="persons-form">
				<SelectField
					label="Find by"
					value={form.by}
					onInput={(v) => change({ by: v as Asked["by"] })}
					choices={bys}
				/>
				{form.by === "property" && (
					<>
						<TextField
							label="Property"
							name="property"
							value={form.property}
							onInput={(property) => change({ property })}
							list="persons-properties"
							maxLength={400}
							spellcheck={false}
							autocomplete="off"
						/>
						<SelectField
							label="Comparison"
							value={form.operator}
							onInput={(v) => change({ operator: v as Asked["operator"] })}
							choices={operators}
						/>
					</>
				)}
				{form.by !== "all" &&
					!(form.by === "property" && form.operator === "is_set") && (
						<TextField
							label={form.by === "property" ? "Value" : "Text"}
							name="value"
							type="search"
							value={form.text}
							onInput={(text) => change({ text })}
							maxLength={1000}
							spellcheck={false}
							autocomplete="off"
						/>
					)}
			</div>
			<datalist id="persons-properties">
				{props.properties.map((p) => (
					<option key={p} value={p} />
				))}
			</datalist>
		</Form>
	);
}

function Found(props: {
	project: number;
	asked: Asked;
	search: Search;
}): JSX.Element {
	const { search, asked } = props;
	const none =
		asked.by === "all" ? (
			<Empty
				title="No persons yet"
				action={<LinkButton href="/start">How to send events</LinkButton>}
			>
				A person is made by the first event with a person profile, as when
				somebody is identified.
			</Empty>
		) : (
			<Empty title={search.more ? "None found so far" : "Nobody found"}>
				{asked.by === "id"
					? "An id must be given whole and as it was sent. A person who was deleted is not found."
					: "Values are compared as text; “is” wants the same letters, “contains” any part of it."}
			</Empty>
		);
	return (
		<div class="stack">
			{search.error && (
				<ErrorBox
					error={search.error}
					title="The search failed"
					onRetry={search.goOn}
				/>
			)}
			{search.busy && search.rows.length === 0 && search.scanned === 0 && (
				<Loading label="Looking…" />
			)}
			{search.scanned > 0 && (
				<p class="small muted" role="status">
					{formatNumber(search.rows.length)} found;{" "}
					{formatNumber(search.scanned)} persons looked at
					{search.busy
						? "…"
						: search.more
							? ", more are left"
							: ", which are all"}
					.
				</p>
			)}
			{(search.rows.length > 0 || (!search.busy && !search.error)) && (
				<Table
					caption="Persons"
					rows={search.rows}
					rowKey={(p: Person) => p.uuid}
					empty={none}
					columns={[
						{
							id: "name",
							title: "Person",
							cell: (p) => (
								<a class="break" href={personPath(props.project, p)}>
									{nameOf(p)}
								</a>
							),
						},
						{
							id: "id",
							title: "Distinct id",
							cell: (p) => (
								<span class="break">
									{p.distinct_ids[0]}
									{p.distinct_ids.length > 1 && (
										<span class="muted"> +{p.distinct_ids.length - 1}</span>
									)}
								</span>
							),
						},
						{
							id: "is_identified",
							title: "Identified",
							cell: (p) =>
								p.is_identified ? <Badge kind="ok">yes</Badge> : "no",
						},
						{
							id: "created_at",
							title: "Since",
							cell: (p) => <Time at={p.created_at} />,
						},
					]}
				/>
			)}
			{search.more && !search.busy && (
				<div class="row">
					<Button onClick={search.goOn}>
						{asked.by === "all" ? "More" : "Search on"}
					</Button>
				</div>
			)}
		</div>
	);
}

export default function PersonsPage(): JSX.Element {
	const { projects, project } = useProject();
	const [query, setQuery] = useQuery();
	const asked = askedOf(query);
	const search = useSearch(project?.id, asked);
	const schema = useLoad(
		(signal) =>
			api.get<SqlSchema>("/sql/schema", {
				query: { project: project?.id },
				signal,
			}),
		[project?.id],
	);
	return (
		<PageBody
			title="Persons"
			intro="Who the events are of: found in the store itself, as it is now."
		>
			{projects !== undefined && project === undefined ? (
				<Empty
					title="There is no project yet"
					action={<LinkButton href="/start">Make the first project</LinkButton>}
				/>
			) : (
				<>
					<SearchForm
						key={JSON.stringify([project?.id, asked])}
						asked={asked}
						properties={schema.data?.properties ?? []}
						busy={search.busy}
						onStop={search.stop}
						onAsk={(a) =>
							setQuery({
								by: a.by,
								text: a.by === "all" ? null : a.text,
								property: a.by === "property" ? a.property : null,
								operator: a.by === "property" ? a.operator : null,
							})
						}
					/>
					{project && (
						<Found project={project.id} asked={asked} search={search} />
					)}
				</>
			)}
		</PageBody>
	);
}
