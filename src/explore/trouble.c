#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "explore/console.h"

/* ClickHouse's numbers, as far as something is said for them. */
enum {
	UNKNOWN_FUNCTION = 46,
	UNKNOWN_IDENTIFIER = 47,
	UNKNOWN_TABLE = 60,
	SYNTAX_ERROR = 62,
	UNKNOWN_DATABASE = 81,
	TOO_MANY_ROWS = 158,
	TIMEOUT_EXCEEDED = 159,
	READONLY = 164,
	MEMORY_LIMIT = 241,
	TOO_MANY_ROWS_OR_BYTES = 396,
	QUERY_WAS_CANCELLED = 394,
	UNKNOWN_PARAMETER = 456,
	ACCESS_DENIED = 497,
	QUERY_NOT_ALLOWED = 620
};

static bool
contains(struct slice s, const char *word, size_t *at)
{
	const char *p =
		s.len == 0 ? NULL : memmem(s.p, s.len, word, strlen(word));

	if (p != NULL)
		*at = (size_t)(p - s.p);
	return p != NULL;
}

static struct slice
cut_before(struct slice s, const char *word)
{
	size_t at;

	if (contains(s, word, &at))
		s.len = at;
	return slice_trim(s);
}

static struct slice
skip_behind(struct slice s, const char *word)
{
	size_t at;

	if (!contains(s, word, &at))
		return s;
	at += strlen(word);
	return slice_trim(slice_of(s.p + at, s.len - at));
}

/* What is said, without number, place in the code and version. */
static struct slice
core_of(struct slice words)
{
	words = skip_behind(words, "DB::Exception: ");
	words = cut_before(words, " (version ");
	words = cut_before(words, ": In scope ");
	words = cut_before(words, " In scope ");
	words = cut_before(words, " Stack trace");
	words = cut_before(words, ": while executing ");
	/* The name of the error in capitals and brackets. */
	if (words.len > 2 && words.p[words.len - 1] == ')') {
		size_t i = words.len - 1;

		while (i > 0 &&
			(isupper((unsigned char)words.p[i - 1]) ||
				isdigit((unsigned char)words.p[i - 1]) ||
				words.p[i - 1] == '_'))
			i--;
		if (i > 1 && words.p[i - 1] == '(' && words.len - i > 4)
			words.len = i - 1;
	}
	return slice_trim(words);
}

/* Line and column of a byte of the text, in characters. */
static void
place_of(const char *text, size_t at, struct console_trouble *out)
{
	out->line = 1;
	out->column = 1;
	for (size_t i = 0; i < at && text[i] != '\0'; i++) {
		if (text[i] == '\n') {
			out->line++;
			out->column = 1;
		} else if (((unsigned char)text[i] & 0xC0) != 0x80) {
			out->column++;
		}
	}
}

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

/* Where a name stands in the text first, as a whole word. */
static void
find_name(const char *text, struct slice name, struct console_trouble *out)
{
	size_t len = strlen(text);
	const char *p = text;

	while (name.len > 0) {
		p = memmem(p, len - (size_t)(p - text), name.p, name.len);
		if (p == NULL)
			return;
		if ((p == text || !is_word_char(p[-1])) &&
			!is_word_char(p[name.len])) {
			place_of(text, (size_t)(p - text), out);
			return;
		}
		p++;
	}
}

/* The first text between two marks of a kind. */
static struct slice
quoted(struct slice words, char mark)
{
	const char *begin =
		words.len == 0 ? NULL : memchr(words.p, mark, words.len);
	const char *end;

	if (begin == NULL)
		return SLICE_NONE;
	begin++;
	end = memchr(begin, mark, words.len - (size_t)(begin - words.p));
	if (end == NULL)
		return SLICE_NONE;
	return slice_of(begin, (size_t)(end - begin));
}

static void
say(struct console_trouble *out, const char *fmt, struct slice name,
	const char *more)
{
	struct slice shown = name.len > 150 ? slice_of(name.p, 150) : name;
	const char *mark = strchr(fmt, '\x01');

	if (mark == NULL)
		snprintf(out->message, sizeof(out->message), "%s%s", fmt, more);
	else
		snprintf(out->message, sizeof(out->message), "%.*s%.*s%s%s",
			(int)(mark - fmt), fmt, SLICE_FMT(shown), mark + 1,
			more);
}

static void
explain_syntax(struct slice core, const char *text, struct console_trouble *out)
{
	size_t at;

	if (contains(core, "position ", &at)) {
		long n = strtol(core.p + at + 9, NULL, 10);
		struct slice rest;

		if (n > 0 && (size_t)n <= strlen(text) + 1)
			place_of(text, (size_t)n - 1, out);
		rest = cut_before(skip_behind(core, "): "), "Expected one of");
		rest = slice_trim(rest);
		if (contains(core, "Multi-statements", &at))
			say(out, "One statement at a time.", SLICE_NONE, "");
		else if (contains(core, "(end of query)", &at))
			say(out, "The query ends too early.", SLICE_NONE, "");
		else
			say(out, "The query is not understood at: \x01", rest,
				"");
		return;
	}
	say(out, "The query is not understood: \x01", core, "");
}

static void
explain_name(int code, struct slice core, struct slice words, const char *text,
	struct console_trouble *out)
{
	struct slice name = quoted(core, '`');
	struct slice maybe = skip_behind(words, "Maybe you meant");
	char more[120] = "";

	if (name.p == NULL)
		name = quoted(core, '\'');
	if (maybe.p != words.p && quoted(maybe, '\'').len > 0)
		snprintf(more, sizeof(more), " Maybe you meant %.*s.",
			SLICE_FMT(quoted(maybe, '\'')));
	if (name.p == NULL) {
		say(out, "\x01", core, "");
		return;
	}
	find_name(text, name, out);
	if (code == UNKNOWN_TABLE)
		say(out, "There is no table \x01.", name, more);
	else if (code == UNKNOWN_FUNCTION)
		say(out, "There is no function \x01.", name, more);
	else
		say(out, "There is no column \x01.", name, more);
}

static void
explain_limit(
	int code, const struct console_limits *l, struct console_trouble *out)
{
	char *m = out->message;
	size_t n = sizeof(out->message);

	if (code == TIMEOUT_EXCEEDED)
		snprintf(m, n,
			"The query took longer than %lld seconds and was "
			"stopped. Narrow the time range, or read fewer "
			"columns.",
			(long long)l->time_s);
	else if (code == MEMORY_LIMIT)
		snprintf(m, n,
			"The query needed more memory than the console may "
			"use (%lld MiB). Group by fewer values, or narrow the "
			"time range.",
			(long long)(l->memory_bytes / 1048576));
	else if (code == TOO_MANY_ROWS)
		snprintf(m, n,
			"The query would read more than %lld rows. Narrow it: "
			"give a project (team_id) and a time range.",
			(long long)l->rows_read);
	else
		snprintf(m, n,
			"The result is larger than %d MiB. Read fewer columns "
			"or rows: LIMIT helps.",
			CONSOLE_RESULT_BYTES / 1048576);
}

void
console_explain(int code, struct slice words, const char *text,
	const struct console_limits *limits, struct console_trouble *out)
{
	struct slice core = core_of(words);
	size_t at;

	out->code = code;
	out->line = out->column = 0;
	buf_reset(&out->detail);
	buf_append_slice(&out->detail, slice_trim(words));
	if (code == SYNTAX_ERROR)
		explain_syntax(core, text, out);
	else if (code == UNKNOWN_IDENTIFIER || code == UNKNOWN_TABLE ||
		 code == UNKNOWN_FUNCTION)
		explain_name(code, core, words, text, out);
	else if (code == TIMEOUT_EXCEEDED || code == MEMORY_LIMIT ||
		 code == TOO_MANY_ROWS || code == TOO_MANY_ROWS_OR_BYTES)
		explain_limit(code, limits, out);
	else if (code == QUERY_WAS_CANCELLED)
		say(out, "The query was cancelled.", SLICE_NONE, "");
	else if (code == UNKNOWN_PARAMETER)
		say(out, "Parameters in braces have no value here.", SLICE_NONE,
			"");
	else if (code == QUERY_NOT_ALLOWED)
		say(out,
			"Tables of Kafka cannot be read here: that would take "
			"their records away.",
			SLICE_NONE, "");
	else if (code == READONLY ||
		 (code == ACCESS_DENIED && contains(core, "rivileges", &at)))
		say(out,
			"The console only reads the tables of posthog: this "
			"needs more rights.",
			SLICE_NONE, "");
	else
		say(out, "\x01", core.len > 0 ? core : SLICE_LIT("It failed"),
			"");
}
