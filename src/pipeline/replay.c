#include "pipeline/pipeline.h"

#include "base/clock.h"
#include "base/limits.h"
#include "pipeline/known.h"
#include "pipeline/letter.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/sql.h"
#include "team/team.h"

/*
 * Replay of dead letters. The message goes back to the log it came by and the
 * letter is marked, in one transaction of the file that holds both
 * (pipeline-8).
 */
#define ARENA_MAX ((size_t)128 * 1024 * 1024)
#define BATCH_MAX ((size_t)64 * 1024 * 1024)

struct replay {
	struct store_job job;
	struct store_part *from; /* the letters' */
	struct store_part *to;
	struct audit_tally tally;
	struct known_print known; /* of a letter of capture */
	int64_t offset;
	bool again;
	bool is_capture; /* a letter of spool.db */
	int64_t now_us;
	struct buf batch;
};

int
pipeline_letter_replayed_at(
	struct store_conn *c, int64_t offset, int64_t *at_us, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_LETTER_GET, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	r = sql_step(st, e);
	if (r < 0)
		return r;
	*at_us = r == 1 ? sql_col_i64(st, 0) : 0;
	sql_reset(st);
	return 0;
}

static int
mark(struct store_conn *c, const struct replay *x, struct err *e)
{
	struct store_part_state letters;
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_LETTER_PUT, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, x->offset);
	sql_bind_i64(st, 2, x->now_us);
	r = sql_run(st, e);
	if (r == 0)
		r = sql_get(
			c, &pipeline_sql, PIPELINE_SQL_LETTER_FORGET, &st, e);
	if (r != 0)
		return r;
	/* Marks live as long as their letters. */
	store_part_state(x->from, &letters);
	sql_bind_i64(st, 1, letters.log_start);
	return sql_run(st, e);
}

static int
run_replay(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct replay *x = (struct replay *)(void *)j;
	int64_t at_us, base;
	bool is_known = false;
	int r = pipeline_letter_replayed_at(c, x->offset, &at_us, e);

	if (r == 0 && at_us != 0 && !x->again)
		return err_set(e, ERR_EXISTS,
			"the letter at offset %lld was replayed before",
			(long long)x->offset);
	if (r == 0)
		r = known_take(c, &x->known, x->again, &x->tally, &is_known, e);
	if (r == 0 && !is_known)
		r = store_tx_append_noted(c, x->to, x->batch.p, x->batch.len, 1,
			&x->tally, &base, e);
	if (r == 0)
		r = mark(c, x, e);
	return r;
}

static int
build_batch(struct replay *x, const struct letter *l, struct err *e)
{
	struct batch_writer w;

	batch_begin(&w, &x->batch, x->now_us / 1000);
	batch_record(&w, x->now_us / 1000, l->key, l->value, l->headers,
		l->n_headers);
	return batch_end(&w, BATCH_NONE, e);
}

/* The record at x->offset, out of the batches read. */
static int
find_record(struct slice in, int64_t offset, struct buf *raw,
	struct batch_record_view *rec, struct err *e)
{
	while (in.len > 0) {
		struct batch_reader reader;
		int r = batch_reader_init(&reader, in, raw, e);

		while (r == 0 && (r = batch_next(&reader, rec, e)) == 1) {
			if (rec->offset == offset)
				return 0;
			r = 0;
		}
		if (r < 0)
			return r;
		in.p += reader.info.bytes;
		in.len -= reader.info.bytes;
	}
	return err_set(e, ERR_NOT_FOUND, "no letter at offset %lld",
		(long long)offset);
}

static int
read_letter(struct store *s, struct replay *x, struct buf *bytes,
	struct buf *raw, struct batch_record_view *rec, struct err *e)
{
	struct store_part_state st;
	struct store_conn *c;
	int64_t next;
	int r;

	store_part_state(x->from, &st);
	if (x->offset < st.log_start || x->offset >= st.high_watermark)
		return err_set(e, ERR_NOT_FOUND, "no letter at offset %lld",
			(long long)x->offset);
	r = store_reader_open(s, &c, e);
	if (r != 0)
		return r;
	r = store_read(c, x->from, x->offset, 1, bytes, &next, e);
	store_reader_close(c);
	if (r == 0 && bytes->failed)
		r = err_set(e, ERR_NO_MEMORY, "no memory to read a letter");
	if (r == 0)
		r = find_record(buf_slice(bytes), x->offset, raw, rec, e);
	return r;
}

/* to NULL: where the letter says, if that is a front topic of s. */
static int
choose_target(struct store *s, struct replay *x, const struct letter *l,
	struct err *e)
{
	enum topic_id t;

	if (x->to != NULL)
		return 0;
	t = l->topic.p == NULL ? TOPIC_INGESTION : topic_by_name(l->topic);
	if (t != TOPIC_INGESTION_OVERFLOW && t != TOPIC_INGESTION_HISTORICAL)
		t = TOPIC_INGESTION;
	return store_part_open(s, topic_defs[t].name, 0, &x->to, e);
}

/* As it will be counted when it is appended. */
static void
tally(struct pipeline *p, struct replay *x, const struct letter *l)
{
	const struct team_snapshot *teams = team_snapshot_get(p->teams);
	struct slice token = SLICE_NONE, uuid = SLICE_NONE;
	const struct team *team;

	for (uint32_t i = 0; i < l->n_headers; i++) {
		if (slice_eq_str(l->headers[i].key, "token"))
			token = l->headers[i].value;
		else if (slice_eq_str(l->headers[i].key, "uuid"))
			uuid = l->headers[i].value;
	}
	team = token.p == NULL ? NULL : team_by_record_token(teams, token);
	x->tally = (struct audit_tally){
		.minute = audit_minute(x->now_us / 1000),
		.team_id = uuid.p == NULL || team == NULL ? 0 : team->id,
		.sum = {1, uuid.p == NULL ? 0 : audit_uuid_hash(uuid)},
	};
	if (x->is_capture)
		known_print_of(
			p->spool, team, l->headers, l->n_headers, &x->known);
	team_snapshot_unref(teams);
}

static int
replay(struct pipeline *p, struct store *s, int letters, struct store_part *to,
	int64_t offset, bool again, struct err *e)
{
	struct replay x = {.to = to,
		.offset = offset,
		.again = again,
		.is_capture = letters == 0};
	struct batch_record_view rec;
	struct letter l;
	struct arena a;
	struct buf bytes, raw;
	int r;

	arena_init(&a, ARENA_MAX);
	buf_init(&bytes, BATCH_MAX);
	buf_init(&raw, BATCH_MAX);
	buf_init(&x.batch, BATCH_MAX);
	x.now_us = clock_now_us();
	r = store_part_open(
		s, topic_defs[TOPIC_DEAD_LETTERS].name, letters, &x.from, e);
	if (r == 0)
		r = read_letter(s, &x, &bytes, &raw, &rec, e);
	if (r == 0)
		r = letter_read(&rec, &a, &l, e);
	if (r == 0)
		r = choose_target(s, &x, &l, e);
	if (r == 0)
		r = build_batch(&x, &l, e);
	if (r == 0) {
		tally(p, &x, &l);
		x.tally.hop = letters == 0 ? AUDIT_PUT_BACK : AUDIT_REPLAYED;
		x.job.run = run_replay;
		x.job.bytes = x.batch.len;
		r = store_call(s, &x.job, e);
	}
	buf_fini(&x.batch);
	buf_fini(&raw);
	buf_fini(&bytes);
	arena_fini(&a);
	return r;
}

int
pipeline_replay_letter(
	struct pipeline *p, int64_t offset, bool again, struct err *e)
{
	return replay(
		p, p->state, 1, p->inputs[INPUT_OWN].part, offset, again, e);
}

int
pipeline_replay_capture_letter(
	struct pipeline *p, int64_t offset, bool again, struct err *e)
{
	return replay(p, p->spool, 0, NULL, offset, again, e);
}
