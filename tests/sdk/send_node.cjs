// Sends with the unmodified posthog-node package: send_node.cjs URL KEY.
const { PostHog } = require('posthog-node')

async function main() {
	const [url, key] = process.argv.slice(2)
	const client = new PostHog(key, { host: url, flushAt: 20, flushInterval: 100 })
	for (let i = 0; i < 5; i++) {
		client.capture({
			distinctId: 'node-anon',
			event: 'viewed',
			properties: { i, t: 'node' },
		})
	}
	client.identify({
		distinctId: 'node-user',
		properties: {
			$anon_distinct_id: 'node-anon',
			$set: { email: 'node@example.com' },
		},
	})
	client.capture({
		distinctId: 'node-user',
		event: 'bought',
		properties: { price: 12.5 },
		groups: { company: 'node-co' },
	})
	client.capture({
		distinctId: 'node-user',
		event: '$set',
		properties: { $set: { plan: 'pro', n: 3 } },
	})
	client.alias({ distinctId: 'node-user', alias: 'node-alias' })
	client.groupIdentify({
		groupType: 'company',
		groupKey: 'node-co',
		properties: { size: 7 },
		distinctId: 'node-user',
	})
	await client.shutdown()
}

main().catch((e) => {
	console.error(e)
	process.exit(1)
})
