// Personal keys of all users.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, path } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { Keys, Users } from "../../api/types";
import { Await, Button, LinkButton, PageBody } from "../../ui";
import { KeyTable } from "./key-table";
import { NewKey } from "./new-key";

export default function KeysPage(): JSX.Element {
	const keys = useLoad((signal) => api.get<Keys>("/keys", { signal }), []);
	const users = useLoad((signal) => api.get<Users>("/users", { signal }), []);
	const [isNew, setNew] = useState(false);
	return (
		<PageBody
			title="Personal keys"
			intro="By these programs use the API in the name of a user. SDKs need none: they send with a project's key."
			actions={
				<>
					<LinkButton href="/users">Users</LinkButton>
					<Button
						kind="primary"
						icon="plus"
						disabled={users.data === undefined}
						onClick={() => setNew(true)}
					>
						New key
					</Button>
				</>
			}
		>
			<Await of={keys} title="The keys could not be loaded">
				{(data) => (
					<KeyTable
						keys={data.items}
						withOwner
						empty="Make one for a script, a dashboard or a backup that asks this API."
						onRevoke={async (k) => {
							await api.del(path`/keys/${k.id}`);
							keys.reload();
						}}
					/>
				)}
			</Await>
			{isNew && users.data && (
				<NewKey
					users={users.data.items}
					onClose={() => setNew(false)}
					onDone={keys.reload}
				/>
			)}
		</PageBody>
	);
}
