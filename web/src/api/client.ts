// Calls of the admin API: one function, typed errors, CSRF, sign-in when needed.

export interface QueryFault {
	line?: number;
	column?: number;
	detail?: string;
}

/** What went wrong, as the API says it ({"error":{code,message,field}}). */
export class ApiError extends Error {
	override name = "ApiError";

	constructor(
		/** HTTP status; 0 when there was no answer. */
		readonly status: number,
		readonly code: string,
		message: string,
		/** The member of the body or query that it is about. */
		readonly field?: string,
		/** Of a query: where it is wrong, and ClickHouse's own words. */
		readonly query?: QueryFault,
	) {
		super(message);
	}

	/** Nothing is wrong with what was asked: asking later may work. */
	get isTemporary(): boolean {
		return this.status === 0 || this.status === 429 || this.status === 503;
	}
}

type QueryValue = string | number | boolean | null | undefined;

export interface CallOptions {
	query?: Record<string, QueryValue> | undefined;
	body?: unknown;
	signal?: AbortSignal | undefined;
	/** Default 30 s; 0 is no limit. */
	timeoutMs?: number | undefined;
	/** It goes on when the page is left. */
	keepalive?: boolean | undefined;
	/** true: a 401 is an error like others and does not lead to the sign-in. */
	stay?: boolean | undefined;
}

let csrfToken = "";
let whenSignedOut: () => void = () => {};

/** Called with the token of GET /api/v1/session. */
export function setCsrfToken(token: string): void {
	csrfToken = token;
}

export function onSignedOut(fn: () => void): void {
	whenSignedOut = fn;
}

/** A path of /api/v1 with its query; empty values are left out. */
export function apiUrl(
	path: string,
	query?: Record<string, QueryValue>,
): string {
	const all = new URLSearchParams();
	for (const [name, value] of Object.entries(query ?? {}))
		if (value !== undefined && value !== null && value !== "")
			all.set(name, String(value));
	const text = all.toString();
	return `/api/v1${path}${text === "" ? "" : `?${text}`}`;
}

/** Parts of a path, encoded: path`/projects/${id}/persons/${distinctId}` */
export function path(
	words: TemplateStringsArray,
	...values: (string | number)[]
): string {
	return words.reduce(
		(all, word, i) =>
			all + encodeURIComponent(String(values[i - 1] ?? "")) + word,
	);
}

async function readError(response: Response): Promise<ApiError> {
	const text = await response.text();
	try {
		const { error } = JSON.parse(text) as {
			error: { code: string; message: string; field?: string } & QueryFault;
		};
		return new ApiError(
			response.status,
			error.code,
			error.message,
			error.field,
			error.detail === undefined ? undefined : error,
		);
	} catch {
		return new ApiError(
			response.status,
			"internal",
			`Sluice answered ${response.status} without saying why.`,
		);
	}
}

function isAbort(e: unknown): boolean {
	return e instanceof DOMException && e.name === "AbortError";
}

/** The answer as it comes; for downloads and texts. Throws ApiError. */
export async function callRaw(
	method: string,
	where: string,
	o: CallOptions = {},
): Promise<Response> {
	const timeout = new AbortController();
	const ms = o.timeoutMs ?? 30_000;
	const timer = ms > 0 ? setTimeout(() => timeout.abort(), ms) : undefined;
	const cancel = () => timeout.abort();
	const headers: Record<string, string> = {};

	if (o.signal?.aborted) cancel();
	o.signal?.addEventListener("abort", cancel);
	if (method !== "GET") headers["X-CSRF-Token"] = csrfToken;
	if (o.body !== undefined) headers["Content-Type"] = "application/json";
	try {
		const response = await fetch(apiUrl(where, o.query), {
			method,
			headers,
			body: o.body === undefined ? null : JSON.stringify(o.body),
			credentials: "same-origin",
			redirect: "error",
			keepalive: o.keepalive ?? false,
			signal: timeout.signal,
		});
		if (response.ok) return response;
		if (response.status === 401 && !o.stay) whenSignedOut();
		throw await readError(response);
	} catch (e) {
		if (e instanceof ApiError || o.signal?.aborted) throw e;
		throw new ApiError(
			0,
			isAbort(e) ? "timeout" : "unreachable",
			isAbort(e)
				? `Sluice did not answer within ${ms / 1000} seconds.`
				: "Sluice does not answer. Is it running, and is the network up?",
		);
	} finally {
		clearTimeout(timer);
		o.signal?.removeEventListener("abort", cancel);
	}
}

/** The answer's JSON; undefined when it is empty. Throws ApiError. */
export async function call<T>(
	method: string,
	where: string,
	o: CallOptions = {},
): Promise<T> {
	const text = await (await callRaw(method, where, o)).text();
	if (text.trim() === "") return undefined as T;
	try {
		return JSON.parse(text) as T;
	} catch {
		throw new ApiError(200, "internal", "The answer is not JSON.");
	}
}

export const api = {
	get: <T>(where: string, o?: CallOptions) => call<T>("GET", where, o),
	post: <T>(where: string, body?: unknown, o?: CallOptions) =>
		call<T>("POST", where, { ...o, body }),
	put: <T>(where: string, body?: unknown, o?: CallOptions) =>
		call<T>("PUT", where, { ...o, body }),
	patch: <T>(where: string, body?: unknown, o?: CallOptions) =>
		call<T>("PATCH", where, { ...o, body }),
	del: <T>(where: string, body?: unknown, o?: CallOptions) =>
		call<T>("DELETE", where, { ...o, body }),
};

/** A list: {"items":[…],"next":cursor}. */
export interface Page<T> {
	items: T[];
	next: string | null;
}

/** What to tell of anything that was thrown. */
export function errorOf(e: unknown): ApiError {
	if (e instanceof ApiError) return e;
	return new ApiError(
		0,
		"internal",
		e instanceof Error ? e.message : String(e),
	);
}
