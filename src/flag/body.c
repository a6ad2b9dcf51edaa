#include "flag/flag_int.h"

#include "base/json_read.h"
#include "base/limits.h"

static bool
is_string(struct slice raw)
{
	return raw.len >= 2 && raw.p[0] == '"';
}

static struct slice
text_of(struct arena *a, struct slice raw)
{
	struct slice inner = slice_of(raw.p + 1, raw.len - 2);
	struct buf b;

	if (inner.len == 0 || memchr(inner.p, '\\', inner.len) == NULL)
		return inner;
	buf_init(&b, inner.len * 2 + 16);
	json_unescape(inner, &b);
	inner = b.failed ? SLICE_NONE : arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	return inner;
}

static void
take(struct arena *a, struct flag_body *out, struct slice key, struct slice raw)
{
	if (slice_eq_str(key, "token") || slice_eq_str(key, "api_key") ||
		slice_eq_str(key, "$token")) {
		if (is_string(raw) && out->token.len == 0)
			out->token = slice_trim(text_of(a, raw));
	} else if (slice_eq_str(key, "distinct_id") ||
		   slice_eq_str(key, "$distinct_id")) {
		/* The empty text counts; other types than these do not. */
		out->has_distinct_id |= is_string(raw) || raw.p[0] == '-' ||
					(raw.p[0] >= '0' && raw.p[0] <= '9');
	} else if (slice_eq_str(key, "disable_flags")) {
		out->disable_flags = slice_eq_str(raw, "true");
	}
}

bool
flag_read_body(struct arena *a, struct slice text, struct flag_body *out)
{
	struct json_cursor c;
	enum json_type type;
	struct slice key, raw;
	struct err e;
	bool more, first = true;

	*out = (struct flag_body){0};
	json_cursor_init(&c, text, LIMIT_JSON_DEPTH);
	if (json_cursor_enter(&c, &type, &e) != 0 || type != JSON_OBJECT)
		return false;
	for (;; first = false) {
		if (json_cursor_next(&c, true, first, &more, &key, &e) != 0)
			return false;
		if (!more)
			break;
		if (json_cursor_skip(&c, &type, &raw, &e) != 0)
			return false;
		take(a, out, key, raw);
	}
	return json_cursor_end(&c, &e) == 0;
}

static size_t
odd_number(struct slice rest)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_starts(rest, slice_str(words[i])))
			return strlen(words[i]);
	return 0;
}

void
flag_mend_numbers(struct slice text, struct buf *out)
{
	bool inside = false;

	for (size_t i = 0; i < text.len; i++) {
		size_t n =
			inside ? 0
			       : odd_number(slice_of(text.p + i, text.len - i));

		if (n > 0) {
			buf_append_lit(out, "null");
			i += n - 1;
			continue;
		}
		if (inside && text.p[i] == '\\' && i + 1 < text.len)
			buf_append_char(out, text.p[i++]);
		else if (text.p[i] == '"')
			inside = !inside;
		buf_append_char(out, text.p[i]);
	}
}
