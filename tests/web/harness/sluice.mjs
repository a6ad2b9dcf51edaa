// A daemon on a temporary folder with free ports, for the tests of the web admin.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const top = path.resolve(
	path.dirname(fileURLToPath(import.meta.url)), '../../..')
const binary = process.env.SLUICE_BIN
	?? path.join(process.env.SLUICE_BUILD ?? path.join(top, 'build'), 'sluice')

export const PASSWORD = 'correct horse battery staple'

export function sleep(ms) {
	return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until fn() gives something true, and returns that. */
export async function eventually(fn, what, ms = 20_000) {
	const end = Date.now() + ms
	for (;;) {
		const value = await fn()
		if (value) return value
		if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
		await sleep(30)
	}
}

function request(options, body) {
	return new Promise((resolve, reject) => {
		const asked = http.request(options, (answer) => {
			const parts = []
			answer.on('data', (part) => parts.push(part))
			answer.on('end', () => resolve({
				status: answer.statusCode,
				headers: answer.headers,
				text: Buffer.concat(parts).toString(),
			}))
		})
		asked.on('error', reject)
		asked.end(body)
	})
}

export class Sluice {
	/**
	 * clickhouse: with the local ClickHouse, which takes some seconds more;
	 * settings: as --set; setup: makes the administrator (s.admin).
	 */
	static async start(o = {}) {
		const s = new Sluice()
		try {
			await s.launch(o)
			if (o.setup ?? true) s.admin = await s.makeAdmin()
		} catch (e) {
			await s.stop()
			throw e
		}
		return s
	}

	async launch(o) {
		fs.accessSync(binary, fs.constants.X_OK) // build first, or set SLUICE_BIN
		this.root = fs.mkdtempSync(path.join(process.env.TMPDIR ?? os.tmpdir(),
			'sluice-web-'))
		this.data = path.join(this.root, 'data')
		this.logFile = path.join(this.root, 'log')
		const settings = {
			'capture.listen': '127.0.0.1:0',
			'admin.listen': '127.0.0.1:0',
			'kafka.listen': '127.0.0.1:0',
			'clickhouse.listen': '127.0.0.1:0',
			'clickhouse.mode': o.clickhouse ? 'embedded' : 'off',
			'spool.ballast_bytes': '1m',
			'canary.interval_s': '0',
			...o.settings,
		}
		const log = fs.openSync(this.logFile, 'a')
		this.process = spawn(binary, ['run', '--data', this.data,
			...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])],
			{ stdio: ['ignore', log, log] })
		fs.closeSync(log)
		this.process.on('exit', () => { this.ended = true })
		const file = path.join(this.data, 'ports.json')
		await eventually(() => {
			if (this.ended) throw new Error(`the daemon ended:\n${this.log()}`)
			return fs.existsSync(file)
		}, 'ports.json is there')
		this.ports = JSON.parse(fs.readFileSync(file, 'utf8'))
		this.url = `http://127.0.0.1:${this.ports.admin}`
		this.captureUrl = `http://127.0.0.1:${this.ports.capture}`
		await eventually(async () => {
			if (this.ended) throw new Error(`the daemon ended:\n${this.log()}`)
			const ready = await fetch(`${this.url}/_ready`)
			return ready.status === 200
		}, 'the daemon is ready', 60_000)
	}

	log() {
		return fs.readFileSync(this.logFile, 'utf8')
	}

	/** The link of the first run, as the daemon prints it. */
	async setupLink() {
		const found = await eventually(
			() => /http\S*\/setup#\S+/.exec(this.log()), 'the link is printed', 5000)
		const link = new URL(found[0].replace(/["'.,;]+$/, ''))
		return `${this.url}/setup${link.hash}`
	}

	async makeAdmin() {
		const token = new URL(await this.setupLink()).hash.slice(1)
		const email = 'admin@example.com'
		const answer = await fetch(`${this.url}/api/v1/setup`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ token, email, name: 'Ada Admin',
				password: PASSWORD }),
		})
		assert.ok(answer.ok, await answer.text())
		return { email, name: 'Ada Admin', role: 'admin' }
	}

	/** Another user, made over the socket. */
	async makeUser(role) {
		const user = { email: `${role}@example.com`, name: `A ${role}`, role }
		await this.api('POST', '/users', { ...user, password: PASSWORD })
		return user
	}

	/** The cookie of a new session, as Playwright takes it. */
	async signIn(user = this.admin) {
		const answer = await fetch(`${this.url}/api/v1/session`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ email: user.email, password: PASSWORD }),
		})
		assert.ok(answer.ok, await answer.text())
		const [, name, value] = /^([^=]+)=([^;]*)/.exec(
			answer.headers.getSetCookie()[0])
		return { name, value, url: this.url }
	}

	/** A call over the socket, which is an administrator; its answer's JSON. */
	async api(method, where, body) {
		const answer = await request({
			socketPath: path.join(this.data, 'sluice.sock'),
			path: `/api/v1${where}`, method,
			headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
		}, body === undefined ? undefined : JSON.stringify(body))
		assert.ok(answer.status < 300,
			`${method} ${where}: ${answer.status} ${answer.text}`)
		return answer.text.trim() === '' ? undefined : JSON.parse(answer.text)
	}

	makeProject(name = 'Shop') {
		return this.api('POST', '/projects', { name })
	}

	/** Sends events by /batch/; they must be accepted. */
	async send(token, events) {
		const answer = await fetch(`${this.captureUrl}/batch/`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ api_key: token, batch: events }),
		})
		assert.equal(answer.status, 200, await answer.text())
	}

	/** Waits until all that was accepted has gone all the way. */
	drain(ms = 60_000) {
		return eventually(async () => (await this.api('GET', '/drained')).drained,
			'all events have gone all the way', ms)
	}

	async stop() {
		if (this.process && !this.ended) {
			const end = new Promise((resolve) => this.process.once('exit', resolve))
			this.process.kill('SIGTERM')
			const late = setTimeout(() => this.process.kill('SIGKILL'), 20_000)
			await end
			clearTimeout(late)
		}
		if (this.root) fs.rmSync(this.root, { recursive: true, force: true })
	}
}
