// What the answers of the ready-made questions look like.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import type { InsightResult } from "../../api/types";
import { Button, Card, Chart, Empty, formatNumber, Table } from "../../ui";
import {
	cohortsOf,
	type Form,
	type InsightKind,
	trendOf,
} from "./insight-model";
import { cellText, download, toCsv } from "./model";

function percent(n: number, of: number): string {
	if (of === 0) return "–";
	const p = (n / of) * 100;
	return `${p < 10 && p > 0 ? p.toFixed(1) : Math.round(p)} %`;
}

function Bar(props: { part: number }): JSX.Element {
	const width = `${Math.max(0, Math.min(1, props.part)) * 100}%`;
	return (
		<div class="explore-bar" aria-hidden="true">
			<div style={{ width }} />
		</div>
	);
}

function Trend(props: {
	result: InsightResult;
	form: Form;
	users: boolean;
}): JSX.Element {
	const { form, result } = props;
	const drawn = useMemo(
		() => trendOf(result, form.interval),
		[result, form.interval],
	);
	return (
		<Chart
			title={`${props.users ? "People" : "Events"} by ${form.interval}`}
			kind={drawn.categories.length < 3 ? "bar" : "line"}
			height={300}
			format={formatNumber}
			{...drawn}
		/>
	);
}

function Funnel(props: { result: InsightResult; form: Form }): JSX.Element {
	const steps = props.form.steps.map((event, i) => {
		const row = props.result.rows.find((r) => Number(r[0]) === i + 1);
		return { n: i + 1, event, users: Number(row?.[2] ?? 0) };
	});
	const first = steps[0]?.users ?? 0;
	return (
		<Table
			caption="Steps of the funnel"
			rows={steps}
			rowKey={(s) => s.n}
			columns={[
				{
					id: "event",
					title: "Step",
					cell: (s) => (
						<span class="break">
							{s.n}. {s.event}
						</span>
					),
				},
				{
					id: "bar",
					title: <span class="sr-only">Share</span>,
					cell: (s) => <Bar part={first === 0 ? 0 : s.users / first} />,
				},
				{
					id: "users",
					title: "People",
					align: "right",
					cell: (s) => formatNumber(s.users),
				},
				{
					id: "first",
					title: "of the first",
					align: "right",
					cell: (s) => percent(s.users, first),
				},
				{
					id: "before",
					title: "of the one before",
					align: "right",
					cell: (s) =>
						s.n === 1 ? "–" : percent(s.users, steps[s.n - 2]?.users ?? 0),
				},
			]}
		/>
	);
}

function shade(part: number): string {
	return `explore-shade-${Math.min(5, Math.ceil(part * 5))}`;
}

function Retention(props: { result: InsightResult; form: Form }): JSX.Element {
	const { cohorts, periods } = useMemo(
		() => cohortsOf(props.result),
		[props.result],
	);
	return (
		<section
			class="table-box scroll"
			aria-label="Who came back"
			// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
			tabIndex={0}
		>
			<table class="table explore-retention">
				<caption class="sr-only">
					Share of people who came back, by {props.form.interval}
				</caption>
				<thead>
					<tr>
						<th scope="col">Began</th>
						<th scope="col" class="right">
							People
						</th>
						{Array.from({ length: periods - 1 }, (_, i) => (
							<th key={i} scope="col" class="right">
								+{i + 1}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{cohorts.map((c) => (
						<tr key={c.name}>
							<th scope="row" class="number">
								{c.name}
							</th>
							<td class="right">{formatNumber(c.size)}</td>
							{Array.from({ length: periods - 1 }, (_, i) => {
								const users = c.users[i + 1] ?? 0;
								return (
									<td
										key={i}
										class={`right ${shade(c.size === 0 ? 0 : users / c.size)}`}
										title={`${formatNumber(users)} of ${formatNumber(c.size)}`}
									>
										{users === 0 ? "–" : percent(users, c.size)}
									</td>
								);
							})}
						</tr>
					))}
				</tbody>
			</table>
		</section>
	);
}

function Top(props: { result: InsightResult }): JSX.Element {
	const { rows, columns } = props.result;
	const most = Math.max(...rows.map((r) => Number(r[1])), 1);
	return (
		<Table
			caption="Most frequent"
			rows={rows.map((row, n) => ({ row, n }))}
			rowKey={(r) => r.n}
			columns={[
				{
					id: "name",
					title: columns[0]?.name ?? "",
					cell: (r) => (
						<span class="break">{cellText(r.row[0]) || "(empty)"}</span>
					),
				},
				{
					id: "bar",
					title: <span class="sr-only">Share</span>,
					cell: (r) => <Bar part={Number(r.row[1]) / most} />,
				},
				{
					id: "events",
					title: "Events",
					align: "right",
					cell: (r) => formatNumber(Number(r.row[1])),
				},
				{
					id: "ids",
					title: "Distinct ids",
					align: "right",
					cell: (r) => formatNumber(Number(r.row[2])),
				},
			]}
		/>
	);
}

function Answer(props: {
	kind: InsightKind;
	form: Form;
	result: InsightResult;
}): JSX.Element {
	switch (props.kind) {
		case "trends":
		case "users":
			return <Trend {...props} users={props.kind === "users"} />;
		case "funnel":
			return <Funnel {...props} />;
		case "retention":
			return <Retention {...props} />;
		case "top":
			return <Top {...props} />;
	}
}

export function InsightAnswer(props: {
	kind: InsightKind;
	form: Form;
	result: InsightResult;
	onSql: (sql: string) => void;
}): JSX.Element {
	const { result } = props;
	return (
		<Card
			actions={
				<>
					<Button small onClick={() => props.onSql(result.sql)}>
						Open as SQL
					</Button>
					<Button
						small
						icon="down"
						onClick={() =>
							download(`${props.kind}.csv`, "text/csv", toCsv(result))
						}
					>
						CSV
					</Button>
				</>
			}
			intro={
				result.timezone === "UTC"
					? "Times are UTC."
					: `Times are those of the project: ${result.timezone}.`
			}
		>
			{result.rows.length === 0 ? (
				<Empty title="Nothing in this time">
					No event matches. Choose a longer time or another event; events show
					up here once ClickHouse has them.
				</Empty>
			) : (
				<Answer kind={props.kind} form={props.form} result={result} />
			)}
		</Card>
	);
}
