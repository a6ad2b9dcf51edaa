import type { JSX } from "preact";

import type { Letter } from "../../api/types";
import { Badge } from "../../ui";

const kinds = {
	pending: "warn",
	replayed: "ok",
	discarded: "neutral",
} as const;

export function StateBadge(props: {
	letter: Pick<Letter, "state" | "edited">;
}): JSX.Element {
	const { state, edited } = props.letter;
	return (
		<Badge kind={kinds[state]} dot>
			{state}
			{state === "replayed" && edited ? ", edited" : ""}
		</Badge>
	);
}
