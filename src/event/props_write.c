#include "event/props.h"

#include "base/json_write.h"

bool
props_write_members(const struct props *p, struct buf *out, bool first)
{
	for (const struct prop *r = props_first(p); r != NULL;
		r = props_next(p, r)) {
		if (!first)
			buf_append_char(out, ',');
		first = false;
		json_put_string(out, r->key);
		buf_append_char(out, ':');
		buf_append_slice(out, r->value);
	}
	return !first;
}

void
props_write(const struct props *p, struct buf *out)
{
	buf_append_char(out, '{');
	props_write_members(p, out, true);
	buf_append_char(out, '}');
}

struct slice
props_text(const struct props *p, struct buf *scratch, struct arena *a)
{
	buf_reset(scratch);
	props_write(p, scratch);
	return scratch->failed ? SLICE_NONE
			       : arena_dup_slice(a, buf_slice(scratch));
}

/* Bytes of one character in JSON text; NUL is mended (event-1). */
static size_t
escaped_len(char c)
{
	if ((unsigned char)c >= ' ')
		return c == '"' || c == '\\' ? 2 : 1;
	if (c == '\0')
		return 3;
	return strchr("\b\f\n\r\t", c) != NULL ? 2 : 6;
}

void
props_put_string(struct buf *out, struct slice text)
{
	buf_append_char(out, '"');
	for (size_t from = 0, i = 0; i <= text.len; i++) {
		if (i < text.len && text.p[i] != '\0')
			continue;
		json_put_escaped(out, slice_of(text.p + from, i - from));
		if (i < text.len)
			buf_append_lit(out, "\xef\xbf\xbd");
		from = i + 1;
	}
	buf_append_char(out, '"');
}

static bool
put_escaped(char *at, size_t n, struct slice text)
{
	struct buf b;
	bool ok;

	buf_init(&b, n + 64);
	props_put_string(&b, text);
	ok = !b.failed && b.len == n;
	if (ok)
		memcpy(at, b.p, n);
	buf_fini(&b);
	return ok;
}

void
props_set_string(struct props *p, struct slice key, struct slice text)
{
	size_t n = 2;
	char *at;

	for (size_t i = 0; i < text.len; i++)
		n += escaped_len(text.p[i]);
	at = arena_alloc(p->arena, n);
	if (at == NULL) {
		p->failed = true;
		return;
	}
	if (n == text.len + 2) {
		at[0] = '"';
		memcpy(at + 1, text.p, text.len);
		at[n - 1] = '"';
	} else if (!put_escaped(at, n, text)) {
		p->failed = true;
		return;
	}
	props_set(p, key, slice_of(at, n));
}
