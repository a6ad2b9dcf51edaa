// The own account: name, password, where one is signed in, personal keys.
import type { JSX } from "preact";
import { useContext, useState } from "preact/hooks";

import { api, path, setCsrfToken } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import type { Csrf, Keys } from "../../api/types";
import { SessionContext } from "../../session";
import {
	Await,
	Button,
	Card,
	Facts,
	Form,
	PageBody,
	TextField,
	toast,
} from "../../ui";
import { KeyTable } from "../keys/key-table";
import { NewKey } from "../keys/new-key";
import { roleWord } from "../users/roles";
import { Sessions } from "./sessions";

function Profile(): JSX.Element | null {
	const { session, refresh } = useContext(SessionContext);
	const [name, setName] = useState(session?.user.name ?? "");
	const save = useAction(async () => {
		await api.patch("/account", { name });
		await refresh();
		toast("Saved");
	});
	if (session === null) return null;
	return (
		<Card title="You">
			<Facts
				items={[
					["E-mail address", session.user.email],
					["Role", roleWord[session.user.role]],
				]}
			/>
			<Form
				label="Your name"
				onSubmit={save.run}
				error={save.error}
				fields={["name"]}
				actions={
					<Button type="submit" busy={save.busy}>
						Save the name
					</Button>
				}
			>
				<TextField
					label="Name"
					name="name"
					autocomplete="name"
					value={name}
					onInput={setName}
				/>
			</Form>
		</Card>
	);
}

function Password(props: { onDone: () => void }): JSX.Element {
	const [current, setCurrent] = useState("");
	const [password, setPassword] = useState("");
	const save = useAction(async () => {
		const answer = await api.post<Csrf>("/account/password", {
			current,
			password,
		});
		setCsrfToken(answer.csrf_token);
		setCurrent("");
		setPassword("");
		props.onDone();
		toast("The new password counts now");
	});
	return (
		<Card
			title="Password"
			intro="Changing it ends your other sessions. Personal keys stay as they are."
		>
			<Form
				label="Change the password"
				onSubmit={save.run}
				error={save.error}
				fields={["current", "password"]}
				actions={
					<Button type="submit" busy={save.busy}>
						Change the password
					</Button>
				}
			>
				<TextField
					label="Current password"
					name="current"
					type="password"
					autocomplete="current-password"
					value={current}
					onInput={setCurrent}
				/>
				<TextField
					label="New password"
					name="password"
					type="password"
					autocomplete="new-password"
					help="At least 10 characters."
					value={password}
					onInput={setPassword}
				/>
			</Form>
		</Card>
	);
}

function OwnKeys(): JSX.Element {
	const keys = useLoad(
		(signal) => api.get<Keys>("/account/keys", { signal }),
		[],
	);
	const [isNew, setNew] = useState(false);
	return (
		<Card
			title="Personal keys"
			intro="By these your programs use the API. A key never may more than you."
			actions={
				<Button icon="plus" onClick={() => setNew(true)}>
					New key
				</Button>
			}
		>
			<Await of={keys} title="Your keys could not be loaded">
				{(data) => (
					<KeyTable
						keys={data.items}
						empty="Make one for a script, a dashboard or a backup that asks this API."
						onRevoke={async (k) => {
							await api.del(path`/account/keys/${k.id}`);
							keys.reload();
						}}
					/>
				)}
			</Await>
			{isNew && <NewKey onClose={() => setNew(false)} onDone={keys.reload} />}
		</Card>
	);
}

export default function Account(): JSX.Element {
	const [turn, setTurn] = useState(0);
	return (
		<PageBody title="Your account">
			<div class="columns">
				<Profile />
				<Password onDone={() => setTurn((n) => n + 1)} />
			</div>
			<Sessions turn={turn} />
			<OwnKeys />
		</PageBody>
	);
}
