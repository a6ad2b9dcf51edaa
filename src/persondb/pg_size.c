#include "persondb/pg_int.h"

/*
 * Which persons' properties are too large for check_properties_size. It counts
 * the bytes of jsonb, which can be several times those of the text; its limit
 * may be another than PostHog's, so if none is over that, the largest is named:
 * so every failed save names one, and they come to an end.
 */
#define NAMED_MAX 100

static int
ask_sizes(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	for (struct person *p = s->persons_changed; p != NULL;
		p = p->next_changed)
		if (!p->is_deleted)
			pg_array_text(
				&k->text[0], person_message_properties(p));
	st = persondb_pg_get(d, PG_SIZES, 0);
	pg_bind_array(st, 1, &k->text[0]);
	pg_bind_i64(st, 2, NAMED_MAX);
	return pg_run(st, e);
}

/* The n-th live person among the changed, from 1. */
static struct person *
changed_person(struct person_set *s, int64_t n)
{
	struct person *p = s->persons_changed;

	while (p != NULL && (p->is_deleted || --n > 0))
		p = p->next_changed;
	return p;
}

static int
name_one(struct person_set *s, const struct person *p, struct err *e)
{
	struct person_refused *r = arena_new(s->arena, struct person_refused);

	if (p == NULL || r == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to save persons");
	r->team_id = p->team_id;
	r->uuid = p->uuid;
	r->next = s->refused;
	s->refused = r;
	return 0;
}

int
persondb_pg_find_large(
	struct persondb_pg *d, struct person_set *s, struct err *e)
{
	pg_rollback(d->c);
	if (ask_sizes(d, s, e) != 0)
		return persondb_pg_narrow(d, e);
	for (int i = 0; i < pg_n_rows(d->c); i++) {
		if (i > 0 &&
			pg_col_i64(d->c, i, 1) <= LIMIT_PERSON_PROPERTIES_BYTES)
			break;
		if (name_one(s, changed_person(s, pg_col_i64(d->c, i, 0)), e) !=
			0)
			return -(int)e->code;
	}
	return err_set(e, ERR_BUSY, "properties of a person are too large");
}
