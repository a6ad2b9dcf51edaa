// Settings of a project as a form has them: text, and back to JSON.
import type { ProjectSettingsTable } from "../../api/types";

export type Row = ProjectSettingsTable["items"][number];

/** The text of a control; "" is unset. */
export function textOf(row: Row, value: unknown): string {
	if (value === null || value === undefined) return "";
	if (row.kind === "array" || row.kind === "object")
		return JSON.stringify(value, null, 2);
	return String(value);
}

/** What is sent; a fault is a text for the reader. */
export function readValue(
	row: Row,
	text: string,
): { value: unknown } | { fault: string } {
	if (text.trim() === "") return { value: null };
	if (row.kind === "bool" || row.kind === "maybe")
		return { value: text === "true" };
	if (row.kind === "int" || row.kind === "number") {
		const n = Number(text);
		if (!Number.isFinite(n) || (row.kind === "int" && !Number.isInteger(n)))
			return {
				fault:
					row.kind === "int"
						? "A whole number is wanted."
						: "A number is wanted.",
			};
		if (row.min !== null && row.max !== null && (n < row.min || n > row.max))
			return { fault: `From ${row.min} to ${row.max}.` };
		return { value: n };
	}
	if (row.kind === "array" || row.kind === "object") {
		try {
			const value: unknown = JSON.parse(text);
			const isArray = Array.isArray(value);
			if (typeof value !== "object" || value === null)
				return { fault: `What is wanted: ${row.allowed}.` };
			if (isArray !== (row.kind === "array"))
				return { fault: `What is wanted: ${row.allowed}.` };
			return { value };
		} catch (e) {
			return {
				fault: `This is no JSON: ${e instanceof Error ? e.message : String(e)}`,
			};
		}
	}
	return { value: text };
}

/** heatmaps_opt_in: "Heatmaps opt in" */
export function titleOf(name: string): string {
	const words = name
		.replace(/_config$/, "")
		.replace(/_h$/, " (hours)")
		.split("_")
		.join(" ");
	return words.charAt(0).toUpperCase() + words.slice(1);
}
