#include "persondb/fill.h"
#include "pg/pg.h"

/* In pieces, so that no statement takes long. */
#define PERSONS_A_PIECE 5000
#define PIECE_BYTES ((size_t)64 * 1024 * 1024)
#define ID_BYTES ((size_t)1024 * 1024)
#define PROPERTIES_MAX 4096

enum fill_sql { FILL_PERSONS, FILL_COUNT, FILL_ANALYZE, FILL_N_SQL };

static const char *const texts[FILL_N_SQL] = {
	[FILL_PERSONS] =
		"WITH o AS (SELECT * FROM unnest($3, $4, $5) WITH ORDINALITY "
		"AS o (uuid, distinct_id, properties, ord)), "
		"p AS (INSERT INTO posthog_person (team_id, uuid, created_at, "
		"version, is_identified, properties, "
		"properties_last_updated_at, properties_last_operation) "
		"SELECT $1, o.uuid, $2, 0, false, o.properties::jsonb, '{}', "
		"'{}' FROM o ORDER BY o.ord RETURNING id, uuid) "
		"INSERT INTO posthog_persondistinctid (team_id, distinct_id, "
		"person_id, version) SELECT $1, o.distinct_id, p.id, 0 "
		"FROM o JOIN p ON p.uuid = o.uuid ORDER BY o.ord",
	[FILL_COUNT] = "SELECT count(*) FROM posthog_person "
		       "WHERE team_id = $1",
	[FILL_ANALYZE] = "ANALYZE posthog_person, posthog_persondistinctid",
};
static const struct pg_sql_set fill_sql = {"fill", texts, FILL_N_SQL};

struct filler {
	struct pg_conn *c;
	int64_t team_id;
	struct pg_array uuids, ids, properties;
	struct buf text;
};

static int
add_piece(struct filler *f, int64_t from, int64_t to, struct err *e)
{
	struct pg_stmt *st;

	pg_array_reset(&f->uuids);
	pg_array_reset(&f->ids);
	pg_array_reset(&f->properties);
	for (int64_t i = from; i < to; i++) {
		char id[PERSONDB_FILL_ID_BYTES];
		struct uuid uuid;

		buf_reset(&f->text);
		persondb_fill_person(f->team_id, i, id, &uuid, &f->text);
		pg_array_uuid(&f->uuids, &uuid);
		pg_array_text(&f->ids, slice_of(id, sizeof(id)));
		pg_array_text(&f->properties, buf_slice(&f->text));
	}
	st = pg_get(f->c, &fill_sql, FILL_PERSONS);
	pg_bind_i32(st, 1, (int32_t)f->team_id);
	pg_bind_time(st, 2, PERSONDB_FILL_CREATED_AT_US);
	pg_bind_array(st, 3, &f->uuids);
	pg_bind_array(st, 4, &f->ids);
	pg_bind_array(st, 5, &f->properties);
	return pg_run(st, e);
}

static int
add_all(struct filler *f, int64_t n, struct err *e)
{
	int r = 0;

	for (int64_t from = 0; r == 0 && from < n; from += PERSONS_A_PIECE)
		r = add_piece(f, from,
			n - from > PERSONS_A_PIECE ? from + PERSONS_A_PIECE : n,
			e);
	return r != 0 ? r : pg_run(pg_get(f->c, &fill_sql, FILL_ANALYZE), e);
}

static int
count(struct pg_conn *c, int64_t team_id, int64_t *n, struct err *e)
{
	struct pg_stmt *st = pg_get(c, &fill_sql, FILL_COUNT);
	int r;

	pg_bind_i32(st, 1, (int32_t)team_id);
	r = pg_run(st, e);
	if (r == 0)
		*n = pg_col_i64(c, 0, 0);
	return r;
}

static int
connect_to(const char *url, struct pg **p, struct pg_conn **c, struct err *e)
{
	const struct pg_options o = {.url = url, .connect_timeout_ms = 10000};
	int r = pg_new(&o, p, e);

	if (r == 0)
		r = pg_conn_new(*p, "bench", c, e);
	return r != 0 ? r : pg_connect(*c, e);
}

int
persondb_fill_postgres(
	const char *url, int64_t team_id, int64_t n, struct err *e)
{
	struct filler f = {.team_id = team_id};
	struct pg *p = NULL;
	int64_t before = 0;
	int r = connect_to(url, &p, &f.c, e);

	pg_array_init(&f.uuids, PG_UUID, ID_BYTES);
	pg_array_init(&f.ids, PG_TEXT, ID_BYTES);
	pg_array_init(&f.properties, PG_TEXT, PIECE_BYTES);
	buf_init(&f.text, PROPERTIES_MAX);
	if (r == 0)
		r = count(f.c, team_id, &before, e);
	if (r == 0 && before != 0)
		r = err_set(e, ERR_EXISTS,
			"the database holds %lld persons of project %lld",
			(long long)before, (long long)team_id);
	if (r == 0)
		r = add_all(&f, n, e);
	pg_array_fini(&f.uuids);
	pg_array_fini(&f.ids);
	pg_array_fini(&f.properties);
	buf_fini(&f.text);
	pg_conn_free(f.c);
	pg_free(p);
	return r;
}

int
persondb_fill_count_postgres(
	const char *url, int64_t team_id, int64_t *n, struct err *e)
{
	struct pg_conn *c = NULL;
	struct pg *p = NULL;
	int r = connect_to(url, &p, &c, e);

	if (r == 0)
		r = count(c, team_id, n, e);
	pg_conn_free(c);
	pg_free(p);
	return r;
}
