#include "http/http_int.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"

/*
 * Exact paths stand in an open hash table of row numbers, prefixes in a chain
 * with the longest first. Rows of one path are chained by next.
 */
static bool
is_prefix(const char *path)
{
	size_t n = strlen(path);

	return n >= 2 && path[n - 1] == '*' && path[n - 2] == '/';
}

static int *
find_slot(const struct http_router *rt, struct slice path)
{
	unsigned i = (unsigned)hash_key(path.p, path.len) & rt->mask;

	while (rt->slots[i] >= 0) {
		const struct http_entry *e = &rt->entries[rt->slots[i]];

		if (slice_eq_str(path, e->route->path))
			break;
		i = (i + 1) & rt->mask;
	}
	return &rt->slots[i];
}

static void
add_exact(struct http_router *rt, int row)
{
	int *slot = find_slot(rt, slice_str(rt->entries[row].route->path));

	rt->entries[row].next = *slot;
	*slot = row;
}

static void
add_prefix(struct http_router *rt, int row)
{
	size_t len = strlen(rt->entries[row].route->path);
	int *at = &rt->first_prefix;

	while (*at >= 0 && strlen(rt->entries[*at].route->path) > len)
		at = &rt->entries[*at].next;
	rt->entries[row].next = *at;
	*at = row;
}

int
http_router_init(
	struct http_router *rt, const struct http_routes *routes, struct err *e)
{
	int n = 0;
	unsigned size = 16;

	for (const struct http_routes *t = routes; t->rows != NULL; t++)
		for (const struct http_route *r = t->rows; r->path != NULL; r++)
			n++;
	while (size < (unsigned)n * 2)
		size *= 2;
	*rt = (struct http_router){.first_prefix = -1, .mask = size - 1};
	rt->entries = mem_zalloc((size_t)n + 1, sizeof(*rt->entries));
	rt->slots = mem_alloc(size * sizeof(*rt->slots));
	if (rt->entries == NULL || rt->slots == NULL) {
		http_router_fini(rt);
		return err_set(e, ERR_NO_MEMORY, "route table");
	}
	for (unsigned i = 0; i < size; i++)
		rt->slots[i] = -1;
	for (const struct http_routes *t = routes; t->rows != NULL; t++)
		for (const struct http_route *r = t->rows; r->path != NULL;
			r++) {
			rt->entries[rt->n] = (struct http_entry){r, t->app, -1};
			if (is_prefix(r->path))
				add_prefix(rt, rt->n);
			else
				add_exact(rt, rt->n);
			rt->n++;
		}
	return 0;
}

void
http_router_fini(struct http_router *rt)
{
	mem_free(rt->entries);
	mem_free(rt->slots);
	rt->entries = NULL;
	rt->slots = NULL;
}

static bool
take_row(const struct http_entry *e, enum http_method m,
	const struct http_route **route, void **app, unsigned *allowed)
{
	*allowed |= e->route->methods;
	if ((e->route->methods & (unsigned)m) == 0)
		return false;
	*route = e->route;
	*app = e->app;
	return true;
}

bool
http_router_find(const struct http_router *rt, struct slice path,
	enum http_method m, const struct http_route **route, void **app,
	unsigned *allowed)
{
	size_t found = 0;

	*route = NULL;
	*allowed = 0;
	for (int i = *find_slot(rt, path); i >= 0; i = rt->entries[i].next)
		if (take_row(&rt->entries[i], m, route, app, allowed))
			return true;
	if (*allowed != 0)
		return true;
	for (int i = rt->first_prefix; i >= 0; i = rt->entries[i].next) {
		const char *p = rt->entries[i].route->path;
		size_t len = strlen(p) - 1;

		if (len < found)
			break;
		if (!slice_starts(path, slice_of(p, len)))
			continue;
		found = len;
		if (take_row(&rt->entries[i], m, route, app, allowed))
			return true;
	}
	return found > 0;
}

void
http_router_allow(unsigned methods, char *out, size_t size)
{
	static const struct {
		unsigned bit;
		const char *text;
	} names[] = {
		{HTTP_GET, "GET, HEAD"},
		{HTTP_POST, "POST"},
		{HTTP_OPTIONS, "OPTIONS"},
		{HTTP_PUT, "PUT"},
		{HTTP_DELETE, "DELETE"},
		{HTTP_PATCH, "PATCH"},
	};
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((methods & names[i].bit) == 0)
			continue;
		int n = snprintf(out + at, size - at, "%s%s",
			at > 0 ? ", " : "", names[i].text);

		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}
