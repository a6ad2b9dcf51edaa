#include "http/http.h"

#include "base/utf8.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A % that no two hex digits follow stays as it is. */
static size_t
unescape(struct slice in, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%' && in.len - i > 2 &&
			   hex(in.p[i + 1]) >= 0 && hex(in.p[i + 2]) >= 0) {
			c = (char)(hex(in.p[i + 1]) * 16 + hex(in.p[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	return n;
}

static struct slice
decode(struct arena *a, struct slice in)
{
	struct slice out = in;
	struct buf b;

	if (in.len > 0 && (memchr(in.p, '%', in.len) != NULL ||
				  memchr(in.p, '+', in.len) != NULL)) {
		char *p = arena_alloc(a, in.len);

		if (p == NULL)
			return SLICE_NONE;
		out = slice_of(p, unescape(in, p));
	}
	if (out.len == 0)
		return slice_of("", 0);
	if (utf8_valid(out))
		return out;
	buf_init(&b, out.len * 3 + 16);
	utf8_append_lossy(&b, out);
	out = arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	return out;
}

bool
http_pair_next(struct arena *a, struct slice *rest, struct http_pair *out)
{
	while (rest->len > 0) {
		const char *amp = memchr(rest->p, '&', rest->len);
		size_t len = amp == NULL ? rest->len : (size_t)(amp - rest->p);
		struct slice part = slice_of(rest->p, len);
		const char *eq;

		rest->p += amp == NULL ? len : len + 1;
		rest->len -= amp == NULL ? len : len + 1;
		if (part.len == 0)
			continue;
		eq = memchr(part.p, '=', part.len);
		len = eq == NULL ? part.len : (size_t)(eq - part.p);
		out->name = decode(a, slice_of(part.p, len));
		out->value = eq == NULL
				     ? slice_of("", 0)
				     : decode(a, slice_of(eq + 1,
							 part.len - len - 1));
		if (out->name.p == NULL || out->value.p == NULL)
			return false;
		return true;
	}
	return false;
}
