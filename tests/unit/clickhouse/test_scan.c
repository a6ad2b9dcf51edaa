#include "tests/unit/clickhouse/tests.h"

#include "base/attr.h"
#include "clickhouse/scan.h"

static struct sql_scan
scan(const char *text)
{
	struct sql_scan s;

	sql_scan(slice_str(text), &s);
	return s;
}

void
statements_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum sql_kind kind;
	} rows[] = {
		{"", SQL_EMPTY},
		{" \n-- nothing\n/* at /* all */ */ ", SQL_EMPTY},
		{"SELECT 1", SQL_SELECT},
		{"-- c\n  select 1", SQL_SELECT},
		{"WITH 1 AS x SELECT x", SQL_SELECT},
		{"(SELECT 1) UNION ALL (SELECT 2)", SQL_SELECT},
		{"SHOW TABLES", SQL_OTHER},
		{"DROP TABLE t", SQL_OTHER},
		{"SELECT 1 INTO OUTFILE '/x'", SQL_OUTFILE},
		{"SELECT 1 into /**/ outfile '/x' FORMAT CSV", SQL_OUTFILE},
		{"SELECT 'INTO OUTFILE x'", SQL_SELECT},
		{"INSERT INTO t SELECT 1", SQL_OTHER},
		{"INSERT INTO t WITH 1 AS x SELECT x", SQL_OTHER},
		{"INSERT INTO t (a, b)", SQL_INSERT_BARE},
		{"INSERT INTO t FROM INFILE 'x' FORMAT CSV", SQL_INFILE},
		{"INSERT INTO format FORMAT CSV 1", SQL_INSERT_DATA},
		{"insert into t values (1)", SQL_INSERT_DATA},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(scan(rows[i].text).kind, rows[i].kind);
}

void
data_of_inserts_is_split_off(void **state)
{
	static const struct {
		const char *text, *statement, *format, *values;
	} rows[] = {
		{"INSERT INTO t VALUES (1), (2);", "INSERT INTO t ", "Values",
			"(1), (2);"},
		{"INSERT INTO d.t (a, `format`) FORMAT CSV\n1;2\n\n3\n",
			"INSERT INTO d.t (a, `format`) ", "CSV", "1;2\n\n3\n"},
		{"INSERT INTO t SETTINGS async_insert = 0 FORMAT JSONEachRow "
		 "{\"a\": 1}",
			"INSERT INTO t SETTINGS async_insert = 0 ",
			"JSONEachRow", "{\"a\": 1}"},
		{"INSERT INTO t FORMAT RowBinary\r\n\nx", "INSERT INTO t ",
			"RowBinary", "\nx"},
		{"-- c\nINSERT INTO t FORMAT Native", "INSERT INTO t ",
			"Native", ""},
		{"INSERT INTO FUNCTION file('f', 'CSV') FORMAT CSV 1",
			"INSERT INTO FUNCTION file('f', 'CSV') ", "CSV", "1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sql_scan s = scan(rows[i].text);

		assert_int_equal(s.kind, SQL_INSERT_DATA);
		assert_true(slice_eq_str(s.statement, rows[i].statement));
		assert_true(slice_eq_str(s.format, rows[i].format));
		assert_true(slice_eq_str(s.values, rows[i].values));
	}
}

void
the_format_clause_is_found(void **state)
{
	static const struct {
		const char *text, *format;
		bool has_settings, has_totals;
	} rows[] = {
		{"SELECT 1 FORMAT JSON", "JSON", false, false},
		{"SELECT 1 format CSV ;", "CSV", false, false},
		{"SELECT 1 FORMAT CSV -- x", "CSV", false, false},
		{"SELECT 1 FORMAT TSV SETTINGS a = 1", "TSV", true, false},
		{"SELECT 1 SETTINGS a = 1 FORMAT TSV", "TSV", true, false},
		{"SELECT format FROM t", "", false, false},
		{"SELECT format(1) FROM t", "", false, false},
		{"SELECT (SELECT 1 FORMAT CSV)", "", false, false},
		{"SELECT 'FORMAT CSV'", "", false, false},
		{"SELECT 1 GROUP BY a WITH TOTALS FORMAT CSV", "CSV", false,
			true},
		{"SELECT * FROM (SELECT 1 SETTINGS a = 1)", "", true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sql_scan s = scan(rows[i].text);

		assert_true(slice_eq_str(s.format, rows[i].format));
		assert_int_equal(s.has_settings, rows[i].has_settings);
		assert_int_equal(s.has_totals, rows[i].has_totals);
	}
}

void
words_in_quotes_and_comments_are_no_words(void **state)
{
	static const char *const texts[] = {
		"SELECT 'it''s \\' FORMAT X', \"FORMAT Y\", `FORMAT Z`",
		"SELECT 1 -- FORMAT X",
		"SELECT 1 /* FORMAT X */",
		"SELECT $t$ FORMAT X $t$",
		"SELECT $$ FORMAT X $$",
		"SELECT 1 # FORMAT X",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(scan(texts[i]).kind, SQL_SELECT);
		assert_int_equal(scan(texts[i]).format.len, 0);
	}
}

/* clickhouse-8 */
void
formats_with_a_frame_are_not_streamed(void **state)
{
	(void)state;
	assert_true(sql_format_is_streamable(SLICE_LIT("TabSeparated")));
	assert_true(sql_format_is_streamable(SLICE_LIT("jsoneachrow")));
	assert_true(sql_format_is_streamable(SLICE_LIT("Native")));
	assert_false(sql_format_is_streamable(SLICE_LIT("JSON")));
	assert_false(sql_format_is_streamable(SLICE_LIT("CSVWithNames")));
	assert_false(sql_format_is_streamable(SLICE_LIT("Parquet")));
	assert_false(sql_format_is_streamable(SLICE_LIT("")));
}

/* No prefix of a text makes the scanner read behind its end (seen by ASan). */
void
scanning_ends_on_every_prefix(void **state)
{
	static const char text[] =
		"INSERT /* a /* b */ */ INTO `t\\`` ('x''\\'', $h$ y $h$)"
		" -- c\n SETTINGS a = 'b' FORMAT CSV\r\n1";
	struct sql_scan s;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, text, n);
		sql_scan(slice_of(copy, n), &s);
		assert_true(s.statement.len <= n);
		free(copy);
	}
	assert_int_equal(scan(text).kind, SQL_INSERT_DATA);
}
