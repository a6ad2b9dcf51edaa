// A new personal key: what for, what it may, how long; then the key, shown once.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import type { KeyMade, Scopes, Users } from "../../api/types";
import type { Role } from "../../routes";
import { mayRole, useSession } from "../../session";
import {
	Await,
	Button,
	CheckField,
	Code,
	Dialog,
	Form,
	Note,
	SelectField,
	TextField,
} from "../../ui";

const lives = [
	{ value: "30", label: "30 days" },
	{ value: "90", label: "90 days" },
	{ value: "365", label: "One year" },
	{ value: "0", label: "For ever, until it is revoked" },
];

function Made(props: { text: string; onClose: () => void }): JSX.Element {
	return (
		<Dialog
			title="Your key"
			onClose={props.onClose}
			actions={
				<Button kind="primary" onClick={props.onClose}>
					I have kept it
				</Button>
			}
		>
			<Note kind="warn" live>
				Copy it now: it is not shown again, as only a hash of it is stored.
			</Note>
			<Code text={props.text} label="The key" wrap />
			<p class="muted">Programs send it as a header:</p>
			<Code
				text={`curl -H 'Authorization: Bearer ${props.text}' ${location.origin}/api/v1/projects`}
				label="How it is used"
				wrap
			/>
		</Dialog>
	);
}

function ScopeChoice(props: {
	scopes: Scopes["items"];
	role: Role;
	chosen: string[];
	onChoose: (chosen: string[]) => void;
}): JSX.Element {
	const { chosen } = props;
	const possible = props.scopes.filter((s) => mayRole(props.role, s.role));
	return (
		<fieldset class="keys-scopes">
			<legend class="field-label">What it may</legend>
			{possible.map((s) => (
				<CheckField
					key={s.name}
					name={s.name}
					label={<code>{s.name}</code>}
					help={s.help}
					checked={chosen.includes(s.name)}
					onInput={(on) =>
						props.onChoose(
							on
								? [...chosen, s.name]
								: chosen.filter((name) => name !== s.name),
						)
					}
				/>
			))}
		</fieldset>
	);
}

/** users: an administrator makes it for one of them; else it is the own. */
export function NewKey(props: {
	users?: Users["items"];
	onClose: () => void;
	onDone: () => void;
}): JSX.Element {
	const session = useSession();
	const scopes = useLoad(
		(signal) => api.get<Scopes>("/key-scopes", { signal }),
		[],
	);
	const [name, setName] = useState("");
	const [user, setUser] = useState(session?.user.email ?? "");
	const [chosen, setChosen] = useState<string[]>([]);
	const [days, setDays] = useState("365");
	const [made, setMade] = useState<string | undefined>();
	const owner = props.users?.find((u) => u.email === user) ?? session?.user;
	const make = useAction(async () => {
		const body = { name, scopes: chosen, days: Number(days) };
		const answer = props.users
			? await api.post<KeyMade>("/keys", { ...body, user })
			: await api.post<KeyMade>("/account/keys", body);
		props.onDone();
		setMade(answer.key);
	});
	if (made !== undefined) return <Made text={made} onClose={props.onClose} />;
	return (
		<Dialog title="New personal key" onClose={props.onClose}>
			<Form
				onSubmit={make.run}
				error={make.error}
				fields={["name", "user", "days"]}
				actions={
					<>
						<Button
							type="submit"
							kind="primary"
							busy={make.busy}
							disabled={chosen.length === 0}
						>
							Make the key
						</Button>
						<Button onClick={props.onClose}>Cancel</Button>
						{chosen.length === 0 && (
							<span class="muted">Choose what it may first.</span>
						)}
					</>
				}
			>
				<TextField
					label="What it is for"
					name="name"
					autocomplete="off"
					autofocus
					value={name}
					onInput={setName}
				/>
				{props.users && (
					<SelectField
						label="Owner"
						name="user"
						help="The key never may more than its owner."
						choices={props.users.map((u) => ({
							value: u.email,
							label: `${u.email} (${u.role})`,
						}))}
						value={user}
						onInput={(email) => {
							setUser(email);
							setChosen([]);
						}}
					/>
				)}
				<Await of={scopes} title="What keys may could not be loaded">
					{(data) => (
						<ScopeChoice
							scopes={data.items}
							role={owner?.role ?? "viewer"}
							chosen={chosen}
							onChoose={setChosen}
						/>
					)}
				</Await>
				<SelectField
					label="Works for"
					name="days"
					choices={lives}
					value={days}
					onInput={setDays}
				/>
			</Form>
		</Dialog>
	);
}
