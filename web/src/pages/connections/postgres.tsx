// Postgres: how it is, and a form that tries another before it is saved.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useAction } from "../../api/hooks";
import type { Connections, PostgresTested, Settings } from "../../api/types";
import { useMay } from "../../session";
import {
	Badge,
	type BadgeKind,
	Button,
	Card,
	Confirm,
	Facts,
	Form,
	Note,
	SelectField,
	TextField,
	Time,
	toast,
} from "../../ui";
import { Tested } from "./tested";

type Postgres = Connections["postgres"];

const states: Record<Postgres["state"], [BadgeKind, string]> = {
	off: ["neutral", "Not used"],
	untried: ["info", "Connecting…"],
	up: ["ok", "Connected"],
	down: ["bad", "Not reachable"],
};

interface Parts {
	host: string;
	port: string;
	database: string;
	user: string;
	password: string;
	sslmode: string;
}

const fresh: Parts = {
	host: "",
	port: "5432",
	database: "posthog",
	user: "",
	password: "",
	sslmode: "prefer",
};

/** postgresql://user:password@host:port/database?sslmode=… */
export function urlOf(p: Parts): string {
	const user = encodeURIComponent(p.user);
	const password =
		p.password === "" ? "" : `:${encodeURIComponent(p.password)}`;
	const host = p.host.includes(":") ? `[${p.host}]` : p.host;
	const at = p.user === "" ? "" : `${user}${password}@`;
	const socket = host.startsWith("/");
	const query = new URLSearchParams();
	if (socket) query.set("host", host);
	if (p.sslmode !== "") query.set("sslmode", p.sslmode);
	const port = p.port === "" || socket ? "" : `:${p.port}`;
	return `postgresql://${at}${socket ? "" : host}${port}/${encodeURIComponent(p.database)}?${query}`;
}

const tls = [
	{ value: "prefer", label: "If the server has it (prefer)" },
	{ value: "require", label: "Always (require)" },
	{ value: "verify-full", label: "Always, and check its name (verify-full)" },
	{ value: "disable", label: "Never (disable)" },
];

function faultOf(p: Parts): string | undefined {
	if (p.host.trim() === "") return "A host is wanted.";
	if (!/^\d*$/.test(p.port) || Number(p.port) > 65_535)
		return "The port is a number up to 65535.";
	if (p.database.trim() === "") return "A database is wanted.";
	return undefined;
}

/** The form; what was tested is what is saved. */
function Other(props: { p: Postgres; onSaved: () => void }): JSX.Element {
	const [parts, setParts] = useState<Parts>(fresh);
	const [asUrl, setAsUrl] = useState(false);
	const [url, setUrl] = useState("");
	const [tested, setTested] = useState<
		{ url: string; result: PostgresTested } | undefined
	>();
	const [anyway, setAnyway] = useState(false);
	const [tried, setTried] = useState(false);
	const now = asUrl ? url.trim() : urlOf(parts);
	const fault = asUrl
		? url.trim() === ""
			? "A URL is wanted."
			: undefined
		: faultOf(parts);
	const part = (name: keyof Parts) => (value: string) =>
		setParts({ ...parts, [name]: value });
	const test = useAction(async () => {
		setTried(true);
		setTested(undefined);
		if (fault !== undefined) return;
		const result = await api.post<PostgresTested>(
			"/connections/postgres/test",
			{ url: now },
		);
		setTested({ url: now, result });
	});
	const isTested = tested?.url === now;
	const isGood = isTested && tested.result.ok && !tested.result.warning;
	const leaves = isTested && tested.result.ok && !!tested.result.warning;
	const put = async () => {
		await api.patch<Settings>("/settings", {
			settings: {
				"postgres.url": now,
				...(leaves ? { "postgres.switch_store": true } : {}),
			},
		});
		setParts({ ...parts, password: "" });
		setUrl("");
		setTested(undefined);
		setTried(false);
		toast("Saved. Sluice uses it after a restart.");
		props.onSaved();
	};
	const save = useAction(put);
	return (
		<Form
			label="Postgres"
			onSubmit={test.run}
			error={test.error ?? save.error}
			actions={
				<>
					<Button
						type="submit"
						kind={isGood ? "plain" : "primary"}
						busy={test.busy}
					>
						Test the connection
					</Button>
					<Button
						kind={isGood ? "primary" : "plain"}
						busy={save.busy}
						disabled={!isTested}
						title={isTested ? undefined : "Test it first"}
						onClick={() => {
							if (isGood) save.run();
							else setAnyway(true);
						}}
					>
						Save
					</Button>
					<Button kind="quiet" onClick={() => setAsUrl(!asUrl)}>
						{asUrl ? "Fill in a form instead" : "Give a URL instead"}
					</Button>
				</>
			}
		>
			{asUrl ? (
				<TextField
					label="URL"
					name="url"
					mono
					type="password"
					autocomplete="off"
					placeholder="postgresql://user:password@host:5432/database"
					help="As libpq reads it. It is hidden because it holds the password."
					value={url}
					onInput={setUrl}
				/>
			) : (
				<div class="columns">
					<TextField
						label="Host"
						name="host"
						autocomplete="off"
						spellcheck={false}
						placeholder="db.example.com"
						help="A name, an address, or the folder of a socket."
						value={parts.host}
						onInput={part("host")}
					/>
					<TextField
						label="Port"
						name="port"
						inputMode="numeric"
						autocomplete="off"
						value={parts.port}
						onInput={part("port")}
					/>
					<TextField
						label="Database"
						name="database"
						autocomplete="off"
						spellcheck={false}
						value={parts.database}
						onInput={part("database")}
					/>
					<SelectField
						label="TLS"
						name="sslmode"
						choices={tls}
						value={parts.sslmode}
						onInput={part("sslmode")}
					/>
					<TextField
						label="User"
						name="user"
						autocomplete="off"
						spellcheck={false}
						value={parts.user}
						onInput={part("user")}
					/>
					<TextField
						label="Password"
						name="password"
						type="password"
						autocomplete="new-password"
						help="It is never shown again."
						value={parts.password}
						onInput={part("password")}
					/>
				</div>
			)}
			{tried && fault !== undefined && (
				<Note kind="bad" live>
					{fault}
				</Note>
			)}
			{isTested && <Tested result={tested.result} />}
			{tested !== undefined && !isTested && (
				<p class="muted">Changed since the last test: test it again.</p>
			)}
			{anyway && (
				<Confirm
					title={
						leaves
							? "Leave the persons behind?"
							: "Save it although the test found something?"
					}
					action="Save anyway"
					danger
					{...(leaves ? { typed: "leave them" } : {})}
					onConfirm={put}
					onClose={() => setAnyway(false)}
				>
					{leaves ? (
						<p>
							Persons, groups and projects that are in this folder stay in
							SQLite and are not copied: after the restart every known visitor
							becomes a new person, and projects are those of the Postgres, so
							make them there again with the same keys. This sets{" "}
							<code>postgres.switch_store</code> too.
						</p>
					) : (
						<p>
							The test did not end well, so Sluice may not be able to work with
							this Postgres after the restart. Events would wait until it can.
						</p>
					)}
				</Confirm>
			)}
		</Form>
	);
}

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
				<Other
					p={p}
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
