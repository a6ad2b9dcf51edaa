// Strings that a page must show as text. What runs sets window.ran.
const RUN = 'window.ran=(window.ran||0)+1'

export const strings = [
	`<img src=x onerror="${RUN}">`,
	`<script>${RUN}</script>`,
	`"><svg onload="${RUN}">`,
	`'-(${RUN})-'`,
	`javascript:${RUN}`,
	`</title></style></textarea><iframe srcdoc="<script>parent.${RUN}</script>">`,
	'{{constructor.constructor("window.ran=1")()}}',
	'\u202egnp.exe\u0000\u200b',
	'__proto__',
]

/** Nothing of them ran, and nothing of them became an element. */
export async function expectInert(page, assert, what = page.url()) {
	const found = await page.evaluate(() => ({
		ran: window.ran,
		elements: [...document.querySelectorAll(
			'[onerror],[onload],iframe,img[src="x"],script:not([src])')]
			.map((e) => e.outerHTML.slice(0, 200)),
		links: [...document.querySelectorAll('a[href]')]
			.map((a) => a.href).filter((h) => !/^https?:/.test(h)
				&& !h.startsWith('data:') && !h.startsWith('blob:')),
	}))
	assert.deepEqual(found, { ran: undefined, elements: [], links: [] }, what)
}

/** Events whose every string is hostile: names, ids, keys and values. */
export function hostileEvents() {
	return strings.map((s, i) => {
		const clean = s.replaceAll('\u0000', '')
		return {
			event: clean.slice(0, 190),
			distinct_id: `${clean.slice(0, 150)} ${i}`,
			properties: {
				[clean]: clean,
				$set: { [clean]: clean, email: clean, name: clean },
				$current_url: clean,
				$lib: clean,
				$groups: { company: clean.slice(0, 300) },
				nested: { list: [clean, { [clean]: [clean] }] },
			},
		}
	})
}
