// The projects: what each sent, its key, and making another.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import type { ProjectActivity } from "../../api/types";
import { type Project, useProject } from "../../project";
import { navigate } from "../../router";
import { useMay } from "../../session";
import {
	Button,
	CopyButton,
	Dialog,
	Empty,
	ErrorBox,
	Form,
	LinkButton,
	Loading,
	Num,
	PageBody,
	Table,
	TextField,
	Time,
	toast,
} from "../../ui";

type Activity = ProjectActivity["items"][number];

function NewProject(props: {
	onMade: (p: Project) => void;
	onClose: () => void;
}): JSX.Element {
	const [name, setName] = useState("");
	const [token, setToken] = useState("");
	const make = useAction(async () => {
		const body: Record<string, string> = { name: name.trim() };
		if (token.trim() !== "") body["api_token"] = token.trim();
		props.onMade(await api.post<Project>("/projects", body));
	});
	return (
		<Dialog title="New project" onClose={props.onClose}>
			<Form
				label="New project"
				onSubmit={make.run}
				error={make.error}
				fields={["name", "api_token"]}
				actions={
					<>
						<Button type="submit" kind="primary" busy={make.busy}>
							Make the project
						</Button>
						<Button onClick={props.onClose}>Cancel</Button>
					</>
				}
			>
				<TextField
					label="Name"
					name="name"
					autofocus
					help="As “Shop” or “Website”. It can be changed later."
					value={name}
					onInput={setName}
				/>
				<details>
					<summary class="muted">
						I move from PostHog and want to keep its key
					</summary>
					<TextField
						label="Key"
						name="api_token"
						mono
						autocomplete="off"
						spellcheck={false}
						placeholder="phc_…"
						help="The key that the SDKs have already. Empty: one is made."
						value={token}
						onInput={setToken}
					/>
				</details>
			</Form>
		</Dialog>
	);
}

/** A key, whole for the copy, short for the eye. */
export function Key(props: { token: string }): JSX.Element {
	const { token } = props;
	const short =
		token.length > 20 ? `${token.slice(0, 10)}…${token.slice(-4)}` : token;
	return (
		<span class="row projects-key">
			<code title={token}>{short}</code>
			<CopyButton text={token} iconOnly label="Copy the key" kind="quiet" />
		</span>
	);
}

export default function ProjectsPage(): JSX.Element {
	const { projects, error, reload } = useProject();
	const mayChange = useMay("admin");
	const [making, setMaking] = useState(false);
	const activity = useLoad(
		(signal) => api.get<ProjectActivity>("/projects/activity", { signal }),
		[],
		30_000,
	);
	const sent = new Map<number, Activity>(
		activity.data?.items.map((a) => [a.id, a]),
	);
	const make = mayChange && (
		<Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
			New project
		</Button>
	);
	return (
		<PageBody
			title="Projects and keys"
			intro="A project has a key that SDKs send with, and its events, persons and settings apart from others."
			actions={make}
		>
			{error && <ErrorBox error={error} onRetry={reload} />}
			{activity.error && (
				<ErrorBox
					error={activity.error}
					title="What the projects sent is not known"
					onRetry={activity.reload}
				/>
			)}
			{projects === undefined && !error && <Loading />}
			{projects !== undefined && (
				<Table
					caption="Projects"
					rows={projects}
					rowKey={(p) => p.id}
					onRow={(p) => navigate(`/projects/${p.id}`)}
					empty={
						<Empty title="No project yet" action={make}>
							Make one; then its page shows the snippet for your site or app.
						</Empty>
					}
					columns={[
						{
							id: "name",
							title: "Name",
							cell: (p) => (
								<a class="break" href={`/projects/${p.id}`}>
									{p.name}
								</a>
							),
							grow: true,
						},
						{ id: "id", title: "ID", cell: (p) => p.id, optional: true },
						{
							id: "key",
							title: "Key",
							cell: (p) => <Key token={p.api_token} />,
						},
						{
							id: "today",
							title: "Today (UTC)",
							align: "right",
							cell: (p) => <Num n={sent.get(p.id)?.today ?? 0} />,
						},
						{
							id: "week",
							title: "7 days",
							align: "right",
							cell: (p) => <Num n={sent.get(p.id)?.week ?? 0} />,
							optional: true,
						},
						{
							id: "last",
							title: "Last event",
							cell: (p) => {
								const a = sent.get(p.id);
								if (a !== undefined) return <Time at={a.last_seen_at} />;
								return activity.data === undefined ? (
									""
								) : (
									<span class="muted">none in 7 days</span>
								);
							},
						},
						{
							id: "snippet",
							title: <span class="sr-only">Snippet</span>,
							cell: (p) => (
								<LinkButton small href={`/start?project=${p.id}`}>
									Snippet
								</LinkButton>
							),
						},
					]}
				/>
			)}
			{making && (
				<NewProject
					onClose={() => setMaking(false)}
					onMade={(p) => {
						setMaking(false);
						reload();
						toast(`The project ${p.name} is made`);
						navigate(`/projects/${p.id}`);
					}}
				/>
			)}
		</PageBody>
	);
}
