#include "clickhouse/scan.h"

#include <ctype.h>

#include "base/attr.h"

/* A cursor over words and single characters at any depth of brackets. */
struct scanner {
	const char *at, *end;
	int depth;
	struct slice word; /* of the token, empty if it is none */
	char sign; /* of the token if it is not a word; 'q' for quoted text */
	const char *token; /* where it begins */
};

static void
skip_line(struct scanner *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
}

static void
skip_block_comment(struct scanner *s)
{
	int depth = 0;

	while (s->at < s->end) {
		bool two = s->end - s->at >= 2;

		if (two && s->at[0] == '/' && s->at[1] == '*') {
			depth++;
			s->at += 2;
		} else if (two && s->at[0] == '*' && s->at[1] == '/') {
			s->at += 2;
			if (--depth == 0)
				return;
		} else {
			s->at++;
		}
	}
}

static void
skip_blanks(struct scanner *s)
{
	while (s->at < s->end) {
		bool two = s->end - s->at >= 2;

		if (isspace((unsigned char)*s->at))
			s->at++;
		else if (two && s->at[0] == '-' && s->at[1] == '-')
			skip_line(s);
		else if (two && s->at[0] == '#' &&
			 (s->at[1] == ' ' || s->at[1] == '!'))
			skip_line(s);
		else if (two && s->at[0] == '/' && s->at[1] == '*')
			skip_block_comment(s);
		else
			return;
	}
}

/* A quote inside is escaped by a backslash or written twice. */
static void
skip_quoted(struct scanner *s, char quote)
{
	s->at++;
	while (s->at < s->end && *s->at != quote) {
		if (*s->at == '\\' && s->at + 1 < s->end)
			s->at++;
		s->at++;
	}
	if (s->at < s->end)
		s->at++;
}

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

/* $tag$ … $tag$; false if there is none here. */
static bool
skip_heredoc(struct scanner *s)
{
	const char *p = s->at + 1;
	size_t n;

	while (p < s->end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	if (p == s->end || *p != '$')
		return false;
	n = (size_t)(p + 1 - s->at);
	for (p = p + 1; (size_t)(s->end - p) >= n; p++) {
		if (memcmp(p, s->at, n) == 0) {
			s->at = p + n;
			return true;
		}
	}
	return false;
}

static bool
next(struct scanner *s)
{
	char c;

	skip_blanks(s);
	s->word = SLICE_NONE;
	s->token = s->at;
	if (s->at == s->end)
		return false;
	c = *s->at;
	s->sign = 'q';
	if (c == '\'' || c == '"' || c == '`') {
		skip_quoted(s, c);
		return true;
	}
	if (c == '$' && skip_heredoc(s))
		return true;
	s->sign = c;
	if (is_word_char(c)) {
		while (s->at < s->end && is_word_char(*s->at))
			s->at++;
		s->word = slice_of(s->token, (size_t)(s->at - s->token));
		return true;
	}
	if (c == '(' || c == '[' || c == '{')
		s->depth++;
	else if (c == ')' || c == ']' || c == '}')
		s->depth--;
	s->at++;
	return true;
}

static bool
is_word(const struct scanner *s, const char *word)
{
	return s->depth == 0 && slice_eq_nocase(s->word, slice_str(word));
}

static bool
peek_is_word(struct scanner s, const char *word)
{
	return next(&s) && is_word(&s, word);
}

/* As ClickHouse does it: blanks, then at most one line end. */
static struct slice
data_after(const struct scanner *s)
{
	const char *p = s->at;

	while (p < s->end && (*p == ' ' || *p == '\t' || *p == '\f'))
		p++;
	if (p < s->end && *p == '\r')
		p++;
	if (p < s->end && *p == '\n')
		p++;
	return slice_of(p, (size_t)(s->end - p));
}

static void
end_insert(struct sql_scan *out, struct scanner *s, const char *begin,
	const char *statement_end, struct slice format)
{
	out->kind = SQL_INSERT_DATA;
	out->statement = slice_of(begin, (size_t)(statement_end - begin));
	out->format = format;
	out->values = data_after(s);
}

static void
scan_insert(struct scanner *s, const char *begin, struct sql_scan *out)
{
	int n = 0;

	out->kind = SQL_INSERT_BARE;
	while (next(s)) {
		const char *token = s->token;

		n++;
		if (is_word(s, "SELECT") || is_word(s, "WITH") ||
			is_word(s, "WATCH")) {
			out->kind = SQL_OTHER;
			return;
		}
		if (is_word(s, "FROM") && peek_is_word(*s, "INFILE")) {
			out->kind = SQL_INFILE;
			return;
		}
		/* The first token after INTO is the table, whatever its
		 * name. */
		if (n < 2 || (n == 2 && !is_word(s, "VALUES")))
			continue;
		if (is_word(s, "VALUES")) {
			end_insert(out, s, begin, token, SLICE_LIT("Values"));
			return;
		}
		if (is_word(s, "FORMAT") && next(s) && s->word.len > 0) {
			end_insert(out, s, begin, token, s->word);
			return;
		}
	}
}

/* FORMAT x at the end or before SETTINGS; elsewhere it is a name. */
static void
note_format(struct scanner s, struct sql_scan *out)
{
	struct slice format;

	if (!next(&s) || s.word.len == 0)
		return;
	format = s.word;
	if (!next(&s) || s.sign == ';' || is_word(&s, "SETTINGS") ||
		is_word(&s, "FORMAT"))
		out->format = format;
}

static void
scan_query(struct scanner *s, struct sql_scan *out)
{
	do {
		if (is_word(s, "FORMAT"))
			note_format(*s, out);
		else if (is_word(s, "INTO") && peek_is_word(*s, "OUTFILE"))
			out->kind = SQL_OUTFILE;
		else if (slice_eq_nocase(s->word, SLICE_LIT("SETTINGS")))
			out->has_settings = true;
		else if (slice_eq_nocase(s->word, SLICE_LIT("TOTALS")))
			out->has_totals = true;
	} while (next(s));
}

void
sql_scan(struct slice text, struct sql_scan *out)
{
	struct scanner s = {.at = text.p, .end = text.p + text.len};

	*out = (struct sql_scan){.kind = SQL_EMPTY, .statement = text};
	if (text.len == 0 || !next(&s))
		return;
	out->kind = SQL_OTHER;
	if (is_word(&s, "INSERT")) {
		scan_insert(&s, s.token, out);
		return;
	}
	if (s.sign == '(' || is_word(&s, "SELECT") || is_word(&s, "WITH"))
		out->kind = SQL_SELECT;
	scan_query(&s, out);
}

static bool
is_in(struct slice format, const char *const *list)
{
	for (; *list != NULL; list++)
		if (slice_eq_nocase(format, slice_str(*list)))
			return true;
	return false;
}

bool
sql_format_is_streamable(struct slice format)
{
	static const char *const names[] = {"TabSeparated", "TSV",
		"TabSeparatedRaw", "TSVRaw", "CSV", "JSONEachRow", "JSONLines",
		"NDJSON", "JSONCompactEachRow", "JSONStringsEachRow",
		"JSONCompactStringsEachRow", "RowBinary", "Native",
		"LineAsString", NULL};

	return is_in(format, names);
}

const char *
sql_format_content_type(struct slice format)
{
	static const struct {
		const char *begin, *type;
	} rows[] = {
		{"TabSeparated", "text/tab-separated-values; charset=UTF-8"},
		{"TSV", "text/tab-separated-values; charset=UTF-8"},
		{"CSVWithNames", "text/csv; charset=UTF-8; header=present"},
		{"CSV", "text/csv; charset=UTF-8; header=absent"},
		{"JSONEachRow", "application/x-ndjson; charset=UTF-8"},
		{"JSONLines", "application/x-ndjson; charset=UTF-8"},
		{"NDJSON", "application/x-ndjson; charset=UTF-8"},
		{"JSONCompactEachRow", "application/x-ndjson; charset=UTF-8"},
		{"JSON", "application/json; charset=UTF-8"},
		{"XML", "application/xml; charset=UTF-8"},
		{"Native", "application/octet-stream"},
		{"RowBinary", "application/octet-stream"},
		{"Parquet", "application/octet-stream"},
		{"ORC", "application/octet-stream"},
		{"ArrowStream", "application/vnd.apache.arrow.stream"},
		{"Arrow", "application/vnd.apache.arrow.file"},
		{"MsgPack", "application/octet-stream"},
		{"Avro", "application/octet-stream"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice begin = slice_str(rows[i].begin);

		if (format.len >= begin.len &&
			slice_eq_nocase(slice_of(format.p, begin.len), begin))
			return rows[i].type;
	}
	return "text/plain; charset=UTF-8";
}
