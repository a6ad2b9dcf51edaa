// One query at a time: running, cancelling it, also when the page is left.
import { useEffect, useRef, useState } from "preact/hooks";

import { type ApiError, api, callRaw, errorOf, path } from "../../api/client";
import { newId, type Result } from "./model";

export interface Run<T extends Result> {
	busy: boolean;
	/** Since when it runs, in milliseconds since 1970. */
	since: number;
	result: T | undefined;
	error: ApiError | undefined;
	run: (where: string, body: Record<string, unknown>) => void;
	cancel: () => void;
	clear: () => void;
}

export function useRun<T extends Result>(): Run<T> {
	const [state, setState] = useState<{
		busy: boolean;
		since: number;
		result?: T;
		error?: ApiError;
	}>({ busy: false, since: 0 });
	const running = useRef<string | undefined>(undefined);

	const cancel = () => {
		const id = running.current;
		if (id === undefined) return;
		// It answers itself that it was cancelled.
		api.del(path`/sql/console/${id}`).catch(() => {});
	};
	useEffect(() => {
		const leave = () => {
			const id = running.current;
			running.current = undefined;
			if (id !== undefined)
				callRaw("DELETE", path`/sql/console/${id}`, {
					keepalive: true,
					stay: true,
				}).catch(() => {});
		};
		window.addEventListener("pagehide", leave);
		return () => {
			window.removeEventListener("pagehide", leave);
			leave();
		};
	}, []);

	const run = (where: string, body: Record<string, unknown>) => {
		if (running.current !== undefined) return;
		const id = newId();
		running.current = id;
		setState((s) => ({ ...s, busy: true, since: Date.now() }));
		api
			.post<T>(where, { ...body, id }, { timeoutMs: 0 })
			.then(
				(result) => ({ busy: false, since: 0, result }),
				(e) => ({ busy: false, since: 0, error: errorOf(e) }),
			)
			.then((next) => {
				if (running.current !== id) return;
				running.current = undefined;
				setState(next);
			});
	};
	return {
		busy: state.busy,
		since: state.since,
		result: state.result,
		error: state.error,
		run,
		cancel,
		clear: () => setState((s) => (s.busy ? s : { busy: false, since: 0 })),
	};
}
