#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Allocations that may still succeed before a failure; off while negative. */
static atomic_long fail_countdown = -1;
static atomic_bool fail_forever;

void
mem_fail_after(long n, bool forever)
{
	atomic_store(&fail_forever, forever);
	atomic_store(&fail_countdown, n > 0 ? n : -1);
}

long
mem_fail_left(void)
{
	return atomic_load(&fail_countdown);
}

static bool
must_fail_now(void)
{
	long n;

	if (LIKELY(atomic_load_explicit(&fail_countdown, memory_order_relaxed) <
		    0))
		return false;
	n = atomic_fetch_sub(&fail_countdown, 1);
	if (n > 1)
		return false;
	/* Stay armed at 1, so that the next one fails too; else disarm. */
	atomic_store(&fail_countdown, atomic_load(&fail_forever) ? 1 : -1);
	return n == 1;
}

void *
mem_alloc(size_t size)
{
	if (UNLIKELY(must_fail_now()))
		return NULL;
	return malloc(size == 0 ? 1 : size);
}

void *
mem_zalloc(size_t n, size_t size)
{
	if (UNLIKELY(must_fail_now()))
		return NULL;
	if (n == 0 || size == 0)
		n = size = 1;
	return calloc(n, size);
}

void *
mem_realloc(void *p, size_t size)
{
	if (UNLIKELY(must_fail_now()))
		return NULL;
	return realloc(p, size == 0 ? 1 : size);
}

void *
mem_dup(const void *p, size_t size)
{
	void *copy = mem_alloc(size);

	if (copy != NULL && size > 0)
		memcpy(copy, p, size);
	return copy;
}

char *
mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

NORETURN static void
die_without_memory(void)
{
	fputs("level=error event=out_of_memory text=\"at start\"\n", stderr);
	exit(1);
}

void *
mem_xzalloc(size_t n, size_t size)
{
	void *p = mem_zalloc(n, size);

	if (p == NULL)
		die_without_memory();
	return p;
}

char *
mem_xstrdup(const char *s)
{
	char *p = mem_strdup(s);

	if (p == NULL)
		die_without_memory();
	return p;
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_trim(void)
{
	malloc_trim(0);
}
