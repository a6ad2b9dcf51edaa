import type { JSX } from "preact";

// Strokes in a box of 16; drawn in the colour of the text.
const paths = {
	check: "M3 8.5l3.2 3.2L13 5",
	close: "M4 4l8 8M12 4l-8 8",
	copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
	down: "M4 6l4 4 4-4",
	right: "M6 4l4 4-4 4",
	left: "M10 4l-4 4 4 4",
	menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
	plus: "M8 3v10M3 8h10",
	reload: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
	search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.8 10.8L14 14",
	warning: "M8 2.5L14.5 13.5h-13zM8 6.5v3.5M8 11.8v.2",
	info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3v3.7M8 5v.2",
	pause: "M5.5 3.5v9M10.5 3.5v9",
	play: "M5 3.5l7 4.5-7 4.5z",
	user: "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.8 14c.6-3 2.6-4.2 5.2-4.2s4.6 1.2 5.2 4.2",
	sort: "M5 6.5L8 3.5l3 3M5 9.5l3 3 3-3",
	up: "M4 10l4-4 4 4",
	external: "M9.5 3h3.5v3.5M13 3L7.5 8.5M11 9.5V13H3V5h3.5",
} as const;

export type IconName = keyof typeof paths;

/** For the eye alone: what it means stands beside it or in the button's label. */
export function Icon(props: { name: IconName; size?: number }): JSX.Element {
	const size = props.size ?? 16;
	return (
		<svg
			class="icon"
			width={size}
			height={size}
			viewBox="0 0 16 16"
			fill="none"
			stroke="currentColor"
			stroke-width="1.6"
			stroke-linecap="round"
			stroke-linejoin="round"
			aria-hidden="true"
			focusable="false"
		>
			<path d={paths[props.name]} />
		</svg>
	);
}
