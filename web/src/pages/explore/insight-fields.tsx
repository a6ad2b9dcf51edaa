// The fields of the ready-made questions.
import type { ComponentChildren, JSX } from "preact";

import { Button, SelectField, TextField } from "../../ui";
import {
	type Form,
	type InsightKind,
	type Interval,
	ranges,
	STEPS_MAX,
	windows,
} from "./insight-model";

type Change = (change: Partial<Form>) => void;

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

/** The fields of a question; their lists of names are those of InsightTab. */
export function fieldsOf(
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
