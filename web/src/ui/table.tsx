import type { ComponentChildren, JSX } from "preact";

import { Button } from "./button";
import { Icon } from "./icons";

export interface Column<T> {
	id: string;
	title: ComponentChildren;
	cell: (row: T) => ComponentChildren;
	align?: "right";
	/** Wide content, as JSON; takes what is left. */
	grow?: boolean;
	/** Sorted by this when its head is pressed; needs sort and onSort. */
	sortable?: boolean;
	/** On a narrow screen it is left out. */
	optional?: boolean;
}

export interface Sort {
	by: string;
	descending: boolean;
}

interface TableProps<T> {
	/** What the table shows, for screen readers. */
	caption: string;
	columns: readonly Column<T>[];
	rows: readonly T[];
	rowKey: (row: T) => string | number;
	sort?: Sort | undefined;
	onSort?: ((sort: Sort) => void) | undefined;
	/** Instead of a table without rows. */
	empty?: ComponentChildren;
	/** On a narrow screen each row is a card (default), or the table scrolls. */
	narrow?: "cards" | "scroll";
	/** Marks a row, as the one that is open. */
	isMarked?: (row: T) => boolean;
	/** A click anywhere on the row; the row must have a link or button as well. */
	onRow?: (row: T) => void;
}

function Head<T>(props: {
	column: Column<T>;
	sort: Sort | undefined;
	onSort: ((sort: Sort) => void) | undefined;
}): JSX.Element {
	const { column, sort, onSort } = props;
	const isBy = sort?.by === column.id;
	const order = sort?.descending ? "descending" : "ascending";
	return (
		<th
			scope="col"
			class={column.align}
			data-optional={column.optional}
			aria-sort={isBy ? order : undefined}
		>
			{column.sortable && onSort ? (
				<button
					type="button"
					class="sort"
					onClick={() =>
						onSort({
							by: column.id,
							descending: isBy ? !sort.descending : false,
						})
					}
				>
					{column.title}
					<Icon
						name={!isBy ? "sort" : sort.descending ? "down" : "up"}
						size={12}
					/>
				</button>
			) : (
				column.title
			)}
		</th>
	);
}

function onControl(e: Event): boolean {
	return (
		e.target instanceof Element &&
		e.target.closest("a,button,input,select,textarea,label,summary") !== null
	);
}

export function Table<T>(props: TableProps<T>): JSX.Element {
	const { columns, rows, onRow } = props;
	if (rows.length === 0 && props.empty) return <>{props.empty}</>;
	return (
		<section
			class={`table-box ${props.narrow ?? "cards"}`}
			aria-label={props.caption}
			// What scrolls is reached by the keyboard.
			// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
			tabIndex={0}
		>
			<table class="table">
				<caption class="sr-only">{props.caption}</caption>
				<thead>
					<tr>
						{columns.map((c) => (
							<Head
								key={c.id}
								column={c}
								sort={props.sort}
								onSort={props.onSort}
							/>
						))}
					</tr>
				</thead>
				<tbody>
					{rows.map((row) => (
						<tr
							key={props.rowKey(row)}
							class={onRow ? "pressable" : undefined}
							data-marked={props.isMarked?.(row) || undefined}
							onClick={
								onRow &&
								((e) => {
									if (!onControl(e)) onRow(row);
								})
							}
						>
							{columns.map((c) => (
								<td
									key={c.id}
									class={[c.align, c.grow ? "grow-cell" : ""]
										.filter(Boolean)
										.join(" ")}
									data-optional={c.optional}
									data-title={typeof c.title === "string" ? c.title : undefined}
								>
									{c.cell(row)}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</section>
	);
}

/** Below a table of usePages: the next page. */
export function MoreRows(props: {
	more: boolean;
	loading: boolean;
	loadMore: () => void;
	count?: number | undefined;
}): JSX.Element | null {
	if (!props.more) return null;
	return (
		<div class="row">
			<Button busy={props.loading} onClick={props.loadMore}>
				Show more
			</Button>
			{props.count !== undefined && (
				<span class="muted small">{props.count} shown</span>
			)}
		</div>
	);
}

/** Sorts rows that are all here; lists with a cursor are sorted by the server. */
export function sortRows<T>(
	rows: readonly T[],
	sort: Sort,
	value: (row: T, by: string) => string | number | null | undefined,
): T[] {
	const sign = sort.descending ? -1 : 1;
	return [...rows].sort((a, b) => {
		const x = value(a, sort.by) ?? "";
		const y = value(b, sort.by) ?? "";
		const order =
			typeof x === "number" && typeof y === "number"
				? x - y
				: String(x).localeCompare(String(y), undefined, { numeric: true });
		return sign * order;
	});
}
