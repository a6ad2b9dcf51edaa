// The first run's first step: the link with the one-time token makes the
// administrator. The token stands behind the # of the address, which no browser sends
// and no log of a proxy keeps.
import type { JSX } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import { useAction, useLoad } from "../../api/hooks";
import { navigate } from "../../router";
import { SessionContext } from "../../session";
import {
	Await,
	Button,
	CheckField,
	Empty,
	Form,
	LinkButton,
	TextField,
} from "../../ui";

/** The token of the address, which is then cleaned of it. */
function takeToken(): string {
	const token = window.location.hash.slice(1);
	if (token !== "")
		window.history.replaceState(null, "", window.location.pathname);
	return token;
}

export default function Setup(): JSX.Element {
	const { refresh } = useContext(SessionContext);
	const state = useLoad(
		(signal) => api.get<{ needed: boolean }>("/setup", { signal, stay: true }),
		[],
	);
	const [token, setToken] = useState("");
	const [hasLink, setHasLink] = useState(false);
	useEffect(() => {
		// Also when the link is opened while this page is shown.
		const take = () => {
			const taken = takeToken();
			if (taken === "") return;
			setToken(taken);
			setHasLink(true);
		};
		take();
		window.addEventListener("hashchange", take);
		return () => window.removeEventListener("hashchange", take);
	}, []);
	const [name, setName] = useState("");
	const [email, setEmail] = useState("");
	const [password, setPassword] = useState("");
	const [visible, setVisible] = useState(false);
	const make = useAction(async () => {
		await api.post(
			"/setup",
			{ token: token.trim(), name: name.trim(), email: email.trim(), password },
			{ stay: true },
		);
		await refresh();
		navigate("/start", { replace: true });
	});

	const form = (
		<Form
			label="The administrator"
			onSubmit={make.run}
			error={make.error}
			fields={["token", "name", "email", "password"]}
			actions={
				<Button type="submit" kind="primary" busy={make.busy}>
					Make the administrator
				</Button>
			}
		>
			{(!hasLink || make.error?.field === "token") && (
				<TextField
					label="Set-up token"
					name="token"
					help={
						<>
							The part behind the # of the set-up link. The log of the service
							has it, and <code>sluice user setup</code> prints it.
						</>
					}
					mono
					autocomplete="off"
					spellcheck={false}
					value={token}
					onInput={setToken}
				/>
			)}
			<TextField
				label="Your name"
				name="name"
				autocomplete="name"
				autofocus={hasLink}
				value={name}
				onInput={setName}
			/>
			<TextField
				label="E-mail address"
				name="email"
				type="email"
				autocomplete="username"
				help="You sign in with it. Sluice sends no mail."
				value={email}
				onInput={setEmail}
			/>
			<TextField
				label="Password"
				name="password"
				type={visible ? "text" : "password"}
				autocomplete="new-password"
				help="At least 10 characters; three or four words do well."
				value={password}
				onInput={setPassword}
			/>
			<CheckField
				label="Show the password"
				checked={visible}
				onInput={setVisible}
			/>
		</Form>
	);
	return (
		<div class="bare-card stack">
			<div class="brand">
				<img src="/assets/icon.svg" alt="" width="26" height="26" />
				Sluice
			</div>
			<h1>Set up Sluice</h1>
			<Await of={state} title="Sluice could not be asked">
				{({ needed }) =>
					needed ? (
						<>
							<p class="muted">
								Make the administrator: you. Then come your first project and
								its first event.
							</p>
							{form}
						</>
					) : (
						<Empty
							title="Sluice is set up already"
							action={<LinkButton href="/sign-in">Sign in</LinkButton>}
						>
							The set-up link works once. Other users are made by an
							administrator on the page Users.
						</Empty>
					)
				}
			</Await>
		</div>
	);
}
