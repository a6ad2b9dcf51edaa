#include <malloc.h>
#include <pthread.h>

#include "base/mem.h"
#include "store/store_int.h"

/* SQLite's memory comes through base/mem, so that a test that fails the n-th
 * allocation reaches SQLite too. */

static void *
take(int n)
{
	return mem_alloc((size_t)n);
}

static void *
resize(void *p, int n)
{
	return mem_realloc(p, (size_t)n);
}

static int
usable(void *p)
{
	return p == NULL ? 0 : (int)malloc_usable_size(p);
}

static int
round_up(int n)
{
	return (n + 7) & ~7;
}

static int
start(void *cookie)
{
	(void)cookie;
	return SQLITE_OK;
}

static void
end(void *cookie)
{
	(void)cookie;
}

static void
configure(void)
{
	static const sqlite3_mem_methods methods = {
		take, mem_free, resize, usable, round_up, start, end, NULL};

	/* Both fail only when SQLite already runs; then it goes on with its
	 * own allocator, which is no harm. */
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void
store_alloc_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, configure);
}
