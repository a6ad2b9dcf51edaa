// Looking for persons: by id at once, by a property part by part until enough are
// found, none are left, or the search is stopped.
import { useEffect, useRef, useState } from "preact/hooks";

import { ApiError, api, errorOf, path } from "../../api/client";
import type { Person, Persons } from "../../api/types";

export interface Asked {
	by: "id" | "email" | "property" | "all";
	text: string;
	property: string;
	operator: "is" | "contains" | "is_set";
}

export interface Search {
	rows: Person[];
	/** So many were looked at, of a search by a property. */
	scanned: number;
	busy: boolean;
	error: ApiError | undefined;
	more: boolean;
	goOn: () => void;
	stop: () => void;
}

const ENOUGH = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isWhole(a: Asked): boolean {
	if (a.by === "all") return true;
	if (a.by !== "property") return a.text.trim() !== "";
	return (
		a.property.trim() !== "" &&
		(a.operator === "is_set" || a.text.trim() !== "")
	);
}

/** Both at once: an id may look like a uuid. */
async function byId(
	project: number,
	text: string,
	signal: AbortSignal,
): Promise<Persons> {
	const found = await api.get<Persons>(path`/projects/${project}/persons`, {
		query: { distinct_id: text },
		signal,
	});
	if (found.items.length > 0 || !UUID.test(text)) return found;
	try {
		const person = await api.get<Person>(
			path`/projects/${project}/persons/${text}`,
			{ query: { by_uuid: true }, signal },
		);
		return { items: [person], next: null };
	} catch (e) {
		if (e instanceof ApiError && e.status === 404) return found;
		throw e;
	}
}

function load(
	project: number,
	a: Asked,
	cursor: string | undefined,
	signal: AbortSignal,
): Promise<Persons> {
	if (a.by === "id") return byId(project, a.text.trim(), signal);
	const query =
		a.by === "all"
			? {}
			: a.by === "email"
				? { property: "email", operator: "contains", value: a.text.trim() }
				: {
						property: a.property,
						operator: a.operator,
						value: a.operator === "is_set" ? undefined : a.text,
					};
	return api.get<Persons>(path`/projects/${project}/persons`, {
		query: { ...query, cursor, limit: ENOUGH },
		signal,
	});
}

interface State {
	rows: Person[];
	scanned: number;
	next: string | null;
	busy: boolean;
	error?: ApiError;
}

const nothing: State = { rows: [], scanned: 0, next: null, busy: false };

export function useSearch(project: number | undefined, asked: Asked): Search {
	const [state, setState] = useState<State>(nothing);
	const control = useRef<AbortController | undefined>(undefined);

	const search = async (from: State) => {
		if (project === undefined) return;
		control.current?.abort();
		const mine = new AbortController();
		control.current = mine;
		let now: State = { ...from, busy: true };
		let left = ENOUGH;
		delete now.error;
		setState(now);
		try {
			do {
				const page = await load(
					project,
					asked,
					now.next ?? undefined,
					mine.signal,
				);
				if (mine.signal.aborted) return;
				left -= page.items.length;
				now = {
					rows: [...now.rows, ...page.items],
					scanned: now.scanned + (page.scanned ?? 0),
					next: page.next,
					busy: page.next !== null && left > 0 && asked.by !== "all",
				};
				setState(now);
			} while (now.busy);
		} catch (e) {
			if (!mine.signal.aborted)
				setState({ ...now, busy: false, error: errorOf(e) });
		}
	};
	useEffect(() => {
		setState(nothing);
		if (isWhole(asked)) search(nothing);
		return () => control.current?.abort();
	}, [project, JSON.stringify(asked)]);
	return {
		rows: state.rows,
		scanned: state.scanned,
		busy: state.busy,
		error: state.error,
		more: state.next !== null,
		goOn: () => search(state),
		stop: () => {
			control.current?.abort();
			setState((s) => ({ ...s, busy: false }));
		},
	};
}

/** What a person is called: the name, the e-mail address, an id. */
export function nameOf(p: Person): string {
	for (const key of ["name", "email"]) {
		const value = p.properties[key];
		if (typeof value === "string" && value.trim() !== "") return value;
	}
	return p.distinct_ids[0] ?? p.uuid;
}

export function personPath(project: number, p: Person): string {
	const id = p.distinct_ids[0];
	return id === undefined || id === "." || id === ".."
		? `/persons/${p.uuid}?project=${project}&by_uuid=1`
		: `/persons/${encodeURIComponent(id)}?project=${project}`;
}
