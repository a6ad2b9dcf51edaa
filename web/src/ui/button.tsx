import type { ButtonHTMLAttributes, ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Icon, type IconName } from "./icons";
import { toast } from "./toast";

type Kind = "plain" | "primary" | "danger" | "quiet";

interface Looks {
	kind?: Kind | undefined;
	icon?: IconName | undefined;
	small?: boolean | undefined;
	/** Shows only the icon; children are its label for screen readers. */
	iconOnly?: boolean | undefined;
	children: ComponentChildren;
}

type ButtonProps = Looks & {
	/** Something runs: pressing again does nothing. */
	busy?: boolean | undefined;
	type?: "button" | "submit";
} & Omit<ButtonHTMLAttributes, "type" | "icon" | "class">;

function classes(looks: Looks): string {
	return [
		"button",
		looks.kind ?? "plain",
		looks.small ? "small-button" : "",
		looks.iconOnly ? "icon-only" : "",
	].join(" ");
}

function inside(looks: Looks): ComponentChildren {
	return (
		<>
			{looks.icon && <Icon name={looks.icon} />}
			{looks.iconOnly ? (
				<span class="sr-only">{looks.children}</span>
			) : (
				looks.children
			)}
		</>
	);
}

export function Button(props: ButtonProps): JSX.Element {
	const {
		kind,
		icon,
		small,
		iconOnly,
		busy,
		type,
		children,
		onClick,
		title,
		...more
	} = props;
	const looks = { kind, icon, small, iconOnly, children };
	return (
		<button
			{...more}
			type={type ?? "button"}
			class={classes(looks)}
			aria-busy={busy || undefined}
			title={
				title ??
				(iconOnly && typeof children === "string" ? children : undefined)
			}
			onClick={busy ? (e) => e.preventDefault() : onClick}
		>
			{busy && <span class="spinner" aria-hidden="true" />}
			{inside(looks)}
		</button>
	);
}

/** A link that looks like a button. */
export function LinkButton(
	props: Looks & { href: string; download?: string },
): JSX.Element {
	return (
		<a class={classes(props)} href={props.href} download={props.download}>
			{inside(props)}
		</a>
	);
}

async function toClipboard(text: string): Promise<void> {
	if (navigator.clipboard !== undefined) {
		await navigator.clipboard.writeText(text);
		return;
	}
	// Without TLS browsers have no clipboard but on this machine's addresses.
	const area = document.createElement("textarea");
	area.value = text;
	area.className = "sr-only";
	(document.querySelector("dialog[open]") ?? document.body).append(area);
	area.select();
	const done = document.execCommand("copy");
	area.remove();
	if (!done) throw new Error("copy");
}

export function CopyButton(props: {
	text: string;
	label?: string;
	kind?: Kind;
	small?: boolean;
	iconOnly?: boolean;
}): JSX.Element {
	const [done, setDone] = useState(false);
	const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
	useEffect(() => () => clearTimeout(timer.current), []);
	const copy = () =>
		toClipboard(props.text).then(
			() => {
				setDone(true);
				clearTimeout(timer.current);
				timer.current = setTimeout(() => setDone(false), 2000);
			},
			() =>
				toast(
					"The browser does not let this page copy: mark the text and copy it.",
					"bad",
				),
		);
	return (
		<>
			<Button
				kind={props.kind ?? "plain"}
				small={props.small ?? true}
				iconOnly={props.iconOnly}
				icon={done ? "check" : "copy"}
				onClick={copy}
			>
				{done && !props.iconOnly ? "Copied" : (props.label ?? "Copy")}
			</Button>
			<span class="sr-only" role="status">
				{done ? "Copied" : ""}
			</span>
		</>
	);
}
