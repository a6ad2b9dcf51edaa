// Bundles src/ into dist/: hashed assets, each also as .gz and .br, index.html and
// the licences of what is bundled. Prints what the first load weighs.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import esbuild from "esbuild";
import { dist, filesBelow, indexHtml, options, web } from "./bundle.mjs";

const FIRST_LOAD_MAX_BYTES = 150 * 1024;

fs.rmSync(dist, { recursive: true, force: true });
const { metafile } = await esbuild.build(options());
fs.copyFileSync(
	path.join(web, "src/icon.svg"),
	path.join(dist, "assets/icon.svg"),
);
fs.writeFileSync(path.join(dist, "licenses.txt"), licences(metafile));
const html = indexHtml(metafile);
fs.writeFileSync(path.join(dist, "index.html"), html);

function licences(meta) {
	const packages = new Set(
		Object.keys(meta.inputs)
			.map((f) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(f)?.[1])
			.filter(Boolean),
	);
	return [...packages]
		.sort()
		.map((name) => {
			const folder = path.join(web, "node_modules", name);
			const { version } = JSON.parse(
				fs.readFileSync(path.join(folder, "package.json"), "utf8"),
			);
			const file = fs.readdirSync(folder).find((f) => /^licen[sc]e/i.test(f));
			if (!file) throw new Error(`${name} has no file of its licence`);
			const text = fs.readFileSync(path.join(folder, file), "utf8");
			return `${name} ${version}\n\n${text.trim()}\n`;
		})
		.join("\n----\n\n");
}

function compress(file) {
	const plain = fs.readFileSync(file);
	const br = zlib.brotliCompressSync(plain, {
		params: {
			[zlib.constants.BROTLI_PARAM_QUALITY]: 11,
			[zlib.constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
		},
	});
	fs.writeFileSync(`${file}.br`, br);
	fs.writeFileSync(`${file}.gz`, zlib.gzipSync(plain, { level: 9 }));
	return { plain: plain.length, br: br.length };
}

const sizes = new Map();
for (const name of filesBelow(dist))
	sizes.set(`/${name}`, compress(path.join(dist, name)));

const first = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map((m) => m[1]);
const firstBytes = ["/index.html", ...first]
	.map((name) => sizes.get(name).br)
	.reduce((a, b) => a + b);
const all = [...sizes.values()].reduce((a, s) => a + s.br, 0);
console.log(
	`web: ${sizes.size} files, ${all} bytes compressed, first load ${firstBytes}`,
);
if (firstBytes > FIRST_LOAD_MAX_BYTES) {
	console.error(
		`first load: at most ${FIRST_LOAD_MAX_BYTES} bytes are allowed`,
	);
	process.exit(1);
}
