#include "base/json_read.h"
#include "base/json_write.h"
#include "persondb/pg_int.h"

/*
 * Postgres writes jsonb with white space and numbers as exact decimals: 1e300
 * comes back as 301 digits. The rules take compact text in the form that
 * event/ gives it, so that what was stored reads as what was written.
 */

#define SURE_DIGITS 18 /* of an integer that fits 64 bits whatever it is */

static bool
is_number_char(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
	       c == 'e' || c == 'E';
}

/* Where the string that begins at p ends, behind its quote. */
static const char *
string_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return end;
}

static void
put_number(struct buf *out, struct slice text, struct arena *a)
{
	static const struct json_limits limits = {1, 1};
	struct json_doc doc;
	struct err e;
	bool is_cut = false;

	if (text.len <= SURE_DIGITS && memchr(text.p, '.', text.len) == NULL)
		buf_append_slice(out, text);
	else if (json_parse(a, text, &limits, &doc, &e) == 0)
		json_put_value(out, &doc, 0, 1, &is_cut);
	else if (e.code == ERR_NO_MEMORY)
		buf_fail(out);
	else
		buf_append_lit(out, "null"); /* JavaScript's infinity */
}

struct slice
persondb_pg_json(struct buf *out, struct arena *a, struct slice text)
{
	const char *end = slice_end(text);
	const char *from = text.p; /* not written yet */

	buf_reset(out);
	for (const char *p = text.p; p < end;) {
		const char *next = p + 1;

		if (*p == '"') {
			p = string_end(p, end);
			continue;
		}
		if (*p != ' ' && *p != '-' && (*p < '0' || *p > '9')) {
			p = next;
			continue;
		}
		buf_append(out, from, (size_t)(p - from));
		if (*p != ' ') {
			while (next < end && is_number_char(*next))
				next++;
			put_number(out, slice_of(p, (size_t)(next - p)), a);
		}
		from = p = next;
	}
	buf_append(out, from, (size_t)(end - from));
	return out->failed ? SLICE_NONE : arena_dup_slice(a, buf_slice(out));
}
