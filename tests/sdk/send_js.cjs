// Sends with the unmodified posthog-js package in headless Chromium, on a page
// served from this machine: send_js.cjs URL KEY CHROMIUM.
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { chromium } = require('playwright-core')

const dist = path.dirname(require.resolve('posthog-js/dist/array.full.js'))

function page(url, key) {
	return `<!doctype html><title>Shop</title><h1>Shop</h1>
<a id="cart" class="btn big" href="#cart">Buy now</a>
<script>
window.done = new Promise((resolve) => { window.resolveDone = resolve })
</script>
<script src="/array.full.js"></script>
<script>
window.posthog.init(${JSON.stringify(key)}, {
	api_host: ${JSON.stringify(url)}, autocapture: true,
	person_profiles: 'always', request_batching: true,
	disable_session_recording: true, opt_out_useragent_filter: true, bootstrap: { distinctID: 'js-anon' },
	loaded: (ph) => window.resolveDone(ph.version || true),
})
</script>`
}

async function main() {
	const [url, key, browserPath] = process.argv.slice(2)
	const server = http.createServer((request, response) => {
		const name = request.url.split('?')[0]
		if (name === '/') {
			response.setHeader('content-type', 'text/html')
			response.end(page(url, key))
		} else if (/^\/[a-z.]+\.js$/.test(name)) {
			response.setHeader('content-type', 'text/javascript')
			response.end(fs.readFileSync(path.join(dist, name.slice(1))))
		} else {
			response.statusCode = 404
			response.end()
		}
	})
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
	const browser = await chromium.launch({
		executablePath: browserPath,
		args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
	})
	const tab = await browser.newPage()
	const answers = []
	tab.on('response', (r) => {
		if (r.url().startsWith(url)) answers.push([r.status(), r.url()])
	})
	await tab.goto(`http://127.0.0.1:${server.address().port}/`)
	await tab.evaluate(() => window.done)
	await tab.evaluate(() => {
		for (let i = 0; i < 5; i++) window.posthog.capture('viewed', { i, t: 'js' })
		window.posthog.identify('js-user', { email: 'js@example.com' })
		window.posthog.group('company', 'js-co', { size: 7 })
		window.posthog.capture('bought', { price: 12.5 })
		window.posthog.setPersonProperties({ plan: 'pro', n: 3 })
		window.posthog.alias('js-alias')
	})
	await tab.click('#cart')
	// The queue is sent every 3 s; leaving the page sends the rest by beacon.
	await tab.waitForTimeout(4500)
	await tab.evaluate(() => window.posthog.capture('leaving'))
	await tab.goto('about:blank')
	await tab.waitForTimeout(500)
	await browser.close()
	server.close()
	console.log(JSON.stringify(answers))
	const bad = answers.filter(([status]) => status >= 400)
	if (bad.length > 0) throw new Error(`refused: ${JSON.stringify(bad)}`)
}

main().catch((e) => {
	console.error(e)
	process.exit(1)
})
