#include <string.h>

#include "base/mem.h"
#include "schema/schema_int.h"

#define ARENA_MAX_BYTES ((size_t)16 * 1024 * 1024)

static int
parse_rows(struct schema_set *s, const struct schema_row *rows, struct err *e)
{
	const struct json_limits lim = {SCHEMA_DEPTH_MAX, 100000};

	for (size_t i = 0; i < s->n; i++) {
		struct schema_row_doc *r = &s->rows[i];

		r->name = slice_str(rows[i].name);
		if (json_parse(&s->arena, slice_str(rows[i].text), &lim, &r->d,
			    e) < 0) {
			err_prefix(e, "schema %s", rows[i].name);
			return -(int)e->code;
		}
	}
	return 0;
}

int
schema_set_new(
	const struct schema_row *rows, struct schema_set **out, struct err *e)
{
	struct schema_set *s = mem_new(struct schema_set);
	int rc = 0;

	if (s == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	arena_init(&s->arena, ARENA_MAX_BYTES);
	while (rows[s->n].name != NULL)
		s->n++;
	s->rows = arena_zalloc(&s->arena, s->n + 1, sizeof(*s->rows));
	rc = s->rows == NULL ? err_set(e, ERR_NO_MEMORY, "no memory")
			     : parse_rows(s, rows, e);
	for (size_t i = 0; rc == 0 && i < s->n; i++)
		rc = schema_check_row(s, &s->rows[i], e);
	if (rc != 0) {
		schema_set_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void
schema_set_free(struct schema_set *s)
{
	if (s == NULL)
		return;
	arena_fini(&s->arena);
	mem_free(s);
}

const struct json_doc *
schema_find(const struct schema_set *s, struct slice name)
{
	for (size_t i = 0; i < s->n; i++)
		if (slice_eq(s->rows[i].name, name))
			return &s->rows[i].d;
	return NULL;
}

bool
schema_follow(const struct schema_set *set, struct schema_at *s)
{
	const struct slice prefix = SLICE_LIT(SCHEMA_REF_PREFIX);

	for (int i = 0; i < SCHEMA_DEPTH_MAX; i++) {
		uint32_t ref = s->d->nodes[s->node].type == JSON_OBJECT
				       ? schema_key(*s, "$ref")
				       : 0;
		struct slice to;

		if (ref == 0)
			return true;
		to = json_inner(s->d, ref);
		if (!slice_starts(to, prefix))
			return false;
		to = slice_of(to.p + prefix.len, to.len - prefix.len);
		s->d = schema_find(set, to);
		s->node = 0;
		if (s->d == NULL)
			return false;
	}
	return false;
}
