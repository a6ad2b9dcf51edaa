#include "base/json_scan.h"

#include <stdlib.h>

struct slice
json_raw(const struct json_doc *d, uint32_t node)
{
	const struct json_node *n = &d->nodes[node];

	if (n->type == JSON_STRING)
		return slice_of(d->text + n->pos - 1, (size_t)n->len + 2);
	return slice_of(d->text + n->pos, n->len);
}

struct slice
json_inner(const struct json_doc *d, uint32_t node)
{
	return slice_of(d->text + d->nodes[node].pos, d->nodes[node].len);
}

void
json_unescape(struct slice inner, struct buf *out)
{
	const char *p = inner.p, *end = slice_end(inner);
	bool is_lone = false;

	while (p < end) {
		const char *escape = memchr(p, '\\', (size_t)(end - p));
		char text[4];
		size_t n;

		if (escape == NULL)
			escape = end;
		buf_append(out, p, (size_t)(escape - p));
		if (escape == end)
			return;
		p = json_decode_escape(escape, end, text, &n, &is_lone);
		buf_append(out, text, n);
	}
}

#ifdef __SSE2__
/* 16 bytes at a time up to the next backslash: in JSON that is a string of JSON
 * the runs are too short for a memcpy of each. Stops where fewer are left. */
static const char *
copy_blocks(const char *p, const char *end, char **o)
{
	const __m128i backslash = _mm_set1_epi8('\\');

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		int stop = _mm_movemask_epi8(_mm_cmpeq_epi8(v, backslash));
		int n = stop == 0 ? 16 : __builtin_ctz((unsigned)stop);

		_mm_storeu_si128((__m128i *)(void *)*o, v);
		p += n;
		*o += n;
		if (stop == 0)
			continue;
		if (p[1] != '"' && p[1] != '\\')
			break;
		*(*o)++ = p[1];
		p += 2;
	}
	return p;
}
#endif

struct slice
json_string(const struct json_doc *d, uint32_t node, struct arena *a)
{
	struct slice inner = json_inner(d, node);
	const char *p = inner.p, *end = inner.p + inner.len;
	bool is_lone = false;
	char *copy, *o;

	if ((d->nodes[node].flags & JSON_ESCAPED) == 0)
		return inner;
	/* An escape is never shorter than what it stands for. A whole block
	 * may be written where a part of it counts. */
	copy = o = arena_alloc(a, inner.len + 16);
	if (copy == NULL)
		return SLICE_NONE;
	while (p < end) {
		const char *escape;
		char text[4];
		size_t n;

#ifdef __SSE2__
		p = copy_blocks(p, end, &o);
#endif
		escape = memchr(p, '\\', (size_t)(end - p));
		if (escape == NULL)
			escape = end;
		memcpy(o, p, (size_t)(escape - p));
		o += escape - p;
		if (escape == end)
			break;
		p = json_decode_escape(escape, end, text, &n, &is_lone);
		memcpy(o, text, n);
		o += n;
	}
	arena_shrink(a, copy, inner.len + 16, (size_t)(o - copy));
	return slice_of(copy, (size_t)(o - copy));
}

bool
json_string_eq(const struct json_doc *d, uint32_t node, struct slice s)
{
	struct slice inner = json_inner(d, node);

	if ((d->nodes[node].flags & JSON_ESCAPED) == 0)
		return slice_eq(inner, s);
	return s.len <= inner.len && json_inner_cmp(inner, s, false) == 0;
}

uint32_t
json_member(const struct json_doc *d, uint32_t object, struct slice key)
{
	uint32_t end = d->nodes[object].next, found = 0;

	if (d->nodes[object].type != JSON_OBJECT)
		return 0;
	for (uint32_t i = object + 1; i < end; i = d->nodes[i + 1].next) {
		if (json_string_eq(d, i, key))
			found = i + 1;
	}
	return found;
}

double
json_double(const struct json_doc *d, uint32_t node)
{
	struct slice raw = json_inner(d, node);

	return json_scan_double(raw.p, raw.len);
}

bool
json_i64(const struct json_doc *d, uint32_t node, int64_t *out)
{
	struct slice raw = json_inner(d, node);
	bool is_negative;
	int64_t v = 0;

	if (d->nodes[node].type != JSON_NUMBER ||
		(d->nodes[node].flags & JSON_FLOAT) != 0)
		return false;
	is_negative = raw.p[0] == '-';
	for (size_t i = is_negative; i < raw.len; i++) {
		int digit = raw.p[i] - '0';

		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(
				v, is_negative ? -digit : digit, &v))
			return false;
	}
	*out = v;
	return true;
}

/* The decoded bytes of a string, one after the other. */
struct byte_reader {
	const char *p, *end;
	bool has_escapes;
	char text[4];
	size_t n, used; /* of text */
};

static int
next_byte(struct byte_reader *r)
{
	bool is_lone = false;

	if (r->used < r->n)
		return (unsigned char)r->text[r->used++];
	if (r->p == r->end)
		return -1;
	if (*r->p != '\\' || !r->has_escapes)
		return (unsigned char)*r->p++;
	r->p = json_decode_escape(r->p, r->end, r->text, &r->n, &is_lone);
	r->used = 1;
	return (unsigned char)r->text[0];
}

int
json_inner_cmp(struct slice inner, struct slice other, bool other_escaped)
{
	struct byte_reader a = {
		.p = inner.p,
		.end = slice_end(inner),
		.has_escapes = true,
	};
	struct byte_reader b = {
		.p = other.p,
		.end = slice_end(other),
		.has_escapes = other_escaped,
	};
	int x, y;

	do {
		x = next_byte(&a);
		y = next_byte(&b);
	} while (x == y && x >= 0);
	return x - y;
}

int
json_key_cmp(const struct json_doc *d1, uint32_t k1, const struct json_doc *d2,
	uint32_t k2)
{
	struct slice a = json_inner(d1, k1), b = json_inner(d2, k2);

	if (((d1->nodes[k1].flags | d2->nodes[k2].flags) & JSON_ESCAPED) == 0)
		return slice_cmp(a, b);
	return json_inner_cmp(a, b, true);
}

/* Keys in byte order; of equal ones the last in the text comes last. */
static int
cmp_keys(const void *x, const void *y, void *cookie)
{
	const uint32_t *a = x, *b = y;
	const struct json_doc *d = cookie;
	int c = json_key_cmp(d, *a, d, *b);

	return c != 0 ? c : (*a > *b) - (*a < *b);
}

uint32_t
json_sort_keys(const struct json_doc *d, uint32_t object, uint32_t *keys)
{
	uint32_t end = d->nodes[object].next, n = 0, kept = 0;
	struct json_doc *cookie = (struct json_doc *)(uintptr_t)d;

	for (uint32_t i = object + 1; i < end; i = d->nodes[i + 1].next)
		keys[n++] = i;
	if (n > 1)
		qsort_r(keys, n, sizeof(*keys), cmp_keys, cookie);
	for (uint32_t i = 0; i < n; i++) {
		if (i + 1 == n || json_key_cmp(d, keys[i], d, keys[i + 1]) != 0)
			keys[kept++] = keys[i];
	}
	return kept;
}
