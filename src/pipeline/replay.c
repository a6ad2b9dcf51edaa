#include "pipeline/pipeline.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "dlq/edit.h"
#include "dlq/letter.h"
#include "dlq/mark.h"
#include "dlq/read.h"
#include "pipeline/known.h"
#include "pipeline/pipeline_int.h"
#include "team/team.h"

/*
 * Replay of dead letters. Messages go back to the log they came by and the
 * letters are marked, in one transaction of the file that holds both
 * (pipeline-8).
 */
#define ARENA_MAX ((size_t)256 * 1024 * 1024)
#define BATCH_MAX ((size_t)64 * 1024 * 1024)
/* Short jobs: capture waits for the same writer. */
#define JOB_BYTES ((size_t)1024 * 1024)
#define JOB_LETTERS 128
#define ATTEMPTS_MAX 1000000

/* A message that is ready to go. */
struct ready {
	struct pipeline_replay *item;
	size_t start, len; /* of its batch */
	struct store_part *to;
	struct audit_tally tally;
	struct known_print known; /* of a letter of capture */
};

struct replay {
	struct store_job job;
	struct pipeline *p;
	struct store *s;
	int partition;
	const struct pipeline_replay_how *how;
	struct store_part *from; /* the letters' */
	int64_t now_us;
	struct dlq_reader reader;
	struct arena a; /* of one letter */
	struct buf batches;
	uint32_t n;
	struct ready ready[JOB_LETTERS];
};

static int
put_back(struct replay *x, struct store_conn *c, struct ready *r, struct err *e)
{
	bool is_edited = x->how->event.p != NULL;
	bool is_known = false;
	int64_t base;
	int rc = dlq_mark_may_replay(c, r->item->offset, x->how->again, e);

	/* Who edited it, or says again, wants it stored in any case. */
	if (rc == 0)
		rc = known_take(c, &r->known, x->how->again || is_edited,
			&r->tally, &is_known, e);
	if (rc == 0 && !is_known)
		rc = store_tx_append_noted(c, r->to, x->batches.p + r->start,
			r->len, 1, &r->tally, &base, e);
	if (rc == 0)
		rc = dlq_mark_replayed(c, r->item->offset, x->now_us, is_edited,
			slice_str(x->how->who), e);
	return rc;
}

static void
tell(struct pipeline_replay *item, int code, const struct err *why)
{
	item->code = code;
	snprintf(
		item->why, sizeof(item->why), "%s", code == 0 ? "" : why->text);
}

static int
run_replay(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct replay *x = (struct replay *)(void *)j;

	for (uint32_t i = 0; i < x->n; i++) {
		int r = put_back(x, c, &x->ready[i], e);

		if (r != 0 && r != -ERR_EXISTS)
			return r;
		tell(x->ready[i].item, r, e);
		r = fault_point("replay_marked", e);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Where the letter says, if that is a front topic of capture's. */
static int
choose_target(struct replay *x, const struct letter_message *m, struct ready *r,
	struct err *e)
{
	enum topic_id t;

	if (x->partition != 0) {
		r->to = x->p->inputs[INPUT_OWN].part;
		return 0;
	}
	t = m->topic.p == NULL ? TOPIC_INGESTION : topic_by_name(m->topic);
	if (t != TOPIC_INGESTION_OVERFLOW && t != TOPIC_INGESTION_HISTORICAL)
		t = TOPIC_INGESTION;
	return store_part_open(x->s, topic_defs[t].name, 0, &r->to, e);
}

/* As it will be counted when it is appended. */
static void
tally(struct replay *x, const struct letter_message *m, struct ready *r)
{
	const struct team_snapshot *teams = team_snapshot_get(x->p->teams);
	struct slice token = letter_header(m, "token");
	struct slice uuid = letter_header(m, "uuid");
	const struct team *team;

	team = token.p == NULL ? NULL : team_by_record_token(teams, token);
	r->tally = (struct audit_tally){
		.hop = x->partition == 0 ? AUDIT_PUT_BACK : AUDIT_REPLAYED,
		.minute = audit_minute(x->now_us / 1000),
		.team_id = uuid.p == NULL || team == NULL ? 0 : team->id,
		.sum = {1, uuid.p == NULL ? 0 : audit_uuid_hash(uuid)},
	};
	r->known.is_set = false;
	if (x->partition == 0)
		known_print_of(x->s, team, m->headers, m->n_headers, &r->known);
	team_snapshot_unref(teams);
}

/* A letter that is made of it again names this one. */
static int
build_batch(struct replay *x, const struct batch_record_view *rec,
	const struct letter_message *m, struct ready *r, struct err *e)
{
	struct batch_header_kv *h =
		arena_zalloc(&x->a, m->n_headers + 2, sizeof(*h));
	int64_t attempts = letter_attempts(rec);
	struct batch_writer w;
	struct letter l;
	char text[24];
	uint32_t n = m->n_headers;
	int rc;

	if (h == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a letter");
	if (n > 0)
		memcpy(h, m->headers, n * sizeof(*h));
	letter_read(rec, &x->a, &l);
	if (l.id.p != NULL)
		h[n++] = (struct batch_header_kv){
			SLICE_LIT(LETTER_REPLAY_OF), l.id};
	snprintf(text, sizeof(text), "%lld",
		(long long)(attempts < ATTEMPTS_MAX ? attempts + 1 : attempts));
	h[n++] = (struct batch_header_kv){
		SLICE_LIT(LETTER_ATTEMPTS), slice_str(text)};
	r->start = x->batches.len;
	batch_begin(&w, &x->batches, x->now_us / 1000);
	batch_record(&w, x->now_us / 1000, m->key, m->value, h, n);
	rc = batch_end(&w, BATCH_NONE, e);
	if (rc == 0 && x->batches.failed)
		rc = err_set(e, ERR_NO_MEMORY, "no memory for a letter");
	r->len = x->batches.len - r->start;
	return rc;
}

static int
read_record(struct replay *x, int64_t offset, struct batch_record_view *rec,
	struct err *e)
{
	int r = dlq_reader_get(&x->reader, offset, rec, e);

	if (r == 0 || (r == 1 && rec->offset != offset))
		return err_set(e, ERR_NOT_FOUND, "no letter at offset %lld",
			(long long)offset);
	return r < 0 ? r : 0;
}

static int
make_ready(struct replay *x, struct pipeline_replay *item, struct err *e)
{
	struct ready *r = &x->ready[x->n];
	struct batch_record_view rec;
	struct letter_message m;
	size_t was = x->batches.len;
	int rc;

	arena_reset(&x->a);
	r->item = item;
	rc = read_record(x, item->offset, &rec, e);
	if (rc == 0)
		rc = letter_message(&rec, &x->a, &m, e);
	if (rc == 0 && x->how->event.p != NULL)
		rc = letter_edit(
			&m, x->how->event, x->how->max_bytes, &x->a, &m, e);
	if (rc == 0)
		rc = choose_target(x, &m, r, e);
	if (rc == 0)
		rc = build_batch(x, &rec, &m, r, e);
	if (rc == 0) {
		tally(x, &m, r);
		x->n++;
	} else if (!x->batches.failed) {
		x->batches.len = was;
	}
	return rc;
}

/* The letters that are ready, in one transaction. */
static int
flush(struct replay *x, struct err *e)
{
	int r = 0;

	if (x->n > 0) {
		x->job = (struct store_job){
			.run = run_replay, .bytes = x->batches.len};
		r = store_call(x->s, &x->job, e);
		if (r == 0)
			r = fault_point("replay_committed", e);
	}
	for (uint32_t i = 0; r != 0 && i < x->n; i++)
		tell(x->ready[i].item, r, e);
	x->n = 0;
	buf_reset(&x->batches);
	return r;
}

/* What is wrong with one letter is told with it; others go on. */
static bool
is_of_letter(int code)
{
	return code == -ERR_NOT_FOUND || code == -ERR_INVALID ||
	       code == -ERR_TOO_BIG;
}

static int
replay_all(struct replay *x, struct pipeline_replay *items, uint32_t n,
	struct err *e)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		r = make_ready(x, &items[i], e);
		if (is_of_letter(r)) {
			tell(&items[i], r, e);
			r = 0;
		}
		if (r == 0 &&
			(x->n == JOB_LETTERS || x->batches.len >= JOB_BYTES))
			r = flush(x, e);
	}
	return r == 0 ? flush(x, e) : r;
}

int
pipeline_replay_letters(struct pipeline *p, int partition,
	struct pipeline_replay *items, uint32_t n,
	const struct pipeline_replay_how *how, struct err *e)
{
	struct replay *x = mem_new(struct replay);
	int r;

	INVARIANT(n <= PIPELINE_REPLAY_MAX, "pipeline-8");
	if (x == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a replay");
	for (uint32_t i = 0; i < n; i++) {
		items[i].code = -ERR_UNAVAILABLE;
		snprintf(items[i].why, sizeof(items[i].why), "not tried");
	}
	x->p = p;
	x->partition = partition;
	x->s = partition == 0 ? p->spool : p->state;
	x->how = how;
	x->now_us = clock_now_us();
	arena_init(&x->a, ARENA_MAX);
	buf_init(&x->batches, BATCH_MAX);
	r = store_part_open(x->s, topic_defs[TOPIC_DEAD_LETTERS].name,
		partition, &x->from, e);
	if (r == 0)
		r = dlq_reader_open(x->s, x->from, &x->reader, e);
	if (r == 0)
		r = replay_all(x, items, n, e);
	dlq_reader_close(&x->reader);
	buf_fini(&x->batches);
	arena_fini(&x->a);
	mem_free(x);
	return r;
}

static int
replay_one(struct pipeline *p, int partition, int64_t offset, bool again,
	struct err *e)
{
	const struct pipeline_replay_how how = {.again = again, .who = ""};
	struct pipeline_replay item = {.offset = offset};
	int r = pipeline_replay_letters(p, partition, &item, 1, &how, e);

	if (r != 0 || item.code == 0)
		return r;
	return err_set(e, (enum err_code) - item.code, "%s", item.why);
}

int
pipeline_replay_letter(
	struct pipeline *p, int64_t offset, bool again, struct err *e)
{
	return replay_one(p, 1, offset, again, e);
}

int
pipeline_replay_capture_letter(
	struct pipeline *p, int64_t offset, bool again, struct err *e)
{
	return replay_one(p, 0, offset, again, e);
}
