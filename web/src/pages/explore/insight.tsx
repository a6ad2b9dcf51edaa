// One ready-made question: its form, its answer, and the same as SQL.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { path } from "../../api/client";
import type { InsightResult, SqlSchema } from "../../api/types";
import { useQuery } from "../../router";
import { Button, Card, Empty, Form as FormBox } from "../../ui";
import { InsightAnswer } from "./insight-answer";
import { fieldsOf } from "./insight-fields";
import {
	bodyOf,
	type Form,
	type InsightKind,
	isWhole,
	newForm,
	STEPS_MAX,
} from "./insight-model";
import { useRun } from "./run";

function Names(props: { id: string; names: readonly string[] }): JSX.Element {
	return (
		<datalist id={props.id}>
			{props.names.map((name) => (
				<option key={name} value={name} />
			))}
		</datalist>
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
