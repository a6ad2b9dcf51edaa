// The overview: data flows, something stands still, the connection is lost and comes
// back, the last day is still there after a kill.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'

import {
	expectClean, lookAt, openBrowser, openPage,
} from './harness/browser.mjs'
import { eventually, Sluice } from './harness/sluice.mjs'

let browser, sluice, project

before(async () => {
	browser = await openBrowser()
	sluice = await Sluice.start({ settings: { 'canary.interval_s': '1' } })
	project = await sluice.makeProject()
})
after(async () => {
	await browser?.close()
	await sluice?.stop()
})

function events(n, event = 'page viewed') {
	return Array.from({ length: n }, (_, i) => ({
		event, distinct_id: `d${i % 5}`, properties: { i },
	}))
}

function hop(page, id) {
	return page.locator(`.overview-hop[data-hop=${id}]`)
}

/** Keeps the file locked for writing until the returned function is called. */
async function hold(file) {
	const script = 'import sqlite3, sys\n'
		+ 'db = sqlite3.connect(sys.argv[1], isolation_level=None)\n'
		+ 'db.execute("BEGIN IMMEDIATE")\nprint("held", flush=True)\n'
		+ 'sys.stdin.read()\ndb.execute("ROLLBACK")\n'
	const child = spawn('python3', ['-c', script, file],
		{ stdio: ['pipe', 'pipe', 'inherit'] })
	await new Promise((done) => child.stdout.once('data', done))
	return async () => {
		child.stdin.end()
		await new Promise((done) => child.once('exit', done))
	}
}

async function kill() {
	const end = new Promise((done) => sluice.process.once('exit', done))
	sluice.process.kill('SIGKILL')
	await end
}

/** The same daemon on the same folder and admin port. */
async function startAgain() {
	const [binary, ...args] = sluice.process.spawnargs
	const log = fs.openSync(sluice.logFile, 'a')
	fs.rmSync(path.join(sluice.data, 'ports.json'), { force: true })
	sluice.process = spawn(binary, args.map((a) => a.startsWith('admin.listen=')
		? `admin.listen=127.0.0.1:${sluice.ports.admin}` : a),
	{ stdio: ['ignore', log, log] })
	fs.closeSync(log)
	sluice.ended = false
	sluice.process.once('exit', () => { sluice.ended = true })
	await eventually(() => fs.existsSync(path.join(sluice.data, 'ports.json')),
		'it runs again')
}

test('each hop has a state in a word, and figures that go on', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/overview')
	await hop(page, 'capture').waitFor()
	assert.deepEqual(
		await page.locator('.overview-step > .overview-hop .overview-hop-title')
			.allTextContents(),
		['SDKs', 'Capture', 'Front log', 'App server', 'Output log', 'Broker',
			'ClickHouse'])
	for (const id of ['capture', 'front_log', 'ingest', 'output', 'broker'])
		await hop(page, id).filter({ hasText: 'working' }).waitFor()
	await hop(page, 'clickhouse').filter({ hasText: 'off' }).waitFor()
	await hop(page, 'dead_letters').filter({ hasText: 'empty' }).waitFor()
	await page.getByText('Live', { exact: true }).waitFor()
	for (let i = 0; i < 5; i++)
		await sluice.send(project.api_token, events(20))
	await page.getByText(/Data flows: [\d.]+ events\/s/).waitFor()
	await hop(page, 'sdks').filter({ hasText: 'sending' }).waitFor()
	await hop(page, 'capture').filter({ hasText: /[1-9][\d.]* events\/s/ }).waitFor()
	expectClean(page)
	await page.context().close()
})

test('a hop that is chosen says more, with charts that are text as well',
	async () => {
		const page = await openPage(browser, sluice)
		await page.goto('/overview')
		await hop(page, 'ingest').focus()
		await page.keyboard.press('Enter')
		await page.getByRole('heading', { name: 'App server' }).waitFor()
		assert.match(page.url(), /hop=ingest/)
		await eventually(async () => {
			const { points } = await sluice.api('GET', '/series?names=ingest.rate')
			return points >= 2
		}, 'two points are kept', 45_000)
		await page.reload()
		const chart = page.getByRole('figure', { name: 'Records a second' })
		await chart.waitFor()
		await chart.locator('canvas').waitFor()
		await chart.getByText('Figures as a table').click()
		await chart.getByRole('columnheader', { name: 'records/s' }).waitFor()
		await page.getByText('too early to say how long the disk lasts').waitFor()
		await page.getByRole('button', { name: '24 hours' }).click()
		assert.match(page.url(), /range=24h/)
		expectClean(page)
		await page.context().close()
	})

test('what stands still is said first, with what to do', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/overview')
	await hop(page, 'ingest').waitFor()
	// A writer that holds state.db: the app server cannot commit.
	const letGo = await hold(path.join(sluice.data, 'state.db'))
	try {
		await sluice.send(project.api_token, events(3))
		await page.getByText('App server stands still').waitFor({ timeout: 30_000 })
		await page.getByText(/Data is held up at the app server/).waitFor()
		await hop(page, 'ingest').filter({ hasText: 'stopped' }).waitFor()
		const said = await page.getByLabel('What needs somebody').innerText()
		assert.match(said, /state\.db/)
		assert.match(said, /What to do: \w+/)
		await lookAt(page, 'overview-stopped')
	} finally {
		await letGo()
	}
	await page.getByText('App server stands still')
		.waitFor({ state: 'detached', timeout: 30_000 })
	await hop(page, 'ingest').getByText('working').waitFor()
	await page.goto('/overview?hop=ingest')
	await page.locator('.facts > div').filter({ hasText: 'Last error' })
		.filter({ hasNotText: 'none since' }).waitFor()
	expectClean(page)
	await page.context().close()
})

test('an overview at its best, in every look', async () => {
	const page = await openPage(browser, sluice)
	await sluice.send(project.api_token, events(50))
	await page.goto('/overview?hop=capture')
	await hop(page, 'capture').waitFor()
	await page.getByRole('figure').first().locator('canvas').waitFor()
	await lookAt(page, 'overview')
	await page.context().close()
})

test('a lost connection is said, and what is kept survives a kill', async () => {
	const page = await openPage(browser, sluice)
	await page.goto('/overview')
	await hop(page, 'capture').waitFor()
	const before = await sluice.api('GET', '/series?names=memory.daemon')
	const known = before.items[0].values.filter((v) => v !== null).length
	assert.ok(known >= 2)
	await kill()
	await page.getByText('The connection to Sluice is lost').waitFor()
	await page.getByText('Connection lost, trying again…').waitFor()
	assert.equal(await hop(page, 'capture').count(), 1, 'what was seen stays')
	await startAgain()
	await page.getByText('Live', { exact: true }).waitFor({ timeout: 40_000 })
	const after = await sluice.api('GET', '/series?names=memory.daemon')
	assert.ok(after.items[0].values.filter((v) => v !== null).length >= known)
	await page.context().close()
})
