import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import type { ApiError } from "../api/client";
import { errorOf } from "../api/client";
import { Button } from "./button";
import { ErrorBox } from "./feedback";
import { TextField } from "./field";

/**
 * A modal dialog: the browser keeps the focus inside and the rest inert, Escape
 * closes it, and the focus returns to where it was.
 */
export function Dialog(props: {
	title: ComponentChildren;
	onClose: () => void;
	children: ComponentChildren;
	actions?: ComponentChildren;
	wide?: boolean;
}): JSX.Element {
	const dialog = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const before = document.activeElement;
		dialog.current?.showModal();
		return () => {
			if (before instanceof HTMLElement) before.focus();
		};
	}, []);
	return (
		<dialog
			ref={dialog}
			class={props.wide ? "dialog wide" : "dialog"}
			aria-labelledby={id}
			onCancel={(e) => {
				e.preventDefault();
				props.onClose();
			}}
		>
			<div class="dialog-head">
				<h2 id={id}>{props.title}</h2>
				<Button
					kind="quiet"
					icon="close"
					iconOnly
					small
					onClick={props.onClose}
				>
					Close
				</Button>
			</div>
			<div class="dialog-body stack">{props.children}</div>
			{props.actions && <div class="dialog-foot row">{props.actions}</div>}
		</dialog>
	);
}

/**
 * Asks before something that cannot be taken back. typed: a word that must be
 * typed first, for what loses data. Stays open with the error if action fails.
 */
export function Confirm(props: {
	title: string;
	children: ComponentChildren;
	/** The word on the button: what happens, as "Delete the project". */
	action: string;
	danger?: boolean;
	typed?: string;
	onConfirm: () => Promise<unknown>;
	onClose: () => void;
}): JSX.Element {
	const [typed, setTyped] = useState("");
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError | undefined>();
	const isReady = props.typed === undefined || typed === props.typed;
	const run = async () => {
		if (!isReady || busy) return;
		setBusy(true);
		setError(undefined);
		try {
			await props.onConfirm();
			props.onClose();
		} catch (e) {
			setError(errorOf(e));
			setBusy(false);
		}
	};
	return (
		<Dialog
			title={props.title}
			onClose={props.onClose}
			actions={
				<>
					<Button
						kind={props.danger ? "danger" : "primary"}
						busy={busy}
						disabled={!isReady}
						onClick={run}
					>
						{props.action}
					</Button>
					<Button onClick={props.onClose}>Cancel</Button>
				</>
			}
		>
			<div class="break">{props.children}</div>
			{props.typed !== undefined && (
				<TextField
					label={
						<>
							Type <code>{props.typed}</code> to confirm
						</>
					}
					value={typed}
					onInput={setTyped}
					autocomplete="off"
					spellcheck={false}
				/>
			)}
			{error && <ErrorBox error={error} />}
		</Dialog>
	);
}
