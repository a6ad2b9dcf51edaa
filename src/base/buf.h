#ifndef SLUICE_BASE_BUF_H
#define SLUICE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

/*
 * A growable byte buffer with a maximum. After a failed append (over the
 * maximum, or no memory) it is emptied, failed is true and every later append
 * does nothing, so that a series of appends needs one check at its end
 * (base-1). Keeps no NUL at the end unless buf_cstr is asked.
 */
struct buf {
	char *p;
	size_t len;
	size_t cap;
	size_t max_bytes;
	bool failed;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_fini(struct buf *b);
/* Empties, clears failed, keeps the memory. */
void buf_reset(struct buf *b);
/* Makes room for n more bytes and returns where they go (len unchanged), or
 * NULL; after writing, add to b->len. */
char *buf_reserve(struct buf *b, size_t n);
/* As a failed append: for a writer that runs short elsewhere. */
void buf_fail(struct buf *b);
bool buf_grow(struct buf *b, size_t n);
static inline void
buf_append(struct buf *b, const void *p, size_t n)
{
	if (UNLIKELY(b->cap - b->len < n) && !buf_grow(b, n))
		return;
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
}
static inline void
buf_append_slice(struct buf *b, struct slice s)
{
	buf_append(b, s.p, s.len);
}
static inline void
buf_append_char(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}
#define buf_append_lit(b, s) buf_append(b, s, sizeof(s) - 1)
void buf_append_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF(2, 0);
void buf_append_u64(struct buf *b, uint64_t v); /* decimal */
void buf_append_i64(struct buf *b, int64_t v);
/* NUL-terminates (not counted in len); NULL if failed. */
const char *buf_cstr(struct buf *b);
/* Moves the bytes to the caller (mem_free); the buffer is empty after. */
char *buf_take(struct buf *b, size_t *len);
static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){b->p, b->len};
}

#endif
