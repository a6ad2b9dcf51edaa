// Values of settings as people write them, and what is wrong with one before the
// server is asked.
import type { Setting } from "../../api/types";
import { formatBytes, formatNumber } from "../../ui";

const units: Record<string, readonly (readonly [string, number])[]> = {
	bytes: [
		["t", 2 ** 40],
		["g", 2 ** 30],
		["m", 2 ** 20],
		["k", 2 ** 10],
		["", 1],
	],
	milliseconds: [
		["min", 60_000],
		["s", 1000],
		["ms", 1],
	],
	seconds: [
		["h", 3600],
		["min", 60],
		["s", 1],
	],
	hours: [
		["d", 24],
		["h", 1],
	],
	integer: [["", 1]],
};

const more: Record<string, number> = { b: 1, kb: 2 ** 10, mb: 2 ** 20 };

/** "20971520" of type bytes is "20m". */
export function toText(type: string, value: string): string {
	const list = units[type];
	const n = Number(value);
	if (list === undefined || value === "" || !Number.isSafeInteger(n))
		return value;
	if (n === 0) return "0";
	const [word, factor] = list.find(([, f]) => n % f === 0) ?? ["", 1];
	return `${n / factor}${word}`;
}

/** The number that a text means; undefined: it means none. */
export function toNumber(type: string, text: string): number | undefined {
	const list = units[type];
	const found = /^\s*(-?\d+)\s*([a-z]*)\s*$/i.exec(text);
	if (list === undefined || found === null) return undefined;
	const word = (found[2] ?? "").toLowerCase();
	const factor =
		word === ""
			? 1
			: (list.find(([w]) => w === word)?.[1] ??
				(type === "bytes" ? more[word] : undefined));
	return factor === undefined ? undefined : Number(found[1]) * factor;
}

function amount(s: Setting, n: number): string {
	if (s.type === "bytes") return formatBytes(n);
	return s.unit === "" ? formatNumber(n) : `${formatNumber(n)} ${s.unit}`;
}

/** Why the server would refuse this; undefined if nothing is seen from here. */
export function faultOf(s: Setting, text: string): string | undefined {
	if (s.min === null || s.max === null || units[s.type] === undefined)
		return undefined;
	const n = toNumber(s.type, text);
	if (n === undefined)
		return s.type === "integer"
			? "A whole number is wanted."
			: `A number is wanted, as ${toText(s.type, s.default) || "0"}.`;
	if (n < s.min || n > s.max)
		return `From ${amount(s, s.min)} to ${amount(s, s.max)}.`;
	return undefined;
}

/** What may be written, in a few words. */
export function hintOf(s: Setting): string {
	if (s.type === "bytes") return "k, m, g, t stand for 1024 and its powers";
	if (s.type === "milliseconds") return "ms, s or min";
	if (s.type === "seconds") return "s, min or h";
	if (s.type === "hours") return "h or d";
	if (s.type === "list") return "several with commas between";
	return "";
}

/** A value for the reader: "" is said. */
export function shown(s: Setting, value: string): string {
	return value === "" ? "empty" : toText(s.type, value);
}

/** The same value, whatever it is written like. */
export function isSame(s: Setting, a: string, b: string): boolean {
	if (a === b) return true;
	const x = toNumber(s.type, a);
	return x !== undefined && x === toNumber(s.type, b);
}
