#include "privacy/privacy_int.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "clickhouse/clickhouse.h"
#include "person/person.h"
#include "pipeline/pipeline.h"

#define POSITIONS_MAX 16

int
privacy_start(
	const struct privacy_options *o, struct privacy **out, struct err *e)
{
	struct privacy *p = mem_new(struct privacy);
	int rc = 0;

	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	p->o = *o;
	lock_init(&p->lock);
	cond_init(&p->wake);
	/* Without ClickHouse a task waits for a start that has it. */
	if (o->clickhouse != NULL && o->pipeline != NULL)
		rc = thread_start(&p->thread, "eraser", privacy_main, p, e);
	if (rc < 0) {
		privacy_stop(p);
		return rc;
	}
	*out = p;
	return 0;
}

void
privacy_stop(struct privacy *p)
{
	if (p == NULL)
		return;
	lock_take(&p->lock);
	p->stopping = true;
	cond_broadcast(&p->wake);
	lock_release(&p->lock);
	thread_join(&p->thread);
	cond_fini(&p->wake);
	lock_fini(&p->lock);
	mem_free(p);
}

static void
tell_thread(struct privacy *p)
{
	lock_take(&p->lock);
	p->has_news = true;
	cond_broadcast(&p->wake);
	lock_release(&p->lock);
}

static const char *
state_of(struct privacy *p, const struct erasure *x, char trouble[240])
{
	bool has_trouble;

	trouble[0] = '\0';
	if (x->done_at_us > 0)
		return x->step == 0 ? "off" : "done";
	lock_take(&p->lock);
	has_trouble = p->trouble_of == x->id;
	if (has_trouble)
		memcpy(trouble, p->trouble, sizeof(p->trouble));
	lock_release(&p->lock);
	if (has_trouble || p->o.clickhouse == NULL)
		return "waiting";
	return x->cut_at_us == 0 || x->step == 0 ? "reading" : "deleting";
}

static int
put_report(struct privacy *p, const struct erasure *x, bool is_deleted,
	bool is_wiped, struct buf *out, struct err *e)
{
	char trouble[240], at[CLOCK_TEXT_MAX];
	const char *state = state_of(p, x, trouble);
	int rc;

	clock_format(x->asked_at_us, CLOCK_ISO_MS, at);
	buf_printf(out,
		"{\"deleted\":%s,\"asked_at\":\"%s\",\"uuid\":\"%.*s\","
		"\"distinct_ids\":%.*s,\"with_events\":%s,\"wiped\":%s,",
		is_deleted ? "true" : "false", at, SLICE_FMT(x->uuid),
		SLICE_FMT(x->distinct_ids), x->with_events ? "true" : "false",
		is_wiped ? "true" : "false");
	buf_printf(out,
		"\"clickhouse\":{\"task\":%lld,\"state\":\"%s\",\"rows\":%lld,"
		"\"error\":",
		(long long)x->id, state, (long long)x->n_rows);
	json_put_string(out, slice_str(trouble));
	buf_append_lit(out, "},");
	rc = remains_put(p, x, is_wiped, out, e);
	buf_append_lit(out, "}\n");
	return rc;
}

int
privacy_report(struct privacy *p, int64_t task, struct buf *out, struct err *e)
{
	struct store_conn *c;
	struct arena arena;
	struct erasure x;
	int rc = store_reader_open(p->o.state, &c, e);

	if (rc < 0)
		return rc;
	arena_init(&arena, PRIVACY_ARENA_MAX);
	rc = erasure_get(
		c, PRIVACY_SQL_BY_ID, 0, SLICE_LIT(""), task, &arena, &x, e);
	store_reader_close(c);
	if (rc == 0)
		rc = put_report(p, &x, x.version > 0, true, out, e);
	arena_fini(&arena);
	return rc;
}

/* One deletion as it is asked for. */
struct asking {
	struct privacy *p;
	struct erasure x;
	struct buf ids;
	char uuid[UUID_TEXT];
	char front[POSITIONS_MAX * 21];
};

static void
put_id(struct buf *ids, struct slice id)
{
	buf_append_char(ids, ids->len == 0 ? '[' : ',');
	json_put_string(ids, id);
}

/* privacy-1 @thread store */
static int
record(void *cookie, struct store_conn *c, const struct person_set *s,
	struct err *e)
{
	struct asking *k = cookie;
	const struct person *gone = s->persons_changed;

	buf_reset(&k->ids);
	for (const struct person_id *d = s->ids_changed; d != NULL;
		d = d->next_changed)
		put_id(&k->ids, d->id);
	buf_append_str(&k->ids, k->ids.len == 0 ? "[]" : "]");
	if (k->ids.failed)
		return err_set(
			e, ERR_TOO_BIG, "the person has too many distinct ids");
	memcpy(k->uuid, gone->uuid_text, UUID_TEXT);
	k->x.uuid = slice_of(k->uuid, UUID_TEXT);
	k->x.version = person_message_version(gone);
	k->x.distinct_ids = buf_slice(&k->ids);
	return erasure_insert(c, &k->x, e);
}

/* What the inputs hold now is worked on before rows of events are deleted, so
 * that none comes after. */
static void
note_front(struct privacy *p, struct asking *k)
{
	struct pipeline_position pos[POSITIONS_MAX];
	int n = pipeline_positions(p->o.pipeline, pos, POSITIONS_MAX);
	bool is_behind = false;
	struct buf b;

	buf_init(&b, sizeof(k->front));
	for (int i = 0; i < n; i++) {
		is_behind |= pos[i].position < pos[i].high_watermark;
		buf_printf(&b, "%s%lld", i == 0 ? "" : " ",
			(long long)pos[i].high_watermark);
	}
	k->x.front = SLICE_LIT("");
	if (is_behind && !b.failed) {
		memcpy(k->front, b.p, b.len);
		k->x.front = slice_of(k->front, b.len);
	}
	buf_fini(&b);
}

/* No person has it: the deletion before, if there was one. 1: it stands in
 * k->x and there is nothing to add. */
static int
find_before(struct privacy *p, struct asking *k, struct arena *a, struct err *e)
{
	struct erasure before;
	struct store_conn *c;
	int rc = store_reader_open(p->o.state, &c, e);

	if (rc < 0)
		return rc;
	rc = erasure_get(c, PRIVACY_SQL_BY_PERSON, k->x.team_id, k->x.asked_for,
		0, a, &before, e);
	store_reader_close(c);
	if (rc < 0)
		return rc;
	if (before.with_events || !k->x.with_events) {
		k->x = before;
		return 1;
	}
	k->x.uuid = before.uuid;
	k->x.version = before.version;
	k->x.distinct_ids = before.distinct_ids;
	return 0;
}

/* The person is not there. It may have been deleted before, or the id was only
 * ever used without a person. */
static int
delete_absent(struct privacy *p, struct asking *k, bool is_id, struct arena *a,
	struct err *e)
{
	struct err why = *e;
	struct uuid u;
	int rc = find_before(p, k, a, e);

	if (rc == 1)
		return 0;
	if (rc == -ERR_NOT_FOUND && (!is_id || !k->x.with_events)) {
		*e = why;
		return rc;
	}
	if (rc == -ERR_NOT_FOUND) {
		person_uuid(k->x.team_id, k->x.asked_for, &u);
		uuid_format(&u, k->uuid);
		k->x.uuid = slice_of(k->uuid, UUID_TEXT);
		put_id(&k->ids, k->x.asked_for);
		buf_append_char(&k->ids, ']');
		k->x.distinct_ids = buf_slice(&k->ids);
	} else if (rc < 0) {
		return rc;
	}
	return erasure_add(p, &k->x, e);
}

static int
ask(struct privacy *p, const struct privacy_request *q, struct asking *k,
	struct arena *a, struct buf *out, struct err *e)
{
	struct pipeline_erasure x = {
		.team_id = q->team_id,
		.distinct_id = q->distinct_id,
		.uuid = q->uuid,
		.record = record,
		.cookie = k,
	};
	bool is_id = q->distinct_id.p != NULL;
	bool was_there;
	int rc;

	if (q->with_events)
		note_front(p, k);
	rc = pipeline_erase_person(p->o.pipeline, &x, e);
	was_there = rc == 0;
	if (rc == -ERR_NOT_FOUND)
		rc = delete_absent(p, k, is_id, a, e);
	if (rc < 0)
		return rc;
	tell_thread(p);
	return put_report(p, &k->x, was_there || k->x.version > 0,
		x.is_wiped || !was_there, out, e);
}

int
privacy_delete(struct privacy *p, const struct privacy_request *q,
	struct buf *out, struct err *e)
{
	struct asking k = {
		.p = p,
		.x =
			{
				.team_id = q->team_id,
				.asked_for = q->distinct_id.p != NULL
						     ? q->distinct_id
						     : q->uuid,
				.with_events = q->with_events,
				.asked_at_us = clock_now_us(),
				.front = SLICE_LIT(""),
			},
	};
	struct arena arena;
	int rc;

	if (p->o.pipeline == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"the role ingest is off: persons cannot be deleted");
	if (!q->with_events)
		k.x.cut_at_us = k.x.asked_at_us;
	if (p->o.clickhouse == NULL)
		k.x.done_at_us = k.x.asked_at_us;
	arena_init(&arena, PRIVACY_ARENA_MAX);
	buf_init(&k.ids, PRIVACY_IDS_MAX_BYTES);
	rc = ask(p, q, &k, &arena, out, e);
	buf_fini(&k.ids);
	arena_fini(&arena);
	return rc;
}
