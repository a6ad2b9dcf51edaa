#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "pg/pg_int.h"

#define OID_JSONB 3802

static bool
has(const struct pg_conn *c, int row, int col)
{
	INVARIANT(c->res != NULL && row >= 0 && row < PQntuples(c->res) &&
			  col >= 0 && col < PQnfields(c->res),
		"pg-2");
	return !PQgetisnull(c->res, row, col);
}

/* The big-endian number of a value of 1, 2, 4 or 8 bytes, sign extended. */
static int64_t
number(const struct pg_conn *c, int row, int col)
{
	const char *p = PQgetvalue(c->res, row, col);
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	switch (PQgetlength(c->res, row, col)) {
	case 8:
		memcpy(&v8, p, 8);
		return (int64_t)be64toh(v8);
	case 4:
		memcpy(&v4, p, 4);
		return (int32_t)be32toh(v4);
	case 2:
		memcpy(&v2, p, 2);
		return (int16_t)be16toh(v2);
	case 1:
		return p[0];
	default:
		INVARIANT(false, "pg-2");
	}
	return 0;
}

int
pg_n_rows(const struct pg_conn *c)
{
	return PQntuples(c->res);
}

int64_t
pg_n_changed(const struct pg_conn *c)
{
	return strtoll(PQcmdTuples(c->res), NULL, 10);
}

bool
pg_col_is_null(const struct pg_conn *c, int row, int col)
{
	return !has(c, row, col);
}

bool
pg_col_bool(const struct pg_conn *c, int row, int col)
{
	return has(c, row, col) && number(c, row, col) != 0;
}

int64_t
pg_col_i64(const struct pg_conn *c, int row, int col)
{
	return has(c, row, col) ? number(c, row, col) : 0;
}

double
pg_col_f64(const struct pg_conn *c, int row, int col)
{
	int64_t bits;
	int32_t half;
	double d;
	float f;

	if (!has(c, row, col))
		return 0;
	bits = number(c, row, col);
	if (PQgetlength(c->res, row, col) == 8) {
		memcpy(&d, &bits, sizeof(d));
		return d;
	}
	half = (int32_t)bits;
	memcpy(&f, &half, sizeof(f));
	return (double)f;
}

struct slice
pg_col_text(const struct pg_conn *c, int row, int col)
{
	const char *p;
	size_t len;

	if (!has(c, row, col))
		return SLICE_NONE;
	p = PQgetvalue(c->res, row, col);
	len = (size_t)PQgetlength(c->res, row, col);
	/* jsonb has a version before its text. */
	if (PQftype(c->res, col) == OID_JSONB && len > 0)
		return slice_of(p + 1, len - 1);
	return slice_of(p, len);
}

void
pg_col_uuid(const struct pg_conn *c, int row, int col, struct uuid *out)
{
	memset(out, 0, sizeof(*out));
	if (!has(c, row, col))
		return;
	INVARIANT(PQgetlength(c->res, row, col) == (int)sizeof(out->b), "pg-2");
	memcpy(out->b, PQgetvalue(c->res, row, col), sizeof(out->b));
}

int64_t
pg_col_time(const struct pg_conn *c, int row, int col)
{
	return has(c, row, col) ? number(c, row, col) + PG_EPOCH_US : 0;
}
