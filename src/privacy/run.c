#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "base/log.h"
#include "broker/broker.h"
#include "clickhouse/clickhouse.h"
#include "conf/conf.h"
#include "pipeline/pipeline.h"
#include "privacy/privacy_int.h"
#include "topic/topic.h"

/*
 * The part of a deletion that ClickHouse has to do, step by step, each step
 * such that it can be done again (privacy-2): the inputs as they were have been
 * read; ClickHouse has read what came out of them; then table by table.
 */
#define SOON_NS INT64_C(300000000)
#define AFTER_ERROR_NS INT64_C(2000000000)
#define POSITIONS_MAX 16
#define TASKS_PER_ROUND 16
#define ANSWER_MAX_BYTES ((size_t)1024 * 1024)
#define QUERY_MAX_BYTES ((size_t)1024 * 1024)

static bool
is_front_read(struct privacy *p, const struct erasure *x)
{
	struct pipeline_position pos[POSITIONS_MAX];
	int n = pipeline_positions(p->o.pipeline, pos, POSITIONS_MAX);
	const char *at = x->front.p;

	for (int i = 0; i < n && (size_t)(at - x->front.p) < x->front.len;
		i++) {
		char *end;
		long long wanted = strtoll(at, &end, 10);

		if (pos[i].position < wanted)
			return false;
		at = end + (*end == ' ');
	}
	return true;
}

/* What came in between made the person anew: it goes again. */
static int
erase_again(struct privacy *p, const struct erasure *x, struct arena *a,
	struct err *e)
{
	const struct json_limits lim = {2, 10000000};
	struct json_doc d;

	if (json_parse(a, x->distinct_ids, &lim, &d, e) < 0)
		return -(int)e->code;
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i].next) {
		struct pipeline_erasure again = {
			.team_id = x->team_id,
			.distinct_id = json_string(&d, i, a),
		};
		int rc = again.distinct_id.p == NULL
				 ? err_set(e, ERR_NO_MEMORY, "no memory")
				 : pipeline_erase_person(
					   p->o.pipeline, &again, e);

		if (rc < 0 && rc != -ERR_NOT_FOUND)
			return rc;
	}
	return 0;
}

static int
cut(struct privacy *p, struct erasure *x, struct arena *a, struct err *e)
{
	int rc = 0;

	if (!is_front_read(p, x))
		return 0;
	if (x->front.len > 0)
		rc = erase_again(p, x, a, e);
	if (rc < 0)
		return rc;
	x->cut_at_us = clock_now_us();
	rc = erasure_save(p, x, e);
	return rc < 0 ? rc : 1;
}

static void
add_mark(struct privacy *p, const struct topic_def *def, const char *group,
	int partition)
{
	struct store *file =
		def->file[partition] == TOPIC_SPOOL ? p->o.spool : p->o.state;
	struct store_part *part =
		store_part_find(file, slice_str(def->name), partition);
	struct privacy_mark *m = &p->marks[p->n_marks];
	struct store_part_state st;

	if (part == NULL || p->n_marks == PRIVACY_MARKS_MAX)
		return;
	store_part_state(part, &st);
	snprintf(m->group, sizeof(m->group), "%s", group);
	m->topic = def->name;
	m->partition = partition;
	m->offset = st.high_watermark;
	p->n_marks++;
}

/* All that is written by now. */
static void
set_marks(struct privacy *p)
{
	p->n_marks = 0;
	p->marks_at_us = clock_now_us();
	for (int t = 0; t < TOPIC_N; t++) {
		const char *at = topic_defs[t].groups;
		char group[64];

		while (conf_list_next(&at, group, sizeof(group)))
			for (int i = 0; i < topic_defs[t].n_partitions; i++)
				add_mark(p, &topic_defs[t], group, i);
	}
}

static bool
are_marks_read(struct privacy *p)
{
	for (int i = 0; i < p->n_marks; i++) {
		const struct privacy_mark *m = &p->marks[i];

		if (m->offset > 0 &&
			broker_group_offset(p->o.broker, m->group, m->topic,
				m->partition) < m->offset)
			return false;
	}
	return true;
}

/* A query with one number as its answer. */
static int
ask_number(struct privacy *p, struct buf *query, int64_t *n, struct err *e)
{
	const char *text = buf_cstr(query);
	struct buf answer;
	int rc;

	if (text == NULL)
		return err_set(e, ERR_TOO_BIG, "the query is too long");
	buf_init(&answer, ANSWER_MAX_BYTES);
	rc = clickhouse_query(p->o.clickhouse, text, "TSV", &answer, e);
	if (rc == 0 && buf_cstr(&answer) == NULL)
		rc = err_set(e, ERR_NO_MEMORY, "no memory");
	if (rc == 0)
		*n = strtoll(answer.p, NULL, 10);
	buf_fini(&answer);
	return rc;
}

/* Mutations of this person on the table that are under way. */
static int
n_running(struct privacy *p, const struct erasure *x, const char *table,
	struct buf *query, int64_t *n, struct err *e)
{
	buf_reset(query);
	buf_printf(query,
		"SELECT count() FROM system.mutations WHERE database = "
		"'posthog' AND table = '%s' AND NOT is_done AND NOT is_killed "
		"AND position(command, '%.*s') > 0",
		table, SLICE_FMT(x->uuid));
	return ask_number(p, query, n, e);
}

static int
delete_rows(struct privacy *p, const char *table, struct buf *where,
	struct buf *query, struct err *e)
{
	int64_t ignored;

	buf_reset(query);
	buf_printf(query, "ALTER TABLE posthog.%s DELETE WHERE %.*s", table,
		SLICE_FMT(buf_slice(where)));
	return ask_number(p, query, &ignored, e);
}

/* One table: 1: none of its rows are left, 0: under way. */
static int
clear_table(struct privacy *p, struct erasure *x, const char *table,
	struct buf *where, struct buf *query, struct err *e)
{
	int64_t n = 0;
	int rc = n_running(p, x, table, query, &n, e);

	if (rc < 0 || n > 0)
		return rc;
	buf_reset(query);
	buf_printf(query, "SELECT count() FROM posthog.%s WHERE %.*s", table,
		SLICE_FMT(buf_slice(where)));
	rc = ask_number(p, query, &n, e);
	if (rc < 0)
		return rc;
	if (n == 0)
		return 1;
	if (strcmp(table, "sharded_events") == 0)
		rc = erasure_count_events(p, x, where, query, e);
	if (rc == 0)
		rc = delete_rows(p, table, where, query, e);
	if (rc < 0)
		return rc;
	x->n_rows += n;
	return erasure_save(p, x, e);
}

static int
do_step(struct privacy *p, struct erasure *x, struct arena *a, struct err *e)
{
	struct buf where, query;
	const char *table;
	int rc;

	buf_init(&where, QUERY_MAX_BYTES);
	buf_init(&query, QUERY_MAX_BYTES);
	rc = tables_step(x, x->step, a, &table, &where, e);
	if (rc == 0)
		rc = table == NULL
			     ? 1
			     : clear_table(p, x, table, &where, &query, e);
	buf_fini(&where);
	buf_fini(&query);
	if (rc != 1)
		return rc;
	x->step++;
	return 1;
}

int
erasure_advance(
	struct privacy *p, struct erasure *x, struct arena *a, struct err *e)
{
	int64_t n_steps;
	int rc;

	if (x->cut_at_us == 0)
		return cut(p, x, a, e);
	/* Marks do for every task whose cut was before them. */
	if (!are_marks_read(p))
		return 0;
	if (p->marks_at_us <= x->cut_at_us)
		set_marks(p);
	if (!are_marks_read(p))
		return 0;
	rc = tables_steps(x, a, &n_steps, e);
	while (rc == 0 && x->step < n_steps) {
		rc = do_step(p, x, a, e);
		if (rc <= 0)
			return rc;
		rc = erasure_save(p, x, e);
	}
	if (rc < 0)
		return rc;
	x->done_at_us = clock_now_us();
	rc = erasure_save(p, x, e);
	if (rc == 0)
		log_info("erasure_done", "task=%lld rows=%lld",
			(long long)x->id, (long long)x->n_rows);
	return rc < 0 ? rc : 1;
}

static void
set_trouble(struct privacy *p, int64_t task, const char *text)
{
	bool is_new;

	lock_take(&p->lock);
	is_new = text[0] != '\0' &&
		 (p->trouble_of != task || strcmp(p->trouble, text) != 0);
	p->trouble_of = text[0] == '\0' ? 0 : task;
	snprintf(p->trouble, sizeof(p->trouble), "%s", text);
	lock_release(&p->lock);
	if (is_new)
		log_warn("erasure_waits", "task=%lld error=%s", (long long)task,
			log_q(text));
}

/* The first open task behind `after`. What came of it as erasure_advance. */
static int
work(struct privacy *p, struct store_conn *c, struct arena *a, int64_t *after,
	struct err *e)
{
	struct erasure x;
	int rc = erasure_get(
		c, PRIVACY_SQL_OPEN, 0, SLICE_LIT(""), *after, a, &x, e);

	if (rc < 0)
		return rc;
	*after = x.id;
	rc = erasure_advance(p, &x, a, e);
	set_trouble(p, x.id, rc < 0 ? e->text : "");
	return rc == -ERR_NOT_FOUND ? -ERR_BUG : rc;
}

/* Open tasks in turn, oldest first. How long to rest after; INT64_MAX: until
 * there is news. */
static int64_t
work_on_some(struct privacy *p, struct store_conn *c, struct arena *a)
{
	int64_t after = 0;
	int64_t rest_ns = INT64_MAX;

	for (int i = 0; i < TASKS_PER_ROUND; i++) {
		struct err e;
		int rc = work(p, c, a, &after, &e);

		arena_reset(a);
		if (rc == -ERR_NOT_FOUND)
			return rest_ns;
		if (rc < 0)
			return AFTER_ERROR_NS;
		rest_ns = SOON_NS;
	}
	return rest_ns;
}

/* false when stopping. */
static bool
rest(struct privacy *p, int64_t ns)
{
	int64_t until = ns == INT64_MAX ? 0 : clock_mono_ns() + ns;
	bool late = false;
	bool go_on;

	lock_take(&p->lock);
	while (!p->stopping && !p->has_news && !late) {
		if (until == 0)
			cond_wait(&p->wake, &p->lock);
		else
			late = !cond_wait_until(&p->wake, &p->lock, until);
	}
	p->has_news = false;
	go_on = !p->stopping;
	lock_release(&p->lock);
	return go_on;
}

void
privacy_main(void *cookie)
{
	struct privacy *p = cookie;
	struct store_conn *c;
	struct arena arena;
	struct err e;

	if (store_reader_open(p->o.state, &c, &e) < 0) {
		log_warn("erasure_off", "error=%s", log_q(e.text));
		return;
	}
	arena_init(&arena, PRIVACY_ARENA_MAX);
	while (rest(p, work_on_some(p, c, &arena)))
		;
	arena_fini(&arena);
	store_reader_close(c);
}
