// What stands where the content is not: nothing yet, loading, an error; and notes.
import type { ComponentChildren, JSX } from "preact";

import type { ApiError } from "../api/client";
import type { StreamState } from "../api/stream";
import { Button } from "./button";
import { Icon, type IconName } from "./icons";

/** Nothing to show: says why, and what to do. */
export function Empty(props: {
	title: string;
	children?: ComponentChildren;
	action?: ComponentChildren;
}): JSX.Element {
	return (
		<div class="empty">
			<p class="empty-title">{props.title}</p>
			{props.children && <div class="muted">{props.children}</div>}
			{props.action && <div class="row">{props.action}</div>}
		</div>
	);
}

export function Loading(props: { label?: string }): JSX.Element {
	return (
		<div class="loading" role="status">
			<span class="spinner" aria-hidden="true" />
			<span>{props.label ?? "Loading…"}</span>
		</div>
	);
}

export type NoteKind = "info" | "ok" | "warn" | "bad";

const noteIcons: Record<NoteKind, IconName> = {
	info: "info",
	ok: "check",
	warn: "warning",
	bad: "warning",
};

/** A box with a word to the reader. live: it is read out when it comes. */
export function Note(props: {
	kind?: NoteKind;
	title?: ComponentChildren;
	children?: ComponentChildren;
	action?: ComponentChildren;
	live?: boolean;
}): JSX.Element {
	const kind = props.kind ?? "info";
	return (
		<div
			class={`note ${kind}`}
			role={props.live ? (kind === "bad" ? "alert" : "status") : undefined}
		>
			<Icon name={noteIcons[kind]} />
			<div class="grow stack tight">
				{props.title && <strong>{props.title}</strong>}
				{props.children && <div class="break">{props.children}</div>}
				{props.action && <div class="row">{props.action}</div>}
			</div>
		</div>
	);
}

// What to do, by the code of the error; more is said by the page that knows it.
const todo: Record<string, string> = {
	unreachable:
		"Look whether the sluice service runs (systemctl status sluice) and try again.",
	timeout: "It may be busy. Try again; the overview shows what holds it up.",
	forbidden: "Ask an administrator for the role that this needs.",
	unavailable: "Something that it needs is away. The overview shows which.",
	disk_full: "Make room on the disk of the data folder; it goes on by itself.",
	not_found: "It may have been deleted meanwhile. Go back and reload the list.",
	internal:
		"The log of the service may say more: journalctl -u sluice. If it comes again, report it.",
	too_big: "Ask for less at once: a shorter time or fewer rows.",
};

/** An error where the content would be: what happened, what to do. */
export function ErrorBox(props: {
	error: ApiError;
	/** What was tried: "The projects could not be loaded". */
	title?: string;
	/** Instead of the usual advice. */
	children?: ComponentChildren;
	onRetry?: (() => void) | undefined;
}): JSX.Element {
	const { error } = props;
	return (
		<Note
			kind="bad"
			live
			title={props.title ?? "This did not work"}
			action={
				props.onRetry && (
					<Button small icon="reload" onClick={props.onRetry}>
						Try again
					</Button>
				)
			}
		>
			<p>{error.message}</p>
			{(props.children ?? todo[error.code]) && (
				<p class="muted">{props.children ?? todo[error.code]}</p>
			)}
		</Note>
	);
}

/**
 * Content that is loaded: its loading and error states, and what is made of the
 * data. An error over older data is shown above it.
 */
export function Await<T>(props: {
	of: {
		data: T | undefined;
		error: ApiError | undefined;
		loading: boolean;
		reload?: () => void;
	};
	title?: string;
	children: (data: T) => ComponentChildren;
}): JSX.Element {
	const { data, error, reload } = props.of;
	return (
		<>
			{error && (
				<ErrorBox
					error={error}
					{...(props.title === undefined ? {} : { title: props.title })}
					onRetry={reload}
				/>
			)}
			{data !== undefined ? props.children(data) : !error && <Loading />}
		</>
	);
}

const streamWords: Record<StreamState, [string, string]> = {
	off: ["neutral", "Paused"],
	connecting: ["info", "Connecting…"],
	live: ["ok", "Live"],
	lost: ["warn", "Connection lost, trying again…"],
};

/** How a stream stands (useStream). */
export function StreamBadge(props: { state: StreamState }): JSX.Element {
	const [kind, text] = streamWords[props.state];
	return (
		<span class={`badge ${kind}`} role="status">
			<span class="dot" aria-hidden="true" />
			{text}
		</span>
	);
}
