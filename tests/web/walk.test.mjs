// Every route of the admin is opened, with data whose every string is hostile, and
// held to what all pages are held to.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'

import {
	expectAccessible, expectClean, expectNoSidewaysScroll, openBrowser, openPage,
} from './harness/browser.mjs'
import { expectInert, hostileEvents, strings } from './harness/hostile.mjs'
import { Sluice, top } from './harness/sluice.mjs'

/** Path, title and role of each row of routes.ts. */
function readRoutes() {
	const text = fs.readFileSync(path.join(top, 'web/src/routes.ts'), 'utf8')
	return [...text.matchAll(
		/path: "([^"]+)",\s+title: "([^"]+)",\s+role: "(\w+)"/g)]
		.map(([, where, title, role]) => ({ where, title, role }))
}

let sluice, browser, project, letter

// What stands for the parameters of a route: given what was sent.
const samples = {
	':id': () => String(project.id),
	':distinct_id': () => encodeURIComponent(hostileEvents()[0].distinct_id),
	':letter': () => letter.id,
	':name': () => 'clickhouse_events_json',
	':type': () => 'company',
	':key': () => encodeURIComponent(strings[0]),
}

before(async () => {
	[sluice, browser] = await Promise.all([
		Sluice.start({ clickhouse: true,
			settings: { 'capture.unknown_token': 'keep' } }), openBrowser()])
	project = await sluice.makeProject(strings[0])
	await sluice.send(project.api_token, [
		...hostileEvents(),
		{ event: '$groupidentify', distinct_id: 'g', properties: {
			$group_type: 'company', $group_key: strings[0],
			$group_set: { name: strings[1], [strings[2]]: strings[3] },
		} },
	])
	await sluice.send('phc_of_no_project_00000000000000000000000', hostileEvents())
	await sluice.drain()
	letter = (await sluice.api('GET', '/dlq')).items[0]
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

function addressOf(route) {
	return route.where.replace(/:\w+/g, (name) => {
		const sample = samples[name]
		assert.ok(sample, `${route.where}: give ${name} a row in samples`)
		return sample()
	})
}

/** The page has its heading and waits for nothing. */
async function settle(page) {
	await page.locator('h1').first().waitFor()
	await page.waitForFunction(() =>
		document.querySelector('main .loading') === null, undefined,
	{ timeout: 15_000 })
}

test('every page shows hostile data as text', async () => {
	const routes = readRoutes()
	assert.ok(routes.length >= 3, routes)
	const page = await openPage(browser, sluice)
	for (const route of routes) {
		await page.goto(addressOf(route))
		await settle(page)
		await expectInert(page, assert, route.where)
		await expectAccessible(page, route.where)
		await page.setViewportSize({ width: 390, height: 844 })
		await expectNoSidewaysScroll(page, route.where)
		await page.setViewportSize({ width: 1280, height: 800 })
		expectClean(page)
	}
})

test('a viewer is shown no page above the role', async () => {
	const viewer = await sluice.makeUser('viewer')
	const page = await openPage(browser, sluice, { user: viewer })
	const closed = readRoutes().filter((r) => r.role === 'admin')
	for (const route of closed) {
		await page.goto(addressOf(route))
		await page.getByText('Your role does not open this page').waitFor()
		assert.equal(await page.locator(`.side a[href="${route.where}"]`).count(),
			0, route.where)
	}
	await page.goto('/nowhere')
	await page.getByText('Nothing is at this address').waitFor()
	expectClean(page)
})
