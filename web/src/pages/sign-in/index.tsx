import type { JSX } from "preact";
import { useContext, useState } from "preact/hooks";

import { ApiError } from "../../api/client";
import { useAction } from "../../api/hooks";
import { navigate, useLocation } from "../../router";
import { SessionContext, safeNext, signIn } from "../../session";
import { Button, Form, Note, TextField } from "../../ui";

/** What the API says of a refused sign-in, in words for who stands before it. */
function words(error: ApiError): string {
	if (error.status === 401)
		return "This e-mail address and password do not fit together.";
	return error.message;
}

export default function SignIn(): JSX.Element {
	const { query } = useLocation();
	const { session, refresh } = useContext(SessionContext);
	const [email, setEmail] = useState("");
	const [password, setPassword] = useState("");
	const next = safeNext(query.get("next"));
	const enter = useAction(async () => {
		await signIn(email.trim(), password);
		await refresh();
		navigate(next, { replace: true });
	});
	const error = enter.error;

	return (
		<div class="bare-card stack">
			<div class="brand">
				<img src="/assets/icon.svg" alt="" width="26" height="26" />
				Sluice
			</div>
			<h1>Sign in</h1>
			{query.get("next") && !error && (
				<Note>Sign in to go on. You come back to the page where you were.</Note>
			)}
			{session !== null && (
				<Note>
					You are signed in as {session.user.email}. <a href={next}>Go on</a>
				</Note>
			)}
			<Form
				onSubmit={enter.run}
				error={error && new ApiError(error.status, error.code, words(error))}
				actions={
					<Button type="submit" kind="primary" busy={enter.busy}>
						Sign in
					</Button>
				}
			>
				<TextField
					label="E-mail address"
					name="email"
					type="email"
					autocomplete="username"
					autofocus
					value={email}
					onInput={setEmail}
				/>
				<TextField
					label="Password"
					name="password"
					type="password"
					autocomplete="current-password"
					value={password}
					onInput={setPassword}
				/>
			</Form>
			<details>
				<summary class="muted">I cannot sign in</summary>
				<p>
					Ask an administrator for a new password. On the machine of Sluice{" "}
					<code>sluice user password EMAIL</code> sets one and lifts the lock
					after failed attempts; while there is no user yet,{" "}
					<code>sluice user setup</code> prints the link that makes the first.
				</p>
			</details>
		</div>
	);
}
