// Live events: they show up with what becomes of them, can be filtered, paused and
// opened, and text from outside stays text.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import {
	expectClean, lookAt, openBrowser, openPage,
} from './harness/browser.mjs'
import { Sluice } from './harness/sluice.mjs'

const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'

let browser, sluice, project, other

before(async () => {
	browser = await openBrowser()
	sluice = await Sluice.start()
	project = await sluice.makeProject('Shop')
	other = await sluice.makeProject('Blog')
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

async function open(query = '', o = {}) {
	const page = await openPage(browser, sluice, o)
	await page.goto(`/live${query}`)
	await page.getByText('Live', { exact: true }).waitFor()
	return page
}

function send(event, distinct_id, properties = {}, token = project.api_token) {
	return sluice.send(token, [{ event, distinct_id, properties }])
}

function row(page, event) {
	return page.getByRole('row').filter({ hasText: event })
}

test('an empty list says how events get here', async () => {
	const page = await open(`?project=${other.id}`)
	await page.getByText('No events yet').waitFor()
	await lookAt(page, 'live-empty')
	await page.context().close()
})

test('an event shows up, and that it was processed', async () => {
	const page = await open(`?project=${project.id}`)
	await send('signed up', 'ada')
	await send('other project', 'bob', {}, other.api_token)
	await row(page, 'signed up').getByText('processed').waitFor()
	assert.match(await row(page, 'signed up').innerText(), /ada/)
	assert.match(await row(page, 'signed up').innerText(), /\d+ ms|[\d.]+ s/)
	assert.equal(await row(page, 'other project').count(), 0)
	await page.getByLabel('All projects').check()
	await row(page, 'other project').getByText('Blog').waitFor()
	expectClean(page)
	await page.context().close()
})

test('filters are the server\'s, and stand in the address', async () => {
	const page = await open(`?project=${project.id}`)
	await page.getByLabel('Event name').fill('bought')
	await page.getByText('No event has matched yet').waitFor()
	await send('looked', 'eve')
	await send('bought', 'eve', { thing: 'a "red" hat' })
	await row(page, 'bought').waitFor()
	assert.equal(await row(page, 'looked').count(), 0)
	await page.waitForURL(/event=bought/)
	await page.getByLabel('Event name').fill('')
	await page.getByLabel('Text in the properties').fill('a "red" hat')
	await page.waitForURL(/text=/)
	await row(page, 'bought').waitFor()
	// Between the two fills there may have been no filter for a moment.
	await row(page, 'looked').first().waitFor({ state: 'detached' })
	await page.getByLabel('Text in the properties').fill('')
	await page.getByLabel('Distinct id').fill('eve')
	await page.waitForURL(/distinct_id=eve/)
	await row(page, 'looked').waitFor()
	await row(page, 'signed up').first().waitFor({ state: 'detached' })
	expectClean(page)
	await page.context().close()
})

test('paused, nothing moves; going on shows what came', async () => {
	const page = await open(`?project=${project.id}&event=tick`)
	await send('tick', 'first')
	await row(page, 'first').waitFor()
	await page.getByRole('button', { name: 'Pause' }).click()
	await page.getByText('Paused:').waitFor()
	await send('tick', 'second')
	await sluice.drain()
	assert.equal(await row(page, 'second').count(), 0)
	await page.getByRole('button', { name: 'Go on' }).click()
	await row(page, 'second').waitFor()
	assert.equal(await row(page, 'first').count(), 1, 'none is there twice')
	await page.context().close()
})

test('one that is opened shows its JSON, its way and its person', async () => {
	const page = await open(`?project=${project.id}`)
	await send('opened', 'ada lovelace', { plan: 'pro', n: 7 })
	await row(page, 'opened').getByText('processed').waitFor()
	await row(page, 'opened').getByRole('button').press('Enter')
	const dialog = page.getByRole('dialog')
	await dialog.getByText('"pro"').waitFor()
	await dialog.getByText('Front log: as it was accepted').waitFor()
	await dialog.getByText('Output log: the finished event').waitFor()
	await dialog.getByText(/What the app server changed: \d+/).waitFor()
	const person = dialog.getByRole('link', { name: 'ada lovelace' })
	assert.equal(await person.getAttribute('href'),
		`/persons/ada%20lovelace?project=${project.id}`)
	await lookAt(page, 'live-event')
	await page.keyboard.press('Escape')
	await dialog.waitFor({ state: 'detached' })
	await lookAt(page, 'live')
	await page.context().close()
})

test('hostile text is shown and does nothing', async () => {
	const page = await open(`?project=${project.id}`)
	await send(HOSTILE, HOSTILE, { [HOSTILE]: HOSTILE, $set: { a: HOSTILE } })
	await row(page, HOSTILE).getByText(/processed|dead letter/).waitFor()
	await row(page, HOSTILE).getByRole('button').click()
	await page.getByRole('dialog').getByText('Output log').waitFor()
	await page.getByRole('dialog').getByText(/What the app server/).click()
	assert.equal(await page.locator('main img, main script, dialog img, '
		+ 'dialog script').count(), 0)
	expectClean(page)
	await page.context().close()
})

test('of a flood some are shown, and how many are not is said', async () => {
	const page = await open(`?project=${project.id}&event=flood`)
	const batch = Array.from({ length: 400 }, (_, i) => ({
		event: 'flood', distinct_id: `f${i}`, properties: {},
	}))
	let stop = false
	const sending = (async () => {
		while (!stop) await sluice.send(project.api_token, batch)
	})()
	try {
		await page.getByText(/a second match; \d+ of them are shown, [\d,]+ left out/)
			.waitFor()
	} finally {
		stop = true
		await sending
	}
	assert.ok(await page.getByRole('row').count() <= 201)
	expectClean(page)
	await page.context().close()
})

test('a viewer sees events of a project, and no others', async () => {
	const viewer = await sluice.makeUser('viewer')
	const page = await open(`?project=${project.id}&all=1`, { user: viewer })
	assert.equal(await page.getByLabel('All projects').count(), 0)
	await send('other again', 'bob', {}, other.api_token)
	await send('mine', 'ada')
	await row(page, 'mine').waitFor()
	assert.equal(await row(page, 'other again').count(), 0)
	expectClean(page)
	await page.context().close()
})
