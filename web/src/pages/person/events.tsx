// Events of a person or a group, the newest first.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { api, type Page } from "../../api/client";
import { usePages } from "../../api/hooks";
import type { PersonEvent } from "../../api/types";
import {
	Dialog,
	Empty,
	ErrorBox,
	Facts,
	Json,
	Loading,
	MoreRows,
	Table,
	Time,
} from "../../ui";

const EVENTS_A_PAGE = 50;

function EventDialog(props: {
	event: PersonEvent;
	onClose: () => void;
}): JSX.Element {
	const { event } = props;
	return (
		<Dialog title={event.event || "(no name)"} wide onClose={props.onClose}>
			<Facts
				items={[
					["At", <Time key="at" at={event.timestamp} exact />],
					["Distinct id", event.distinct_id],
					["UUID", <code key="uuid">{event.uuid}</code>],
				]}
			/>
			<Json value={event.properties} label="Properties" />
		</Dialog>
	);
}

export function EventList(props: {
	/** The path of the API that gives them. */
	where: string;
	query?: Record<string, string | boolean | undefined>;
	withId: boolean;
}): JSX.Element {
	const [open, setOpen] = useState<PersonEvent | undefined>();
	const events = usePages(
		(cursor, signal) =>
			api.get<Page<PersonEvent>>(props.where, {
				query: {
					...props.query,
					newest: true,
					limit: EVENTS_A_PAGE,
					cursor,
				},
				signal,
			}),
		[props.where],
	);
	return (
		<div class="stack">
			{events.error && (
				<ErrorBox
					error={events.error}
					title="The events could not be loaded"
					onRetry={events.reload}
				/>
			)}
			{events.rows === undefined ? (
				!events.error && <Loading />
			) : (
				<Table
					caption="Events, the newest first"
					rows={events.rows}
					rowKey={(e) => e.uuid}
					onRow={setOpen}
					empty={
						<Empty title="No events">
							Those that ClickHouse has are shown, some seconds after they came.
						</Empty>
					}
					columns={[
						{
							id: "at",
							title: "At",
							cell: (e) => <Time at={e.timestamp} exact />,
						},
						{
							id: "event",
							title: "Event",
							cell: (e) => (
								<button
									type="button"
									class="person-open"
									onClick={() => setOpen(e)}
								>
									{e.event || "(no name)"}
								</button>
							),
						},
						...(props.withId
							? [
									{
										id: "id",
										title: "Distinct id",
										cell: (e: PersonEvent) => (
											<span class="break">{e.distinct_id}</span>
										),
									},
								]
							: []),
					]}
				/>
			)}
			<MoreRows {...events} count={events.rows?.length} />
			{open && <EventDialog event={open} onClose={() => setOpen(undefined)} />}
		</div>
	);
}
