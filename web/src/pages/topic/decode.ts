// JSON in JSON is what messages are made of: "data" and "properties" hold texts of it.

const DEPTH_MAX = 4;

function asJson(text: string): unknown {
	const first = text.trimStart()[0];
	if (first !== "{" && first !== "[") return text;
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

function unfold(value: unknown, depth: number): unknown {
	if (depth > DEPTH_MAX) return value;
	if (typeof value === "string") {
		const inner = asJson(value);
		return inner === value ? value : unfold(inner, depth + 1);
	}
	if (Array.isArray(value)) return value.map((v) => unfold(v, depth + 1));
	if (value !== null && typeof value === "object")
		return Object.fromEntries(
			Object.entries(value).map(([k, v]) => [k, unfold(v, depth + 1)]),
		);
	return value;
}

/** The value as a tree, texts of JSON within it unfolded; undefined: it is no JSON. */
export function decode(text: string): unknown {
	try {
		const value: unknown = JSON.parse(text);
		return value === null || typeof value !== "object"
			? undefined
			: unfold(value, 0);
	} catch {
		return undefined;
	}
}
