// One project: its key, its settings, its name and its end.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import { type Project, useProject } from "../../project";
import { navigate, useQuery } from "../../router";
import type { PageProps } from "../../routes";
import { useMay } from "../../session";
import {
	Await,
	Button,
	Card,
	Confirm,
	Facts,
	Form,
	LinkButton,
	PageBody,
	Tabs,
	TextField,
	toast,
} from "../../ui";
import { Keys } from "./keys";
import { ProjectSettings } from "./settings";

function Rename(props: {
	project: Project;
	onChanged: (p: Project) => void;
}): JSX.Element {
	const [name, setName] = useState(props.project.name);
	const save = useAction(async () => {
		props.onChanged(
			await api.patch<Project>(path`/projects/${props.project.id}`, {
				name: name.trim(),
			}),
		);
		toast("Renamed");
	});
	return (
		<Card title="Name">
			<Form
				label="Name"
				onSubmit={save.run}
				error={save.error}
				fields={["name"]}
				actions={
					<Button
						type="submit"
						busy={save.busy}
						disabled={name.trim() === "" || name.trim() === props.project.name}
					>
						Rename
					</Button>
				}
			>
				<TextField label="Name" name="name" value={name} onInput={setName} />
			</Form>
		</Card>
	);
}

function Delete(props: { project: Project; onDone: () => void }): JSX.Element {
	const { project } = props;
	const [asks, setAsks] = useState(false);
	return (
		<Card title="Delete the project">
			<p>
				Its key is refused from then on, and what SDKs still send is lost. What
				it has sent stays: its events in ClickHouse and in the logs until those
				let go of it, and its persons. They are reached by SQL with{" "}
				<code>team_id = {project.id}</code>, and no more by the pages here. To
				delete a person with their events, do that first.
			</p>
			<div class="row">
				<Button kind="danger" onClick={() => setAsks(true)}>
					Delete the project…
				</Button>
			</div>
			{asks && (
				<Confirm
					title={`Delete ${project.name}?`}
					action="Delete the project"
					danger
					typed={project.name}
					onConfirm={async () => {
						await api.del(path`/projects/${project.id}`);
						toast(`The project ${project.name} is deleted`);
						props.onDone();
					}}
					onClose={() => setAsks(false)}
				>
					<p>
						Its key and its settings are gone for good; its number, {project.id}
						, is not given again.
					</p>
				</Confirm>
			)}
		</Card>
	);
}

const tabs = [
	{ id: "key", label: "Key" },
	{ id: "settings", label: "Settings" },
	{ id: "project", label: "Name and end" },
];

export default function ProjectPage(props: PageProps): JSX.Element {
	const id = props.params["id"] ?? "";
	const { reload } = useProject();
	const mayChange = useMay("admin");
	const [query, setQuery] = useQuery();
	const tab = query.get("tab") ?? "key";
	const project = useLoad(
		(signal) => api.get<Project>(path`/projects/${id}`, { signal }),
		[id],
	);
	const changed = (p: Project) => {
		project.set(p);
		reload();
	};
	return (
		<PageBody
			title={project.data?.name ?? "Project"}
			intro={
				project.data && (
					<>
						Project <code>{project.data.id}</code>
					</>
				)
			}
			actions={<LinkButton href="/projects">All projects</LinkButton>}
		>
			<Await of={project} title="The project could not be loaded">
				{(p) => (
					<Tabs
						label="Project"
						tabs={mayChange ? tabs : tabs.slice(0, 2)}
						chosen={tab}
						onChoose={(t) => setQuery({ tab: t === "key" ? null : t })}
					>
						<div class="stack">
							{tab === "key" && <Keys project={p} onChanged={changed} />}
							{tab === "settings" && (
								<ProjectSettings project={p} onChanged={changed} />
							)}
							{tab === "project" && mayChange && (
								<>
									<Card>
										<Facts
											items={[
												["Number", p.id],
												["UUID", <code key="u">{String(p["uuid"])}</code>],
											]}
										/>
									</Card>
									<Rename key={p.name} project={p} onChanged={changed} />
									<Delete
										project={p}
										onDone={() => {
											reload();
											navigate("/projects");
										}}
									/>
								</>
							)}
						</div>
					</Tabs>
				)}
			</Await>
		</PageBody>
	);
}
