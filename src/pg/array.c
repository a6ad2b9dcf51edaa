#include <endian.h>
#include <string.h>

#include "pg/pg_int.h"

/*
 * An array as the protocol has it, all big-endian: int32 dimensions (1), int32
 * whether there are nulls, int32 type of the elements, int32 how many, int32
 * lower bound (1); then each element: int32 length (-1: null) and its bytes. An
 * empty one has 0 dimensions and ends behind the type.
 */

const Oid pg_oids[PG_N_TYPES] = {16, 21, 23, 20, 25, 2950, 1184};
const Oid pg_array_oids[PG_N_TYPES] = {
	1000, 1005, 1007, 1016, 1009, 2951, 1185};

static const char empty_head[PG_ARRAY_HEAD];

void
pg_array_init(struct pg_array *a, enum pg_type type, size_t max_bytes)
{
	buf_init(&a->b, max_bytes);
	a->type = type;
	pg_array_reset(a);
}

void
pg_array_fini(struct pg_array *a)
{
	buf_fini(&a->b);
}

void
pg_array_reset(struct pg_array *a)
{
	buf_reset(&a->b);
	buf_append(&a->b, empty_head, sizeof(empty_head));
	a->n = 0;
	a->has_null = false;
}

static void
add(struct pg_array *a, const void *p, size_t len)
{
	uint32_t n = htobe32((uint32_t)len);

	buf_append(&a->b, &n, sizeof(n));
	buf_append(&a->b, p, len);
	a->n++;
}

void
pg_array_null(struct pg_array *a)
{
	uint32_t none = htobe32(UINT32_MAX);

	buf_append(&a->b, &none, sizeof(none));
	a->n++;
	a->has_null = true;
}

void
pg_array_bool(struct pg_array *a, bool v)
{
	char c = v ? 1 : 0;

	INVARIANT(a->type == PG_BOOL, "pg-2");
	add(a, &c, 1);
}

void
pg_array_int(struct pg_array *a, int64_t v)
{
	uint64_t all = htobe64((uint64_t)v);
	size_t len = a->type == PG_INT8 ? 8 : a->type == PG_INT4 ? 4 : 2;

	INVARIANT(
		a->type == PG_INT2 || a->type == PG_INT4 || a->type == PG_INT8,
		"pg-2");
	INVARIANT((a->type != PG_INT4 || v == (int32_t)v) &&
			  (a->type != PG_INT2 || v == (int16_t)v),
		"pg-2");
	add(a, (const char *)&all + 8 - len, len);
}

void
pg_array_text(struct pg_array *a, struct slice v)
{
	INVARIANT(a->type == PG_TEXT, "pg-2");
	if (v.p == NULL)
		pg_array_null(a);
	else if (v.len > INT32_MAX)
		buf_fail(&a->b);
	else
		add(a, v.p, v.len);
}

void
pg_array_uuid(struct pg_array *a, const struct uuid *v)
{
	INVARIANT(a->type == PG_UUID, "pg-2");
	add(a, v->b, sizeof(v->b));
}

void
pg_array_time(struct pg_array *a, int64_t at_us)
{
	uint64_t v = htobe64((uint64_t)(at_us - PG_EPOCH_US));

	INVARIANT(a->type == PG_TIME, "pg-2");
	add(a, &v, sizeof(v));
}
