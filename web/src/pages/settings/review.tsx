import type { JSX } from "preact";

import type { ApiError } from "../../api/client";
import type { Setting } from "../../api/types";
import { Badge, Button, Dialog, ErrorBox } from "../../ui";
import type { Edit } from "./row";
import { shown } from "./value";

export interface Change {
	setting: Setting;
	to: Edit;
}

function Value(props: { s: Setting; value: string | null }): JSX.Element {
	const { s, value } = props;
	if (value === null)
		return (
			<span>
				the default
				{!s.secret && (
					<>
						, <code>{shown(s, s.default)}</code>
					</>
				)}
			</span>
		);
	if (s.secret) return <span>a new value (not shown)</span>;
	return <code class="break">{shown(s, value)}</code>;
}

function waits(later: number, all: number): string {
	if (later === all) return "It waits";
	return later === 1 ? "One of them waits" : `${later} of them wait`;
}

/** What is going to be saved, before it is. */
export function Review(props: {
	changes: readonly Change[];
	busy: boolean;
	error: ApiError | undefined;
	onSave: () => void;
	onClose: () => void;
}): JSX.Element {
	const { changes } = props;
	const later = changes.filter((c) => c.setting.applies === "restart").length;
	return (
		<Dialog
			title={changes.length === 1 ? "One change" : `${changes.length} changes`}
			wide
			onClose={props.onClose}
			actions={
				<>
					<Button kind="primary" busy={props.busy} onClick={props.onSave}>
						Save
					</Button>
					<Button onClick={props.onClose}>Go on editing</Button>
				</>
			}
		>
			<ul class="plain stack">
				{changes.map(({ setting: s, to }) => (
					<li key={s.name} class="stack tight settings-change">
						<div class="row spread">
							<code>{s.name}</code>
							<Badge kind={s.applies === "now" ? "ok" : "warn"}>
								{s.applies === "now" ? "At once" : "At the next start"}
							</Badge>
						</div>
						<div class="break">
							<span class="muted">from </span>
							{s.secret ? (
								<span>{s.is_set ? "what is set" : "nothing"}</span>
							) : (
								<code class="break">
									{shown(
										s,
										s.pending && s.pending_value !== null
											? s.pending_value
											: s.value,
									)}
								</code>
							)}
							<span class="muted"> to </span>
							<Value s={s} value={to} />
						</div>
					</li>
				))}
			</ul>
			<p class="muted">
				All of it is saved, or nothing.
				{later > 0 &&
					` ${waits(later, changes.length)} for a restart: systemctl restart sluice`}
			</p>
			{props.error && (
				<ErrorBox error={props.error} title="Nothing was saved" />
			)}
		</Dialog>
	);
}
