#include "base/clock.h"
#include "dlq/letter.h"
#include "dlq/mark.h"
#include "pipeline/put_back_int.h"
#include "pipeline/sql.h"
#include "team/team.h"
#include "topic/topic.h"

#define WHO "postgres" /* what put it back, beside names of people */
#define NOBODYS "unknown_token"
#define NOBODYS_ERROR "Unknown API key"

void
put_back_round_begin(struct put_back_round *r, int64_t from)
{
	buf_reset(&r->out);
	r->now_us = clock_now_us();
	r->next = from;
	r->letters = r->bytes = 0;
	r->n = r->n_nobodys = 0;
}

static struct store_part *
target(const struct put_back *p, const struct letter_message *m)
{
	return m->topic.p != NULL && topic_by_name(m->topic) ==
					     TOPIC_INGESTION_HISTORICAL
		       ? p->historical
		       : p->main;
}

/* A batch of its own: what the project has sent by itself meanwhile is left
 * out. */
static int
build_batch(struct put_back_round *r, const struct letter_message *m,
	struct put_back_item *x, struct err *e)
{
	struct batch_writer w;
	int rc;

	x->start = r->out.len;
	batch_begin(&w, &r->out, r->now_us / 1000);
	batch_record(&w, r->now_us / 1000, m->key, m->value, m->headers,
		m->n_headers);
	rc = batch_end(&w, BATCH_NONE, e);
	if (rc == 0 && r->out.failed)
		rc = err_set(e, ERR_NO_MEMORY, "no memory for letters");
	x->len = r->out.len - x->start;
	return rc;
}

int
put_back_add(struct put_back_round *r, const struct batch_record_view *rec,
	const struct team *t, struct err *e)
{
	struct put_back_item *x = &r->items[r->n];
	struct letter_message m;
	struct slice uuid;
	int rc = letter_message(rec, &r->p->arena, &m, e);

	if (rc != 0)
		return rc;
	uuid = letter_header(&m, "uuid");
	*x = (struct put_back_item){
		.offset = rec->offset,
		.to = target(r->p, &m),
		.tally = {.hop = AUDIT_PUT_BACK,
			.minute = audit_minute(r->now_us / 1000),
			.team_id = uuid.p == NULL ? 0 : t->id,
			.sum = {1, uuid.p == NULL ? 0 : audit_uuid_hash(uuid)}},
	};
	known_print_of(r->p->spool, t, m.headers, m.n_headers, &x->print);
	rc = build_batch(r, &m, x, e);
	r->n += rc == 0;
	return rc;
}

void
put_back_add_nobodys(struct put_back_round *r, int64_t offset)
{
	r->items[r->n++] =
		(struct put_back_item){.offset = offset, .is_nobodys = true};
	r->n_nobodys++;
}

static int
settle(struct put_back_round *r, struct store_conn *c, struct put_back_item *x,
	struct err *e)
{
	bool is_known = false;
	int64_t base;
	int rc;

	if (x->is_nobodys)
		return dlq_mark_reason(c, x->offset, NOBODYS, NOBODYS_ERROR, e);
	rc = dlq_mark_may_replay(c, x->offset, false, e);
	if (rc == 0)
		rc = known_take(c, &x->print, false, &x->tally, &is_known, e);
	if (rc == 0 && !is_known)
		rc = store_tx_append_noted(c, x->to, r->out.p + x->start,
			x->len, 1, &x->tally, &base, e);
	if (rc == 0)
		rc = dlq_mark_replayed(
			c, x->offset, r->now_us, false, SLICE_LIT(WHO), e);
	return rc;
}

/* pipeline-14. @thread store */
static int
run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct put_back_round *r = (struct put_back_round *)(void *)j;
	struct store_stmt *st;
	int rc = 0;

	for (int i = 0; i < r->n && rc == 0; i++)
		rc = settle(r, c, &r->items[i], e);
	if (rc == 0)
		rc = sql_get(
			c, &pipeline_sql, PIPELINE_SQL_PUT_BACK_MOVE, &st, e);
	if (rc != 0)
		return rc;
	sql_bind_i64(st, 1, r->next);
	return sql_run(st, e);
}

int
put_back_round_commit(struct put_back_round *r, struct err *e)
{
	r->job = (struct store_job){.run = run, .bytes = r->out.len + 1};
	return store_call(r->p->spool, &r->job, e);
}

int
put_back_position(struct store_conn *c, int64_t *next, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &pipeline_sql, PIPELINE_SQL_PUT_BACK_GET, &st, e);

	if (rc == 0)
		rc = sql_step(st, e);
	if (rc < 0)
		return rc;
	*next = rc == 1 ? sql_col_i64(st, 0) : 0;
	sql_reset(st);
	return 0;
}
