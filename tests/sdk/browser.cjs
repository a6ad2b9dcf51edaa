// A page of this machine in Debian's headless Chromium, for drivers of browser
// SDKs; see README.md. drive(html, folders): the page, and the folders that it loads
// from, by the start of the address.
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const readline = require('node:readline')
const { chromium } = require('playwright-core')

const types = { js: 'text/javascript', mjs: 'text/javascript' }

function serve(html, folders) {
	const server = http.createServer((request, response) => {
		const name = request.url.split('?')[0]
		const root = Object.keys(folders).find((r) => name.startsWith(r))
		if (name === '/') {
			response.setHeader('content-type', 'text/html')
			response.end(html)
			return
		}
		const file = root && path.join(folders[root], name.slice(root.length))
		if (file && file.startsWith(folders[root]) && fs.existsSync(file)) {
			response.setHeader('content-type', types[file.split('.').pop()])
			response.end(fs.readFileSync(file))
			return
		}
		response.statusCode = 404
		response.end()
	})
	return new Promise((resolve) =>
		server.listen(0, '127.0.0.1', () => resolve(server)))
}

// The page sets window.ready (a promise) and window.operations, functions of an
// operation by its name; steps are done outside the page, with the requests seen.
async function drive(html, folders, { steps = {}, end = async () => {} } = {}) {
	const server = await serve(html, folders)
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM,
		args: ['--no-sandbox', '--disable-gpu', '--no-first-run',
			'--disable-background-networking', '--disable-component-update',
			'--disable-sync'],
	})
	const tab = await browser.newPage()
	const seen = []
	tab.on('request', (request) => {
		const body = request.postDataBuffer()
		const one = {
			url: request.url(), method: request.method(),
			type: request.resourceType(),
			gzip: body !== null && body[0] === 0x1f && body[1] === 0x8b,
		}
		seen.push(one)
		request.response().then((r) => { one.status = r && r.status() }, () => {})
	})
	tab.on('pageerror', (e) => console.error(String(e)))
	await tab.goto(`http://127.0.0.1:${server.address().port}/`)
	await tab.evaluate(() => window.ready)
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const o = JSON.parse(line)
		if (steps[o.op]) await steps[o.op](tab, o, seen)
		else await tab.evaluate((x) => window.operations[x.op](x), o)
		console.log('ok')
	}
	await end(tab)
	await browser.close()
	server.close()
}

module.exports = { drive }
