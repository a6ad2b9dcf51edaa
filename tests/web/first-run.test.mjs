// From the printed link to the first event of the real posthog-js on a local page.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'

import { expectClean, lookAt, openBrowser, openPage } from './harness/browser.mjs'
import { eventually, PASSWORD, Sluice } from './harness/sluice.mjs'

const sdk = fs.readFileSync(createRequire(import.meta.url)
	.resolve('posthog-js/dist/array.full.js'))
// The SDK sends nothing for a browser that says it is driven by a program.
const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 '
	+ '(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'

let sluice, browser

before(async () => {
	[sluice, browser] = await Promise.all([
		Sluice.start({ clickhouse: true, setup: false }), openBrowser()])
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

/** A shop of another origin that has the snippet as it is shown. */
async function openShop(snippet) {
	const code = snippet.replace(/^import .*$/m, '')
	const html = `<!doctype html><title>Shop</title><h1>Shop</h1>
<script src="/array.full.js"></script>
<script>${code}</script>`
	const server = http.createServer((request, response) => {
		const isSdk = request.url === '/array.full.js'
		response.setHeader('content-type', isSdk ? 'text/javascript' : 'text/html')
		response.end(isSdk ? sdk : html)
	})
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
	const context = await browser.newContext({ userAgent })
	const page = await context.newPage()
	await page.goto(`http://127.0.0.1:${server.address().port}/`)
	return async () => {
		await context.close()
		server.close()
	}
}

async function makeAdministrator(page) {
	await page.getByRole('heading', { name: 'Set up Sluice' }).waitFor()
	assert.equal(new URL(page.url()).hash, '', 'the token left the address')
	await page.getByLabel('Your name').fill('Ada Admin')
	await page.getByLabel('E-mail address').fill('ada@example.com')
	await page.getByLabel('Password', { exact: true }).fill('short')
	const make = page.getByRole('button', { name: 'Make the administrator' })
	await make.click()
	await page.getByText('characters are wanted').waitFor()
	await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
	await make.click()
}

function hopState(page, name) {
	return page.locator('.start-hop', { hasText: name }).locator('.badge')
}

test('first run to first event', async () => {
	const link = await sluice.setupLink()
	const page = await openPage(browser, sluice, { user: null })
	const begin = Date.now()
	await page.goto('/')
	await page.waitForURL('**/setup') // where nobody can sign in yet
	await page.goto(link)
	await page.getByRole('heading', { name: 'Set up Sluice' }).waitFor()
	await lookAt(page, 'setup')
	const begun = Date.now()
	await makeAdministrator(page)

	await page.getByRole('heading', { name: 'Your first project' }).waitFor()
	await page.getByLabel('Name').fill('Shop')
	await page.getByRole('button', { name: 'Make the project' }).click()
	await page.getByRole('heading', { name: 'Send events to Shop' }).waitFor()
	const took = [`administrator and project: ${Date.now() - begun} ms`]

	// A wrong key is told while one waits.
	const refused = await fetch(`${sluice.captureUrl}/i/v0/e/`, {
		method: 'POST',
		body: JSON.stringify({ api_key: 'phc_not_this_one', event: 'x',
			distinct_id: 'x' }),
	})
	assert.equal(refused.status, 401)
	await page.getByText('the key is not known (401)').waitFor()
	if (process.env.SLUICE_SHOTS) await lookAt(page, 'first-run-refused')

	await page.getByRole('tab', { name: 'Web page' }).click()
	const snippet = await page.getByLabel('Code for Web page').locator('pre')
		.textContent()
	assert.ok(snippet.includes(sluice.captureUrl), snippet)
	const sent = Date.now()
	const closeShop = await openShop(snippet)
	await hopState(page, 'Front log').getByText('Done').waitFor()
	took.push(`in the front log: ${Date.now() - sent} ms`)
	await hopState(page, 'Kafka broker').getByText('Done').waitFor()
	took.push(`readable by Kafka: ${Date.now() - sent} ms`)
	await hopState(page, 'ClickHouse').getByText('Done').waitFor()
	took.push(`found by SQL: ${Date.now() - sent} ms`)
	await page.getByText('The first event is here').waitFor()
	console.log(`first run to first event: ${Date.now() - begin} ms (`
		+ `${took.join(', ')}; with the looks at four sizes)`)
	await closeShop()
	await lookAt(page, 'first-run')
	expectClean(page)

	// The link works once.
	await page.goto(link)
	await page.reload()
	await page.getByText('Sluice is set up already').waitFor()
	expectClean(page)
})

test('every snippet has the address and the key, and can be copied', async () => {
	sluice.admin = { email: 'ada@example.com' }
	const page = await openPage(browser, sluice)
	await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
	await page.goto('/start')
	await page.getByRole('heading', { name: 'Send events to Shop' }).waitFor()
	const { items } = await sluice.api('GET', '/projects')
	// The snippets come a moment after the page.
	await page.getByRole('tab').first().waitFor()
	const names = await page.getByRole('tab').allTextContents()
	assert.ok(names.length >= 9, names)
	for (const name of names) {
		await page.getByRole('tab', { name, exact: true }).click()
		const box = page.getByLabel(`Code for ${name}`)
		const code = await box.locator('pre').textContent()
		assert.ok(code.includes(sluice.captureUrl), code)
		assert.ok(code.includes(items[0].api_token), code)
		await box.getByRole('button', { name: 'Copy' }).click()
		await eventually(async () =>
			await page.evaluate(() => navigator.clipboard.readText()) === code,
		`${name} is copied`)
	}
	expectClean(page)
})
