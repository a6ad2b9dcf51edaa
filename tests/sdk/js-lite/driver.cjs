// Drives the unmodified posthog-js-lite package of npm in Chromium, as the ES
// modules that it ships; see ../README.md.
const path = require('node:path')
const { drive } = require('../browser.cjs')

function dist(name) {
	return path.dirname(require.resolve(name)) + path.sep
}

const [url, key, options] = process.argv.slice(2)
const html = `<!doctype html><title>Shop</title>
<script type="importmap">{"imports": {"@posthog/core": "/core/index.mjs"}}</script>
<script>window.ready = new Promise((resolve) => { window.loaded = resolve })</script>
<script type="module">
import PostHog from '/lite/index.mjs'
const client = new PostHog(${JSON.stringify(key)}, {
	host: ${JSON.stringify(url)}, flushAt: 10, flushInterval: 500,
	personProfiles: 'always',
	bootstrap: { distinctId: 'js-lite-anon', isIdentifiedId: false },
	...${options},
})
window.operations = {
	capture: (o) => client.capture(o.event, o.properties),
	identify: (o) => client.identify(o.id, { $set: o.set }),
	set: (o) => client.capture('$set', { $set: o.set }),
	alias: (o) => client.alias(o.alias),
	group: (o) => client.group(o.type, o.key, o.set),
	flush: () => client.flush(),
	end: () => client.shutdown(),
}
window.loaded(true)
</script>`

drive(html, {
	'/core/': dist('@posthog/core'), '/lite/': dist('posthog-js-lite'),
}, {
	end: (tab) => tab.evaluate(() => window.operations.end()),
}).catch((e) => {
	console.error(e)
	process.exit(1)
})
