#include "tests.h"

#include "pipeline/pg_state.h"

/* What state.db knows of batches in Postgres; no server is needed for it. */

#define URL "postgres.url=postgres://h/d"

static int
choose(struct world *w, const char *const *set, struct pg_state *s,
	struct err *e)
{
	struct store_conn *reader;
	struct conf_set *conf;
	int r;

	assert_int_equal(conf_load("/dev/null", set, &conf, e), 0);
	assert_int_equal(store_reader_open(w->state, &reader, e), 0);
	r = pg_state_choose(w->state, reader, conf_values(conf), s, e);
	store_reader_close(reader);
	conf_free(conf);
	return r;
}

static struct pg_state
state_of(struct world *w)
{
	struct store_conn *reader;
	struct pg_state s;
	struct err e;

	assert_int_equal(store_reader_open(w->state, &reader, &e), 0);
	assert_int_equal(pg_state_read(reader, &s, &e), 0);
	store_reader_close(reader);
	return s;
}

struct step_job {
	struct store_job job;
	enum { PREPARE, PUBLISH, DISCARD } what;
	int64_t batch, next;
	const struct input *in;
};

static int
run_step(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct step_job *x = (struct step_job *)(void *)j;

	switch (x->what) {
	case PREPARE:
		return pg_state_prepare(c, x->batch, x->in, x->next, e);
	case PUBLISH:
		return pg_state_publish(c, x->batch, true, e);
	case DISCARD:
		break;
	}
	return pg_state_discard(c, x->batch, e);
}

static int
step(struct world *w, int what, int64_t batch, int64_t next)
{
	static const struct input in = {.topic = TOPIC_INGESTION};
	struct step_job x = {
		.job = {.run = run_step},
		.what = what,
		.batch = batch,
		.next = next,
		.in = &in,
	};
	struct err e;

	return store_call(w->state, &x.job, &e);
}

static int64_t
position(struct world *w)
{
	static const char *const plain[] = {NULL};
	struct pipeline_position at[8];

	world_prepare(w, plain);
	assert_true(pipeline_positions(w->p, at, 8) > 0);
	return at[0].position;
}

static void
a_batch_is_prepared_once_and_moves_the_position(void **state)
{
	static const char *const set[] = {URL, NULL};
	struct world *w = *state;
	struct pg_state s;
	struct err e;

	assert_int_equal(choose(w, set, &s, &e), 0);
	assert_true(s.exists && s.in_use && s.batch == 0 && s.prepared == 0);
	/* pipeline-10: in order, and one at a time. */
	assert_int_equal(step(w, PREPARE, 2, 5), -(int)ERR_BUSY);
	assert_int_equal(step(w, PREPARE, 1, 5), 0);
	assert_int_equal(step(w, PREPARE, 1, 5), -(int)ERR_BUSY);
	assert_int_equal(step(w, PREPARE, 2, 9), -(int)ERR_BUSY);
	s = state_of(w);
	assert_true(s.batch == 0 && s.prepared == 1 && s.next == 5);
	assert_int_equal(s.topic, TOPIC_INGESTION);
	/* pipeline-9: discarded, it may be prepared again. */
	assert_int_equal(step(w, DISCARD, 1, 0), 0);
	assert_int_equal(step(w, DISCARD, 1, 0), -(int)ERR_BUG);
	assert_int_equal(step(w, PREPARE, 1, 7), 0);
	assert_int_equal(step(w, PUBLISH, 2, 0), -(int)ERR_BUG);
	assert_int_equal(step(w, PUBLISH, 1, 0), 0);
	s = state_of(w);
	assert_true(s.batch == 1 && s.prepared == 0);
	assert_int_equal(s.topic, TOPIC_N);
	assert_int_equal(step(w, PREPARE, 2, 9), 0);
}

static void
the_node_keeps_its_id(void **state)
{
	static const char *const set[] = {URL, NULL};
	static const char *const plain[] = {NULL};
	struct world *w = *state;
	struct pg_state first, second;
	struct err e;

	assert_int_equal(choose(w, set, &first, &e), 0);
	assert_int_equal(choose(w, plain, &second, &e), 0);
	assert_false(second.in_use);
	assert_int_equal(choose(w, set, &second, &e), 0);
	assert_memory_equal(&first.node, &second.node, sizeof(first.node));
}

static void
persons_stay_in_their_store(void **state)
{
	static const char *const set[] = {URL, NULL};
	static const char *const plain[] = {NULL};
	static const char *const there[] = {
		URL, "postgres.switch_store=true", NULL};
	static const char *const back[] = {"postgres.switch_store=true", NULL};
	struct world *w = *state;
	struct world_event ev = {.uuid = "00000000-0000-4000-8000-000000000001",
		.distinct_id = "u",
		.name = "e",
		.now_us = NOW_US};
	struct pg_state s;
	struct err e;

	world_send(w, &ev);
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(choose(w, set, &s, &e), -(int)ERR_UNSUPPORTED);
	assert_non_null(strstr(e.text, "postgres.switch_store"));
	assert_int_equal(choose(w, there, &s, &e), 0);
	assert_int_equal(choose(w, set, &s, &e), 0);
	assert_int_equal(step(w, PREPARE, 1, 1), 0);
	/* Its outcome is not known here: no setting helps. */
	assert_int_equal(choose(w, back, &s, &e), -(int)ERR_UNSUPPORTED);
	assert_int_equal(step(w, PUBLISH, 1, 0), 0);
	assert_int_equal(choose(w, plain, &s, &e), -(int)ERR_UNSUPPORTED);
	assert_int_equal(choose(w, back, &s, &e), 0);
	assert_int_equal(choose(w, plain, &s, &e), 0);
}

static void
a_published_position_is_read_at_the_next_start(void **state)
{
	static const char *const set[] = {URL, NULL};
	static const char *const back[] = {"postgres.switch_store=true", NULL};
	struct world *w = *state;
	struct world_event ev = {.uuid = "00000000-0000-4000-8000-000000000001",
		.distinct_id = "u",
		.name = "e",
		.now_us = NOW_US};
	struct pg_state s;
	struct err e;

	world_send(w, &ev);
	world_send(w, &ev);
	assert_int_equal(choose(w, set, &s, &e), 0);
	assert_int_equal(step(w, PREPARE, 1, 1), 0);
	assert_int_equal(step(w, PUBLISH, 1, 0), 0);
	assert_int_equal(choose(w, back, &s, &e), 0);
	assert_int_equal(position(w), 1);
}

#define STATE_TEST(f)                                                          \
	cmocka_unit_test_setup_teardown(f, make_world, remove_world)

int
run_pg_state_tests(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(a_batch_is_prepared_once_and_moves_the_position),
		STATE_TEST(the_node_keeps_its_id),
		STATE_TEST(persons_stay_in_their_store),
		STATE_TEST(a_published_position_is_read_at_the_next_start),
	};

	return cmocka_run_group_tests_name("pg_state", tests, NULL, NULL);
}
