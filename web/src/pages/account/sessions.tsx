// Where one is signed in.
import type { JSX } from "preact";

import { api, path } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import type { OwnSessions } from "../../api/types";
import {
	Await,
	Badge,
	Button,
	Card,
	ErrorBox,
	Table,
	Time,
	toast,
} from "../../ui";

const browsers: [RegExp, string][] = [
	[/Edg\//, "Edge"],
	[/OPR\//, "Opera"],
	[/Firefox\//, "Firefox"],
	[/Chrom(e|ium)\//, "Chrome"],
	[/Safari\//, "Safari"],
];
const systems: [RegExp, string][] = [
	[/Android/, "Android"],
	[/iPhone|iPad/, "iOS"],
	[/Windows/, "Windows"],
	[/Mac OS X/, "macOS"],
	[/Linux|X11/, "Linux"],
];

/** "Firefox on Linux"; what is not known is shown as it was sent. */
function agentWords(agent: string): string {
	const find = (list: [RegExp, string][]) =>
		list.find(([sign]) => sign.test(agent))?.[1];
	const browser = find(browsers);
	const system = find(systems);
	if (agent === "") return "Unknown program";
	if (browser === undefined) return agent;
	return system === undefined ? browser : `${browser} on ${system}`;
}

/** turn: read again when it changes. */
export function Sessions(props: { turn: number }): JSX.Element {
	const sessions = useLoad(
		(signal) => api.get<OwnSessions>("/account/sessions", { signal }),
		[props.turn],
	);
	const end = useAction(async (id: number) => {
		await api.del(path`/account/sessions/${id}`);
		sessions.reload();
		toast("The session is ended");
	});
	const endOthers = useAction(async () => {
		await api.del("/account/sessions");
		sessions.reload();
		toast("All other sessions are ended");
	});
	const error = end.error ?? endOthers.error;
	const hasOthers = (sessions.data?.items.length ?? 0) > 1;
	return (
		<Card
			title="Where you are signed in"
			intro="End what you do not know, and change your password then."
			actions={
				hasOthers && (
					<Button busy={endOthers.busy} onClick={() => void endOthers.run()}>
						End all others
					</Button>
				)
			}
		>
			{error && <ErrorBox error={error} />}
			<Await of={sessions} title="Your sessions could not be loaded">
				{(data) => (
					<Table
						caption="Sessions"
						rows={data.items}
						rowKey={(s) => s.id}
						columns={[
							{
								id: "agent",
								title: "Browser",
								cell: (s) => (
									<span title={s.agent} class="break">
										{agentWords(s.agent)}{" "}
										{s.is_this && <Badge kind="ok">this one</Badge>}
									</span>
								),
							},
							{
								id: "address",
								title: "Address",
								cell: (s) => <code class="break">{s.address}</code>,
							},
							{
								id: "seen",
								title: "Last used",
								cell: (s) => <Time at={s.seen_at} />,
							},
							{
								id: "since",
								title: "Since",
								optional: true,
								cell: (s) => <Time at={s.created_at} />,
							},
							{
								id: "expires",
								title: "Ends",
								optional: true,
								cell: (s) => <Time at={s.expires_at} />,
							},
							{
								id: "do",
								title: "Actions",
								cell: (s) =>
									s.is_this ? (
										<span class="muted">Sign out above</span>
									) : (
										<Button
											small
											aria-label={`End the session from ${s.address}`}
											onClick={() => void end.run(s.id)}
										>
											End
										</Button>
									),
							},
						]}
					/>
				)}
			</Await>
		</Card>
	);
}
