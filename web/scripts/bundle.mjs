// What build and dev share: esbuild's options, and the pages' styles put together.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const dist = path.join(web, "dist");

/** Names of all files below a folder, sorted. */
export function filesBelow(folder, before = "") {
	return fs
		.readdirSync(path.join(folder, before), { withFileTypes: true })
		.flatMap((e) => {
			const name = before + e.name;
			return e.isDirectory() ? filesBelow(folder, `${name}/`) : [name];
		})
		.sort();
}

// Styles are one file: tokens and base, then ui/*.css, then one page.css a page.
const styles = {
	name: "styles",
	setup(build) {
		build.onResolve({ filter: /^styles$/ }, () => ({
			path: "styles",
			namespace: "styles",
		}));
		build.onLoad({ filter: /.*/, namespace: "styles" }, () => {
			const src = path.join(web, "src");
			const found = ["ui", "pages"].flatMap((folder) =>
				filesBelow(path.join(src, folder))
					.filter((name) => name.endsWith(".css"))
					.map((name) => `./${folder}/${name}`),
			);
			const first = ["./ui/tokens.css", "./ui/base.css"];
			const rest = found.filter((name) => !first.includes(name)).sort();
			return {
				contents: [...first, "uplot/dist/uPlot.min.css", ...rest]
					.map((name) => `@import "${name}";`)
					.join("\n"),
				loader: "css",
				resolveDir: src,
			};
		});
	},
};

export function options(more) {
	return {
		absWorkingDir: web,
		entryPoints: { app: "src/main.tsx", style: "styles" },
		outdir: "dist/assets",
		bundle: true,
		format: "esm",
		splitting: true,
		target: "es2022",
		jsx: "automatic",
		jsxImportSource: "preact",
		entryNames: "[name]-[hash]",
		chunkNames: "[name]-[hash]",
		assetNames: "[name]-[hash]",
		loader: { ".svg": "file" },
		minify: true,
		legalComments: "none",
		logLevel: "warning",
		metafile: true,
		plugins: [styles],
		...more,
	};
}

// The page that all paths answer; no script or style stands in it (CSP).
export function indexHtml(metafile) {
	const outputs = Object.entries(metafile.outputs);
	const named = (entry) => outputs.find(([, o]) => o.entryPoint === entry)?.[0];
	const url = (file) => file.replace(/^dist/, "");
	const app = named("src/main.tsx");
	const style = named("styles:styles");
	const first = metafile.outputs[app].imports
		.filter((i) => i.kind === "import-statement")
		.map((i) => `<link rel="modulepreload" href="${url(i.path)}">\n`);
	return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sluice</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${url(style)}">
${first.join("")}<script type="module" src="${url(app)}"></script>
<body>
<div id="app"></div>
<noscript>The web admin of Sluice needs JavaScript. Without it everything can
be done by the command line: see sluice --help.</noscript>
</body>
</html>
`;
}
