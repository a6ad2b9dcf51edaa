// A Postgres of the test's own, by tests/postgres.py.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'

import { top } from './sluice.mjs'

const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
from postgres import Postgres
with Postgres() as server:
    server.create_db("app")
    print(json.dumps({"port": server.port, "user": server.USER,
        "password": server.PASSWORD, "url": server.url("app")}), flush=True)
    sys.stdin.read()
`

/** {port, user, password, url, stop}; its database is "app", empty. */
export async function startPostgres() {
	const server = spawn(process.env.PYTHON ?? 'python3',
		['-c', script, path.join(top, 'tests')],
		{ stdio: ['pipe', 'pipe', 'inherit'] })
	const end = new Promise((resolve) => server.once('exit', resolve))
	const first = await Promise.race([
		new Promise((resolve) =>
			createInterface({ input: server.stdout }).once('line', resolve)),
		end.then((code) => { throw new Error(`Postgres ended with ${code}`) }),
	])
	return {
		...JSON.parse(first),
		stop: () => {
			server.stdin.end()
			return end
		},
	}
}
