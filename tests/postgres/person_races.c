/*
 * Two nodes on one Postgres, brought together at chosen points: what both leave
 * is what they would have left one after the other. Run by test_persons.py.
 */
#include "person_nodes.h"

#include <string.h>

static struct node *const a = &nodes[0];
static struct node *const b = &nodes[1];

static int64_t
persons(void)
{
	return raw_number("SELECT count(*) FROM posthog_person");
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}

/* persondb-4: both found nobody; the second meets the first's row. */
static void
two_nodes_create_one_person(void **state)
{
	(void)state;
	LOAD(a, EVENT("e", "x", "\"$set\":{\"k\":1}"));
	LOAD(b, EVENT("e", "x", "\"$set\":{\"l\":1}"));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), -ERR_BUSY);
	node_redo(b);
	assert_int_equal(b->n_tries, 1);
	assert_int_equal(persons(), 1);
	has(node_show(a, "x"), "\"k\":1,\"l\":1");
	has(node_show(a, "x"), "\"version\":1");
}

/* The first one fails after all: the second goes on. */
static void
a_node_that_fails_leaves_the_way_free(void **state)
{
	(void)state;
	LOAD(a, EVENT("e", "x", "\"$set\":{\"k\":1}"));
	LOAD(b, EVENT("e", "x", "\"$set\":{\"l\":1}"));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_rollback(a);
	assert_int_equal(node_wait(b), 0);
	node_commit(b);
	assert_int_equal(persons(), 1);
	has(node_show(a, "x"), "\"properties\":{\"l\":1");
}

/* The person that b is about to use is swallowed meanwhile. */
static void
an_attachment_waits_for_a_merge(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", "\"$set\":{\"k\":1}"), EVENT("e", "t", ""));
	LOAD(b, EVENT("$identify", "s", "\"$anon_distinct_id\":\"new\""),
		EVENT("e", "s", "\"$set\":{\"l\":1}"));
	LOAD(a, EVENT("$merge_dangerously", "t", "\"alias\":\"s\""));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), -ERR_BUSY);
	node_redo(b);
	assert_int_equal(b->n_tries, 1);
	assert_int_equal(persons(), 1);
	has(node_show(a, "new"), "\"distinct_ids\":[\"s\",\"t\",\"new\"]");
	has(node_show(a, "new"), "\"k\":1,\"l\":1");
}

/* The other way round: the merge waits and takes the new id along. */
static void
a_merge_waits_for_an_attachment(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", ""), EVENT("e", "t", ""));
	LOAD(a, EVENT("$merge_dangerously", "t", "\"alias\":\"s\""));
	LOAD(b, EVENT("$create_alias", "s", "\"alias\":\"new\""));
	assert_int_equal(node_save(b), 0);
	node_save_in_thread(a);
	wait_for_lock();
	node_commit(b);
	assert_int_equal(node_wait(a), -ERR_BUSY);
	node_redo(a);
	assert_int_equal(a->n_tries, 1);
	assert_int_equal(persons(), 1);
	has(node_show(a, "new"), "\"distinct_ids\":[\"s\",\"t\",\"new\"]");
}

static void
merges_in_opposite_directions_make_one_person(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", "\"$set\":{\"k\":1}"),
		EVENT("e", "t", "\"$set\":{\"l\":1}"));
	LOAD(a, EVENT("$merge_dangerously", "t", "\"alias\":\"s\""));
	LOAD(b, EVENT("$merge_dangerously", "s", "\"alias\":\"t\""));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), -ERR_BUSY);
	node_redo(b);
	assert_int_equal(persons(), 1);
	has(node_show(a, "s"), "\"k\":1,\"l\":1");
	has(node_show(a, "s"), "\"distinct_ids\":[\"s\",\"t\"]");
}

static void
a_type_is_given_one_number(void **state)
{
	(void)state;
	LOAD(a, EVENT("e", "x", "\"$groups\":{\"one\":\"k\"}"));
	LOAD(b, EVENT("e", "y", "\"$groups\":{\"two\":\"k\"}"));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), -ERR_BUSY);
	node_redo(b);
	assert_int_equal(raw_number("SELECT sum(group_type_index)::bigint "
				    "FROM posthog_grouptypemapping"),
		1);
	has(make_properties(&b->make, b->events[0]), "\"$group_1\":\"k\"");
}

static void
two_nodes_create_one_group(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "x", "\"$groups\":{\"one\":\"k\"}"));
	LOAD(a, EVENT("$groupidentify", "x",
			"\"$group_type\":\"one\",\"$group_key\":\"k\","
			"\"$group_set\":{\"k\":1}"));
	LOAD(b, EVENT("$groupidentify", "y",
			"\"$group_type\":\"one\",\"$group_key\":\"k\","
			"\"$group_set\":{\"l\":1}"));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), -ERR_BUSY);
	node_redo(b);
	assert_int_equal(raw_number("SELECT count(*) FROM posthog_group WHERE "
				    "version = 2 AND group_properties = "
				    "'{\"k\": 1, \"l\": 1}'"),
		1);
}

/* A personless use while a merge takes the id: the event belongs to the person
 * (spec ingestion 5.9), or the id's row says that it was used before. */
static void
a_personless_event_meets_a_merge(void **state)
{
	(void)state;
	if (!a->schema.personless)
		return;
	LOAD(a, EVENT("$identify", "user", "\"$anon_distinct_id\":\"anon\""));
	LOAD(b, EVENT("e", "anon", "\"$process_person_profile\":false"));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), -ERR_BUSY);
	node_redo(b);
	assert_true(b->results[0].person != NULL);

	LOAD(a, EVENT("e", "anon2", "\"$process_person_profile\":false"));
	LOAD(b, EVENT("$identify", "user", "\"$anon_distinct_id\":\"anon2\""));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), -ERR_BUSY);
	node_redo(b);
	assert_int_equal(
		raw_number("SELECT version FROM posthog_persondistinctid "
			   "WHERE distinct_id = 'anon2'"),
		1);
}

/* Two personless uses of one id disturb nobody. */
static void
two_personless_events_go_on(void **state)
{
	(void)state;
	if (!a->schema.personless)
		return;
	LOAD(a, EVENT("e", "anon", "\"$process_person_profile\":false"));
	LOAD(b, EVENT("e", "anon", "\"$process_person_profile\":false"));
	assert_int_equal(node_save(a), 0);
	node_save_in_thread(b);
	wait_for_lock();
	node_commit(a);
	assert_int_equal(node_wait(b), 0);
	node_commit(b);
}

/* Somebody else locks in another order: Postgres ends the node's transaction,
 * which is done again. */
static void
a_deadlock_is_done_again(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", ""), EVENT("e", "t", ""));
	rival_sql("patience");
	rival_sql("BEGIN");
	rival_sql("last");
	LOAD(a, EVENT("e", "s", "\"$set\":{\"k\":1}"),
		EVENT("e", "t", "\"$set\":{\"k\":1}"));
	node_save_in_thread(a);
	wait_for_lock();
	rival_sql("first"); /* waits until a is ended */
	assert_int_equal(node_wait(a), -ERR_BUSY);
	rival_sql("ROLLBACK");
	node_redo(a);
	has(node_show(a, "s"), "\"k\":1");
	has(node_show(a, "t"), "\"k\":1");
}

/* persondb-6: programs that keep to no order of locks change rows between load
 * and save. */
static void
rows_that_vanish_are_read_again(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", ""), EVENT("e", "t", ""));
	LOAD(a, EVENT("$merge_dangerously", "t", "\"alias\":\"s\""));
	raw_sql("DELETE FROM posthog_persondistinctid WHERE distinct_id = 's'");
	assert_int_equal(node_save(a), -ERR_BUSY);
	node_redo(a);
	assert_int_equal(persons(), 1);
	has(node_show(a, "s"), "\"distinct_ids\":[\"t\",\"s\"]");

	PLAY(a, EVENT("e", "u", ""), EVENT("e", "w", ""));
	LOAD(a, EVENT("$merge_dangerously", "t", "\"alias\":\"u\""));
	raw_sql("UPDATE posthog_persondistinctid SET person_id = (SELECT "
		"person_id FROM posthog_persondistinctid "
		"WHERE distinct_id = 'w') WHERE distinct_id = 'u'");
	assert_int_equal(node_save(a), -ERR_BUSY);
	node_redo(a);
	has(node_show(a, "w"), "\"distinct_ids\":[\"t\",\"s\",\"u\",\"w\"]");
}

/* What changes nothing waits for nobody, and is of the time it was read. */
static void
events_that_change_nothing_lock_nothing(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", "\"$set\":{\"k\":1}"));
	LOAD(a, EVENT("e", "s", "\"$set\":{\"k\":2}"));
	assert_int_equal(node_save(a), 0);
	PLAY(b, EVENT("e", "s", ""));
	assert_int_equal(b->n_tries, 1);
	node_commit(a);
}

/* After a conflict a node locks what it looks at, so that it comes through. */
static void
a_node_that_was_undone_locks_first(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", ""), EVENT("e", "t", ""));
	LOAD(b, EVENT("e", "s", "\"$set\":{\"k\":2}"));
	PLAY(a, EVENT("e", "s", "\"$set\":{\"l\":1}"));
	assert_int_equal(node_save(b), -ERR_BUSY);
	node_rollback(b);
	LOAD(b, EVENT("e", "s", "\"$set\":{\"k\":3}"));
	LOAD(a, EVENT("e", "s", "\"$set\":{\"l\":2}"));
	node_save_in_thread(a);
	wait_for_lock();
	assert_int_equal(node_save(b), 0);
	node_commit(b);
	assert_int_equal(node_wait(a), -ERR_BUSY);
	node_redo(a);
	has(node_show(a, "s"), "\"k\":3,\"l\":2");
}

/* The connection goes in the middle: an error that says so, and nothing is
 * left. */
static void
a_lost_connection_leaves_nothing(void **state)
{
	struct err e;

	(void)state;
	LOAD(a, EVENT("e", "x", ""));
	raw_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		"WHERE application_name = 'sluice node'");
	assert_int_equal(node_save(a), -ERR_UNAVAILABLE);
	assert_false(pg_is_connected(a->c));
	node_rollback(a);
	assert_int_equal(pg_connect(a->c, &e), 0);
	assert_int_equal(persondb_pg_connected(a->d, &a->schema, true, &e), 0);
	PLAY(a, EVENT("e", "x", ""));
	assert_int_equal(persons(), 1);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, nodes_set_up, nodes_tear_down)
	const struct CMUnitTest tests[] = {
		T(two_nodes_create_one_person),
		T(a_node_that_fails_leaves_the_way_free),
		T(an_attachment_waits_for_a_merge),
		T(a_merge_waits_for_an_attachment),
		T(merges_in_opposite_directions_make_one_person),
		T(a_type_is_given_one_number),
		T(two_nodes_create_one_group),
		T(a_personless_event_meets_a_merge),
		T(two_personless_events_go_on),
		T(a_deadlock_is_done_again),
		T(rows_that_vanish_are_read_again),
		T(events_that_change_nothing_lock_nothing),
		T(a_node_that_was_undone_locks_first),
		T(a_lost_connection_leaves_nothing),
	};
#undef T

	return cmocka_run_group_tests_name("person_races", tests, NULL, NULL);
}
