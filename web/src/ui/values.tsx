// How times, sizes and numbers are written, everywhere alike.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", {
	notation: "compact",
	maximumFractionDigits: 1,
});

/** 1,234 */
export function formatNumber(n: number): string {
	return plain.format(n);
}

/** 1.2K */
export function formatShort(n: number): string {
	return Math.abs(n) < 10_000 ? trim(n) : short.format(n);
}

function trim(n: number): string {
	const digits = Math.abs(n) < 10 && !Number.isInteger(n) ? 1 : 0;
	return n.toLocaleString("en", { maximumFractionDigits: digits });
}

/** 12.3 MiB */
export function formatBytes(n: number): string {
	const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let value = n;
	let i = 0;
	while (Math.abs(value) >= 1024 && i < units.length - 1) {
		value /= 1024;
		i++;
	}
	const digits = i > 0 && Math.abs(value) < 100 ? 1 : 0;
	return `${value.toFixed(digits)} ${units[i]}`;
}

/** 12/s; 0.4/s */
export function formatRate(n: number): string {
	return `${formatShort(n)}/s`;
}

/** A span of time: 850 ms, 12 s, 3 min, 5 h, 2 days. */
export function formatSeconds(s: number): string {
	const a = Math.abs(s);
	if (a < 1) return `${Math.round(s * 1000)} ms`;
	if (a < 10) return `${s.toFixed(1)} s`;
	if (a < 120) return `${Math.round(s)} s`;
	if (a < 7200) return `${Math.round(s / 60)} min`;
	if (a < 172_800) return `${Math.round(s / 3600)} h`;
	return `${Math.round(s / 86_400)} days`;
}

/** A moment from what the API gives: ISO text, or milliseconds. */
export function toDate(at: string | number | Date): Date {
	if (at instanceof Date || typeof at === "number") return new Date(at);
	// ClickHouse's "2026-01-31 12:00:00.000" is UTC.
	return /^\d{4}-\d\d-\d\d \d\d:/.test(at)
		? new Date(`${at.replace(" ", "T")}Z`)
		: new Date(at);
}

/** 2026-01-31 12:00:05 in the reader's zone. */
export function formatTime(at: string | number | Date): string {
	const d = toDate(at);
	if (Number.isNaN(d.getTime())) return String(at);
	const two = (n: number) => String(n).padStart(2, "0");
	return (
		`${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` +
		`${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
	);
}

function relative(d: Date, now: number): string {
	const s = (now - d.getTime()) / 1000;
	if (Math.abs(s) < 3) return "now";
	return s > 0 ? `${formatSeconds(s)} ago` : `in ${formatSeconds(-s)}`;
}

/** "3 min ago", with the exact time as its title; or the exact time itself. */
export function Time(props: {
	at: string | number | Date | null | undefined;
	exact?: boolean;
}): JSX.Element {
	const [now, setNow] = useState(Date.now);
	useEffect(() => {
		if (props.exact) return;
		const timer = setInterval(() => setNow(Date.now()), 10_000);
		return () => clearInterval(timer);
	}, [props.exact]);
	if (props.at === null || props.at === undefined)
		return <span class="muted">never</span>;
	const d = toDate(props.at);
	if (Number.isNaN(d.getTime())) return <span>{String(props.at)}</span>;
	const exact = formatTime(d);
	return (
		<time
			dateTime={d.toISOString()}
			title={`${exact} (${d.toISOString()})`}
			class="number"
		>
			{props.exact ? exact : relative(d, Math.max(now, Date.now() - 9000))}
		</time>
	);
}

export function Bytes(props: { n: number }): JSX.Element {
	return (
		<span class="number" title={`${formatNumber(props.n)} bytes`}>
			{formatBytes(props.n)}
		</span>
	);
}

export function Num(props: { n: number; short?: boolean }): JSX.Element {
	return (
		<span class="number" title={formatNumber(props.n)}>
			{props.short ? formatShort(props.n) : formatNumber(props.n)}
		</span>
	);
}
