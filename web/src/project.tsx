// The project whose data is looked at: of ?project= in the address, else the one
// chosen last, else the first.
import { type ComponentChildren, createContext, type JSX } from "preact";
import { useContext } from "preact/hooks";

import { type ApiError, api, type Page } from "./api/client";
import { useLoad } from "./api/hooks";
import { here, navigate, useLocation } from "./router";

/** As GET /api/v1/projects/:id answers; settings stand beside these members. */
export interface Project {
	id: number;
	name: string;
	api_token: string;
	[setting: string]: unknown;
}

interface Projects {
	projects: Project[] | undefined;
	/** The chosen one; undefined while loading, or when there is none. */
	project: Project | undefined;
	error: ApiError | undefined;
	choose: (id: number) => void;
	reload: () => void;
}

const KEPT = "sluice.project";

const Context = createContext<Projects>({
	projects: undefined,
	project: undefined,
	error: undefined,
	choose: () => {},
	reload: () => {},
});

export function useProject(): Projects {
	return useContext(Context);
}

export function ProjectProvider(props: {
	children: ComponentChildren;
}): JSX.Element {
	const { query } = useLocation();
	const list = useLoad(
		(signal) => api.get<Page<Project>>("/projects", { signal }),
		[],
	);
	const asked = query.get("project") ?? localStorage.getItem(KEPT);
	const projects = list.data?.items;
	const project =
		projects?.find((p) => String(p.id) === asked) ?? projects?.[0];
	const choose = (id: number) => {
		const now = here();
		localStorage.setItem(KEPT, String(id));
		now.query.set("project", String(id));
		navigate(`${now.path}?${now.query}`, { replace: true });
	};
	return (
		<Context.Provider
			value={{
				projects,
				project,
				error: list.error,
				choose,
				reload: list.reload,
			}}
		>
			{props.children}
		</Context.Provider>
	);
}
