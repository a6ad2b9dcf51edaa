#include <string.h>

#include "base/mem.h"
#include "persondb/pg_int.h"

#define LOCKING_LOADS 16 /* after a conflict */
#define SCRATCH_MAX ((size_t)256 * 1024 * 1024)

static void
init_cols(struct persondb_pg_cols *k)
{
	const size_t max = PERSONDB_PG_ARRAY_MAX;

	for (size_t i = 0; i < ARRAY_LEN(k->i16); i++)
		pg_array_init(&k->i16[i], PG_INT2, max);
	for (size_t i = 0; i < ARRAY_LEN(k->i32); i++)
		pg_array_init(&k->i32[i], PG_INT4, max);
	for (size_t i = 0; i < ARRAY_LEN(k->i64); i++)
		pg_array_init(&k->i64[i], PG_INT8, max);
	for (size_t i = 0; i < ARRAY_LEN(k->text); i++)
		pg_array_init(&k->text[i], PG_TEXT, max);
	for (size_t i = 0; i < ARRAY_LEN(k->time); i++)
		pg_array_init(&k->time[i], PG_TIME, max);
	pg_array_init(&k->uuid, PG_UUID, max);
	pg_array_init(&k->flag, PG_BOOL, max);
}

static void
each_col(struct persondb_pg_cols *k, void fn(struct pg_array *a))
{
	for (size_t i = 0; i < ARRAY_LEN(k->i16); i++)
		fn(&k->i16[i]);
	for (size_t i = 0; i < ARRAY_LEN(k->i32); i++)
		fn(&k->i32[i]);
	for (size_t i = 0; i < ARRAY_LEN(k->i64); i++)
		fn(&k->i64[i]);
	for (size_t i = 0; i < ARRAY_LEN(k->text); i++)
		fn(&k->text[i]);
	for (size_t i = 0; i < ARRAY_LEN(k->time); i++)
		fn(&k->time[i]);
	fn(&k->uuid);
	fn(&k->flag);
}

struct persondb_pg_cols *
persondb_pg_cols(struct persondb_pg *d)
{
	each_col(&d->cols, pg_array_reset);
	return &d->cols;
}

int
persondb_pg_new(struct pg_conn *c, struct persondb_pg **out, struct err *e)
{
	const size_t max = PERSONDB_PG_ARRAY_MAX;
	struct persondb_pg *d = mem_new(struct persondb_pg);

	if (d == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	d->c = c;
	buf_init(&d->scratch, SCRATCH_MAX);
	init_cols(&d->cols);
	pg_array_init(&d->want.team, PG_INT4, max);
	pg_array_init(&d->want.id, PG_TEXT, max);
	pg_array_init(&d->want.uuid, PG_UUID, max);
	pg_array_init(&d->want.personless, PG_BOOL, max);
	pg_array_init(&d->want.whole_team, PG_INT4, max);
	pg_array_init(&d->want.whole_id, PG_TEXT, max);
	pg_array_init(&d->want.whole_uuid, PG_UUID, max);
	*out = d;
	return 0;
}

void
persondb_pg_free(struct persondb_pg *d)
{
	if (d == NULL)
		return;
	each_col(&d->cols, pg_array_fini);
	pg_array_fini(&d->want.team);
	pg_array_fini(&d->want.id);
	pg_array_fini(&d->want.uuid);
	pg_array_fini(&d->want.personless);
	pg_array_fini(&d->want.whole_team);
	pg_array_fini(&d->want.whole_id);
	pg_array_fini(&d->want.whole_uuid);
	buf_fini(&d->scratch);
	mem_free(d->persons.ids);
	mem_free(d->ids.ids);
	mem_free(d);
}

int
persondb_pg_connected(struct persondb_pg *d, const struct pg_schema *schema,
	bool tunes, struct err *e)
{
	struct persondb_pg_pool *const pools[2] = {&d->persons, &d->ids};

	d->schema = *schema;
	if (pg_run(persondb_pg_get(d, PG_SEQUENCES, 0), e) != 0)
		return -(int)e->code;
	if (pg_n_rows(d->c) != 2 || pg_col_is_null(d->c, 0, 0) ||
		pg_col_is_null(d->c, 1, 0))
		return err_set(e, ERR_INVALID,
			"the ids of posthog_person or posthog_persondistinctid "
			"have no sequence");
	for (int i = 0; i < 2; i++) {
		int64_t sequence = pg_col_i64(d->c, i, 0);

		/* Another database: what was taken there is nothing here. */
		if (pools[i]->sequence != sequence)
			pools[i]->n = pools[i]->at = 0;
		pools[i]->sequence = sequence;
	}
	memset(d->teams, 0, sizeof(d->teams));
	if (tunes)
		return pg_run(persondb_pg_get(d, PG_TUNE, 0), e);
	return 0;
}

int
persondb_pg_person_form(const struct persondb_pg *d)
{
	return PG_FORM(
		d->schema.person_is_deleted, d->schema.person_last_seen_at);
}

int64_t
persondb_pg_time(int64_t at_us)
{
	/* 4713 BC and 294276 AD; the wire's zero is 2000-01-01. */
	static const int64_t first = INT64_C(-210866803200) * 1000000;
	static const int64_t last = INT64_C(9222424646400) * 1000000;

	return at_us < first ? first : at_us > last ? last : at_us;
}

int
persondb_pg_narrow(struct persondb_pg *d, struct err *e)
{
	/* What stands in the way is another node's or program's, and will be
	 * read when the step is done again. */
	if (e->code == ERR_EXISTS || e->code == ERR_NOT_FOUND)
		e->code = ERR_BUSY;
	if (e->code == ERR_BUSY)
		d->n_locking = LOCKING_LOADS;
	return -(int)e->code;
}
