import type { JSX } from "preact";

import type { PostgresTested } from "../../api/types";
import { Facts, formatSeconds, Note } from "../../ui";

const titles: Record<PostgresTested["cause"], string> = {
	"": "It works",
	url: "The address cannot be read",
	host: "The host is not found",
	port: "No Postgres answers there",
	timeout: "No answer in time",
	tls: "TLS does not work",
	password: "The user or the password is wrong",
	user: "This user cannot log in",
	database: "There is no such database",
	hba: "The server does not let this machine in",
	busy: "The server takes no connection now",
	version: "This Postgres is too old",
	read_only: "This Postgres is read-only",
	rights: "Rights are missing",
	schema: "The tables do not fit",
	other: "It did not work",
};

const tables = {
	unknown: undefined,
	none: "none yet: Sluice makes them at its start",
	sluice: "made by Sluice",
	posthog: "made by PostHog: Sluice works beside it and changes no table of it",
} as const;

/** What a test found, and what to do. */
export function Tested(props: { result: PostgresTested }): JSX.Element {
	const { result: r } = props;
	const kind = !r.ok ? "bad" : r.warning ? "warn" : "ok";
	return (
		<Note
			kind={kind}
			live
			title={
				r.ok && r.warning
					? "It works, but persons would be left behind"
					: titles[r.cause]
			}
		>
			<div class="stack tight">
				{r.text !== "" && (
					<p>
						<code>{r.text}</code>
					</p>
				)}
				{r.todo !== "" && <p>{r.todo}</p>}
				{r.warning && (
					<p>
						This folder has persons already, in SQLite. They are not copied.
						Sluice says: {r.warning}
					</p>
				)}
				{r.reached && (
					<Facts
						items={[
							["Server", r.server],
							["User", r.user],
							["Version", r.version ?? undefined],
							["TLS", r.tls ? "yes" : "no"],
							["Tables", tables[r.tables ?? "unknown"]],
							[
								"Answers in",
								r.latency_ms === null
									? undefined
									: `${r.latency_ms.toFixed(2)} ms (connecting took ${formatSeconds((r.connect_ms ?? 0) / 1000)})`,
							],
						]}
					/>
				)}
			</div>
		</Note>
	);
}
