// Debian's Chromium, pages that notice what must not be, and what every page is held
// to: no other host, no error, axe, no sideways scrolling, screenshots.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { chromium } from 'playwright-core'

import { top } from './sluice.mjs'

const axeSource = fs.readFileSync(
	createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const shots = path.join(top, 'docs/img/admin')

export function openBrowser() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--no-first-run',
			'--disable-background-networking', '--disable-component-update',
			'--disable-sync', '--disable-blink-features=AutomationControlled'],
	})
}

/**
 * A page of the admin; signed in as o.user (default: the administrator; null:
 * nobody). What must not be is kept in page.faults: see expectClean.
 */
export async function openPage(browser, sluice, o = {}) {
	const user = o.user === undefined ? sluice.admin : o.user
	const context = await browser.newContext({
		baseURL: sluice.url,
		viewport: { width: o.width ?? 1280, height: o.height ?? 800 },
		colorScheme: o.scheme ?? 'light',
		reducedMotion: 'reduce',
		locale: 'en-GB',
		timezoneId: 'UTC',
	})
	context.setDefaultTimeout(30_000)
	if (user) await context.addCookies([await sluice.signIn(user)])
	const page = await context.newPage()
	watch(page, sluice)
	return page
}

function watch(page, sluice) {
	page.faults = []
	const fault = (text) => page.faults.push(text)
	page.on('pageerror', (e) => fault(`error: ${e.stack ?? e}`))
	page.on('console', (m) => {
		// A refused call is told by the browser too; tests look at what it shows.
		if (m.type() === 'error' && !/^Failed to load resource/.test(m.text()))
			fault(`console: ${m.text()}`)
	})
	page.on('dialog', (d) => {
		if (page.expectsDialog) return // the test answers it
		if (d.type() === 'beforeunload') return d.accept().catch(() => {})
		fault(`dialog: ${d.message()}`)
		d.dismiss().catch(() => {})
	})
	page.on('request', (r) => {
		const url = new URL(r.url())
		if (['data:', 'blob:', 'about:'].includes(url.protocol)) return
		if (url.origin !== sluice.url) fault(`request to ${r.url()}`)
	})
	page.addInitScript(() => {
		document.addEventListener('securitypolicyviolation', (e) =>
			console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))
	})
}

/** Nothing that must not be has happened on the page so far. */
export function expectClean(page) {
	assert.deepEqual(page.faults, [])
}

/** No serious or critical finding of axe-core on what is shown. */
export async function expectAccessible(page, what = page.url()) {
	await page.evaluate(axeSource)
	const found = await page.evaluate(async () => {
		const { violations } = await window.axe.run(document, {
			resultTypes: ['violations'],
		})
		return violations
			.filter((v) => v.impact === 'serious' || v.impact === 'critical')
			.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 4)
				.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join(' | ')}`)
	})
	assert.deepEqual(found, [], `${what}: findings of axe-core`)
}

export async function expectNoSidewaysScroll(page, what = page.url()) {
	const [wide, over] = await page.evaluate(() => {
		const width = document.documentElement.clientWidth
		const scrolls = (e) => {
			for (let p = e.parentElement; p; p = p.parentElement)
				if (/auto|scroll|hidden|clip/.test(getComputedStyle(p).overflowX))
					return true
			return false
		}
		return [document.documentElement.scrollWidth - width,
			[...document.querySelectorAll('main *')]
				.filter((e) => e.getBoundingClientRect().right > width + 1
					&& !scrolls(e))
				.slice(0, 3).map((e) => e.outerHTML.slice(0, 200))]
	})
	assert.ok(wide <= 0, `${what} is ${wide} px too wide: ${over.join('\n')}`)
}

/**
 * Colours are the same at both widths, layout in both schemes: two looks show all to
 * axe. It is slow, so that in CI each name gets one of them.
 */
function axeLooks(name) {
	if (Number(process.env.SLUICE_SCALE ?? 0.1) >= 1) return ['light', 'dark']
	return [name.length % 2 === 0 ? 'light' : 'dark']
}

/**
 * What every page is held to, in each look: wide and narrow, light and dark. Saves
 * the screenshots NAME-1280-light.png … when SLUICE_SHOTS is set. Call it when the
 * page shows what it has.
 */
export async function lookAt(page, name) {
	for (const width of [1280, 390])
		for (const scheme of ['light', 'dark']) {
			const look = `${name} at ${width} px, ${scheme}`
			await page.setViewportSize({ width, height: width === 390 ? 844 : 800 })
			await page.emulateMedia({ colorScheme: scheme })
			// The page hears of it a moment later.
			await page.waitForFunction(
				(s) => document.documentElement.dataset.theme === s, scheme)
			// Charts and editors are drawn again.
			await page.evaluate(() => new Promise((done) =>
				requestAnimationFrame(() => requestAnimationFrame(done))))
			await expectNoSidewaysScroll(page, look)
			if (axeLooks(name).includes(scheme)
				&& (width === 1280) === (scheme === 'light'))
				await expectAccessible(page, look)
			if (process.env.SLUICE_SHOTS) {
				fs.mkdirSync(shots, { recursive: true })
				await page.screenshot({
					path: path.join(shots, `${name}-${width}-${scheme}.png`),
				})
			}
		}
	await page.setViewportSize({ width: 1280, height: 800 })
	await page.emulateMedia({ colorScheme: 'light' })
	expectClean(page)
}
