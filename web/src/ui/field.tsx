// Forms: a field is a label, a control, its help and its error, tied together for
// screen readers. An ApiError with the field's name is shown at the field.
import { type ComponentChildren, createContext, type JSX } from "preact";
import { useContext, useEffect, useId, useRef } from "preact/hooks";

import type { ApiError } from "../api/client";
import { ErrorBox } from "./feedback";

const FormError = createContext<ApiError | undefined>(undefined);

interface FormProps {
	onSubmit: () => void;
	/** Of useAction: at its field if one bears its name, else above the buttons. */
	error?: ApiError | undefined;
	/** The names of the fields here, so that no error is shown twice or never. */
	fields?: readonly string[];
	children: ComponentChildren;
	/** Buttons; the first is the one that submits. */
	actions?: ComponentChildren;
	label?: string;
}

export function Form(props: FormProps): JSX.Element {
	const form = useRef<HTMLFormElement>(null);
	const { error } = props;
	const atField =
		error?.field !== undefined && props.fields?.includes(error.field);
	useEffect(() => {
		if (atField)
			form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
	}, [error]);
	return (
		<form
			ref={form}
			class="form"
			noValidate
			aria-label={props.label}
			onSubmit={(e) => {
				e.preventDefault();
				props.onSubmit();
			}}
		>
			<FormError.Provider value={atField ? error : undefined}>
				{props.children}
			</FormError.Provider>
			{error && !atField && <ErrorBox error={error} />}
			{props.actions && <div class="row">{props.actions}</div>}
		</form>
	);
}

interface FieldProps {
	label: ComponentChildren;
	/** As in the API's "field"; ties errors of the form to this. */
	name?: string | undefined;
	help?: ComponentChildren;
	error?: string | undefined;
	/** The label is for screen readers alone, as in a row of filters. */
	hideLabel?: boolean | undefined;
}

export interface ControlProps {
	id: string;
	"aria-describedby": string | undefined;
	"aria-invalid": true | undefined;
}

/** For controls that have no component of their own here. */
export function Field(
	props: FieldProps & { children: (p: ControlProps) => ComponentChildren },
): JSX.Element {
	const id = useId();
	const formError = useContext(FormError);
	const error =
		props.error ??
		(props.name !== undefined && formError?.field === props.name
			? formError.message
			: undefined);
	const described = [props.help ? `${id}-help` : "", error ? `${id}-error` : ""]
		.filter((s) => s !== "")
		.join(" ");
	return (
		<div class="field">
			<label for={id} class={props.hideLabel ? "sr-only" : "field-label"}>
				{props.label}
			</label>
			{props.children({
				id,
				"aria-describedby": described === "" ? undefined : described,
				"aria-invalid": error ? true : undefined,
			})}
			{props.help && (
				<div id={`${id}-help`} class="field-help">
					{props.help}
				</div>
			)}
			{error && (
				<div id={`${id}-error`} class="field-error">
					{error}
				</div>
			)}
		</div>
	);
}

type Typed = FieldProps & {
	value: string;
	onInput: (value: string) => void;
};

interface TextProps extends Typed {
	type?: "text" | "email" | "password" | "search" | "url" | "number";
	autocomplete?: string;
	placeholder?: string;
	disabled?: boolean | undefined;
	readOnly?: boolean | undefined;
	autofocus?: boolean;
	spellcheck?: boolean;
	inputMode?: "text" | "numeric" | "decimal" | "search" | "url" | "email";
	maxLength?: number;
	/** The id of a <datalist>. */
	list?: string;
	mono?: boolean;
	onKeyDown?: (e: KeyboardEvent) => void;
}

export function TextField(props: TextProps): JSX.Element {
	const { label, help, error, hideLabel, value, onInput, mono, ...more } =
		props;
	const { type, autofocus, ...plain } = more;
	const input = useRef<HTMLInputElement>(null);
	useEffect(() => {
		if (autofocus) input.current?.focus();
	}, []);
	return (
		<Field {...{ label, help, error, hideLabel, name: props.name }}>
			{(p) => (
				<input
					// The types want a literal "type" each.
					{...({ ...plain, ...p, type: type ?? "text" } as {
						type: "text";
					})}
					ref={input}
					class={mono ? "input mono" : "input"}
					value={value}
					onInput={(e) => onInput(e.currentTarget.value)}
				/>
			)}
		</Field>
	);
}

export function AreaField(
	props: Typed & {
		rows?: number;
		mono?: boolean;
		disabled?: boolean;
		placeholder?: string;
	},
): JSX.Element {
	const { label, help, error, hideLabel, name } = props;
	return (
		<Field {...{ label, help, error, hideLabel, name }}>
			{(p) => (
				<textarea
					{...p}
					name={name}
					class={props.mono ? "input mono" : "input"}
					rows={props.rows ?? 4}
					disabled={props.disabled}
					placeholder={props.placeholder}
					value={props.value}
					onInput={(e) => props.onInput(e.currentTarget.value)}
				/>
			)}
		</Field>
	);
}

export interface Choice {
	value: string;
	label: string;
}

export function SelectField(
	props: Typed & { choices: readonly Choice[]; disabled?: boolean },
): JSX.Element {
	const { label, help, error, hideLabel, name } = props;
	return (
		<Field {...{ label, help, error, hideLabel, name }}>
			{(p) => (
				<select
					{...p}
					name={name}
					class="input"
					disabled={props.disabled}
					value={props.value}
					onChange={(e) => props.onInput(e.currentTarget.value)}
				>
					{props.choices.map((c) => (
						<option
							key={c.value}
							value={c.value}
							selected={c.value === props.value}
						>
							{c.label}
						</option>
					))}
				</select>
			)}
		</Field>
	);
}

export function CheckField(props: {
	label: ComponentChildren;
	name?: string;
	help?: ComponentChildren;
	checked: boolean;
	disabled?: boolean;
	onInput: (checked: boolean) => void;
}): JSX.Element {
	const id = useId();
	return (
		<div class="check-field">
			<input
				id={id}
				type="checkbox"
				name={props.name}
				checked={props.checked}
				disabled={props.disabled}
				aria-describedby={props.help ? `${id}-help` : undefined}
				onChange={(e) => props.onInput(e.currentTarget.checked)}
			/>
			<div>
				<label for={id}>{props.label}</label>
				{props.help && (
					<div id={`${id}-help`} class="field-help">
						{props.help}
					</div>
				)}
			</div>
		</div>
	);
}
