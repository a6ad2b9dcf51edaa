// Properties with their values, of a person or a group.
import type { ComponentChildren, JSX } from "preact";

import { type Column, Empty, Json, Table } from "../../ui";

export interface Property {
	name: string;
	value: unknown;
}

export function propertiesOf(all: Record<string, unknown>): Property[] {
	return Object.entries(all)
		.map(([name, value]) => ({ name, value }))
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function Value(props: { value: unknown }): ComponentChildren {
	const { value } = props;
	if (value !== null && typeof value === "object")
		return <Json value={value} open={1} />;
	if (value === "") return <span class="muted">(empty)</span>;
	return <span class="person-value">{String(value)}</span>;
}

export function PropertyTable(props: {
	of: Record<string, unknown>;
	more?: readonly Column<Property>[];
}): JSX.Element {
	return (
		<Table
			caption="Properties"
			rows={propertiesOf(props.of)}
			rowKey={(p) => p.name}
			empty={
				<Empty title="No properties">
					They are set by $set and $set_once of events, or by identify.
				</Empty>
			}
			columns={[
				{
					id: "name",
					title: "Property",
					cell: (p) => <span class="mono break">{p.name}</span>,
				},
				{
					id: "value",
					title: "Value",
					cell: (p) => <Value value={p.value} />,
				},
				...(props.more ?? []),
			]}
		/>
	);
}
