// Drives the unmodified posthog-js package of npm in Chromium; see ../README.md.
const path = require('node:path')
const { drive } = require('../browser.cjs')

const dist = path.dirname(require.resolve('posthog-js/dist/array.full.js'))
const [url, key, options] = process.argv.slice(2)

const html = `<!doctype html><title>Shop</title><h1>Shop</h1>
<a id="cart" class="btn big" href="#cart">Buy now</a>
<script>
window.ready = new Promise((resolve) => { window.loaded = resolve })
window.operations = {
	capture: (o) => posthog.capture(o.event, o.properties),
	identify: (o) => posthog.identify(o.id, o.set),
	set: (o) => posthog.setPersonProperties(o.set),
	alias: (o) => posthog.alias(o.alias),
	group: (o) => posthog.group(o.type, o.key, o.set),
	flags: () => new Promise((done) => {
		posthog.onFeatureFlags((names) => done(names))
		posthog.reloadFeatureFlags()
	}),
	flush: () => {},
}
</script>
<script src="/dist/array.full.js"></script>
<script>
posthog.init(${JSON.stringify(key)}, {
	api_host: ${JSON.stringify(url)}, person_profiles: 'always',
	opt_out_useragent_filter: true, autocapture: false, capture_pageview: false,
	capture_pageleave: false, disable_session_recording: true,
	request_queue_config: { flush_interval_ms: 500 },
	bootstrap: { distinctID: 'js-anon' },
	loaded: (ph) => window.loaded(ph.version || true),
	...${options},
})
</script>`

drive(html, { '/dist/': dist + path.sep }, {
	steps: {
		click: (tab, o) => tab.click(o.selector),
		sleep: (tab, o) => tab.waitForTimeout(o.ms),
		leave: (tab) => tab.goto('about:blank'),
		seen: (tab, o, seen) => console.log(JSON.stringify(
			seen.filter((x) => x.url.startsWith(url)))),
	},
}).catch((e) => {
	console.error(e)
	process.exit(1)
})
