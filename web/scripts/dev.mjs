// Serves src/ rebuilt on each change, everything else from a running daemon:
// npm run dev -- http://127.0.0.1:8001
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import esbuild from "esbuild";
import { dist, indexHtml, options } from "./bundle.mjs";

const daemon = new URL(process.argv[2] ?? "http://127.0.0.1:8001");
const port = Number(process.env.PORT ?? 8002);
const types = {
	".js": "text/javascript",
	".css": "text/css",
	".svg": "image/svg+xml",
	".map": "application/json",
};

fs.rmSync(dist, { recursive: true, force: true });
const context = await esbuild.context(
	options({
		minify: false,
		sourcemap: true,
		entryNames: "[name]",
		plugins: [
			...options().plugins,
			{
				name: "index",
				setup(build) {
					build.onEnd((result) => {
						if (!result.metafile || result.errors.length > 0) return;
						fs.copyFileSync("src/icon.svg", path.join(dist, "assets/icon.svg"));
						fs.writeFileSync(
							path.join(dist, "index.html"),
							indexHtml(result.metafile),
						);
						console.log("built");
					});
				},
			},
		],
	}),
);
await context.watch();

function forward(request, response) {
	const asked = http.request(
		{
			host: daemon.hostname,
			port: daemon.port,
			method: request.method,
			path: request.url,
			headers: { ...request.headers, host: daemon.host },
		},
		(answer) => {
			response.writeHead(answer.statusCode, answer.headers);
			answer.pipe(response);
		},
	);
	asked.on("error", (e) => {
		response.writeHead(502);
		response.end(`${daemon.host}: ${e.message}\n`);
	});
	response.on("close", () => asked.destroy());
	request.pipe(asked);
}

http
	.createServer((request, response) => {
		const name = new URL(request.url, "http://localhost").pathname;
		if (name.startsWith("/api/") || name === "/metrics" || name === "/_ready")
			return forward(request, response);
		const asset = path.join(dist, path.normalize(name));
		const file =
			name.startsWith("/assets/") && fs.existsSync(asset)
				? asset
				: path.join(dist, "index.html");
		response.setHeader("cache-control", "no-store");
		response.setHeader(
			"content-type",
			types[path.extname(file)] ?? "text/html; charset=utf-8",
		);
		response.end(fs.readFileSync(file));
	})
	.listen(port, "127.0.0.1", () =>
		console.log(`http://127.0.0.1:${port} before ${daemon.origin}`),
	);
