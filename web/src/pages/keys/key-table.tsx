// Personal keys in a table; of one user or of all.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Key } from "../../api/types";
import {
	Badge,
	Button,
	type Column,
	Confirm,
	Empty,
	Table,
	Time,
	toast,
} from "../../ui";

const SOON_MS = 14 * 86_400_000;

function Expiry(props: { at: string | null }): JSX.Element {
	if (props.at === null) return <span class="muted">never</span>;
	const left = new Date(props.at).getTime() - Date.now();
	if (left <= 0) return <Badge kind="bad">expired</Badge>;
	if (left < SOON_MS)
		return (
			<Badge kind="warn">
				<Time at={props.at} />
			</Badge>
		);
	return <Time at={props.at} />;
}

const columns: Column<Key>[] = [
	{
		id: "name",
		title: "Key",
		cell: (k) => (
			<div>
				<strong class="break">{k.name}</strong>
				<div class="muted">
					<code class="keys-prefix">{k.prefix}…</code>
				</div>
			</div>
		),
	},
	{
		id: "scopes",
		title: "May",
		cell: (k) => (
			<div class="row">
				{k.scopes.map((s) => (
					<Badge key={s}>{s}</Badge>
				))}
			</div>
		),
	},
	{
		id: "used",
		title: "Last used",
		cell: (k) => (
			<div>
				<Time at={k.used_at} />
				{k.used_from !== "" && (
					<div class="muted small break">from {k.used_from}</div>
				)}
			</div>
		),
	},
	{
		id: "made",
		title: "Made",
		optional: true,
		cell: (k) => <Time at={k.created_at} />,
	},
	{
		id: "expires",
		title: "Expires",
		cell: (k) => <Expiry at={k.expires_at} />,
	},
];

export function KeyTable(props: {
	keys: Key[];
	withOwner?: boolean;
	empty: string;
	onRevoke: (key: Key) => Promise<unknown>;
}): JSX.Element {
	const [ending, setEnding] = useState<Key | undefined>();
	const owner: Column<Key> = {
		id: "owner",
		title: "Owner",
		cell: (k) => <span class="break">{k.user}</span>,
	};
	const action: Column<Key> = {
		id: "do",
		title: "Actions",
		cell: (k) => (
			<Button
				small
				kind="danger"
				aria-label={`Revoke ${k.name}`}
				onClick={() => setEnding(k)}
			>
				Revoke
			</Button>
		),
	};
	return (
		<>
			<Table
				caption="Personal keys"
				rows={props.keys}
				rowKey={(k) => k.id}
				empty={
					<Empty title="No personal keys">
						<p>{props.empty}</p>
					</Empty>
				}
				columns={[
					...columns.slice(0, 1),
					...(props.withOwner ? [owner] : []),
					...columns.slice(1),
					action,
				]}
			/>
			{ending && (
				<Confirm
					title="Revoke this key?"
					action="Revoke the key"
					danger
					onClose={() => setEnding(undefined)}
					onConfirm={async () => {
						await props.onRevoke(ending);
						toast("The key is revoked");
					}}
				>
					<p>
						<strong>{ending.name}</strong> (<code>{ending.prefix}…</code>) stops
						working at once. What uses it gets 401 from then on.
					</p>
				</Confirm>
			)}
		</>
	);
}
