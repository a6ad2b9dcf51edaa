// From a project to its first event: the project, the snippet, and the wait.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useAction } from "../../api/hooks";
import { type Project, useProject } from "../../project";
import { useMay } from "../../session";
import {
	Await,
	Button,
	Card,
	Code,
	CopyButton,
	Empty,
	ErrorBox,
	Form,
	Loading,
	PageBody,
	Tabs,
	TextField,
} from "../../ui";
import { snippets } from "./snippets";
import { useFirstEvent, Waiting } from "./waiting";

function NewProject(props: { onMade: (p: Project) => void }): JSX.Element {
	const [name, setName] = useState("");
	const make = useAction(async () => {
		props.onMade(await api.post<Project>("/projects", { name: name.trim() }));
	});
	return (
		<Card
			title="Your first project"
			intro="A project has a key of its own, and its events, persons and settings apart from others. One for each product is usual."
		>
			<Form
				label="Project"
				onSubmit={make.run}
				error={make.error}
				fields={["name"]}
				actions={
					<Button type="submit" kind="primary" busy={make.busy}>
						Make the project
					</Button>
				}
			>
				<TextField
					label="Name"
					name="name"
					help="As “Shop” or “Website”. It can be changed later."
					autofocus
					value={name}
					onInput={setName}
				/>
			</Form>
		</Card>
	);
}

const KEPT = "sluice.capture-url";

/** Where SDKs send: on this machine the capture port, behind a proxy its name. */
function useCaptureUrl(
	ports: { capture?: number; capture_tls?: number } | undefined,
): [string, (url: string) => void] {
	const [typed, setTyped] = useState(() => localStorage.getItem(KEPT) ?? "");
	const host = window.location.hostname;
	const guess =
		ports === undefined
			? ""
			: ports.capture_tls
				? `https://${host}:${ports.capture_tls}`
				: `http://${host}:${ports.capture ?? 8000}`;
	return [
		typed === "" ? guess : typed,
		(url) => {
			if (url === "" || url === guess) localStorage.removeItem(KEPT);
			else localStorage.setItem(KEPT, url);
			setTyped(url === guess ? "" : url);
		},
	];
}

function Snippets(props: { url: string; token: string }): JSX.Element {
	const all = snippets(props.url.replace(/\/+$/, ""), props.token);
	const [chosen, setChosen] = useState("curl");
	const shown = all.find((s) => s.id === chosen);
	return (
		<Tabs
			label="SDK"
			tabs={all.map((s) => ({ id: s.id, label: s.name }))}
			chosen={chosen}
			onChoose={setChosen}
		>
			{shown && (
				<div class="stack">
					{shown.install && (
						<div class="stack tight">
							<h3>Install</h3>
							<Code text={shown.install} label="Install" />
						</div>
					)}
					<div class="stack tight">
						<h3>Send an event</h3>
						<Code text={shown.code} label={`Code for ${shown.name}`} />
					</div>
					{shown.note && <p class="muted">{shown.note}</p>}
				</div>
			)}
		</Tabs>
	);
}

function First(props: { project: Project }): JSX.Element {
	const { project } = props;
	const look = useFirstEvent(project.id);
	const [url, setUrl] = useCaptureUrl(look.data?.ports);
	const token = String(project.api_token);
	return (
		<div class="start-columns">
			<Card
				title={`Send events to ${project.name}`}
				intro="The SDKs of PostHog work as they are: give them this address and key."
			>
				<div class="start-facts">
					<TextField
						label="Address for SDKs"
						help="Behind a proxy put its public name here; it changes the snippets only."
						mono
						spellcheck={false}
						value={url}
						onInput={setUrl}
					/>
					<div class="field">
						<div class="field-label">Project key</div>
						<div class="row">
							<code class="start-key break">{token}</code>
							<CopyButton text={token} label="Copy the key" />
						</div>
						<div class="field-help">
							It may stand in web pages: it only lets events in.
						</div>
					</div>
				</div>
				{url === "" && !look.error ? (
					<Loading />
				) : (
					<Snippets url={url} token={token} />
				)}
			</Card>
			<Card
				title={
					look.data?.event ? "The first event" : "Waiting for the first event"
				}
			>
				<Await of={look} title="It cannot be seen whether events come">
					{(data) => (
						<Waiting
							look={data}
							base={look.base}
							project={project}
							url={url}
							since={look.since}
						/>
					)}
				</Await>
			</Card>
		</div>
	);
}

export default function Start(): JSX.Element {
	const { projects, project, error, choose, reload } = useProject();
	const mayMake = useMay("admin");
	return (
		<PageBody
			title="Send the first event"
			intro="From a snippet to ClickHouse, watched hop by hop."
		>
			{error && (
				<ErrorBox
					error={error}
					title="The projects could not be loaded"
					onRetry={reload}
				/>
			)}
			{project !== undefined ? (
				<First key={project.id} project={project} />
			) : projects === undefined ? (
				!error && <Loading />
			) : mayMake ? (
				<NewProject
					onMade={(p) => {
						reload();
						choose(p.id);
					}}
				/>
			) : (
				<Empty title="There is no project yet">
					An administrator makes the first one.
				</Empty>
			)}
		</PageBody>
	);
}
