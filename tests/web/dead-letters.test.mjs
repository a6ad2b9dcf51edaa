// Dead letters: found by error, edited beside the original, replayed one by one and
// all at once, discarded; and who may not.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import {
	expectClean, lookAt, openBrowser, openPage,
} from './harness/browser.mjs'
import { eventually, Sluice } from './harness/sluice.mjs'

const LOST = 'phc_of_no_project_00000000000000000000000'

let browser, sluice, project

before(async () => {
	[sluice, browser] = await Promise.all([
		Sluice.start({ clickhouse: true, settings: {
			'ingest.merge_limit': '1', 'capture.unknown_token': 'keep' } }),
		openBrowser()])
	project = await sluice.makeProject('Shop')
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

/** An event that the app server refuses: it merges more than is allowed. */
async function poison(tail) {
	await sluice.send(project.api_token, [
		{ event: '$identify', distinct_id: `a${tail}`,
			properties: { $anon_distinct_id: `a2${tail}` } },
		{ event: 'before', distinct_id: `b${tail}`, properties: {} },
		{ event: '$merge_dangerously', distinct_id: `b${tail}`,
			properties: { alias: `a${tail}`, plan: 'pro' } },
	])
	await sluice.drain()
}

/** Rows of a query of ClickHouse. */
async function rows(query) {
	const url = `http://127.0.0.1:${sluice.ports.clickhouse}/?default_format=JSON`
	const answer = await fetch(url, { method: 'POST', body: query })
	assert.ok(answer.ok, await answer.clone().text())
	return (await answer.json()).data
}

/** Another text in an editor, as a person puts it there. */
async function retype(editor, text) {
	await editor.click()
	await editor.page().keyboard.press('Control+A')
	await editor.page().keyboard.press('Delete')
	await editor.page().keyboard.insertText(text)
}

function row(page, text) {
	return page.getByRole('row').filter({ hasText: text })
}

test('no letters: the page says that all is well', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/dead-letters')
	await page.getByText('No dead letters').waitFor()
	await lookAt(page, 'dead-letters-empty')
	await page.context().close()
})

test('a poison event is found, edited, replayed and seen in ClickHouse', async () => {
	await poison(1)
	const page = await openPage(browser, sluice)
	await page.goto('/dead-letters')
	const group = row(page, 'Merge limit exceeded')
	await group.waitFor()
	assert.match(await group.innerText(), /merge_limit[\s\S]*Shop/)
	await lookAt(page, 'dead-letters')
	await group.getByRole('button', { name: /Merge limit exceeded/ }).click()
	await page.getByRole('link', { name: '$merge_dangerously' }).click()
	await page.getByRole('heading', { name: '$merge_dangerously' }).waitFor()

	const original = page.getByRole('textbox', { name: 'Original event' })
	const edited = page.getByRole('textbox', { name: 'Edited event' })
	// The editor comes a moment after the page.
	await eventually(async () => /"alias": "a1"/.test(await original.innerText()),
		'the original in its editor')
	await lookAt(page, 'dead-letter')

	await retype(edited, '{ "event": ')
	await page.getByText('The edited event is not valid JSON').waitFor()
	assert.ok(await page.getByRole('button', { name: /Replay the edited/ })
		.isDisabled())
	// The server's word on an edit that it refuses.
	await retype(edited, '{"event": "mended"}')
	await page.getByRole('button', { name: 'Replay the edited event' }).click()
	await page.getByText('It was not replayed').waitFor()
	await page.getByText(/distinct_id/).first().waitFor()
	await retype(edited,
		'{"event": "mended", "distinct_id": "b1", "properties": {"plan": "pro"}}')
	await lookAt(page, 'dead-letter-edited')
	await page.getByRole('button', { name: 'Replay the edited event' }).click()
	await page.getByText('replayed, edited').waitFor()
	await page.getByText('by admin@example.com').waitFor()
	// It is done: there is nothing more to do with it but to look.
	await eventually(async () => /mended/.test(await edited.innerText()),
		'what was replayed')
	assert.equal(await page.getByRole('button', { name: /^Replay/ }).count(), 0)
	expectClean(page)
	await page.context().close()

	await sluice.drain()
	await eventually(async () => (await rows(
		"SELECT distinct_id, JSONExtractString(properties, 'plan') AS plan "
		+ "FROM posthog.events WHERE event = 'mended'"))
		.some((r) => r.distinct_id === 'b1' && r.plan === 'pro'),
	'the mended event in ClickHouse')
})

test('letters of an unknown key: one is discarded, the rest replayed at once',
	async () => {
		await sluice.send(LOST, Array.from({ length: 5 }, (_, i) => ({
			event: `lost ${i}`, distinct_id: `d${i}`, properties: {} })))
		const page = await openPage(browser, sluice)
		await page.goto('/dead-letters?view=letters')
		await row(page, 'lost 0').getByRole('checkbox').check()
		await page.getByText('1 chosen').waitFor()
		await page.getByRole('button', { name: 'Discard chosen' }).click()
		await page.getByRole('dialog').getByText('1 letter').waitFor()
		await page.getByRole('button', { name: 'Discard 1' }).click()
		await page.getByText('1 discarded', { exact: true }).waitFor()
		await row(page, 'lost 0').waitFor({ state: 'detached' })

		await sluice.api('POST', '/projects', { name: 'Found', api_token: LOST })
		await page.getByRole('tab', { name: 'By error' }).click()
		await row(page, 'Unknown API key')
			.getByRole('button', { name: 'Replay all' }).click()
		await page.getByRole('dialog').getByText('4 letters').waitFor()
		await page.getByRole('button', { name: 'Replay 4' }).click()
		await page.getByText('4 replayed').waitFor()
		await row(page, 'Unknown API key').waitFor({ state: 'detached' })
		await page.getByLabel('State').selectOption('Discarded')
		await page.getByRole('tab', { name: 'One by one' }).click()
		await row(page, 'lost 0').getByText('discarded').waitFor()
		expectClean(page)
		await page.context().close()

		await sluice.drain()
		await eventually(async () => (await rows(
			"SELECT count() AS n FROM posthog.events WHERE event LIKE 'lost %'"))
			.some((r) => Number(r.n) === 4), 'four events in ClickHouse')
	})

test('what fails again is told and stays', async () => {
	await poison(2)
	const page = await openPage(browser, sluice)
	await page.goto('/dead-letters?view=letters')
	await row(page, 'b2').getByRole('link').first().click()
	await page.getByRole('button', { name: 'Replay as it is' }).click()
	await page.getByText('replayed', { exact: true }).waitFor()
	await sluice.drain()
	await page.getByRole('link', { name: 'All dead letters' }).click()
	await row(page, 'Merge limit exceeded').waitFor()
	await page.getByRole('tab', { name: 'One by one' }).click()
	await row(page, 'b2').getByRole('link').first().click()
	await page.getByText('an earlier letter').waitFor()
	expectClean(page)
	await page.context().close()
})

test('a viewer looks, and changes nothing', async () => {
	const user = await sluice.makeUser('viewer')
	const page = await openPage(browser, sluice, { user })
	await page.goto('/dead-letters')
	await row(page, 'Merge limit exceeded').waitFor()
	assert.equal(await page.getByRole('button', { name: /Replay|Discard/ }).count(), 0)
	await page.getByRole('tab', { name: 'One by one' }).click()
	await row(page, '$merge_dangerously').getByRole('link').first().click()
	await page.getByRole('textbox', { name: 'Original event' }).waitFor()
	assert.equal(await page.getByRole('button', { name: /Replay|Discard/ }).count(), 0)
	expectClean(page)
	await page.context().close()
})
