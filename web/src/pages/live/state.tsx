import type { JSX } from "preact";

import { Badge, type BadgeKind } from "../../ui";
import type { Row } from "./model";

const looks: Record<Row["state"], [BadgeKind, string]> = {
	captured: ["info", "captured"],
	processed: ["ok", "processed"],
	dead_letter: ["bad", "dead letter"],
};

export function StateBadge(props: { row: Row }): JSX.Element {
	const [kind, word] = looks[props.row.state];
	return (
		<Badge
			kind={kind}
			dot
			{...(props.row.error === "" ? {} : { title: props.row.error })}
		>
			{word}
		</Badge>
	);
}
