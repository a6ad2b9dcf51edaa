import { useEffect, useRef, useState } from "preact/hooks";

import { api, apiUrl } from "./client";

/** connecting: the first time; lost: it broke and is tried again. */
export type StreamState = "off" | "connecting" | "live" | "lost";

export interface StreamOptions {
	query?: Record<string, string | number | boolean | undefined>;
	/** By the event's name; data is its parsed JSON. */
	on: Record<string, (data: unknown) => void>;
	onState?: (state: StreamState) => void;
}

const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 15_000;

/** Server-sent events of /api/v1/PATH until the returned function is called. */
export function openStream(path: string, o: StreamOptions): () => void {
	let source: EventSource | undefined;
	let timer: ReturnType<typeof setTimeout> | undefined;
	let wait = RETRY_MIN_MS;
	let closed = false;

	const connect = () => {
		source = new EventSource(apiUrl(path, o.query));
		source.onopen = () => {
			wait = RETRY_MIN_MS;
			o.onState?.("live");
		};
		source.onerror = () => {
			source?.close();
			if (closed) return;
			o.onState?.("lost");
			timer = setTimeout(retry, wait);
			wait = Math.min(wait * 2, RETRY_MAX_MS);
		};
		for (const [name, fn] of Object.entries(o.on))
			source.addEventListener(name, (event) => {
				try {
					fn(JSON.parse((event as MessageEvent<string>).data));
				} catch (e) {
					console.warn(`stream ${path}, event ${name}:`, e);
				}
			});
	};
	// A stream does not tell its status: a session that ended shows here, and
	// leads to the sign-in.
	const retry = () => {
		api
			.get("/session", { timeoutMs: 10_000 })
			.catch(() => undefined)
			.then(() => {
				if (!closed) connect();
			});
	};

	o.onState?.("connecting");
	connect();
	return () => {
		closed = true;
		clearTimeout(timer);
		source?.close();
		o.onState?.("off");
	};
}

/** A stream for as long as the component is shown; path null: none. */
export function useStream(
	path: string | null,
	on: StreamOptions["on"],
	query?: StreamOptions["query"],
): StreamState {
	const [state, setState] = useState<StreamState>("off");
	const latest = useRef(on);
	const names = Object.keys(on).join(" ");
	latest.current = on;

	useEffect(() => {
		if (path === null) return;
		return openStream(path, {
			...(query === undefined ? {} : { query }),
			on: Object.fromEntries(
				names
					.split(" ")
					.map((name) => [name, (data) => latest.current[name]?.(data)]),
			),
			onState: setState,
		});
	}, [path, names, JSON.stringify(query)]);
	return state;
}

const LOST_MS = 3000;

/** The stream has been lost for a moment: Sluice ends each after ten minutes, and
 * that it comes again at once is nothing to tell. */
export function useIsLost(state: StreamState): boolean {
	const [isLost, setIsLost] = useState(false);
	useEffect(() => {
		setIsLost(false);
		if (state !== "lost") return;
		const timer = setTimeout(() => setIsLost(true), LOST_MS);
		return () => clearTimeout(timer);
	}, [state]);
	return isLost;
}
