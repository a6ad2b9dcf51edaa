// Every setting of the daemon: found by words, changed, reviewed, saved as a whole.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";

import { type ApiError, api, errorOf } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Setting, Settings } from "../../api/types";
import { useLeaveGuard, useQuery } from "../../router";
import {
	Await,
	Button,
	Card,
	CheckField,
	Empty,
	Note,
	PageBody,
	SelectField,
	TextField,
	toast,
} from "../../ui";
import { type Change, Review } from "./review";
import { type Edit, SettingRow } from "./row";
import { faultOf, isSame } from "./value";

type Edits = Record<string, Edit>;

function matches(s: Setting, words: string[]): boolean {
	const text = `${s.name} ${s.group} ${s.help}`.toLowerCase();
	return words.every((w) => text.includes(w));
}

/** Settings under the titles of their groups, in the order of the table. */
function grouped(all: readonly Setting[]): [string, Setting[]][] {
	const groups = new Map<string, Setting[]>();
	for (const s of all) {
		const list = groups.get(s.group);
		if (list === undefined) groups.set(s.group, [s]);
		else list.push(s);
	}
	return [...groups];
}

function isChanged(s: Setting): boolean {
	return s.source !== "default" || s.made_here || s.pending;
}

function Waiting(props: { all: readonly Setting[] }): JSX.Element | null {
	const waiting = props.all.filter((s) => s.pending);
	if (waiting.length === 0) return null;
	return (
		<Note
			kind="warn"
			title={
				waiting.length === 1
					? "One setting waits for a restart"
					: `${waiting.length} settings wait for a restart`
			}
		>
			<p>
				{waiting.map((s, i) => (
					<span key={s.name}>
						{i > 0 && ", "}
						<code>{s.name}</code>
					</span>
				))}
			</p>
			<p>
				On the machine of Sluice: <code>systemctl restart sluice</code>. Events
				that come meanwhile are sent again by the SDKs.
			</p>
		</Note>
	);
}

function Editor(props: {
	settings: Settings;
	onSaved: (settings: Settings) => void;
}): JSX.Element {
	const all = props.settings.items;
	const [query, setQuery] = useQuery();
	const [edits, setEdits] = useState<Edits>({});
	const [errors, setErrors] = useState<Record<string, string>>({});
	const [review, setReview] = useState(false);
	const [saving, setSaving] = useState(false);
	const [failed, setFailed] = useState<ApiError | undefined>();
	const search = query.get("search") ?? "";
	const group = query.get("group") ?? "";
	const only = query.get("only") ?? "";

	const found = useMemo(() => {
		const words = search.toLowerCase().split(/\s+/).filter(Boolean);
		return all.filter(
			(s) =>
				matches(s, words) &&
				(group === "" || s.group === group) &&
				(only !== "changed" || isChanged(s) || s.name in edits),
		);
	}, [all, search, group, only, edits]);
	const changes: Change[] = all
		.filter((s) => s.name in edits)
		.map((s) => ({ setting: s, to: edits[s.name] ?? null }));
	const faults = changes.filter(
		({ setting: s, to }) => to !== null && faultOf(s, to) !== undefined,
	);
	useLeaveGuard(
		changes.length > 0
			? "Leave the page? The changes are not saved."
			: undefined,
	);

	const edit = (s: Setting, to: Edit | undefined) => {
		setErrors(({ [s.name]: _, ...rest }) => rest);
		setEdits(({ [s.name]: _, ...rest }) =>
			to === undefined || (to !== null && !s.secret && isSame(s, to, s.value))
				? to !== undefined && s.pending
					? { ...rest, [s.name]: to }
					: rest
				: { ...rest, [s.name]: to },
		);
	};
	const save = async () => {
		setSaving(true);
		setFailed(undefined);
		try {
			const done = await api.patch<Settings>("/settings", {
				settings: edits,
			});
			const later = changes.filter((c) => c.setting.applies === "restart");
			setEdits({});
			setErrors({});
			setReview(false);
			props.onSaved(done);
			toast(
				later.length === 0
					? "Saved, and in use"
					: later.length === changes.length
						? "Saved. It is used after a restart."
						: "Saved. Some of it is used after a restart.",
			);
		} catch (e) {
			const error = errorOf(e);
			if (error.field !== undefined && error.field in edits) {
				setErrors({ [error.field]: error.message });
				setReview(false);
				setQuery({ search: error.field, group: null, only: null });
				toast("Nothing was saved: see the setting that is marked.", "bad");
			} else setFailed(error);
		} finally {
			setSaving(false);
		}
	};

	return (
		<>
			{props.settings.warnings.map((w) => (
				<Note key={w} kind="warn">
					{w}
				</Note>
			))}
			<Waiting all={all} />
			<search class="filters">
				<div class="wide">
					<TextField
						label="Search"
						type="search"
						placeholder="A word, as threads or body"
						value={search}
						onInput={(v) => setQuery({ search: v })}
					/>
				</div>
				<SelectField
					label="Group"
					value={group}
					onInput={(v) => setQuery({ group: v })}
					choices={[
						{ value: "", label: "All" },
						...grouped(all).map(([g]) => ({ value: g, label: g })),
					]}
				/>
				<div class="settings-only">
					<CheckField
						label="Only what is not the default"
						checked={only === "changed"}
						onInput={(v) => setQuery({ only: v ? "changed" : null })}
					/>
				</div>
			</search>
			<p class="muted small" role="status">
				{found.length} of {all.length} settings
			</p>
			{found.length === 0 && (
				<Empty
					title="No setting fits"
					action={
						<Button
							onClick={() =>
								setQuery({ search: null, group: null, only: null })
							}
						>
							Show all
						</Button>
					}
				>
					Search for part of a name or of what it is for.
				</Empty>
			)}
			{grouped(found).map(([title, list]) => (
				<Card key={title} title={title}>
					{list.map((s) => {
						const e = edits[s.name];
						return (
							<SettingRow
								key={s.name}
								s={s}
								edit={s.name in edits ? (e ?? null) : undefined}
								error={
									errors[s.name] ??
									(typeof e === "string" ? faultOf(s, e) : undefined)
								}
								onEdit={(to) => edit(s, to)}
							/>
						);
					})}
				</Card>
			))}
			{changes.length > 0 && (
				<section class="settings-bar row spread" aria-label="Unsaved changes">
					<span>
						{changes.length === 1
							? "One change is not saved"
							: `${changes.length} changes are not saved`}
						{faults.length > 0 && (
							<span class="settings-faults">
								{" "}
								· {faults.length} to be corrected
							</span>
						)}
					</span>
					<span class="row">
						<Button
							kind="primary"
							disabled={faults.length > 0}
							onClick={() => {
								setFailed(undefined);
								setReview(true);
							}}
						>
							Review and save
						</Button>
						<Button
							onClick={() => {
								setEdits({});
								setErrors({});
							}}
						>
							Discard
						</Button>
					</span>
				</section>
			)}
			{review && (
				<Review
					changes={changes}
					busy={saving}
					error={failed}
					onSave={save}
					onClose={() => setReview(false)}
				/>
			)}
		</>
	);
}

export default function SettingsPage(): JSX.Element {
	const settings = useLoad(
		(signal) => api.get<Settings>("/settings", { signal }),
		[],
	);
	return (
		<PageBody
			title="Settings"
			intro="How this Sluice works. What is set here counts above the defaults, and below the file of settings, the environment and the command line."
		>
			<Await of={settings} title="The settings could not be loaded">
				{(data) => <Editor settings={data} onSaved={settings.set} />}
			</Await>
		</PageBody>
	);
}
