// Projects and their keys, the settings of the daemon, its connections.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { expectClean, lookAt, openBrowser, openPage } from './harness/browser.mjs'
import { startPostgres } from './harness/postgres.mjs'
import { eventually, Sluice } from './harness/sluice.mjs'

let sluice, browser, server
// Pages that walk.test.mjs looks at anyway cost CI no second look.
const inFull = process.env.SLUICE_SHOTS || Number(process.env.SLUICE_SCALE ?? 0.1) >= 1

before(async () => {
	[sluice, browser, server] = await Promise.all([
		Sluice.start(), openBrowser(), startPostgres()])
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
	await server?.stop()
})

/** The status of an event sent with this key. */
async function send(key, properties = {}) {
	const answer = await fetch(`${sluice.captureUrl}/e/`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({
			api_key: key, event: 'e', distinct_id: 'd', properties }),
	})
	return answer.status
}

test('a project is made, its key replaced, the old one ended, then deleted', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/projects')
	await page.getByText('No project yet').waitFor()
	await page.getByRole('button', { name: 'New project' }).first().click()
	await page.getByLabel('Name').fill('Shop <b>&amp;')
	await page.getByRole('button', { name: 'Make the project' }).click()
	await page.getByRole('heading', { name: 'Shop <b>&amp;' }).waitFor()

	const old = await page.getByTestId('key').textContent()
	await page.getByText('No older key works').waitFor()
	await page.getByRole('button', { name: 'New key…' }).click()
	await page.getByLabel('How long the old key works').selectOption('168')
	await page.getByRole('button', { name: 'Make a new key' }).click()
	await page.getByRole('button', { name: 'End it now' }).waitFor()
	const now = await page.getByTestId('key').textContent()
	assert.notEqual(now, old)
	assert.deepEqual([await send(old), await send(now)], [200, 200])
	await lookAt(page, 'project-key')
	await page.getByRole('button', { name: 'End it now' }).click()
	await page.getByRole('button', { name: 'End it', exact: true }).click()
	await page.getByText('No older key works').waitFor()
	await eventually(async () => await send(old) === 401, 'the old key is refused')
	assert.equal(await send(now), 200)

	// Its settings, made from the table.
	await page.getByRole('tab', { name: 'Settings' }).click()
	await page.getByLabel('Anonymize ips anonymize_ips', { exact: true })
		.selectOption('true')
	await page.getByLabel('Quotas').fill('{"events": "many"}')
	await page.getByRole('button', { name: 'Save' }).click()
	await page.locator('.field-error', { hasText: 'quotas' }).waitFor()
	await lookAt(page, 'project-settings')
	await page.getByLabel('Quotas').fill('{"events": 1000000}')
	await page.getByRole('button', { name: 'Save' }).click()
	await page.getByText('Saved, and in use').waitFor()
	const id = new URL(page.url()).pathname.split('/').pop()
	const saved = await sluice.api('GET', `/projects/${id}`)
	assert.equal(saved.anonymize_ips, true)
	assert.deepEqual(saved.quotas, { events: 1000000 })

	await page.goto('/projects')
	await page.getByRole('cell', { name: '3', exact: true }).first().waitFor()
	if (inFull) await lookAt(page, 'projects')

	await page.goto(`/projects/${id}?tab=project`)
	await page.getByRole('button', { name: 'Delete the project…' }).click()
	const last = page.getByRole('button', { name: 'Delete the project', exact: true })
	assert.equal(await last.isDisabled(), true)
	await page.getByLabel(/to confirm/).fill('Shop <b>&amp;')
	await last.click()
	await page.waitForURL('**/projects')
	await eventually(async () => await send(now) === 401, 'its key is refused')
	expectClean(page)
})

test('a setting is found, checked, reviewed, saved, and in use', async () => {
	const { api_token: key } = await sluice.makeProject('Settings')
	const page = await openPage(browser, sluice)
	await page.goto('/settings')
	await page.getByRole('heading', { name: 'Receiving events' }).waitFor()
	if (inFull) await lookAt(page, 'settings')
	await page.getByLabel('Search').fill('max_body')
	const body = page.getByLabel('capture.max_body_bytes')
	await body.fill('12 parsecs')
	await page.getByText('A number is wanted').waitFor()
	await body.fill('1')
	await page.getByText(/^From 1\.0 KiB/).waitFor()
	await body.fill('2k')
	await page.getByLabel('Search').fill('capture.threads')
	await page.getByLabel('capture.threads').fill('2')
	await page.getByRole('button', { name: 'Review and save' }).click()
	await page.getByRole('heading', { name: '2 changes' }).waitFor()
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await page.getByText('Saved. Some of it is used after a restart').waitFor()
	assert.equal(await send(key, { big: 'x'.repeat(4000) }), 413)
	await page.getByText('One setting waits for a restart').waitFor()

	// What the server alone knows is shown at the setting.
	await page.getByLabel('Search').fill('tls_listen')
	await page.getByLabel('capture.tls_listen').fill('127.0.0.1:0')
	await page.getByRole('button', { name: 'Review and save' }).click()
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await page.getByText('needs capture.tls_cert').waitFor()
	await page.getByRole('button', { name: 'Discard' }).click()

	// What --set gives is not changed here; what was set here is taken away.
	await page.goto('/settings?search=capture.listen')
	assert.equal(await page.getByLabel('capture.listen').isDisabled(), true)
	await page.goto('/settings?search=max_body_bytes')
	await page.getByRole('button', { name: 'Reset' }).first().click()
	await page.getByRole('button', { name: 'Review and save' }).click()
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await page.getByText('Saved, and in use').waitFor()
	assert.equal(await send(key, { big: 'x'.repeat(4000) }), 200)
	expectClean(page)
})

test('a Postgres is tried with a wrong password, a right one, and saved', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/connections')
	await page.getByLabel('Host').fill('127.0.0.1')
	await page.getByLabel('Port').fill(String(server.port))
	await page.getByLabel('Database').fill('app')
	await page.getByLabel('User').fill(server.user)
	await page.getByLabel('Password').fill('Not-the-password-1')
	assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true)
	await page.getByRole('button', { name: 'Test the connection' }).click()
	await page.getByText('The user or the password is wrong').first().waitFor()
	await page.getByLabel('Password').fill(server.password)
	await page.getByRole('button', { name: 'Test the connection' }).click()
	// The events above made a person here.
	await page.getByText('It works, but persons would be left behind').waitFor()
	await page.getByText('none yet: Sluice makes them').waitFor()
	await lookAt(page, 'connections')
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await page.getByLabel(/to confirm/).fill('leave them')
	await page.getByRole('button', { name: 'Save anyway' }).click()
	await page.getByText('Waits for a restart').waitFor()
	await page.getByText(`127.0.0.1:${server.port}/app`).first().waitFor()
	const text = await page.content()
	assert.ok(!text.includes(server.password) && !text.includes('Not-the-pass'))
	await sluice.api('PATCH', '/settings', { settings: {
		'postgres.url': null, 'postgres.switch_store': null } })
	expectClean(page)
})

test('who is no administrator sees and changes nothing', async () => {
	const project = await sluice.makeProject('Looked at')
	const page = await openPage(browser, sluice, {
		user: await sluice.makeUser('viewer') })
	await page.goto(`/projects/${project.id}`)
	await page.getByTestId('key').waitFor()
	assert.equal(await page.getByRole('button', { name: 'New key…' }).count(), 0)
	await page.goto('/connections')
	await page.getByRole('heading', { name: 'ClickHouse' }).waitFor()
	assert.equal(await page.getByLabel('Host').count(), 0)
	expectClean(page)
})
