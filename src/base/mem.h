#ifndef SLUICE_BASE_MEM_H
#define SLUICE_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/*
 * The only door to malloc. mem_alloc returns NULL when memory is short (or when
 * a test asked for it, mem_fail_after); the x forms end the process instead and
 * are for start-up only. free accepts NULL.
 */
MUST_CHECK void *mem_alloc(size_t size);
MUST_CHECK void *mem_zalloc(size_t n, size_t size);
MUST_CHECK void *mem_realloc(void *p, size_t size);
MUST_CHECK char *mem_strdup(const char *s);
MUST_CHECK void *mem_dup(const void *p, size_t size);
MUST_CHECK void *mem_xzalloc(size_t n, size_t size);
MUST_CHECK char *mem_xstrdup(const char *s);
void mem_free(void *p);
#define mem_new(type) ((type *)mem_zalloc(1, sizeof(type)))

/* Gives free memory back to the system; after something large was freed and
 * the program becomes idle. Costs milliseconds. */
void mem_trim(void);

/* Overflow-checked arithmetic: false when the result does not fit. */
static inline bool
size_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline bool
size_add(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

/* Tests: the n-th allocation from now fails (0: none); forever: all after
 * too. */
void mem_fail_after(long n, bool forever);
/* How many allocations there still are before the one that fails. */
long mem_fail_left(void);

#endif
