#include <endian.h>
#include <string.h>

#include "pg/pg_int.h"

static int
set_param(struct pg_stmt *st, int i, Oid type, const char *p, size_t len)
{
	struct pg_bound *b = &st->c->bound;
	int k = i - 1;

	INVARIANT(k >= 0 && k < PG_PARAMS_MAX, "pg-2");
	if (i > b->n)
		b->n = i;
	if (len > INT32_MAX) {
		b->is_too_big = true;
		len = 0;
	}
	b->types[k] = type;
	b->values[k] = p;
	b->lens[k] = (int)len;
	b->formats[k] = 1;
	return k;
}

/* The last len bytes of a big-endian number. */
static void
set_number(struct pg_stmt *st, int i, Oid type, uint64_t v, size_t len)
{
	uint64_t all = htobe64(v);
	int k = set_param(st, i, type, NULL, len);

	memcpy(st->c->bound.room[k], (const char *)&all + 8 - len, len);
	st->c->bound.values[k] = st->c->bound.room[k];
}

void
pg_bind_null(struct pg_stmt *st, int i, enum pg_type type)
{
	set_param(st, i, pg_oids[type], NULL, 0);
}

void
pg_bind_null_array(struct pg_stmt *st, int i, enum pg_type type)
{
	set_param(st, i, pg_array_oids[type], NULL, 0);
}

void
pg_bind_bool(struct pg_stmt *st, int i, bool v)
{
	set_number(st, i, pg_oids[PG_BOOL], v, 1);
}

void
pg_bind_i16(struct pg_stmt *st, int i, int16_t v)
{
	set_number(st, i, pg_oids[PG_INT2], (uint64_t)v, 2);
}

void
pg_bind_i32(struct pg_stmt *st, int i, int32_t v)
{
	set_number(st, i, pg_oids[PG_INT4], (uint64_t)v, 4);
}

void
pg_bind_i64(struct pg_stmt *st, int i, int64_t v)
{
	set_number(st, i, pg_oids[PG_INT8], (uint64_t)v, 8);
}

void
pg_bind_text(struct pg_stmt *st, int i, struct slice v)
{
	set_param(st, i, pg_oids[PG_TEXT], v.p, v.len);
}

void
pg_bind_uuid(struct pg_stmt *st, int i, const struct uuid *v)
{
	int k = set_param(st, i, pg_oids[PG_UUID], NULL, sizeof(v->b));

	memcpy(st->c->bound.room[k], v->b, sizeof(v->b));
	st->c->bound.values[k] = st->c->bound.room[k];
}

void
pg_bind_time(struct pg_stmt *st, int i, int64_t at_us)
{
	set_number(st, i, pg_oids[PG_TIME], (uint64_t)(at_us - PG_EPOCH_US), 8);
}

void
pg_bind_array(struct pg_stmt *st, int i, const struct pg_array *a)
{
	uint32_t head[PG_ARRAY_HEAD / 4] = {htobe32(a->n > 0),
		htobe32(a->has_null), htobe32(pg_oids[a->type]),
		htobe32((uint32_t)a->n), htobe32(1)};

	if (a->b.failed) {
		st->c->bound.is_too_big = true;
		set_param(st, i, pg_array_oids[a->type], NULL, 0);
		return;
	}
	memcpy(a->b.p, head, sizeof(head));
	set_param(st, i, pg_array_oids[a->type], a->b.p,
		a->n > 0 ? a->b.len : 12);
}
