// Topics: found, browsed both ways and from a place, records decoded, who reads them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import {
	expectClean, lookAt, openBrowser, openPage,
} from './harness/browser.mjs'
import { Sluice } from './harness/sluice.mjs'

const TOPIC = 'events_plugin_ingestion'

let browser, sluice, project

before(async () => {
	[sluice, browser] = await Promise.all([
		Sluice.start({ clickhouse: true }), openBrowser()])
	project = await sluice.makeProject('Shop')
	for (let k = 0; k < 6; k++)
		await sluice.send(project.api_token, Array.from({ length: 10 }, (_, i) => ({
			event: `event ${k * 10 + i}`, distinct_id: `d${i}`,
			properties: { price: 7, $current_url: 'https://shop.example/a' } })))
	await sluice.send(project.api_token, [{ event: 'huge', distinct_id: 'h',
		properties: { text: 'x'.repeat(200_000), end: 'the very end' } }])
	await sluice.drain()
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

function row(page, text) {
	return page.getByRole('row').filter({ hasText: text })
}

function openAt(page, offset) {
	return page.getByRole('button', { name: `Partition 0, offset ${offset}`,
		exact: true }).click()
}

test('topics have their size and how long they are kept', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/topics')
	await row(page, TOPIC).first().waitFor()
	assert.match(await row(page, 'clickhouse_events_json').first().innerText(),
		/61[\s\S]*KiB[\s\S]*days/)
	await lookAt(page, 'topics')
	await page.getByLabel('Name').fill('dead_letter')
	await row(page, 'events_dead_letter_queue').waitFor()
	await row(page, TOPIC).first().waitFor({ state: 'detached' })
	await page.getByLabel('Name').fill('no such topic')
	await page.getByText('No such topic').waitFor()
	expectClean(page)
	await page.context().close()
})

test('records: the newest first, more, decoded, whole', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/topics')
	await page.getByRole('link', { name: TOPIC, exact: true }).click()
	await row(page, 'huge').waitFor()
	assert.match(await page.getByRole('row').nth(1).innerText(), /huge/)
	assert.equal(await row(page, 'event 0"').count(), 0)

	await openAt(page, 59)
	const dialog = page.getByRole('dialog')
	// The event is text in the message's "data", and shown as what it is.
	await dialog.getByText('"event 59"').first().waitFor()
	await dialog.getByText('$current_url').waitFor()
	await dialog.getByText(project.api_token).first().waitFor()
	await dialog.getByRole('tab', { name: 'As it stands' }).click()
	await dialog.getByText('\\"event 59\\"', { exact: false }).waitFor()
	await page.keyboard.press('Escape')

	await openAt(page, 60)
	await dialog.getByText('Only the first part').waitFor()
	await dialog.getByRole('button', { name: 'Show all of it' }).click()
	await dialog.getByText('"the very end"').waitFor()
	await page.keyboard.press('Escape')
	await page.getByRole('button', { name: 'Show more' }).click()
	await page.getByRole('button', { name: 'Partition 0, offset 0', exact: true })
		.waitFor()
	await page.getByRole('button', { name: 'Show more' })
		.waitFor({ state: 'detached' })
	expectClean(page)
	await page.context().close()
})

test('records from an offset, from a time, and the oldest first', async () => {
	const page = await openPage(browser, sluice)
	await page.goto(`/topics/${TOPIC}?from=start`)
	await row(page, 'event 0').first().waitFor()
	assert.match(await page.getByRole('row').nth(1).innerText(), /event 0/)
	await page.getByLabel('Show').selectOption('From an offset')
	await page.getByText('From where?').waitFor()
	await page.getByLabel('Offset').fill('58')
	await row(page, 'event 58').waitFor()
	assert.equal(await page.getByRole('row').count(), 4)
	// With few rows, as each look at many takes its time.
	await lookAt(page, 'topic')
	await openAt(page, 58)
	await page.getByRole('dialog').getByText('"event 58"').first().waitFor()
	await lookAt(page, 'topic-record')
	await page.keyboard.press('Escape')
	await page.getByLabel('Show').selectOption('From a time')
	await page.getByLabel('Time (yours)').fill('2020-01-01T00:00:00')
	await row(page, 'event 0').first().waitFor()
	await page.getByLabel('Time (yours)').fill('2090-01-01T00:00:00')
	await page.getByText('No records here').waitFor()
	expectClean(page)
	await page.context().close()
})

test('consumer groups with their lag', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/topics?view=groups')
	await page.getByRole('heading', { name: 'clickhouse_events_json' })
		.waitFor()
	await page.getByText('nothing waits').first().waitFor()
	await lookAt(page, 'consumer-groups')
	await page.goto('/topics/clickhouse_events_json?view=groups')
	await row(page, 'clickhouse_events_json').first().waitFor()
	await page.getByRole('tab', { name: /Partitions/ }).click()
	await page.getByRole('columnheader', { name: 'Ends before' }).waitFor()
	expectClean(page)
	await page.goto('/topics/none')
	await page.getByText('There is no such topic').waitFor()
	await page.context().close()
})
