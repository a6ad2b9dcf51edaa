// What Sluice is connected to: Postgres, Kafka, ClickHouse.
import type { JSX } from "preact";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Connections } from "../../api/types";
import {
	Await,
	Badge,
	type BadgeKind,
	Bytes,
	Card,
	Facts,
	formatSeconds,
	Note,
	Num,
	PageBody,
} from "../../ui";
import { PostgresCard } from "./postgres";

function KafkaCard(props: { k: Connections["kafka"] }): JSX.Element {
	const { k } = props;
	const host = k.listen.replace(/:\d+$/, "");
	return (
		<Card
			title="Kafka"
			intro="The embedded broker: any Kafka client reads what Sluice writes, and ClickHouse does."
			actions={
				<Badge kind={k.running ? "ok" : "neutral"} dot>
					{k.running ? "Running" : "Off"}
				</Badge>
			}
		>
			{!k.running && (
				<Note title="No Kafka client can connect">
					The role <code>broker</code> or <code>kafka.listen</code> is off. The
					local ClickHouse, which reads by it, is off too.
				</Note>
			)}
			<Facts
				items={[
					[
						"Clients connect to",
						k.running ? (
							<code key="c">
								{k.advertised !== "" ? k.advertised : `${host}:${k.port}`}
							</code>
						) : undefined,
					],
					["Listens on", <code key="l">{k.listen}</code>],
					[
						"Told to clients",
						k.advertised === ""
							? "the address that they came by"
							: k.advertised,
					],
					["Clients connected", <Num key="n" n={k.clients} />],
					[
						"Topics",
						<a key="t" href="/topics">
							{k.topics}
						</a>,
					],
					["Consumer groups", <Num key="g" n={k.groups} />],
					["Records", <Bytes key="b" n={k.records_bytes} />],
				]}
			/>
			<p class="muted">
				An external Kafka (<code>kafka.mode = external</code>) is not built yet:
				this version has the embedded broker only. Addresses and limits are in{" "}
				<a href="/settings?group=Kafka">Settings</a>.
			</p>
		</Card>
	);
}

type ClickHouse = Connections["clickhouse"];

const states: Record<ClickHouse["state"], [BadgeKind, string]> = {
	off: ["neutral", "Off"],
	starting: ["info", "Starting…"],
	ready: ["ok", "Ready"],
	hanging: ["bad", "Does not answer"],
	restarting: ["warn", "Starting again…"],
	no_library: ["bad", "Library missing"],
};

function ClickHouseCard(props: { c: ClickHouse }): JSX.Element {
	const { c } = props;
	const [kind, word] = states[c.state];
	return (
		<Card
			title="ClickHouse"
			intro="The local ClickHouse, a child process that reads events from the broker and answers queries."
			actions={
				<Badge kind={kind} dot>
					{word}
				</Badge>
			}
		>
			{c.state === "off" && (
				<Note title="Events are not put into ClickHouse">
					They stay in the logs as long as those keep them, and a Kafka client
					can read them. <code>clickhouse.mode = embedded</code> turns it on;
					the package <code>sluice-clickhouse</code> has its library.
				</Note>
			)}
			{c.error !== "" && (
				<Note
					kind={c.state === "starting" ? "info" : "bad"}
					title={
						c.state === "no_library" ? "What is missing" : "What it said last"
					}
				>
					{c.error}
				</Note>
			)}
			{c.lag_error && <Note kind="warn">{c.lag_error}</Note>}
			{c.state !== "off" && (
				<Facts
					items={[
						[
							"Answers HTTP on",
							c.port === 0 ? undefined : (
								<code key="p">
									{c.listen.replace(/:\d+$/, "")}:{c.port}
								</code>
							),
						],
						["Version", c.version === "" ? undefined : c.version],
						["Database", c.database],
						[
							"Memory",
							<span key="m">
								<Bytes n={c.memory_bytes} /> of <Bytes n={c.memory_max_bytes} />
							</span>,
						],
						[
							"Tables",
							c.tables === null ? undefined : (
								<span key="t">
									<Num n={c.tables} /> with <Num n={c.rows ?? 0} /> rows,{" "}
									<Bytes n={c.bytes ?? 0} />
								</span>
							),
						],
						[
							"Behind",
							c.lag_records === 0 ? (
								"no"
							) : (
								<span key="l">
									<Num n={c.lag_records} /> records
									{c.lag_s != null && `, ${formatSeconds(c.lag_s)}`}
								</span>
							),
						],
						["Process", c.pid === 0 ? "none" : c.pid],
						["Started again", `${c.restarts} times`],
					]}
				/>
			)}
			<p class="muted">
				An external ClickHouse (<code>clickhouse.mode = external</code>) is not
				built yet. Memory and address are in{" "}
				<a href="/settings?group=ClickHouse">Settings</a>.
			</p>
		</Card>
	);
}

export default function ConnectionsPage(): JSX.Element {
	const all = useLoad(
		(signal) => api.get<Connections>("/connections", { signal }),
		[],
		5000,
	);
	return (
		<PageBody
			title="Connections"
			intro="What Sluice is connected to, how it is, and what to do where it is not."
		>
			<Await of={all} title="The connections could not be loaded">
				{(data) => (
					<>
						<PostgresCard p={data.postgres} onChanged={all.reload} />
						<div class="columns connections-pair">
							<KafkaCard k={data.kafka} />
							<ClickHouseCard c={data.clickhouse} />
						</div>
					</>
				)}
			</Await>
		</PageBody>
	);
}
