#include "pipeline/pipeline.h"

#include "base/clock.h"
#include "persondb/persondb.h"
#include "pipeline/delete.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/put.h"

/* Deletion of a person by hand (spec ingestion 5.13): its rows and its messages
 * in one transaction. */

#define ARENA_MAX ((size_t)256 * 1024 * 1024)
#define BUF_MAX ((size_t)64 * 1024 * 1024)

int
deletion_build(struct deletion *x, struct err *e)
{
	struct put_clock k;
	int r;

	put_clock_init(&k, clock_now_us());
	out_reset(&x->persons, x->p->codec, k.us / 1000);
	out_reset(&x->ids, x->p->codec, k.us / 1000);
	for (struct person *p = x->set.persons_changed; p != NULL;
		p = p->next_changed)
		if (!put_person(&x->persons, p, &x->scratch))
			return err_set(e, ERR_TOO_BIG,
				"the person's message is too large");
	for (struct person_id *d = x->set.ids_changed; d != NULL;
		d = d->next_changed)
		put_person_id(&x->ids, d, &x->scratch);
	r = out_finish(&x->persons, e);
	return r != 0 ? r : out_finish(&x->ids, e);
}

struct sink {
	struct store_conn *c;
	pipeline_append_fn *fn;
};

static int
append(struct deletion *x, const struct sink *k, enum output_id to,
	struct out *o, struct err *e)
{
	int64_t base;

	if (o->n_records == 0)
		return 0;
	return k->fn(k->c, x->p->outputs[to], o->b.p, o->b.len, o->n_records,
		o->ts_ms, &base, e);
}

int
deletion_append(struct deletion *x, struct store_conn *c,
	pipeline_append_fn *fn, struct err *e)
{
	const struct sink k = {c, fn};
	const struct pipeline_erasure *a = x->asked;
	int r = append(x, &k, OUTPUT_PERSON, &x->persons, e);

	if (r == 0)
		r = append(x, &k, OUTPUT_DISTINCT_ID, &x->ids, e);
	if (r == 0 && a->record != NULL)
		r = a->record(a->cookie, c, &x->set, e);
	return r;
}

static int
run_deletion(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct deletion *x = (struct deletion *)(void *)j;
	const struct pipeline_erasure *a = x->asked;
	int r = person_set_init(&x->set, &x->arena, &x->scratch, e);

	if (r == 0)
		r = persondb_delete(
			c, &x->set, a->team_id, a->distinct_id, a->uuid, e);
	if (r == 0)
		r = deletion_build(x, e);
	if (r == 0)
		r = persondb_save(c, &x->set, e);
	if (r == 0)
		r = deletion_append(x, c, store_tx_append, e);
	return r;
}

int
pipeline_erase_person(
	struct pipeline *p, struct pipeline_erasure *a, struct err *e)
{
	struct deletion x = {
		.job = {.run = run_deletion, .bytes = 4096, .wipes = true},
		.p = p,
		.asked = a,
	};
	int r;

	arena_init(&x.arena, ARENA_MAX);
	buf_init(&x.scratch, BUF_MAX);
	out_init(&x.persons, BUF_MAX);
	out_init(&x.ids, BUF_MAX);
	if (p->pg != NULL) {
		r = deletion_run_pg(&x, e);
		a->is_wiped = r == 0; /* state.db had nothing of the person */
	} else {
		r = store_call(p->state, &x.job, e);
		a->is_wiped = r == 0 && x.job.is_wiped;
	}
	out_fini(&x.ids);
	out_fini(&x.persons);
	buf_fini(&x.scratch);
	arena_fini(&x.arena);
	return r;
}
