// Users, personal keys, the own account and the audit trail, through the browser.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { expectClean, lookAt, openBrowser, openPage } from './harness/browser.mjs'
import { expectInert, strings } from './harness/hostile.mjs'
import { PASSWORD, Sluice } from './harness/sluice.mjs'

const OTHER = 'another password, longer'
let sluice, browser, member, viewer

before(async () => {
	[sluice, browser] = await Promise.all([Sluice.start(), openBrowser()])
	member = await sluice.makeUser('member')
	viewer = await sluice.makeUser('viewer')
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

function row(page, text) {
	return page.locator('tbody tr').filter({ hasText: text })
}

/** What the API answers to a key. */
async function byKey(key, where, o = {}) {
	const answer = await fetch(`${sluice.url}/api/v1${where}`, {
		...o, headers: { Authorization: `Bearer ${key}` },
	})
	return answer.status
}

test('a user is made, changed, given a password and deleted', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/users')
	await row(page, 'admin@example.com').getByText('you').waitFor()
	await page.getByRole('button', { name: 'New user' }).click()
	const dialog = page.getByRole('dialog')
	await dialog.getByLabel('E-mail address').fill('new@example.com')
	await dialog.getByLabel('Name').fill(strings[0])
	await dialog.getByLabel('Password').fill('short')
	await dialog.getByRole('button', { name: 'Make the user' }).click()
	await dialog.getByText('at least 10 characters are wanted').waitFor()
	await lookAt(page, 'users-new')
	await dialog.getByLabel('Password').fill(PASSWORD)
	await dialog.getByRole('button', { name: 'Make the user' }).click()
	await row(page, 'new@example.com').getByText('Viewer').waitFor()
	await expectInert(page, assert)

	const theirs = await openPage(browser, sluice,
		{ user: { email: 'new@example.com' } })
	await theirs.goto('/account')
	await theirs.getByRole('heading', { name: 'Your account' }).waitFor()
	await page.getByRole('button', { name: 'Edit new@example.com' }).click()
	await dialog.getByLabel('Role').selectOption('member')
	await dialog.getByRole('button', { name: 'Save' }).click()
	await row(page, 'new@example.com').getByText('Member').waitFor()

	// The new password signs the user out.
	await page.getByRole('button', { name: 'Password of new@example.com' }).click()
	await dialog.getByLabel('New password').fill(OTHER)
	await dialog.getByRole('button', { name: 'Set the password' }).click()
	await dialog.waitFor({ state: 'hidden' })
	await theirs.reload()
	await theirs.waitForURL('**/sign-in?next=**')
	await lookAt(page, 'users')

	await page.getByRole('button', { name: 'Delete new@example.com' }).click()
	await dialog.getByRole('button', { name: 'Delete the user' }).click()
	await row(page, 'new@example.com').waitFor({ state: 'detached' })
	expectClean(page)
})

test('the last administrator stays one', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/users')
	await page.getByRole('button', { name: 'Edit admin@example.com' }).click()
	const dialog = page.getByRole('dialog')
	await dialog.getByLabel('Role').selectOption('viewer')
	await dialog.getByRole('button', { name: 'Save' }).click()
	await dialog.getByText('this is the last administrator').waitFor()
	expectClean(page)
})

test('a key is shown once, may what was chosen, and ends when revoked', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/keys')
	await page.getByText('No personal keys').waitFor()
	await page.getByRole('button', { name: 'New key' }).click()
	const dialog = page.getByRole('dialog')
	await dialog.getByLabel('What it is for').fill('backup')
	await dialog.getByLabel('Owner').selectOption(viewer.email)
	await dialog.getByLabel('project:read').waitFor()
	// What is beyond the owner's role is not offered.
	await dialog.getByLabel('project:write').waitFor({ state: 'detached' })
	await dialog.getByLabel('Owner').selectOption(sluice.admin.email)
	await dialog.getByLabel('project:read').check()
	await lookAt(page, 'keys-new')
	await dialog.getByRole('button', { name: 'Make the key' }).click()
	const key = (await dialog.getByLabel('The key', { exact: true })
		.locator('pre').textContent()).trim()
	assert.match(key, /^slk_[\w-]{43}$/)
	assert.equal(await byKey(key, '/projects'), 200)
	assert.equal(await byKey(key, '/users'), 403)
	await dialog.getByRole('button', { name: 'I have kept it' }).click()
	await row(page, 'backup').getByText(key.slice(0, 10)).waitFor()
	assert.ok(!(await page.content()).includes(key))
	await lookAt(page, 'keys')
	await page.getByRole('button', { name: 'Revoke backup' }).click()
	await dialog.getByRole('button', { name: 'Revoke the key' }).click()
	await page.getByText('No personal keys').waitFor()
	assert.equal(await byKey(key, '/projects'), 401)
	expectClean(page)
})

test('the own password, sessions and keys', async () => {
	const page = await openPage(browser, sluice, { user: member })
	const other = await openPage(browser, sluice, { user: member })
	await page.goto('/account')
	await page.getByRole('button', { name: /End the session from/ }).click()
	await page.getByRole('button', { name: /End the session from/ })
		.waitFor({ state: 'detached' })
	await other.goto('/overview')
	await other.waitForURL('**/sign-in?next=**')

	await page.getByLabel('Name', { exact: true }).fill('Mia Member')
	await page.getByRole('button', { name: 'Save the name' }).click()
	await page.locator('.user-name').getByText('Mia Member').waitFor()
	await page.getByRole('button', { name: 'New key' }).click()
	const dialog = page.getByRole('dialog')
	await dialog.getByLabel('What it is for').fill('my script')
	await dialog.getByLabel('dlq:write').check()
	await dialog.getByRole('button', { name: 'Make the key' }).click()
	await dialog.getByRole('button', { name: 'I have kept it' }).click()
	await row(page, 'my script').waitFor()
	await lookAt(page, 'account')

	await page.getByLabel('Current password').fill('not this one')
	await page.getByLabel('New password').fill(OTHER)
	const change = page.getByRole('button', { name: 'Change the password' })
	await change.click()
	await page.getByText('this is not your password').waitFor()
	await page.getByLabel('Current password').fill(PASSWORD)
	await change.click()
	await page.getByText('The new password counts now').waitFor()
	// This session goes on, under its new token.
	await page.getByRole('button', { name: 'Revoke my script' }).click()
	await dialog.getByRole('button', { name: 'Revoke the key' }).click()
	await row(page, 'my script').waitFor({ state: 'detached' })
	await page.reload()
	await page.getByRole('heading', { name: 'Your account' }).waitFor()
	expectClean(page)
})

test('the audit trail tells who did what, and is filtered', async () => {
	await sluice.makeProject(strings[1])
	const page = await openPage(browser, sluice)
	await page.goto('/audit')
	const made = row(page, 'Makes a project.')
	await made.getByText('Command', { exact: true }).waitFor()
	await made.getByRole('button').click()
	const dialog = page.getByRole('dialog')
	await dialog.getByText('POST /projects').waitFor()
	await expectInert(page, assert)
	await page.keyboard.press('Escape')
	await lookAt(page, 'audit')

	await page.getByLabel('How').selectOption('session')
	await made.waitFor({ state: 'detached' })
	await page.getByLabel('Who').fill('admin@example.com')
	await row(page, 'Makes the first administrator').waitFor()
	await row(page, 'member@example.com').first().waitFor({ state: 'detached' })
	// What is asked for stands in the address.
	await page.reload()
	assert.equal(await page.getByLabel('Who').inputValue(), 'admin@example.com')
	await row(page, 'Makes the first administrator').getByRole('button').click()
	const text = await dialog.textContent()
	assert.ok(text.includes('***') && !text.includes(PASSWORD), text)
	await page.keyboard.press('Escape')
	await page.getByLabel('On what').fill('/nowhere')
	await page.getByText('No such change').waitFor()
	expectClean(page)
})

test('who may not is told so, and sees no such page', async () => {
	const page = await openPage(browser, sluice, { user: viewer })
	await page.goto('/account')
	await page.getByRole('heading', { name: 'Your account' }).waitFor()
	const links = await page.locator('nav a').evaluateAll(
		(all) => all.map((a) => a.getAttribute('href')))
	for (const where of ['/users', '/keys', '/audit']) {
		assert.ok(!links.includes(where), where)
		await page.goto(where)
		await page.getByText('administrator').first().waitFor()
		assert.equal(await page.locator('table').count(), 0)
	}
	// A viewer's keys can be given what a viewer may, and no more.
	await page.goto('/account')
	await page.getByRole('button', { name: 'New key' }).click()
	const dialog = page.getByRole('dialog')
	await dialog.getByLabel('project:read').waitFor()
	assert.equal(await dialog.getByLabel('dlq:write').count(), 0)
	expectClean(page)
})
