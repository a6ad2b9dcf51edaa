// Drives the unmodified posthog-node package of npm; see ../README.md.
const readline = require('node:readline')
const { PostHog } = require('posthog-node')

const [url, key, options] = process.argv.slice(2)
const client = new PostHog(key, {
	host: url, flushAt: 10, flushInterval: 500, ...JSON.parse(options),
})
client.on('error', (e) => console.error(String(e)))

const operations = {
	capture: (o) => client.capture({
		distinctId: o.id, event: o.event, properties: o.properties, groups: o.groups,
	}),
	identify: (o) => client.identify({
		distinctId: o.id,
		properties: { $anon_distinct_id: o.anon, $set: o.set },
	}),
	set: (o) => client.capture({
		distinctId: o.id, event: '$set', properties: { $set: o.set },
	}),
	alias: (o) => client.alias({ distinctId: o.id, alias: o.alias }),
	group: (o) => client.groupIdentify({
		groupType: o.type, groupKey: o.key, properties: o.set, distinctId: o.id,
	}),
	flush: () => client.flush(),
}

async function main() {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const o = JSON.parse(line)
		await operations[o.op](o)
		console.log('ok')
	}
	await client.shutdown()
}

main().catch((e) => {
	console.error(e)
	process.exit(1)
})
