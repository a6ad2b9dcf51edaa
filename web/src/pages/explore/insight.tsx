// One ready-made question: its form, its answer, and the same as SQL.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { path } from "../../api/client";
import type { InsightResult, SqlSchema } from "../../api/types";
import { useQuery } from "../../router";
import {
	Button,
	Card,
	Empty,
	Form as FormBox,
	SelectField,
	TextField,
} from "../../ui";
import { InsightAnswer } from "./insight-answer";
import {
	bodyOf,
	type Form,
	type InsightKind,
	type Interval,
	isWhole,
	newForm,
	ranges,
	windows,
} from "./insight-model";
import { useRun } from "./run";

const STEPS_MAX = 6;

type Change = (change: Partial<Form>) => void;

function Names(props: { id: string; names: readonly string[] }): JSX.Element {
	return (
		<datalist id={props.id}>
			{props.names.map((name) => (
				<option key={name} value={name} />
			))}
		</datalist>
	);
}

function EventField(props: {
	label: string;
	name: string;
	value: string;
	onInput: (v: string) => void;
	placeholder?: string;
}): JSX.Element {
	return (
		<TextField
			{...props}
			list="explore-events"
			maxLength={400}
			spellcheck={false}
			autocomplete="off"
		/>
	);
}

function RangeFields(props: { form: Form; change: Change }): JSX.Element {
	const { form, change } = props;
	const day = (name: "from" | "to", label: string) => (
		<TextField
			label={label}
			name={name}
			value={form[name]}
			onInput={(v) => change({ [name]: v })}
			placeholder="2026-01-31"
			maxLength={10}
		/>
	);
	return (
		<>
			<SelectField
				label="Time"
				value={form.range}
				onInput={(range) => change({ range })}
				choices={ranges}
			/>
			{form.range === "own" && (
				<>
					{day("from", "From (UTC)")}
					{day("to", "To (UTC)")}
				</>
			)}
		</>
	);
}

function IntervalField(props: {
	form: Form;
	change: Change;
	hours: boolean;
}): JSX.Element {
	const all: { value: Interval; label: string }[] = [
		{ value: "hour", label: "Hour" },
		{ value: "day", label: "Day" },
		{ value: "week", label: "Week" },
		{ value: "month", label: "Month" },
	];
	return (
		<SelectField
			label="By"
			name="interval"
			value={props.form.interval}
			onInput={(v) => props.change({ interval: v as Interval })}
			choices={props.hours ? all : all.slice(1)}
		/>
	);
}

function PropertyField(props: {
	form: Form;
	change: Change;
	label: string;
}): JSX.Element {
	return (
		<TextField
			label={props.label}
			name="property"
			value={props.form.property}
			onInput={(property) => props.change({ property })}
			list="explore-properties"
			maxLength={400}
			spellcheck={false}
			autocomplete="off"
		/>
	);
}

function TrendFields(props: { form: Form; change: Change }): JSX.Element {
	const { form, change } = props;
	return (
		<>
			<EventField
				label="Event"
				name="event"
				value={form.event}
				onInput={(event) => change({ event })}
				placeholder="all events"
			/>
			<RangeFields {...props} />
			<IntervalField {...props} hours />
			<SelectField
				label="A line for each"
				value={form.breakdown}
				onInput={(v) => change({ breakdown: v as Form["breakdown"] })}
				choices={[
					{ value: "none", label: "(one line)" },
					{ value: "event", label: "Event" },
					{ value: "property", label: "Value of a property" },
					{ value: "person_property", label: "Value of the person" },
				]}
			/>
			{(form.breakdown === "property" ||
				form.breakdown === "person_property") && (
				<PropertyField {...props} label="Property" />
			)}
		</>
	);
}

function FunnelFields(props: { form: Form; change: Change }): JSX.Element {
	const { form, change } = props;
	const set = (n: number, value: string) =>
		change({ steps: form.steps.map((s, i) => (i === n ? value : s)) });
	return (
		<>
			{form.steps.map((step, n) => (
				<EventField
					key={n}
					label={`Step ${n + 1}`}
					name={n === 0 ? "steps" : `step-${n}`}
					value={step}
					onInput={(v) => set(n, v)}
				/>
			))}
			<div class="row explore-steps">
				<Button
					small
					icon="plus"
					disabled={form.steps.length >= STEPS_MAX}
					onClick={() => change({ steps: [...form.steps, ""] })}
				>
					Step
				</Button>
				<Button
					small
					disabled={form.steps.length <= 2}
					onClick={() => change({ steps: form.steps.slice(0, -1) })}
				>
					Remove the last
				</Button>
			</div>
			<RangeFields {...props} />
			<SelectField
				label="Within"
				name="window_h"
				value={form.window}
				onInput={(window) => change({ window })}
				choices={windows}
			/>
		</>
	);
}

function RetentionFields(props: { form: Form; change: Change }): JSX.Element {
	const { form, change } = props;
	return (
		<>
			<EventField
				label="People who did first"
				name="event"
				value={form.event}
				onInput={(event) => change({ event })}
			/>
			<EventField
				label="and came back to do"
				name="return_event"
				value={form.return_event}
				onInput={(return_event) => change({ return_event })}
				placeholder="anything"
			/>
			<RangeFields {...props} />
			<IntervalField {...props} hours={false} />
		</>
	);
}

function TopFields(props: { form: Form; change: Change }): JSX.Element {
	const { form, change } = props;
	return (
		<>
			<SelectField
				label="Most frequent"
				value={form.top}
				onInput={(v) => change({ top: v as Form["top"] })}
				choices={[
					{ value: "events", label: "Events" },
					{ value: "properties", label: "Properties" },
					{ value: "values", label: "Values of a property" },
				]}
			/>
			{form.top === "values" && <PropertyField {...props} label="Property" />}
			{form.top !== "events" && (
				<EventField
					label="Of the event"
					name="event"
					value={form.event}
					onInput={(event) => change({ event })}
					placeholder="all events"
				/>
			)}
			<RangeFields {...props} />
			<SelectField
				label="How many"
				value={form.limit}
				onInput={(limit) => change({ limit })}
				choices={["10", "20", "50", "200"].map((n) => ({ value: n, label: n }))}
			/>
		</>
	);
}

const words: Record<InsightKind, { intro: string; todo: string }> = {
	trends: {
		intro: "How often events came, by time.",
		todo: "Choose the property whose values get a line each.",
	},
	users: {
		intro: "How many different people did something, by time.",
		todo: "Choose the property whose values get a line each.",
	},
	funnel: {
		intro:
			"How many people did one thing after the other, in this order and time.",
		todo: "Choose two events at least.",
	},
	retention: {
		intro: "How many people come back in the days, weeks or months after.",
		todo: "Choose the event that begins it.",
	},
	top: {
		intro: "What comes most.",
		todo: "Choose the property whose values are counted.",
	},
};

function fieldsOf(
	kind: InsightKind,
	p: { form: Form; change: Change },
): ComponentChildren {
	switch (kind) {
		case "trends":
		case "users":
			return <TrendFields {...p} />;
		case "funnel":
			return <FunnelFields {...p} />;
		case "retention":
			return <RetentionFields {...p} />;
		case "top":
			return <TopFields {...p} />;
	}
}

/** What stands in the address, over what a form begins with. */
function readForm(kind: InsightKind, text: string | null): Form {
	const form = newForm(kind);
	try {
		const given = JSON.parse(text ?? "{}") as Partial<Form>;
		const steps = given.steps;
		for (const name of Object.keys(form) as (keyof Form)[]) {
			const value = given[name];
			if (name !== "steps" && typeof value === "string")
				Object.assign(form, { [name]: value });
		}
		if (Array.isArray(steps) && steps.length >= 2)
			form.steps = steps.slice(0, STEPS_MAX).map(String);
	} catch {
		// An address that was cut: the form begins anew.
	}
	return form;
}

export function InsightTab(props: {
	kind: InsightKind;
	project: number;
	schema: SqlSchema | undefined;
	onSql: (sql: string) => void;
}): JSX.Element {
	const { kind } = props;
	const [query, setQuery] = useQuery();
	const [form, setForm] = useState(() => readForm(kind, query.get("i")));
	const [asked, setAsked] = useState(form);
	const run = useRun<InsightResult>();
	const whole = isWhole(kind, form);

	const ask = (f: Form) => {
		if (!isWhole(kind, f)) return;
		setAsked(f);
		run.run(path`/projects/${props.project}/insights`, bodyOf(kind, f));
	};
	useEffect(() => ask(form), []);
	const submit = () => {
		setQuery({ i: JSON.stringify(form) });
		ask(form);
	};
	return (
		<div class="stack">
			<Card intro={words[kind].intro}>
				<FormBox
					label={words[kind].intro}
					onSubmit={submit}
					error={run.error}
					fields={[
						"event",
						"return_event",
						"property",
						"steps",
						"from",
						"to",
						"interval",
						"window_h",
					]}
					actions={
						<>
							<Button
								kind="primary"
								type="submit"
								busy={run.busy}
								disabled={!whole}
							>
								Show
							</Button>
							{run.busy && (
								<Button icon="close" onClick={run.cancel}>
									Cancel
								</Button>
							)}
							{!whole && <span class="muted">{words[kind].todo}</span>}
						</>
					}
				>
					<div class="explore-form">
						{fieldsOf(kind, {
							form,
							change: (change) => setForm((f) => ({ ...f, ...change })),
						})}
					</div>
				</FormBox>
			</Card>
			<Names id="explore-events" names={props.schema?.events ?? []} />
			<Names id="explore-properties" names={props.schema?.properties ?? []} />
			{run.result && !run.error ? (
				<InsightAnswer
					kind={kind}
					form={asked}
					result={run.result}
					onSql={props.onSql}
				/>
			) : (
				!run.error && !run.busy && !whole && <Empty title={words[kind].todo} />
			)}
		</div>
	);
}
