// The API's description, and TypeScript types made of it.
//
//   sluice openapi | node web/scripts/types.mjs docs/openapi.json web/src/api/types.ts
//
// writes both; with --check before them it changes nothing and fails if they are not
// current.
import { readFileSync, writeFileSync } from "node:fs";

const args = process.argv.slice(2);
const isCheck = args[0] === "--check";
const [documentFile, typesFile] = isCheck ? args.slice(1) : args;
if (typesFile === undefined) {
	console.error("usage: types.mjs [--check] OPENAPI.json TYPES.ts < document");
	process.exit(2);
}
const api = JSON.parse(readFileSync(0, "utf8"));

/** dead_letters -> DeadLetters */
function nameOf(name) {
	return name.replace(/(^|_)([a-z0-9])/g, (_, _dash, c) => c.toUpperCase());
}

function quoted(name) {
	return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function comment(text, indent) {
	return text === undefined ? "" : `${indent}/** ${text} */\n`;
}

function unique(types) {
	return [...new Set(types)];
}

function union(types) {
	const all = unique(types);
	return all.length > 1 ? all.join(" | ") : (all[0] ?? "unknown");
}

function objectType(schema, indent) {
	const inner = `${indent}\t`;
	const required = new Set(schema.required ?? []);
	const other = schema.additionalProperties;
	let text = "{\n";

	for (const [name, value] of Object.entries(schema.properties ?? {}))
		text +=
			comment(value.description, inner) +
			`${inner}${quoted(name)}${required.has(name) ? "" : "?"}: ` +
			`${typeOf(value, inner)};\n`;
	if (other === true || (other === undefined && !schema.properties))
		text += `${inner}[name: string]: unknown;\n`;
	else if (other !== undefined && other !== false)
		text += `${inner}[name: string]: ${
			schema.properties ? "unknown" : typeOf(other, inner)
		};\n`;
	return `${text}${indent}}`;
}

function arrayOf(schema, indent) {
	const item = typeOf(schema.items ?? true, indent);
	return /^[\w.]+$/.test(item) ? `${item}[]` : `Array<${item}>`;
}

function typeOf(schema, indent) {
	if (schema === true) return "unknown";
	if (schema.$ref !== undefined) return nameOf(schema.$ref.split("/").at(-1));
	if (schema.enum !== undefined)
		return union(schema.enum.map((v) => JSON.stringify(v)));
	if (schema.anyOf !== undefined)
		return union(schema.anyOf.map((s) => typeOf(s, indent)));
	return union(
		[schema.type ?? "any"].flat().map((type) => {
			switch (type) {
				case "integer":
				case "number":
					return "number";
				case "string":
				case "boolean":
				case "null":
					return type;
				case "array":
					return arrayOf(schema, indent);
				case "object":
					return objectType(schema, indent);
				default:
					return "unknown";
			}
		}),
	);
}

function schemaTypes() {
	return Object.entries(api.components.schemas)
		.map(
			([name, schema]) =>
				`${comment(schema.description, "")}` +
				`export type ${nameOf(name)} = ${typeOf(schema, "")};\n`,
		)
		.join("\n");
}

function queryOf(operation) {
	const params = operation.parameters.filter((p) => p.in === "query");
	if (params.length === 0) return "undefined";
	return objectType(
		{
			properties: Object.fromEntries(params.map((p) => [p.name, p.schema])),
			required: params.filter((p) => p.required).map((p) => p.name),
			additionalProperties: false,
		},
		"\t\t",
	);
}

function contentOf(content) {
	const [type, body] = Object.entries(content ?? {})[0] ?? [];
	if (body === undefined) return "undefined";
	return type === "application/json" ? typeOf(body.schema, "\t\t") : "string";
}

function operationTypes() {
	let text = "";
	for (const [path, methods] of Object.entries(api.paths))
		for (const [method, o] of Object.entries(methods)) {
			const done = Object.entries(o.responses).find(([s]) => s < "3");
			text +=
				comment(o.summary, "\t") +
				`\t"${method.toUpperCase()} ${path.replace("/api/v1", "")}": {\n` +
				`\t\tquery: ${queryOf(o)};\n` +
				`\t\tbody: ${contentOf(o.requestBody?.content)};\n` +
				`\t\tanswer: ${contentOf(done?.[1].content)};\n\t};\n`;
		}
	return text;
}

const files = {
	[documentFile]: `${JSON.stringify(api, null, 1)}\n`,
	[typesFile]:
		"// Made by scripts/types.mjs of the API's description: make openapi.\n\n" +
		`${schemaTypes()}\n/** What each call takes and gives. */\n` +
		`export interface Operations {\n${operationTypes()}}\n`,
};
for (const [file, text] of Object.entries(files)) {
	if (!isCheck) {
		writeFileSync(file, text);
		continue;
	}
	let now = "";
	try {
		now = readFileSync(file, "utf8");
	} catch {
		// said below
	}
	if (now === text) continue;
	console.error(`${file} is not current: run make openapi`);
	process.exitCode = 1;
}
