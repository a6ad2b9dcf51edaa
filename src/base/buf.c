#include "base/buf.h"

#include <stdio.h>

#include "base/mem.h"

#define FIRST_BYTES ((size_t)256)

void
buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max_bytes = max_bytes};
}

void
buf_fini(struct buf *b)
{
	mem_free(b->p);
	buf_init(b, b->max_bytes);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

/* Empties the buffer and leaves it without room, so that the inline append
 * comes here again each time. */
static bool
fail(struct buf *b)
{
	mem_free(b->p);
	b->p = NULL;
	b->len = 0;
	b->cap = 0;
	b->failed = true;
	return false;
}

bool
buf_grow(struct buf *b, size_t n)
{
	size_t need, cap = b->cap < FIRST_BYTES ? FIRST_BYTES : b->cap;
	char *p;

	if (b->failed)
		return false;
	if (!size_add(b->len, n, &need) || need > b->max_bytes)
		return fail(b);
	if (need <= b->cap)
		return true;
	while (cap < need && cap <= b->max_bytes / 2)
		cap *= 2;
	if (cap < need || cap > b->max_bytes)
		cap = b->max_bytes;
	p = mem_realloc(b->p, cap);
	if (p == NULL)
		return fail(b);
	b->p = p;
	b->cap = cap;
	return true;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	if ((b->p == NULL || b->cap - b->len < n) &&
		!buf_grow(b, n == 0 ? 1 : n))
		return NULL;
	return b->p + b->len;
}

void
buf_fail(struct buf *b)
{
	fail(b);
}

void
buf_append_str(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->cap - b->len;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(room == 0 ? NULL : b->p + b->len, room, fmt, ap);
	if (n < 0) {
		fail(b);
	} else if ((size_t)n < room) {
		b->len += (size_t)n;
	} else {
		/* vsnprintf wants room for its NUL, which may be one byte over
		 * the maximum: so not in place. */
		char *copy = mem_alloc((size_t)n + 1);

		if (copy == NULL) {
			fail(b);
		} else {
			vsnprintf(copy, (size_t)n + 1, fmt, again);
			buf_append(b, copy, (size_t)n);
			mem_free(copy);
		}
	}
	va_end(again);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_append_u64(struct buf *b, uint64_t v)
{
	char text[20];
	size_t i = sizeof(text);

	do {
		text[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_append(b, text + i, sizeof(text) - i);
}

void
buf_append_i64(struct buf *b, int64_t v)
{
	uint64_t u = (uint64_t)v;

	if (v < 0) {
		buf_append_char(b, '-');
		u = 0 - u;
	}
	buf_append_u64(b, u);
}

const char *
buf_cstr(struct buf *b)
{
	/* The NUL may be the one byte that goes over the maximum. */
	if (b->failed)
		return NULL;
	if (b->cap == b->len) {
		size_t size;
		char *p;

		if (!size_add(b->len, 1, &size) ||
			(p = mem_realloc(b->p, size)) == NULL) {
			fail(b);
			return NULL;
		}
		b->p = p;
		b->cap = size;
	}
	b->p[b->len] = '\0';
	return b->p;
}

char *
buf_take(struct buf *b, size_t *len)
{
	char *p = b->p;

	*len = b->len;
	b->p = NULL;
	b->len = 0;
	b->cap = 0;
	return p;
}
