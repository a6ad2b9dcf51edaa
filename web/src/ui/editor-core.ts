// The only file that imports CodeMirror; loaded by editor.tsx when needed. It lives
// in a shadow root, where its styles are constructed sheets: the page's policy
// (style-src 'self') lets no <style> element through.
import {
	autocompletion,
	closeBrackets,
	closeBracketsKeymap,
	closeCompletion,
	completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { SQLDialect, sql } from "@codemirror/lang-sql";
import {
	bracketMatching,
	foldGutter,
	HighlightStyle,
	indentOnInput,
	syntaxHighlighting,
} from "@codemirror/language";
import { linter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
	drawSelection,
	EditorView,
	highlightActiveLine,
	keymap,
	lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

import type { EditorProps } from "./editor";

export interface EditorHandle {
	setValue: (value: string) => void;
	setSchema: (schema: EditorProps["schema"]) => void;
	setMark: (mark: EditorProps["mark"]) => void;
	end: () => void;
}

const TOLD_MAX = 50;

const clickhouse = SQLDialect.define({
	keywords:
		"select from where group by order limit offset having with as distinct " +
		"join left right inner outer full cross any all asof semi anti on using " +
		"union except intersect and or not in is null between like ilike case " +
		"when then else end array prewhere final sample settings format interval " +
		"asc desc fill window over partition rows range preceding following " +
		"current row exists global totals rollup cube show describe explain " +
		"second minute hour day week month quarter year",
	builtin:
		"count uniq uniqExact sum avg min max quantile quantiles any argMin " +
		"argMax groupArray groupUniqArray topK countIf sumIf uniqIf now today " +
		"yesterday toDate toDateTime toStartOfMinute toStartOfHour toStartOfDay " +
		"toStartOfWeek toStartOfMonth toStartOfInterval dateDiff dateAdd " +
		"JSONExtractString JSONExtractInt JSONExtractFloat JSONExtractBool " +
		"JSONExtractRaw JSONExtractKeys JSONHas if multiIf coalesce nullIf " +
		"lower upper length concat replaceAll match extract splitByChar " +
		"arrayJoin arrayMap arrayFilter toString toInt64 toFloat64 round " +
		"windowFunnel retention sequenceMatch",
	types:
		"Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float32 Float64 " +
		"String UUID Date Date32 DateTime DateTime64 Bool Array Map Tuple Nullable",
	backslashEscapes: true,
	caseInsensitiveIdentifiers: false,
	identifierQuotes: '"`',
});

const colours = HighlightStyle.define([
	{ tag: tags.keyword, color: "var(--series-4)", fontWeight: "600" },
	{ tag: [tags.string, tags.special(tags.string)], color: "var(--ok)" },
	{ tag: [tags.number, tags.bool, tags.null], color: "var(--accent)" },
	{ tag: [tags.propertyName, tags.typeName], color: "var(--series-2)" },
	{ tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
	{ tag: tags.standard(tags.name), color: "var(--series-5)" },
]);

function theme(rows: number): Extension {
	return EditorView.theme({
		"&": {
			color: "var(--text)",
			backgroundColor: "var(--surface)",
			fontSize: "13px",
			maxHeight: `${rows * 1.5 + 1}em`,
		},
		"&.cm-focused": {
			outline: "2px solid var(--focus)",
			outlineOffset: "-1px",
		},
		".cm-scroller": {
			fontFamily: "var(--mono)",
			lineHeight: "1.5",
			overflow: "auto",
		},
		".cm-scroller, .cm-content, .cm-gutter": {
			minHeight: `${Math.min(rows, 6) * 1.5}em`,
		},
		".cm-content, .cm-cursor": {
			caretColor: "var(--text)",
			borderLeftColor: "var(--text)",
		},
		".cm-gutters": {
			backgroundColor: "var(--sunken)",
			color: "var(--muted)",
			borderRight: "1px solid var(--border)",
		},
		".cm-activeLine, .cm-activeLineGutter": {
			backgroundColor: "transparent",
		},
		"&.cm-focused .cm-activeLine": { backgroundColor: "var(--sunken)" },
		"&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
			{ backgroundColor: "var(--accent-soft)" },
		".cm-tooltip, .cm-panels": {
			backgroundColor: "var(--surface)",
			color: "var(--text)",
			border: "1px solid var(--border)",
		},
		".cm-tooltip-autocomplete > ul > li[aria-selected]": {
			backgroundColor: "var(--accent)",
			color: "var(--on-accent)",
		},
		".cm-button, .cm-textfield": {
			backgroundImage: "none",
			backgroundColor: "var(--surface)",
			color: "var(--text)",
			border: "1px solid var(--edge)",
		},
		".cm-matchingBracket": { backgroundColor: "var(--accent-soft)" },
		".cm-foldPlaceholder": {
			backgroundColor: "var(--sunken)",
			color: "var(--muted)",
			border: "0",
		},
	});
}

function language(p: EditorProps): Extension {
	if (p.language === "json")
		return [
			json(),
			p.readOnly
				? []
				: linter((view) =>
						view.state.doc.length === 0 ? [] : jsonParseLinter()(view),
					),
		];
	return sql({
		dialect: clickhouse,
		...(p.schema ? { schema: p.schema } : {}),
	});
}

/** The word, or the one character, at a place. */
function markOf(
	state: EditorState,
	mark: NonNullable<EditorProps["mark"]>,
): { from: number; to: number } {
	const line = state.doc.line(Math.min(mark.line, state.doc.lines));
	// Columns are counted in characters, places in units of UTF-16.
	const before = [...line.text].slice(0, mark.column - 1).join("");
	const from = Math.min(line.from + before.length, line.to);
	const word = /^[\w$.]+/.exec(line.text.slice(from - line.from));
	return { from, to: Math.min(from + (word?.[0].length ?? 1), line.to) };
}

export function makeEditor(
	box: HTMLElement,
	props: () => EditorProps,
): EditorHandle {
	const first = props();
	const spoken = new Compartment();
	const root = box.shadowRoot ?? box.attachShadow({ mode: "open" });
	let own = false; // a change that comes from the page, not from the user
	// What was typed comes back as the page's value, later than the next key.
	let told: string[] = [];
	const view = new EditorView({
		root,
		parent: root,
		state: EditorState.create({
			doc: first.value,
			extensions: [
				lineNumbers(),
				foldGutter(),
				history(),
				drawSelection(),
				indentOnInput(),
				bracketMatching(),
				closeBrackets(),
				autocompletion(),
				highlightActiveLine(),
				highlightSelectionMatches(),
				syntaxHighlighting(colours),
				spoken.of(language(first)),
				EditorState.readOnly.of(first.readOnly ?? false),
				EditorView.lineWrapping,
				EditorView.contentAttributes.of({
					"aria-label": first.label,
					tabindex: "0", // what scrolls is reached by the keyboard
				}),
				keymap.of([
					{
						key: "Mod-Enter",
						run: (v) => {
							const { onRun } = props();
							closeCompletion(v);
							onRun?.(v.state.doc.toString());
							return onRun !== undefined;
						},
					},
					// Tab leaves the editor: it is no trap for the keyboard.
					...closeBracketsKeymap,
					...defaultKeymap,
					...searchKeymap,
					...historyKeymap,
					...completionKeymap,
				]),
				EditorView.updateListener.of((u) => {
					if (!u.docChanged || own) return;
					const text = u.state.doc.toString();
					told = [...told.slice(-TOLD_MAX), text];
					props().onInput(text);
				}),
				theme(first.rows ?? 10),
			],
		}),
	});
	return {
		setValue: (value) => {
			const at = told.lastIndexOf(value);
			if (at >= 0) {
				told = told.slice(at + 1);
				return;
			}
			told = [];
			if (view.state.doc.toString() === value) return;
			own = true;
			view.dispatch({
				changes: { from: 0, to: view.state.doc.length, insert: value },
			});
			own = false;
		},
		setSchema: (schema) => {
			view.dispatch({
				effects: spoken.reconfigure(
					language({ ...props(), ...(schema ? { schema } : {}) }),
				),
			});
		},
		setMark: (mark) => {
			view.dispatch(
				setDiagnostics(
					view.state,
					mark === undefined
						? []
						: [
								{
									...markOf(view.state, mark),
									severity: "error",
									message: mark.text,
								},
							],
				),
			);
		},
		end: () => view.destroy(),
	};
}
