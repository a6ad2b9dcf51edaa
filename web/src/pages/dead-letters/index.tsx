// Dead letters: what could not be processed, by error or one by one; replay and discard.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, type Page } from "../../api/client";
import { usePages } from "../../api/hooks";
import type { Letter, LetterGroup } from "../../api/types";
import { useProject } from "../../project";
import { useQuery } from "../../router";
import { useMay } from "../../session";
import {
	Button,
	Empty,
	ErrorBox,
	Loading,
	MoreRows,
	Note,
	PageBody,
	SelectField,
	Tabs,
} from "../../ui";
import { type Asked, BulkDialog } from "./confirm";
import { Groups } from "./groups";
import { Letters } from "./letters";

const states = [
	{ value: "pending", label: "Pending" },
	{ value: "replayed", label: "Replayed" },
	{ value: "discarded", label: "Discarded" },
	{ value: "all", label: "All" },
];

function NoLetters(props: { state: string; filtered: boolean }): JSX.Element {
	if (props.state !== "pending" || props.filtered)
		return (
			<Empty title="No such letters">
				Choose another state or project above.
			</Empty>
		);
	return (
		<Empty title="No dead letters">
			Every event that came could be processed. One that cannot is kept here
			with its error and its original bytes.
		</Empty>
	);
}

/** The error and the other marks of a group that is looked at. */
function useFilter() {
	const [query, setQuery] = useQuery();
	const filter = {
		state: query.get("state") ?? "pending",
		project: query.get("of") ?? "",
		error: query.get("error"),
		reason: query.get("reason"),
	};
	return { filter, setQuery, view: query.get("view") ?? "groups" };
}

function asQuery(f: ReturnType<typeof useFilter>["filter"]) {
	return {
		state: f.state,
		project: f.project,
		error: f.error,
		reason: f.reason,
	};
}

function ByError(props: {
	filter: ReturnType<typeof useFilter>["filter"];
	projectName: (id: number) => string;
	onOpen: (g: LetterGroup) => void;
	onAsk: (asked: Asked) => void;
	turn: number;
}): JSX.Element {
	const { filter, turn } = props;
	const groups = usePages(
		(cursor, signal) =>
			api.get<Page<LetterGroup>>("/dlq/groups", {
				query: { ...asQuery(filter), cursor },
				signal,
			}),
		[filter.state, filter.project, filter.error, filter.reason, turn],
	);
	return (
		<>
			{groups.error && (
				<ErrorBox error={groups.error} onRetry={groups.reload} />
			)}
			{groups.rows ? (
				<Groups
					rows={groups.rows}
					projectName={props.projectName}
					mayChange={useMay("member")}
					onOpen={props.onOpen}
					onAsk={props.onAsk}
					empty={
						<NoLetters state={filter.state} filtered={filter.project !== ""} />
					}
				/>
			) : (
				!groups.error && <Loading />
			)}
			<MoreRows {...groups} count={groups.rows?.length} />
		</>
	);
}

function OneByOne(props: {
	filter: ReturnType<typeof useFilter>["filter"];
	projectName: (id: number) => string;
	onAsk: (asked: Asked) => void;
	turn: number;
}): JSX.Element {
	const { filter, turn } = props;
	const mayChange = useMay("member");
	const [chosen, setChosen] = useState<Set<string>>(new Set());
	const letters = usePages(
		(cursor, signal) =>
			api.get<Page<Letter>>("/dlq", {
				query: { ...asQuery(filter), limit: 100, cursor },
				signal,
			}),
		[filter.state, filter.project, filter.error, filter.reason, turn],
	);
	const ids = (letters.rows ?? [])
		.filter((l) => chosen.has(l.id) && l.state === "pending")
		.map((l) => l.id);
	const ask = (verb: Asked["verb"]) =>
		props.onAsk({
			verb,
			what: { ids },
			count: ids.length,
			which: "that you chose.",
		});
	return (
		<>
			{mayChange && (
				<div class="row">
					<Button
						kind="primary"
						disabled={ids.length === 0}
						onClick={() => ask("replay")}
					>
						Replay chosen
					</Button>
					<Button disabled={ids.length === 0} onClick={() => ask("discard")}>
						Discard chosen
					</Button>
					<span class="muted small" role="status">
						{ids.length} chosen
					</span>
				</div>
			)}
			{letters.error && (
				<ErrorBox error={letters.error} onRetry={letters.reload} />
			)}
			{letters.rows ? (
				<Letters
					rows={letters.rows}
					chosen={chosen}
					onChoose={setChosen}
					projectName={props.projectName}
					mayChange={mayChange}
					empty={
						<NoLetters
							state={filter.state}
							filtered={filter.project !== "" || filter.error !== null}
						/>
					}
				/>
			) : (
				!letters.error && <Loading />
			)}
			<MoreRows {...letters} count={letters.rows?.length} />
		</>
	);
}

export default function DeadLetters(): JSX.Element {
	const { projects } = useProject();
	const { filter, setQuery, view } = useFilter();
	const [asked, setAsked] = useState<Asked | undefined>();
	const [turn, setTurn] = useState(0);
	const projectName = (id: number) =>
		projects?.find((p) => p.id === id)?.name ??
		(id === 0 ? "no project" : `project ${id}`);
	return (
		<PageBody
			title="Dead letters"
			intro="Events that could not be processed. Nothing is lost: each is kept as it came until it is replayed or discarded."
			actions={
				<Button icon="reload" onClick={() => setTurn(turn + 1)}>
					Reload
				</Button>
			}
		>
			<div class="filters">
				<SelectField
					label="State"
					value={filter.state}
					choices={states}
					onInput={(state) => setQuery({ state })}
				/>
				<SelectField
					label="Project"
					value={filter.project}
					choices={[
						{ value: "", label: "All projects" },
						...(projects ?? []).map((p) => ({
							value: String(p.id),
							label: p.name,
						})),
						{ value: "0", label: "No project that is known" },
					]}
					onInput={(of) => setQuery({ of })}
				/>
			</div>
			{filter.error !== null && (
				<Note
					action={
						<Button
							small
							onClick={() => setQuery({ error: null, reason: null })}
						>
							Show all errors
						</Button>
					}
				>
					Only letters with the error “{filter.error}”.
				</Note>
			)}
			<Tabs
				label="Dead letters"
				tabs={[
					{ id: "groups", label: "By error" },
					{ id: "letters", label: "One by one" },
				]}
				chosen={view}
				onChoose={(id) => setQuery({ view: id === "groups" ? null : id })}
			>
				<div class="stack">
					{view === "groups" ? (
						<ByError
							{...{ filter, projectName, turn }}
							onAsk={setAsked}
							onOpen={(g) =>
								setQuery({
									view: "letters",
									error: g.error,
									reason: g.reason,
									of: String(g.project_id),
								})
							}
						/>
					) : (
						<OneByOne {...{ filter, projectName, turn }} onAsk={setAsked} />
					)}
				</div>
			</Tabs>
			{asked && (
				<BulkDialog
					asked={asked}
					onClose={(changed) => {
						setAsked(undefined);
						if (changed) setTurn(turn + 1);
					}}
				/>
			)}
		</PageBody>
	);
}
