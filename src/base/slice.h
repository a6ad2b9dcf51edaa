#ifndef SLUICE_BASE_SLICE_H
#define SLUICE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Borrowed bytes, not NUL-terminated. The normal form of input text. */
struct slice {
	const char *p;
	size_t len;
};

#define SLICE_LIT(s) ((struct slice){(s), sizeof(s) - 1})
#define SLICE_NONE ((struct slice){NULL, 0})
/* For printf("%.*s"). */
#define SLICE_FMT(s) (int)(s).len, (s).p

static inline struct slice
slice_of(const char *p, size_t len)
{
	return (struct slice){p, len};
}

static inline struct slice
slice_str(const char *s)
{
	return (struct slice){s, s == NULL ? 0 : strlen(s)};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool
slice_eq_str(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

static inline bool
slice_starts(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(a.p, prefix.p, prefix.len) == 0);
}

/* Byte order; a shorter prefix sorts first. */
static inline int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* Where the bytes end; an empty slice may have no address. */
static inline const char *
slice_end(struct slice a)
{
	return a.len == 0 ? a.p : a.p + a.len;
}

/* ASCII case-insensitive equality. */
bool slice_eq_nocase(struct slice a, struct slice b);
/* Without leading and trailing ASCII white space. */
struct slice slice_trim(struct slice a);

#endif
