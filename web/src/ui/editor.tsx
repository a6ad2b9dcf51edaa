// A code editor: CodeMirror is loaded when the first is shown; until then, and if it
// cannot be loaded, a plain text area does.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { EditorHandle } from "./editor-core";

export interface EditorProps {
	label: string;
	value: string;
	onInput: (value: string) => void;
	language: "json" | "sql";
	readOnly?: boolean;
	/** Lines shown before it scrolls. */
	rows?: number;
	/** For completion in SQL: columns by table. */
	schema?: Record<string, readonly string[]>;
	/** Where something is wrong, from 1; it is underlined. */
	mark?: { line: number; column: number; text: string } | undefined;
	/** Ctrl+Enter or Cmd+Enter. */
	onRun?: (value: string) => void;
}

export function Editor(props: EditorProps): JSX.Element {
	const box = useRef<HTMLDivElement>(null);
	const editor = useRef<EditorHandle | undefined>(undefined);
	const latest = useRef(props);
	const [loaded, setLoaded] = useState(false);
	latest.current = props;

	useEffect(() => {
		let ended = false;
		import("./editor-core").then(
			({ makeEditor }) => {
				if (ended || box.current === null) return;
				editor.current = makeEditor(box.current, () => latest.current);
				setLoaded(true);
			},
			() => {}, // the text area stays
		);
		return () => {
			ended = true;
			editor.current?.end();
			editor.current = undefined;
			setLoaded(false);
		};
	}, [props.language, props.readOnly]);
	useEffect(() => editor.current?.setValue(props.value), [props.value]);
	useEffect(() => editor.current?.setSchema(props.schema), [props.schema]);
	useEffect(() => editor.current?.setMark(props.mark), [props.mark]);

	return (
		<div class="editor">
			<div ref={box} class="editor-box" hidden={!loaded} />
			{!loaded && (
				<textarea
					class="input mono"
					aria-label={props.label}
					rows={props.rows ?? 10}
					readOnly={props.readOnly}
					spellcheck={false}
					value={props.value}
					onInput={(e) => props.onInput(e.currentTarget.value)}
					onKeyDown={(e) => {
						if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
						e.preventDefault();
						props.onRun?.(e.currentTarget.value);
					}}
				/>
			)}
		</div>
	);
}
