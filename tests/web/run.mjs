// Runs all *.test.mjs, or those named, some at once; a skipped test is a failed one.
// Closes with "N passed, N failed".
import fs from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const named = process.argv.slice(2)
const files = (named.length > 0 ? named.map((f) => path.resolve(f))
	: fs.readdirSync(here).filter((f) => f.endsWith('.test.mjs'))
		.map((f) => path.join(here, f))).sort()
let passed = 0
let failed = 0

const tests = run({ files, concurrency: Number(process.env.SLUICE_WEB_JOBS ?? 2),
	timeout: 240_000 })
tests.on('test:pass', (t) => {
	if (t.skip !== undefined || t.todo !== undefined) failed++
	else if (t.details.type !== 'suite' && !files.includes(t.name)) passed++
})
tests.on('test:fail', (t) => { if (t.details.type !== 'suite') failed++ })
tests.compose(new spec()).pipe(process.stdout)
tests.on('end', () => {
	setImmediate(() => {
		console.log(`${passed} passed, ${failed} failed`)
		process.exitCode = failed === 0 && passed > 0 ? 0 : 1
	})
})
