// Who may sign in, and what each may do.
import type { JSX } from "preact";
import { useContext, useState } from "preact/hooks";

import { api } from "../../api/client";
import { useLoad } from "../../api/hooks";
import type { User, Users } from "../../api/types";
import { SessionContext } from "../../session";
import {
	Await,
	Badge,
	Button,
	LinkButton,
	PageBody,
	Table,
	Time,
} from "../../ui";
import { DeleteUser, EditUser, NewPassword, NewUser } from "./dialogs";
import { roleWord } from "./roles";

type Open =
	| { what: "new" }
	| { what: "edit" | "password" | "delete"; user: User };

function Opened(props: {
	open: Open;
	onClose: () => void;
	onDone: () => void;
}): JSX.Element {
	const { open, ...done } = props;
	switch (open.what) {
		case "new":
			return <NewUser {...done} />;
		case "edit":
			return <EditUser {...done} user={open.user} />;
		case "password":
			return <NewPassword {...done} user={open.user} />;
		case "delete":
			return <DeleteUser {...done} user={open.user} />;
	}
}

export default function UsersPage(): JSX.Element {
	const { session, refresh } = useContext(SessionContext);
	const users = useLoad((signal) => api.get<Users>("/users", { signal }), []);
	const [open, setOpen] = useState<Open | undefined>();
	const me = session?.user.id;
	return (
		<PageBody
			title="Users"
			intro="Who may sign in here, and what each may do."
			actions={
				<>
					<LinkButton href="/keys">Personal keys</LinkButton>
					<Button
						kind="primary"
						icon="plus"
						onClick={() => setOpen({ what: "new" })}
					>
						New user
					</Button>
				</>
			}
		>
			<Await of={users} title="The users could not be loaded">
				{(data) => (
					<Table
						caption="Users"
						rows={data.items}
						rowKey={(u) => u.id}
						columns={[
							{
								id: "user",
								title: "User",
								cell: (u) => (
									<div>
										<strong class="break">{u.name}</strong>{" "}
										{u.id === me && <Badge kind="info">you</Badge>}
										<div class="muted break">{u.email}</div>
									</div>
								),
							},
							{
								id: "role",
								title: "Role",
								cell: (u) => <span class="users-role">{roleWord[u.role]}</span>,
							},
							{
								id: "seen",
								title: "Last sign-in",
								cell: (u) => <Time at={u.signed_in_at} />,
							},
							{
								id: "sessions",
								title: "Sessions",
								align: "right",
								optional: true,
								cell: (u) => u.sessions,
							},
							{
								id: "keys",
								title: "Keys",
								align: "right",
								optional: true,
								cell: (u) => u.keys,
							},
							{
								id: "do",
								title: "Actions",
								cell: (u) => (
									<div class="users-actions">
										<Button
											small
											aria-label={`Edit ${u.email}`}
											onClick={() => setOpen({ what: "edit", user: u })}
										>
											Edit
										</Button>
										{u.id === me ? (
											<LinkButton small href="/account">
												Password
											</LinkButton>
										) : (
											<>
												<Button
													small
													aria-label={`Password of ${u.email}`}
													onClick={() => setOpen({ what: "password", user: u })}
												>
													Password
												</Button>
												<Button
													small
													kind="danger"
													aria-label={`Delete ${u.email}`}
													onClick={() => setOpen({ what: "delete", user: u })}
												>
													Delete
												</Button>
											</>
										)}
									</div>
								),
							},
						]}
					/>
				)}
			</Await>
			{open && (
				<Opened
					open={open}
					onClose={() => setOpen(undefined)}
					onDone={() => {
						users.reload();
						// The own role or name may be another now.
						void refresh();
					}}
				/>
			)}
		</PageBody>
	);
}
