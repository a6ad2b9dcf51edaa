// The explorer: a query run, cancelled, charted and kept; ready-made questions;
// persons found, looked at and deleted; groups.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'

import { expectClean, lookAt, openBrowser, openPage } from './harness/browser.mjs'
import { expectInert, strings } from './harness/hostile.mjs'
import { eventually, Sluice } from './harness/sluice.mjs'

const DAY = 86_400_000
const SLOW = 'SELECT count() FROM numbers(900000000) WHERE sipHash64(toString(number)) = 1'
const evil = strings[0]

let browser, sluice, project, viewerUser

function at(daysAgo) {
	return new Date(Date.now() - daysAgo * DAY).toISOString()
}

function events() {
	const all = []
	for (let n = 0; n < 60; n++) {
		const user = n % 12
		const steps = ['signed up', 'viewed', 'bought'].slice(0, 1 + (user % 3))
		for (const [i, event] of steps.entries())
			all.push({
				event, distinct_id: `user-${user}`,
				timestamp: at(6.5 - (n % 6) - i / 1000),
				properties: {
					plan: ['free', 'pro', evil][n % 3],
					$set: { email: `user-${user}@example.com`, plan: 'pro' },
					$groups: { company: user % 2 ? 'acme' : evil },
				},
			})
	}
	all.push({ event: '$identify', distinct_id: 'user-1', timestamp: at(1),
		properties: { $anon_distinct_id: 'anon-1', $set: { [evil]: evil } } })
	for (const key of ['acme', evil])
		all.push({ event: '$groupidentify', distinct_id: 'user-1', properties: {
			$group_type: 'company', $group_key: key, $group_set: { seats: 5, evil },
		} })
	return all
}

before(async () => {
	[sluice, browser] = await Promise.all([
		Sluice.start({ clickhouse: true }), openBrowser()])
	project = await sluice.makeProject('Shop')
	viewerUser = await sluice.makeUser('viewer')
	await sluice.send(project.api_token, events())
	await sluice.drain()
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

async function write(page, sql) {
	const editor = page.getByLabel('SQL query')
	await page.locator('.cm-content').waitFor()
	await editor.click()
	await page.keyboard.press('Control+A')
	// Text put over a selection gets its style from Chromium, as an attribute.
	await page.keyboard.press('Delete')
	await page.keyboard.insertText(sql)
	await page.keyboard.press('Escape') // what may be proposed to complete it
}

function download(page, name) {
	return Promise.all([
		page.waitForEvent('download'),
		page.getByRole('button', { name, exact: true }).click(),
	]).then(async ([d]) => fs.readFileSync(await d.path(), 'utf8'))
}

test('a query is completed, run, charted, kept and opened again', async () => {
	const page = await openPage(browser, sluice)
	await page.goto(`/explore?tab=sql&project=${project.id}`)
	// The names of tables are there.
	await page.locator('.explore-tables details').first().waitFor(
		{ state: 'attached' })
	await write(page, 'SELECT properties.plan FROM ')
	await page.keyboard.type('even')
	await page.keyboard.press('Control+Space')
	await page.locator('.cm-tooltip-autocomplete li')
		.filter({ hasText: /^events$/ }).first().waitFor()
	await page.keyboard.press('Escape')

	await write(page, `SELECT event, count() AS n FROM events
WHERE team_id = ${project.id} AND event NOT LIKE '$%'
GROUP BY event ORDER BY n DESC, event`)
	await page.keyboard.press('Control+Enter')
	await page.getByText('3 rows').waitFor()
	await page.getByRole('cell', { name: 'signed up' }).waitFor()
	await lookAt(page, 'explorer-sql')
	assert.equal(await download(page, 'CSV'),
		'event,n\r\nsigned up,60\r\nviewed,40\r\nbought,20\r\n')
	assert.deepEqual(JSON.parse(await download(page, 'JSON'))[0],
		{ event: 'signed up', n: '60' })

	// What a spreadsheet would run is not armed.
	await write(page, "SELECT '=1+1' AS a, -5 AS b, '-7.5' AS c, '@x' AS d")
	await page.keyboard.press('Control+Enter')
	await page.getByText(/^1 row\b/).waitFor()
	assert.equal(await download(page, 'CSV'),
		"a,b,c,d\r\n'=1+1,-5,-7.5,'@x\r\n")
	await write(page, `SELECT event, count() AS n FROM events
WHERE team_id = ${project.id} AND event NOT LIKE '$%'
GROUP BY event ORDER BY n DESC, event`)
	await page.keyboard.press('Control+Enter')
	await page.getByText('3 rows').waitFor()

	await page.getByLabel('Show as').selectOption('bar')
	await page.locator('.uplot').waitFor()
	await page.getByText('Figures as a table').click()
	await page.getByRole('rowheader', { name: 'signed up' }).waitFor()
	await lookAt(page, 'explorer-chart')

	await page.getByRole('button', { name: 'Keep' }).click()
	await page.getByLabel('Name').fill(`Steps ${evil}`)
	await page.getByLabel('Everybody may see').check()
	await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
	await page.getByRole('button', { name: /^Steps/ }).waitFor()
	assert.match(page.url(), /saved=\d+/)

	// Another day, another browser.
	const viewer = await openPage(browser, sluice, { user: viewerUser })
	await viewer.goto('/explore?tab=sql')
	await viewer.getByRole('button', { name: /^Steps/ }).click()
	await viewer.getByRole('button', { name: 'Run' }).click()
	await viewer.locator('.uplot').waitFor()
	assert.equal(await viewer.getByRole('button', { name: 'Keep' }).count(), 0)
	assert.equal(
		await viewer.getByRole('button', { name: /^Delete Steps/ }).count(), 0)
	await expectInert(viewer, assert)
	expectClean(viewer)

	await page.getByRole('button', { name: /^Delete Steps/ }).click()
	await page.getByRole('button', { name: 'Delete the query' }).click()
	await page.getByText('No query is kept yet').waitFor()
	expectClean(page)
	await page.context().close()
	await viewer.context().close()
})

test('errors say where, and a slow query is cancelled', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/explore?tab=sql')
	await write(page, 'SELECT 1,\n  nope FROM events')
	await page.getByRole('button', { name: 'Run' }).click()
	await page.getByText('The query has an error in line 2, column 3').waitFor()
	await page.getByText('There is no column nope.').first().waitFor()
	assert.equal(await page.locator('.cm-lintRange-error').textContent(), 'nope')
	await lookAt(page, 'explorer-error')

	await write(page, "SELECT file('/etc/passwd')")
	await page.getByRole('button', { name: 'Run' }).click()
	await page.getByText('The function file is not allowed here').first()
		.waitFor()

	await write(page, SLOW)
	await page.getByRole('button', { name: 'Run' }).click()
	await page.getByRole('button', { name: 'Cancel' }).click()
	await page.getByText('The query was cancelled.').waitFor()

	// Who leaves the page ends the query.
	await page.getByRole('button', { name: 'Run' }).click()
	await page.getByRole('button', { name: 'Cancel' }).waitFor()
	await page.goto('/persons')
	await page.getByRole('heading', { name: 'Persons' }).waitFor()
	await eventually(async () => {
		const { n } = await sluice.api('POST', '/sql', { format: 'JSONEachRow',
			query: 'SELECT toUInt8(count()) AS n FROM system.processes WHERE '
				+ "query LIKE '%sipHash64(toString%' AND query NOT LIKE '%LIKE%'" })
		return n === 0
	}, 'the query has ended', 10_000)
	await page.goto('/explore?tab=sql')
	await write(page, 'SELECT 1 + 1 AS two')
	await page.getByRole('button', { name: 'Run' }).click()
	await page.getByRole('cell', { name: '2', exact: true }).waitFor()
	expectClean(page)
	await page.context().close()
})

test('ready-made questions', async () => {
	const page = await openPage(browser, sluice)
	await page.goto(`/explore?project=${project.id}`)
	await page.locator('.uplot').waitFor()
	await lookAt(page, 'explorer-trends')
	await page.getByLabel('A line for each').selectOption('property')
	await page.getByLabel('Property').fill('plan')
	await page.getByRole('button', { name: 'Show' }).click()
	await page.locator('.u-legend').getByText(evil).waitFor()
	await expectInert(page, assert)

	await page.getByRole('tab', { name: 'Unique users' }).click()
	await page.locator('.uplot').waitFor()

	await page.getByRole('tab', { name: 'Funnel' }).click()
	await page.getByLabel('Step 1').fill('signed up')
	await page.getByLabel('Step 2').fill('viewed')
	await page.getByRole('button', { name: 'Step', exact: true }).click()
	await page.getByLabel('Step 3').fill('bought')
	await page.getByRole('button', { name: 'Show' }).click()
	const row = (n) => page.getByRole('row').filter({ hasText: n })
	await row('1. signed up').getByText('12').waitFor()
	assert.match(await row('2. viewed').innerText(), /8\s+67 %\s+67 %/)
	assert.match(await row('3. bought').innerText(), /4\s+33 %\s+50 %/)
	await lookAt(page, 'explorer-funnel')

	// The address has the question.
	await page.reload()
	await row('3. bought').getByText('33 %').waitFor()

	await page.getByRole('tab', { name: 'Retention' }).click()
	await page.getByLabel('People who did first').fill('signed up')
	await page.getByRole('button', { name: 'Show' }).click()
	await page.getByRole('columnheader', { name: '+1' }).waitFor()
	await lookAt(page, 'explorer-retention')

	await page.getByRole('tab', { name: 'Top lists' }).click()
	await row('signed up').getByText('60').waitFor()
	await page.getByRole('combobox', { name: 'Most frequent' })
		.selectOption('values')
	await page.getByLabel('Property').fill('plan')
	await page.getByRole('button', { name: 'Show' }).click()
	await row(evil).waitFor()
	await lookAt(page, 'explorer-top')

	await page.getByRole('button', { name: 'Open as SQL' }).click()
	await page.locator('.cm-content').getByText('JSONExtractString').first()
		.waitFor()
	await page.getByRole('button', { name: 'Run' }).click()
	await page.getByText('3 rows').waitFor()
	await expectInert(page, assert)
	expectClean(page)
	await page.context().close()
})

test('a person is found by a property, opened, exported and deleted', async () => {
	const page = await openPage(browser, sluice)
	await page.goto(`/persons?project=${project.id}`)
	await page.getByRole('link', { name: 'user-3@example.com' }).waitFor()
	await lookAt(page, 'persons')
	await page.getByLabel('Find by').selectOption('id')
	await page.getByLabel('Text').fill('anon-1')
	await page.getByRole('button', { name: 'Find' }).click()
	await page.getByRole('link', { name: 'user-1@example.com' }).waitFor()
	await page.getByLabel('Find by').selectOption('property')
	await page.getByLabel('Property').fill(evil)
	await page.getByLabel('Value').fill(evil)
	await page.getByRole('button', { name: 'Find' }).click()
	await page.getByText('12 persons looked at').waitFor()
	await page.getByRole('link', { name: 'user-1@example.com' }).click()

	await page.getByRole('heading', { name: 'user-1@example.com' }).waitFor()
	await page.getByRole('row').filter({ hasText: 'plan' })
		.getByText('pro').waitFor()
	await lookAt(page, 'person')
	await expectInert(page, assert)
	await page.getByRole('tab', { name: 'Ids and merges' }).click()
	await page.getByText('was identified').waitFor()
	await lookAt(page, 'person-ids')
	await page.getByRole('tab', { name: 'Events' }).click()
	await page.getByRole('button', { name: '$identify' }).click()
	await page.getByRole('dialog').getByText('$anon_distinct_id').waitFor()
	await page.keyboard.press('Escape')

	const all = JSON.parse(await download(page, 'Export'))
	assert.equal(all.person.properties.email, 'user-1@example.com')
	assert.equal(all.events.length, 13)

	await page.getByRole('button', { name: 'Delete' }).click()
	const confirm = page.getByRole('button', { name: 'Delete the person' })
	assert.equal(await confirm.isDisabled(), true)
	await page.getByLabel('to confirm').fill('user-1')
	await lookAt(page, 'person-delete')
	await confirm.click()
	await page.getByRole('heading', { name: 'A person is deleted' }).waitFor()
	await page.locator('[data-erasure="done"]').waitFor()
	await lookAt(page, 'person-deleted')
	await page.goto(`/persons/user-1?project=${project.id}`)
	await page.getByText('There is no such person').waitFor()
	const left = await sluice.api('POST', '/sql/console', {
		query: "SELECT count() FROM events WHERE distinct_id = 'user-1'" })
	assert.deepEqual(left.rows, [['0']])
	expectClean(page)
	await page.context().close()
})

test('a viewer may neither delete nor export', async () => {
	const page = await openPage(browser, sluice, { user: viewerUser })
	await page.goto(`/persons/user-2?project=${project.id}`)
	await page.getByRole('heading', { name: 'user-2@example.com' }).waitFor()
	assert.equal(await page.getByRole('button', { name: 'Delete' }).count(), 0)
	assert.equal(await page.getByRole('button', { name: 'Export' }).count(), 0)
	expectClean(page)
	await page.context().close()
})

test('groups have their properties and events', async () => {
	const page = await openPage(browser, sluice)
	await page.goto(`/groups?project=${project.id}`)
	await page.getByRole('link', { name: 'acme' }).waitFor()
	await lookAt(page, 'groups')
	await page.getByRole('link', { name: evil }).click()
	await page.getByRole('row').filter({ hasText: 'seats' }).getByText('5')
		.waitFor()
	await page.getByRole('tab', { name: 'Events' }).click()
	await page.getByRole('button', { name: 'signed up' }).first().waitFor()
	await lookAt(page, 'group')
	await expectInert(page, assert)
	expectClean(page)
	await page.context().close()
})
