// Signing in and out, coming back to where one was, and what a page may do.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { expectClean, lookAt, openBrowser, openPage } from './harness/browser.mjs'
import { PASSWORD, Sluice } from './harness/sluice.mjs'

let sluice, browser

before(async () => {
	[sluice, browser] = await Promise.all([Sluice.start(), openBrowser()])
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

async function enter(page, password) {
	await page.getByLabel('E-mail address').fill(sluice.admin.email)
	await page.getByLabel('Password', { exact: true }).fill(password)
	await page.getByRole('button', { name: 'Sign in' }).click()
}

test('a page asked for without a session is reached after signing in', async () => {
	const page = await openPage(browser, sluice, { user: null })
	await page.goto('/start?project=7')
	await page.waitForURL('**/sign-in?next=**')
	await lookAt(page, 'sign-in')
	await enter(page, 'not the password')
	await page.getByText('do not fit together').waitFor()
	await enter(page, PASSWORD)
	await page.waitForURL('**/start?project=7')
	await page.getByRole('heading', { name: 'Send the first event' }).waitFor()

	// Signing out ends the session for every page that has it.
	const cookies = await page.context().cookies()
	await page.getByText('Ada Admin').click()
	await page.getByRole('button', { name: 'Sign out' }).click()
	await page.waitForURL('**/sign-in')
	const stolen = await openPage(browser, sluice, { user: null })
	await stolen.context().addCookies(cookies)
	await stolen.goto('/start')
	await stolen.waitForURL('**/sign-in?next=**')
	expectClean(page)
	expectClean(stolen)
})

test('next leads to no other host', async () => {
	const page = await openPage(browser, sluice, { user: null })
	await page.goto('/sign-in?next=//evil.example/x')
	await enter(page, PASSWORD)
	await page.waitForURL((url) => url.origin === sluice.url
		&& url.pathname !== '/sign-in')
	expectClean(page)
})

test('the page is shown by no other and runs no foreign script', async () => {
	const answer = await fetch(`${sluice.url}/`)
	const policy = answer.headers.get('content-security-policy')
	for (const part of ["default-src 'none'", "script-src 'self'",
		"style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
		assert.ok(policy.includes(part), policy)
	assert.ok(!policy.includes('unsafe'), policy)
	const page = await openPage(browser, sluice, { user: null })
	await page.goto('/sign-in')
	await page.getByRole('button', { name: 'Sign in' }).waitFor()
	const ran = await page.evaluate(() => {
		const script = document.createElement('script')
		script.textContent = 'window.injected = true'
		document.body.append(script)
		document.body.insertAdjacentHTML('beforeend',
			'<img src="x" onerror="window.injected = true">')
		return new Promise((done) =>
			setTimeout(() => done(window.injected === true), 200))
	})
	assert.equal(ran, false)
	assert.ok(page.faults.some((f) => f.includes('script-src')), page.faults)
})

test('the first load is small', async () => {
	const page = await openPage(browser, sluice, { user: null })
	await page.goto('/sign-in', { waitUntil: 'networkidle' })
	await page.waitForFunction(() =>
		performance.getEntriesByName('first-contentful-paint').length > 0)
	const load = await page.evaluate(() => ({
		bytes: [...performance.getEntriesByType('navigation'),
			...performance.getEntriesByType('resource')]
			.reduce((n, e) => n + e.encodedBodySize, 0),
		paint: performance.getEntriesByName('first-contentful-paint')[0]
			.startTime,
	}))
	console.log(`first load: ${load.bytes} bytes compressed, first paint after `
		+ `${Math.round(load.paint)} ms`)
	assert.ok(load.bytes <= 150 * 1024, `${load.bytes} bytes`)
	assert.ok(load.bytes > 1000, `${load.bytes} bytes`)
	expectClean(page)
})

test('the keyboard alone reaches and does it', async () => {
	await sluice.makeProject()
	const page = await openPage(browser, sluice)
	await page.goto('/start')
	await page.getByRole('heading', { name: 'Send events to Shop' }).waitFor()
	await page.keyboard.press('Tab')
	assert.equal(await page.evaluate(() => document.activeElement.textContent),
		'To the content')
	await page.evaluate(() => document.activeElement.blur())
	await page.keyboard.press('?')
	const dialog = page.getByRole('dialog', { name: 'Keys' })
	await dialog.waitFor()
	for (let i = 0; i < 5; i++) {
		await page.keyboard.press('Tab')
		// The browser's own surface may have it for one step, the page never.
		assert.ok(await page.evaluate(() =>
			document.activeElement === document.body
			|| document.activeElement.closest('dialog') !== null))
	}
	await page.keyboard.press('Escape')
	await dialog.waitFor({ state: 'detached' })
	expectClean(page)
})
