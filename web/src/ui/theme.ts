// Dark or light: as the system says, until the user chooses.
export type Theme = "system" | "light" | "dark";

const KEPT = "sluice.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

export function chosenTheme(): Theme {
	const kept = localStorage.getItem(KEPT);
	return kept === "light" || kept === "dark" ? kept : "system";
}

function apply(): void {
	const chosen = chosenTheme();
	const shown =
		chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
	if (document.documentElement.dataset["theme"] === shown) return;
	document.documentElement.dataset["theme"] = shown;
	// What is drawn by script (charts) reads its colours again.
	document.dispatchEvent(new Event("themechange"));
}

export function chooseTheme(theme: Theme): void {
	if (theme === "system") localStorage.removeItem(KEPT);
	else localStorage.setItem(KEPT, theme);
	apply();
}

export function startTheme(): void {
	apply();
	dark.addEventListener("change", apply);
}
