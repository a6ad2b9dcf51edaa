// A Postgres to be used: what was tested is what is saved.
import type { ComponentProps, JSX } from "preact";
import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { useAction } from "../../api/hooks";
import type { PostgresTested, Settings } from "../../api/types";
import {
	Button,
	Confirm,
	Form,
	Note,
	SelectField,
	TextField,
	toast,
} from "../../ui";
import { faultOf, fresh, type Parts, tls, urlOf } from "./postgres-url";
import { Tested } from "./tested";

export function PostgresForm(props: { onSaved: () => void }): JSX.Element {
	const [parts, setParts] = useState<Parts>(fresh);
	const [asUrl, setAsUrl] = useState(false);
	const [url, setUrl] = useState("");
	const [tested, setTested] = useState<
		{ url: string; result: PostgresTested } | undefined
	>();
	const [anyway, setAnyway] = useState(false);
	const [tried, setTried] = useState(false);
	const now = asUrl ? url.trim() : urlOf(parts);
	const fault = asUrl
		? url.trim() === ""
			? "A URL is wanted."
			: undefined
		: faultOf(parts);
	const field = (
		name: keyof Parts,
		label: string,
		more: Partial<ComponentProps<typeof TextField>> = {},
	) => (
		<TextField
			label={label}
			name={name}
			autocomplete="off"
			spellcheck={false}
			value={parts[name]}
			onInput={(value) => setParts({ ...parts, [name]: value })}
			{...more}
		/>
	);
	const test = useAction(async () => {
		setTried(true);
		setTested(undefined);
		if (fault !== undefined) return;
		const result = await api.post<PostgresTested>(
			"/connections/postgres/test",
			{ url: now },
		);
		setTested({ url: now, result });
	});
	const isTested = tested?.url === now;
	const isGood = isTested && tested.result.ok && !tested.result.warning;
	const leaves = isTested && tested.result.ok && !!tested.result.warning;
	const put = async () => {
		await api.patch<Settings>("/settings", {
			settings: {
				"postgres.url": now,
				...(leaves ? { "postgres.switch_store": true } : {}),
			},
		});
		setParts({ ...parts, password: "" });
		setUrl("");
		setTested(undefined);
		setTried(false);
		toast("Saved. Sluice uses it after a restart.");
		props.onSaved();
	};
	const save = useAction(put);
	return (
		<Form
			label="Postgres"
			onSubmit={test.run}
			error={test.error ?? save.error}
			actions={
				<>
					<Button
						type="submit"
						kind={isGood ? "plain" : "primary"}
						busy={test.busy}
					>
						Test the connection
					</Button>
					<Button
						kind={isGood ? "primary" : "plain"}
						busy={save.busy}
						disabled={!isTested}
						title={isTested ? undefined : "Test it first"}
						onClick={() => {
							if (isGood) save.run();
							else setAnyway(true);
						}}
					>
						Save
					</Button>
					<Button kind="quiet" onClick={() => setAsUrl(!asUrl)}>
						{asUrl ? "Fill in a form instead" : "Give a URL instead"}
					</Button>
				</>
			}
		>
			{asUrl ? (
				<TextField
					label="URL"
					name="url"
					mono
					type="password"
					autocomplete="off"
					placeholder="postgresql://user:password@host:5432/database"
					help="As libpq reads it. It is hidden because it holds the password."
					value={url}
					onInput={setUrl}
				/>
			) : (
				<div class="columns">
					{field("host", "Host", {
						placeholder: "db.example.com",
						help: "A name, an address, or the folder of a socket.",
					})}
					{field("port", "Port", { inputMode: "numeric" })}
					{field("database", "Database")}
					<SelectField
						label="TLS"
						name="sslmode"
						choices={tls}
						value={parts.sslmode}
						onInput={(sslmode) => setParts({ ...parts, sslmode })}
					/>
					{field("user", "User")}
					{field("password", "Password", {
						type: "password",
						autocomplete: "new-password",
						help: "It is never shown again.",
					})}
				</div>
			)}
			{tried && fault !== undefined && (
				<Note kind="bad" live>
					{fault}
				</Note>
			)}
			{isTested && <Tested result={tested.result} />}
			{tested !== undefined && !isTested && (
				<p class="muted">Changed since the last test: test it again.</p>
			)}
			{anyway && (
				<Confirm
					title={
						leaves
							? "Leave the persons behind?"
							: "Save it although the test found something?"
					}
					action="Save anyway"
					danger
					{...(leaves ? { typed: "leave them" } : {})}
					onConfirm={put}
					onClose={() => setAnyway(false)}
				>
					{leaves ? (
						<p>
							Persons, groups and projects that are in this folder stay in
							SQLite and are not copied: after the restart every known visitor
							becomes a new person, and projects are those of the Postgres, so
							make them there again with the same keys. This sets{" "}
							<code>postgres.switch_store</code> too.
						</p>
					) : (
						<p>
							The test did not end well, so Sluice may not be able to work with
							this Postgres after the restart. Events would wait until it can.
						</p>
					)}
				</Confirm>
			)}
		</Form>
	);
}
