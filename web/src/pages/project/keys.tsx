// A project's key: shown, replaced with a time of grace, old ones ended.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import type { OldTokens } from "../../api/types";
import type { Project } from "../../project";
import { useMay } from "../../session";
import {
	Await,
	Button,
	Card,
	Confirm,
	CopyButton,
	Dialog,
	Form,
	LinkButton,
	SelectField,
	Table,
	Time,
	toast,
} from "../../ui";

type OldToken = OldTokens["items"][number];

const graces = [
	{ value: "24", label: "One more day" },
	{ value: "168", label: "One more week" },
	{ value: "720", label: "30 more days" },
	{ value: "1", label: "One more hour" },
	{ value: "0", label: "It ends now" },
];

function Rotate(props: {
	project: Project;
	onDone: (p: Project) => void;
	onClose: () => void;
}): JSX.Element {
	const [grace, setGrace] = useState("24");
	const rotate = useAction(async () => {
		props.onDone(
			await api.post<Project>(
				path`/projects/${props.project.id}/rotate-token`,
				{
					grace_h: Number(grace),
				},
			),
		);
	});
	return (
		<Dialog title="Give it a new key" onClose={props.onClose}>
			<Form
				label="New key"
				onSubmit={rotate.run}
				error={rotate.error}
				fields={["grace_h"]}
				actions={
					<>
						<Button type="submit" kind="primary" busy={rotate.busy}>
							Make a new key
						</Button>
						<Button onClick={props.onClose}>Cancel</Button>
					</>
				}
			>
				<p>
					A new key is made and works at once. Put it into your sites and apps
					while the old one goes on working.
				</p>
				<SelectField
					label="How long the old key works"
					name="grace_h"
					choices={graces}
					value={grace}
					onInput={setGrace}
					help={
						grace === "0"
							? "What still sends with the old key is refused from now on, and its events are lost. Choose this when the key is misused."
							: "It can be ended sooner on this page."
					}
				/>
			</Form>
		</Dialog>
	);
}

export function Keys(props: {
	project: Project;
	onChanged: (p: Project) => void;
}): JSX.Element {
	const { project } = props;
	const mayChange = useMay("admin");
	const [rotating, setRotating] = useState(false);
	const [ending, setEnding] = useState<OldToken | undefined>();
	return (
		<Card
			title="Key"
			intro="SDKs send with it. It may be seen in a page's source: it lets somebody send events, and read nothing."
			actions={
				<>
					<LinkButton href={`/start?project=${project.id}`}>
						Show the snippet
					</LinkButton>
					{mayChange && (
						<Button icon="reload" onClick={() => setRotating(true)}>
							New key…
						</Button>
					)}
				</>
			}
		>
			<div class="row project-key">
				<code class="break" data-testid="key">
					{project.api_token}
				</code>
				<CopyButton text={project.api_token} label="Copy" />
			</div>
			{mayChange && <Old project={project} onEnd={setEnding} ending={ending} />}
			{rotating && (
				<Rotate
					project={project}
					onClose={() => setRotating(false)}
					onDone={(p) => {
						setRotating(false);
						toast("The project has a new key");
						props.onChanged(p);
					}}
				/>
			)}
			{ending && (
				<Confirm
					title="End the old key now?"
					action="End it"
					danger
					onConfirm={async () => {
						await api.del(path`/projects/${project.id}/old-tokens`, undefined, {
							query: { api_token: ending.api_token },
						});
						toast("The old key is refused from now on");
					}}
					onClose={() => setEnding(undefined)}
				>
					<p>
						What still sends with <code class="break">{ending.api_token}</code>{" "}
						is refused, and its events are lost.
					</p>
				</Confirm>
			)}
		</Card>
	);
}

function Old(props: {
	project: Project;
	ending: OldToken | undefined;
	onEnd: (t: OldToken) => void;
}): JSX.Element {
	const { project, ending } = props;
	const old = useLoad(
		(signal) =>
			api.get<OldTokens>(path`/projects/${project.id}/old-tokens`, { signal }),
		// Loaded again when the key changed and when one was ended.
		[project.id, project.api_token, ending === undefined],
	);
	return (
		<Await of={old} title="The old keys could not be loaded">
			{(data) =>
				data.items.length === 0 ? (
					<p class="muted">No older key works any more.</p>
				) : (
					<Table
						caption="Old keys that still work"
						rows={data.items}
						rowKey={(t) => t.api_token}
						columns={[
							{
								id: "key",
								title: "Old key",
								cell: (t) => <code class="break">{t.api_token}</code>,
								grow: true,
							},
							{
								id: "ends",
								title: "Ends",
								cell: (t) => <Time at={t.expires_at} />,
							},
							{
								id: "end",
								title: <span class="sr-only">End</span>,
								cell: (t) => (
									<Button small kind="danger" onClick={() => props.onEnd(t)}>
										End it now
									</Button>
								),
							},
						]}
					/>
				)
			}
		</Await>
	);
}
