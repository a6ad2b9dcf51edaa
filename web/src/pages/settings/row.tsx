import type { JSX } from "preact";

import type { Setting } from "../../api/types";
import { Badge, Button, type ControlProps, Field, Note } from "../../ui";
import { hintOf, shown, toText } from "./value";

/** What the user wants of a setting: a new value, or the default (null). */
export type Edit = string | null;

const sources: Record<string, string> = {
	default: "Default",
	admin: "Set here",
	file: "File",
	environment: "Environment",
	"--set": "Command line",
};

const stronger: Record<string, string> = {
	file: "It is set in the file of settings, which is stronger: change it there, then run systemctl reload sluice.",
	environment:
		"It is set in the environment of the service, which is stronger: change it there and restart.",
	"--set":
		"It is set on the command line (--set), which is stronger: change it there and restart.",
};

/** Why it cannot be changed on this page. */
export function lockOf(s: Setting): string | undefined {
	if (s.locked !== null)
		return `It is not changed from a browser: ${s.locked}. Set it in the file of settings.`;
	return stronger[s.source];
}

function Control(props: {
	s: Setting;
	p: ControlProps;
	value: string;
	disabled: boolean;
	onInput: (value: string) => void;
}): JSX.Element {
	const { s, p, value, disabled, onInput } = props;
	const choices =
		s.type === "bool" ? ["true", "false"] : s.choices.length ? s.choices : null;
	if (choices !== null)
		return (
			<select
				{...p}
				class="input"
				disabled={disabled}
				value={value}
				onChange={(e) => onInput(e.currentTarget.value)}
			>
				{choices.map((c) => (
					<option key={c} value={c} selected={c === value}>
						{s.type === "bool" ? (c === "true" ? "on" : "off") : c}
					</option>
				))}
			</select>
		);
	if (s.type === "list")
		return (
			<textarea
				{...p}
				class="input mono"
				rows={value.length > 60 ? 3 : 1}
				spellcheck={false}
				disabled={disabled}
				value={value}
				onInput={(e) => onInput(e.currentTarget.value)}
			/>
		);
	return (
		<input
			// The types want a literal "type" each.
			{...({ ...p, type: s.secret ? "password" : "text" } as {
				type: "text";
			})}
			class="input mono"
			autocomplete={s.secret ? "new-password" : "off"}
			spellcheck={false}
			disabled={disabled}
			placeholder={
				s.secret
					? s.is_set
						? "set, and not shown: type to replace it"
						: "not set"
					: ""
			}
			value={value}
			onInput={(e) => onInput(e.currentTarget.value)}
		/>
	);
}

function Marks(props: { s: Setting }): JSX.Element {
	const { s } = props;
	return (
		<div class="row settings-marks">
			<Badge kind={s.source === "default" ? "neutral" : "info"}>
				{sources[s.source] ?? s.source}
			</Badge>
			{s.pending ? (
				<Badge kind="warn">
					Waits for a restart
					{s.pending_value !== null && `: ${shown(s, s.pending_value)}`}
				</Badge>
			) : (
				<Badge>
					{s.applies === "now" ? "Applies at once" : "Needs a restart"}
				</Badge>
			)}
		</div>
	);
}

/** One setting: what it is for, its control, where its value comes from. */
export function SettingRow(props: {
	s: Setting;
	edit: Edit | undefined;
	error: string | undefined;
	onEdit: (edit: Edit | undefined) => void;
}): JSX.Element {
	const { s, edit, onEdit } = props;
	const lock = lockOf(s);
	// What is to be, not what is: a change that waits is gone on from there.
	const now = s.pending && s.pending_value !== null ? s.pending_value : s.value;
	const base = s.secret ? "" : toText(s.type, now);
	const value =
		edit === undefined
			? base
			: edit === null
				? toText(s.type, s.secret ? "" : s.default)
				: edit;
	const hint = hintOf(s);
	const isDefault = edit === null || (edit === undefined && !s.made_here);
	return (
		<div
			class="settings-row"
			id={`setting-${s.name}`}
			data-edited={edit !== undefined}
		>
			<Field
				label={<code>{s.name}</code>}
				error={props.error}
				help={
					<>
						{s.help}
						{!s.secret && (
							<>
								{" "}
								Default: <code>{shown(s, s.default)}</code>
								{hint !== "" && ` (${hint})`}.
							</>
						)}
						{lock !== undefined && <> {lock}</>}
					</>
				}
			>
				{(p) => (
					<div class="row settings-control">
						<div class="grow">
							<Control
								s={s}
								p={p}
								value={value}
								disabled={lock !== undefined}
								onInput={(v) => onEdit(v === base ? undefined : v)}
							/>
						</div>
						{edit !== undefined ? (
							<Button small onClick={() => onEdit(undefined)}>
								Undo
							</Button>
						) : (
							!isDefault && (
								<Button
									small
									title={`Take away what was set here for ${s.name}`}
									onClick={() => onEdit(null)}
								>
									Reset
								</Button>
							)
						)}
					</div>
				)}
			</Field>
			<Marks s={s} />
			{s.ignored !== null && (
				<Note
					kind="warn"
					title="What was set here does not count"
					action={
						edit !== null && (
							<Button small onClick={() => onEdit(null)}>
								Take it away
							</Button>
						)
					}
				>
					{s.ignored}
				</Note>
			)}
			{s.made_here && s.ignored === null && s.source !== "admin" && (
				<p class="muted small">
					Set here too
					{s.made_here_value !== null && (
						<>
							{" "}
							(<code>{shown(s, s.made_here_value)}</code>)
						</>
					)}
					, but the stronger source wins.
				</p>
			)}
		</div>
	);
}
