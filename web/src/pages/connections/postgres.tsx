// Postgres: how it is, and what is done about it.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useAction } from "../../api/hooks";
import type { Connections, PostgresTested } from "../../api/types";
import { useMay } from "../../session";
import {
	Badge,
	type BadgeKind,
	Button,
	Card,
	Confirm,
	Facts,
	Note,
	Time,
} from "../../ui";
import { PostgresForm } from "./postgres-form";
import { Tested } from "./tested";

type Postgres = Connections["postgres"];

const states: Record<Postgres["state"], [BadgeKind, string]> = {
	off: ["neutral", "Not used"],
	untried: ["info", "Connecting…"],
	up: ["ok", "Connected"],
	down: ["bad", "Not reachable"],
};

/** The one in use, tried again. */
function Current(props: { p: Postgres }): JSX.Element {
	const [result, setResult] = useState<PostgresTested | undefined>();
	const test = useAction(async () =>
		setResult(await api.post<PostgresTested>("/connections/postgres/test", {})),
	);
	const { p } = props;
	return (
		<div class="stack">
			<div class="row">
				<Button busy={test.busy} onClick={test.run}>
					{p.pending ? "Test what is set" : "Test it now"}
				</Button>
			</div>
			{test.error && (
				<Note kind="bad" live>
					{test.error.message}
				</Note>
			)}
			{result && <Tested result={result} />}
		</div>
	);
}

export function PostgresCard(props: {
	p: Postgres;
	onChanged: () => void;
}): JSX.Element {
	const { p } = props;
	const mayChange = useMay("admin");
	const [open, setOpen] = useState(!p.url_set);
	const [off, setOff] = useState(false);
	const [kind, word] = states[p.state];
	const why = p.hop_error !== "" ? p.hop_error : p.error;
	const isOurs = p.source === "admin" || p.source === "default";
	return (
		<Card
			title="Postgres"
			intro="Where persons, groups and projects are kept. Without one they are in SQLite in the data folder, which is enough for one machine."
			actions={
				<Badge kind={kind} dot>
					{word}
				</Badge>
			}
		>
			{p.in_use && (
				<Facts
					items={[
						["Server", <code key="s">{p.server}</code>],
						["User", p.user === "" ? undefined : p.user],
						["Version", p.version ?? undefined],
						["TLS", p.state === "up" ? (p.tls ? "yes" : "no") : undefined],
						["Schema", p.schema],
						["Since", p.since ? <Time key="t" at={p.since} /> : undefined],
						[
							"Dead letters to put back",
							p.letters_waiting ? p.letters_waiting : undefined,
						],
					]}
				/>
			)}
			{p.in_use && why !== "" && (
				<Note kind="bad" title="It does not work now">
					<p>{why}</p>
					<p>
						Events are kept and go on by themselves when it is back. Test it for
						what to do.
					</p>
				</Note>
			)}
			{p.pending && (
				<Note kind="warn" title="Waits for a restart">
					{p.url_set ? (
						<>
							After the restart Sluice uses <code>{p.pending_server}</code>.
						</>
					) : (
						"After the restart Sluice uses no Postgres."
					)}{" "}
					Run <code>systemctl restart sluice</code>.
				</Note>
			)}
			{p.ignored && (
				<Note kind="warn" title="What was set here does not count">
					{p.ignored}
				</Note>
			)}
			{mayChange && p.url_set && <Current p={p} />}
			{mayChange && !isOurs && (
				<p class="muted">
					It is set by {p.source === "file" ? "the file of settings" : p.source}
					, which is stronger than what is set here: change{" "}
					<code>postgres.url</code> there.
				</p>
			)}
			{mayChange && isOurs && open && (
				<PostgresForm
					onSaved={() => {
						setOpen(false);
						props.onChanged();
					}}
				/>
			)}
			{mayChange && isOurs && !open && (
				<div class="row">
					<Button onClick={() => setOpen(true)}>Use another…</Button>
					{p.source === "admin" && (
						<Button kind="danger" onClick={() => setOff(true)}>
							Use none
						</Button>
					)}
				</div>
			)}
			{off && (
				<Confirm
					title="Use no Postgres after the restart?"
					action="Use none"
					danger
					onConfirm={async () => {
						await api.patch("/settings", {
							settings: { "postgres.url": null },
						});
						props.onChanged();
					}}
					onClose={() => setOff(false)}
				>
					<p>
						Persons, groups and projects would be in SQLite. Those in Postgres
						stay there and are not copied.
					</p>
				</Confirm>
			)}
		</Card>
	);
}
