import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { type ApiError, errorOf, type Page } from "./client";

export interface Loaded<T> {
	data: T | undefined;
	error: ApiError | undefined;
	loading: boolean;
	reload: () => void;
	/** Puts what the page knows already, as after a change. */
	set: (data: T) => void;
}

/**
 * Loads when deps change, and again every everyMs while the page is looked at.
 * What was loaded stays while it is loaded again; an older answer never replaces
 * a newer one. fn gets a signal that is aborted when its answer is not wanted.
 */
export function useLoad<T>(
	fn: (signal: AbortSignal) => Promise<T>,
	deps: readonly unknown[],
	everyMs = 0,
): Loaded<T> {
	const [state, setState] = useState<{
		data?: T | undefined;
		error?: ApiError | undefined;
		loading: boolean;
	}>({ loading: true });
	const [turn, setTurn] = useState(0);
	const latest = useRef(fn);
	const known = useRef<readonly unknown[]>(deps);
	latest.current = fn;

	useEffect(() => {
		const control = new AbortController();
		const same =
			known.current.length === deps.length &&
			known.current.every((v, i) => Object.is(v, deps[i]));
		let timer: ReturnType<typeof setTimeout> | undefined;
		const again = () => {
			if (everyMs > 0) timer = setTimeout(run, everyMs);
		};
		const run = () => {
			if (document.hidden && everyMs > 0) return again();
			setState((s) => ({ ...s, loading: true }));
			latest.current(control.signal).then(
				(data) => {
					if (control.signal.aborted) return;
					setState({ data, loading: false });
					again();
				},
				(e) => {
					if (control.signal.aborted) return;
					const error = errorOf(e);
					setState((s) => ({ data: s.data, error, loading: false }));
					again();
				},
			);
		};
		known.current = deps;
		if (!same) setState({ loading: true });
		run();
		return () => {
			control.abort();
			clearTimeout(timer);
		};
	}, [...deps, turn, everyMs]);

	return {
		data: state.data,
		error: state.error,
		loading: state.loading,
		reload: useCallback(() => setTurn((n) => n + 1), []),
		set: useCallback((data: T) => setState({ data, loading: false }), []),
	};
}

export interface Pages<T> {
	rows: T[] | undefined;
	error: ApiError | undefined;
	loading: boolean;
	/** There are more. */
	more: boolean;
	loadMore: () => void;
	reload: () => void;
}

/** A list read by its cursor, page after page. */
export function usePages<T>(
	fn: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
	deps: readonly unknown[],
): Pages<T> {
	const first = useLoad((signal) => fn(undefined, signal), deps);
	const [rest, setRest] = useState<{
		of?: Page<T>;
		rows: T[];
		next: string | null;
	}>({ rows: [], next: null });
	const [busy, setBusy] = useState(false);
	const [failed, setFailed] = useState<{ of: Page<T>; error: ApiError }>();
	const control = useRef<AbortController | undefined>(undefined);
	const page = first.data;
	const mine = page !== undefined && rest.of === page;
	const next = mine ? rest.next : (page?.next ?? null);
	const error = failed?.of === page ? failed?.error : undefined;

	useEffect(() => () => control.current?.abort(), []);
	return {
		rows: page && (mine ? [...page.items, ...rest.rows] : page.items),
		error: error ?? first.error,
		loading: first.loading || busy,
		more: next !== null,
		loadMore: () => {
			if (page === undefined || next === null || busy) return;
			const c = new AbortController();
			control.current = c;
			setBusy(true);
			setFailed(undefined);
			fn(next, c.signal)
				.then(
					(p) => {
						if (c.signal.aborted) return;
						setRest((r) => ({
							of: page,
							rows: r.of === page ? [...r.rows, ...p.items] : p.items,
							next: p.next,
						}));
					},
					(e) => {
						if (!c.signal.aborted) setFailed({ of: page, error: errorOf(e) });
					},
				)
				.finally(() => setBusy(false));
		},
		reload: first.reload,
	};
}

export interface Action<A extends unknown[]> {
	run: (...args: A) => Promise<boolean>;
	busy: boolean;
	error: ApiError | undefined;
	clear: () => void;
}

/** Something that the user does: busy while it runs, its error kept to be shown. */
export function useAction<A extends unknown[]>(
	fn: (...args: A) => Promise<unknown>,
): Action<A> {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError | undefined>();
	const running = useRef(false);
	return {
		busy,
		error,
		clear: () => setError(undefined),
		run: async (...args: A) => {
			if (running.current) return false;
			running.current = true;
			setBusy(true);
			setError(undefined);
			try {
				await fn(...args);
				return true;
			} catch (e) {
				setError(errorOf(e));
				return false;
			} finally {
				running.current = false;
				setBusy(false);
			}
		},
	};
}
