#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dlq/mark.h"
#include "pipeline/put_back_int.h"
#include "stats/stats.h"
#include "team/team.h"
#include "topic/topic.h"

#define READ_BYTES ((size_t)1024 * 1024)
#define ARENA_MAX ((size_t)128 * 1024 * 1024)
#define BATCH_MAX ((size_t)64 * 1024 * 1024)
#define ROUND_BYTES ((size_t)4 * 1024 * 1024)
#define IDLE_NS INT64_C(1000000000)
#define AGAIN_NS INT64_C(50000000) /* before it is asked for once more */

enum what_came { ROUND_NOTHING, ROUND_MOVED, ROUND_WAITS };
/* What is to be done with a letter. */
enum fate { FATE_PASS, FATE_GOES_BACK, FATE_STAYS, FATE_WAITS };

static bool
is_of_ours(const struct batch_record_view *rec, struct slice *token)
{
	struct slice reason;

	return batch_header_find(rec, "dlq_reason", &reason) &&
	       slice_eq_str(reason, "team_lookup_failed") &&
	       batch_header_find(rec, "token", token) && token->p != NULL;
}

/*
 * Whether a key is nobody's is judged by a look at all projects that began
 * after the letter was there: what it does not find was not there either.
 */
static int
judge(struct put_back *p, const struct batch_record_view *rec,
	const struct team *t, enum fate *out, struct err *e)
{
	struct dlq_mark m;
	int rc = dlq_mark_get(p->reader, rec->offset, &m, e);

	if (rc != 0)
		return rc;
	if (dlq_mark_state(&m) != DLQ_PENDING)
		*out = FATE_PASS;
	else if (t != NULL)
		*out = FATE_GOES_BACK;
	else
		*out = rec->offset < p->judged_below ? FATE_STAYS : FATE_WAITS;
	return 0;
}

static int
add(struct put_back *p, const struct batch_record_view *rec,
	const struct team *t, enum fate fate, struct err *e)
{
	int rc = 0;

	if (fate == FATE_STAYS)
		put_back_add_nobodys(&p->round, rec->offset);
	if (fate == FATE_GOES_BACK)
		rc = put_back_add(&p->round, rec, t, e);
	if (rc != -ERR_INVALID)
		return rc;
	/* It stays as it is, for who looks at it. */
	log_warn("letter_stays", "offset=%lld text=%s", (long long)rec->offset,
		log_q(e->text));
	return 0;
}

/* true: the round goes on behind the letter. */
static bool
take(struct put_back *p, const struct batch_record_view *rec, int *rc,
	struct err *e)
{
	struct put_back_round *r = &p->round;
	const struct team *t = NULL;
	enum fate fate = FATE_PASS;
	struct slice token;
	bool ours = is_of_ours(rec, &token);

	arena_reset(&p->arena);
	if (ours) {
		t = team_by_token(p->snapshot, token);
		*rc = judge(p, rec, t, &fate, e);
	}
	if (*rc == 0 && fate != FATE_WAITS)
		*rc = add(p, rec, t, fate, e);
	if (*rc != 0 || fate == FATE_WAITS)
		return false;
	if (ours) {
		r->letters++;
		r->bytes += (int64_t)rec->value.len;
	}
	r->next = rec->offset + 1;
	return r->n < PUT_BACK_LETTERS && r->out.len < ROUND_BYTES;
}

/* Calls fn for what was read, from an offset on, until it says false. */
static int
each_record(struct put_back *p, int64_t from,
	bool (*fn)(struct put_back *p, const struct batch_record_view *rec,
		int *rc, struct err *e),
	struct err *e)
{
	struct slice in = buf_slice(&p->in);
	bool more = true;
	int rc = 0;

	while (in.len > 0 && more && rc == 0) {
		struct batch_record_view rec;
		struct batch_reader reader;

		rc = batch_reader_init(&reader, in, &p->raw, e);
		while (rc == 0 && more &&
			(rc = batch_next(&reader, &rec, e)) == 1) {
			rc = 0;
			if (rec.offset >= from)
				more = fn(p, &rec, &rc, e);
		}
		in.p += reader.info.bytes;
		in.len -= reader.info.bytes;
	}
	return rc;
}

static int
read_from(struct put_back *p, int64_t from, size_t max, int64_t *next,
	struct err *e)
{
	int rc;

	buf_reset(&p->in);
	rc = store_read(p->reader, p->letters, from, max, &p->in, next, e);
	if (rc == 0 && p->in.failed)
		rc = err_set(e, ERR_NO_MEMORY, "no memory to read letters");
	return rc;
}

static void
set_floor(struct put_back *p)
{
	store_part_set_floor(p->letters, STORE_FLOOR_REPLAY, p->next);
}

static void
note_settled(struct put_back *p)
{
	const struct put_back_round *r = &p->round;
	int back = r->n - r->n_nobodys;

	stats_add(STATS_LETTERS_SETTLED, 0, (uint64_t)back);
	stats_add(STATS_LETTERS_SETTLED, 1, (uint64_t)r->n_nobodys);
	p->n_put_back += back;
	p->n_nobodys += r->n_nobodys;
	p->next = r->next;
	set_floor(p);
	team_waiting_settled(p->teams, p->next, r->letters, r->bytes);
}

static void
say(struct put_back *p)
{
	if (p->n_put_back > 0 || p->n_nobodys > 0)
		log_info("letters_put_back", "letters=%lld unknown_token=%lld",
			(long long)p->n_put_back, (long long)p->n_nobodys);
	p->n_put_back = p->n_nobodys = 0;
}

/* The next letter's key is not known: the projects are looked at. */
static enum what_came
wait_for_look(struct put_back *p)
{
	struct store_part_state st;

	if (p->asked_at_ns == 0) {
		store_part_state(p->letters, &st);
		p->asked_below = st.high_watermark;
		p->asked_at_ns = clock_mono_ns();
		team_look_now(p->teams);
	}
	if (!team_was_seen_since(p->teams, p->asked_at_ns))
		return ROUND_WAITS;
	p->judged_below = p->asked_below;
	p->asked_at_ns = 0;
	return ROUND_MOVED;
}

static int
one_round(struct put_back *p, enum what_came *out, struct err *e)
{
	struct store_part_state st;
	int64_t next;
	int rc;

	*out = ROUND_NOTHING;
	store_part_state(p->letters, &st);
	if (p->next < st.log_start)
		p->next = st.log_start;
	if (p->next >= st.high_watermark)
		return 0;
	rc = read_from(p, p->next, READ_BYTES, &next, e);
	if (rc != 0)
		return rc;
	p->snapshot = team_snapshot_get(p->teams);
	put_back_round_begin(&p->round, p->next);
	rc = each_record(p, p->next, take, e);
	team_snapshot_unref(p->snapshot);
	if (rc != 0)
		return rc;
	if (p->round.next == p->next) {
		*out = wait_for_look(p);
		return 0;
	}
	*out = ROUND_MOVED;
	rc = put_back_round_commit(&p->round, e);
	if (rc == -ERR_EXISTS)
		return 0; /* by hand meanwhile: seen by the next round */
	if (rc == 0)
		note_settled(p);
	return rc;
}

static void
run(void *cookie)
{
	struct put_back *p = cookie;
	uint64_t seen = 0;

	while (!atomic_load(&p->is_stopping)) {
		enum what_came what;
		struct err e;
		int rc = one_round(p, &what, &e);

		if (rc == 0 && what == ROUND_MOVED)
			continue;
		if (rc != 0)
			log_warn("letters_wait", "code=%s text=%s",
				err_name(e.code), log_q(e.text));
		if (rc == 0 && what == ROUND_NOTHING)
			say(p);
		team_waiting_watch(p->teams, &seen,
			clock_mono_ns() + (rc == 0 && what == ROUND_WAITS
							  ? AGAIN_NS
							  : IDLE_NS));
	}
	say(p);
}

static bool
note_waiting(struct put_back *p, const struct batch_record_view *rec, int *rc,
	struct err *e)
{
	struct slice token;

	if (is_of_ours(rec, &token))
		*rc = team_waiting_found(p->teams, token, rec->offset,
			(int64_t)rec->value.len, e);
	return *rc == 0;
}

/* What waits, from the position on. */
static int
learn(struct put_back *p, struct err *e)
{
	struct store_part_state st;
	int64_t at;
	int rc = put_back_position(p->reader, &p->next, e);

	store_part_state(p->letters, &st);
	if (p->next < st.log_start)
		p->next = st.log_start;
	set_floor(p);
	if (rc == 0)
		team_waiting_settled(p->teams, p->next, 0, 0);
	for (at = p->next; rc == 0 && at < st.high_watermark;) {
		rc = read_from(p, at, READ_BYTES, &at, e);
		if (rc == 0)
			rc = each_record(p, p->next, note_waiting, e);
	}
	return rc;
}

static int
open_all(struct put_back *p, struct err *e)
{
	int rc = store_part_open(p->spool, topic_defs[TOPIC_DEAD_LETTERS].name,
		0, &p->letters, e);

	if (rc == 0)
		rc = store_part_open(p->spool, topic_defs[TOPIC_INGESTION].name,
			0, &p->main, e);
	if (rc == 0)
		rc = store_part_open(p->spool,
			topic_defs[TOPIC_INGESTION_HISTORICAL].name, 0,
			&p->historical, e);
	if (rc == 0)
		rc = store_reader_open(p->spool, &p->reader, e);
	return rc;
}

int
put_back_start(struct team_cache *teams, struct store *spool,
	struct put_back **out, struct err *e)
{
	struct put_back *p;
	int rc;

	*out = NULL;
	if (!team_cache_has_postgres(teams))
		return 0;
	p = mem_new(struct put_back);
	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "letters");
	p->teams = teams;
	p->spool = spool;
	p->round.p = p;
	arena_init(&p->arena, ARENA_MAX);
	buf_init(&p->in, BATCH_MAX);
	buf_init(&p->raw, BATCH_MAX);
	buf_init(&p->round.out, BATCH_MAX);
	rc = open_all(p, e);
	if (rc == 0)
		rc = learn(p, e);
	if (rc == 0)
		rc = thread_start(&p->thread, "letters", run, p, e);
	if (rc != 0) {
		put_back_stop(p);
		return rc;
	}
	*out = p;
	return 0;
}

void
put_back_stop(struct put_back *p)
{
	if (p == NULL)
		return;
	atomic_store(&p->is_stopping, true);
	team_waiting_wake(p->teams);
	thread_join(&p->thread);
	if (p->reader != NULL)
		store_reader_close(p->reader);
	buf_fini(&p->round.out);
	buf_fini(&p->raw);
	buf_fini(&p->in);
	arena_fini(&p->arena);
	mem_free(p);
}
