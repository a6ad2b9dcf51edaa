// `g` and a letter goes to a page, `/` to its search field, `?` lists them.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { navigate } from "../router";
import { routes } from "../routes";
import { mayRole, useSession } from "../session";
import { Dialog } from "../ui";

const G_WAITS_MS = 1500;

function isTyping(e: KeyboardEvent): boolean {
	const target = e.composedPath()[0];
	return (
		target instanceof HTMLElement &&
		(target.isContentEditable ||
			target.closest("input,select,textarea,dialog") !== null)
	);
}

export function Shortcuts(): JSX.Element | null {
	const session = useSession();
	const [help, setHelp] = useState(false);
	const gAt = useRef(Number.NEGATIVE_INFINITY);
	const mine = routes.filter(
		(r) => r.nav?.key && session && mayRole(session.user.role, r.role),
	);
	const latest = useRef(mine);
	latest.current = mine;

	useEffect(() => {
		const onKey = (e: KeyboardEvent) => {
			if (e.ctrlKey || e.metaKey || e.altKey || isTyping(e)) return;
			if (e.timeStamp - gAt.current < G_WAITS_MS) {
				gAt.current = Number.NEGATIVE_INFINITY;
				const to = latest.current.find((r) => r.nav?.key === e.key);
				if (to) {
					e.preventDefault();
					navigate(to.path);
				}
			} else if (e.key === "g") gAt.current = e.timeStamp;
			else if (e.key === "?") setHelp(true);
			else if (e.key === "/") {
				const search = document.querySelector<HTMLElement>(
					"#content input[type=search]",
				);
				if (search) {
					e.preventDefault();
					search.focus();
				}
			}
		};
		document.addEventListener("keydown", onKey);
		return () => document.removeEventListener("keydown", onKey);
	}, []);
	if (!help) return null;
	return (
		<Dialog title="Keys" onClose={() => setHelp(false)}>
			<dl class="facts">
				{mine.map((r) => (
					<div key={r.path}>
						<dt>
							<kbd>g</kbd> <kbd>{r.nav?.key}</kbd>
						</dt>
						<dd>{r.title}</dd>
					</div>
				))}
				<div>
					<dt>
						<kbd>/</kbd>
					</dt>
					<dd>The search field of the page</dd>
				</div>
				<div>
					<dt>
						<kbd>Esc</kbd>
					</dt>
					<dd>Closes a dialog</dd>
				</div>
			</dl>
		</Dialog>
	);
}
