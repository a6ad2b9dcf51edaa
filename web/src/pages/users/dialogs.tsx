// What is done to users, each in a dialog of its own.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { useAction } from "../../api/hooks";
import type { User } from "../../api/types";
import type { Role } from "../../routes";
import {
	Button,
	Confirm,
	Dialog,
	Form,
	Note,
	SelectField,
	TextField,
	toast,
} from "../../ui";
import { roles } from "./roles";

interface Done {
	onClose: () => void;
	/** The list is to be read again. */
	onDone: () => void;
}

export function NewUser(props: Done): JSX.Element {
	const [email, setEmail] = useState("");
	const [name, setName] = useState("");
	const [role, setRole] = useState<Role>("viewer");
	const [password, setPassword] = useState("");
	const make = useAction(async () => {
		await api.post("/users", { email, name: name || email, role, password });
		toast(`${email} can sign in now`);
		props.onDone();
		props.onClose();
	});
	return (
		<Dialog title="New user" onClose={props.onClose}>
			<Form
				onSubmit={make.run}
				error={make.error}
				fields={["email", "name", "role", "password"]}
				actions={
					<>
						<Button type="submit" kind="primary" busy={make.busy}>
							Make the user
						</Button>
						<Button onClick={props.onClose}>Cancel</Button>
					</>
				}
			>
				<TextField
					label="E-mail address"
					name="email"
					type="email"
					autocomplete="off"
					help="Used to sign in; Sluice sends no mail."
					autofocus
					value={email}
					onInput={setEmail}
				/>
				<TextField
					label="Name"
					name="name"
					autocomplete="off"
					value={name}
					onInput={setName}
				/>
				<SelectField
					label="Role"
					name="role"
					choices={roles}
					value={role}
					onInput={(v) => setRole(v as Role)}
				/>
				<TextField
					label="Password"
					name="password"
					type="password"
					autocomplete="new-password"
					help="At least 10 characters. Tell it the user by a safe way; under Account it can be changed."
					value={password}
					onInput={setPassword}
				/>
			</Form>
		</Dialog>
	);
}

export function EditUser(props: Done & { user: User }): JSX.Element {
	const { user } = props;
	const [name, setName] = useState(user.name);
	const [role, setRole] = useState<Role>(user.role);
	const save = useAction(async () => {
		await api.patch(path`/users/${user.id}`, { name, role });
		toast("Saved");
		props.onDone();
		props.onClose();
	});
	return (
		<Dialog title={user.email} onClose={props.onClose}>
			<Form
				onSubmit={save.run}
				error={save.error}
				fields={["name", "role"]}
				actions={
					<>
						<Button type="submit" kind="primary" busy={save.busy}>
							Save
						</Button>
						<Button onClick={props.onClose}>Cancel</Button>
					</>
				}
			>
				<TextField
					label="Name"
					name="name"
					autofocus
					autocomplete="off"
					value={name}
					onInput={setName}
				/>
				<SelectField
					label="Role"
					name="role"
					choices={roles}
					value={role}
					onInput={(v) => setRole(v as Role)}
					help="Counts at once, also for the user's personal keys."
				/>
			</Form>
		</Dialog>
	);
}

export function NewPassword(props: Done & { user: User }): JSX.Element {
	const { user } = props;
	const [password, setPassword] = useState("");
	const save = useAction(async () => {
		await api.post(path`/users/${user.id}/password`, { password });
		toast("The new password counts now");
		props.onDone();
		props.onClose();
	});
	return (
		<Dialog title={`New password for ${user.email}`} onClose={props.onClose}>
			<Note>
				The user is signed out everywhere, and a lock after failed attempts is
				lifted. Personal keys stay as they are.
			</Note>
			<Form
				onSubmit={save.run}
				error={save.error}
				fields={["password"]}
				actions={
					<>
						<Button type="submit" kind="primary" busy={save.busy}>
							Set the password
						</Button>
						<Button onClick={props.onClose}>Cancel</Button>
					</>
				}
			>
				<TextField
					label="New password"
					name="password"
					type="password"
					autocomplete="new-password"
					help="At least 10 characters."
					autofocus
					value={password}
					onInput={setPassword}
				/>
			</Form>
		</Dialog>
	);
}

export function DeleteUser(props: Done & { user: User }): JSX.Element {
	const { user } = props;
	return (
		<Confirm
			title="Delete this user?"
			action="Delete the user"
			danger
			onClose={props.onClose}
			onConfirm={async () => {
				await api.del(path`/users/${user.id}`);
				toast(`${user.email} is deleted`);
				props.onDone();
			}}
		>
			<p>
				<strong>{user.email}</strong> is signed out everywhere
				{user.keys > 0 &&
					`, and ${user.keys === 1 ? "the personal key" : `all ${user.keys} personal keys`} of this user end`}
				. What the user did stays in the audit trail.
			</p>
		</Confirm>
	);
}
