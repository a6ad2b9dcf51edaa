/*
 * The person store in Postgres: what the unit test of persondb/ asks of
 * state.db, and what tables of PostHog's own bring with them. Run by
 * test_persons.py on each kind of database.
 */
#include "person_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"

#define A_UUID "6931a681-6e90-500d-8294-14582dcc2e3f" /* of 1:user-1 */

static int n_random = 10000; /* persons; a multiple of 50 */
static struct node *const a = &nodes[0];
static struct node *const b = &nodes[1];

static int64_t
count(int64_t team_id)
{
	int64_t n = -1;
	struct err e;

	if (persondb_pg_count(a->d, team_id, &n, &e) != 0)
		fail_msg("%s", e.text);
	return n;
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}

static void
a_person_is_shown_as_the_command_line_says(void **state)
{
	static const char want[] =
		"{\"uuid\":\"" A_UUID "\","
		"\"distinct_ids\":[\"user-1\",\"x\"],"
		"\"properties\":{\"k\":1,\"$creator_event_uuid\":\"" MAKE_UUID
		"\"},\"is_identified\":true,\"version\":0,"
		"\"created_at\":\"2025-03-02T08:00:00.500Z\"}";
	struct buf *out = &a->make.out;
	struct err e;

	(void)state;
	PLAY(a, EVENT("$identify", "user-1",
			"\"$anon_distinct_id\":\"x\",\"$set\":{\"k\":1}"));
	assert_string_equal(node_show(a, "user-1"), want);
	assert_string_equal(node_show(b, "x"), want);
	buf_reset(out);
	assert_int_equal(persondb_pg_show(a->d, 1, SLICE_NONE,
				 SLICE_LIT(A_UUID), out, &e),
		0);
	assert_string_equal(buf_cstr(out), want);
	assert_int_equal(
		persondb_pg_show(a->d, 2, SLICE_LIT("x"), SLICE_NONE, out, &e),
		-ERR_NOT_FOUND);
	assert_int_equal(persondb_pg_show(a->d, 1, SLICE_NONE,
				 SLICE_LIT("no uuid"), out, &e),
		-ERR_INVALID);
	assert_int_equal(raw_number("SELECT count(*) FROM posthog_team WHERE "
				    "id = 1 AND ingested_event"),
		1);
	assert_int_equal(raw_number("SELECT count(*) FROM posthog_person WHERE "
				    "properties_last_operation ->> 'k' = 'set' "
				    "AND properties_last_updated_at ->> 'k' = "
				    "'2025-03-02T08:00:00.500Z'"),
		1);
}

static void
merges_are_the_same_over_batches(void **state)
{
	(void)state;
	PLAY(a, EVENT("$create_alias", "b", "\"alias\":\"a\""),
		EVENT("$create_alias", "b", "\"alias\":\"c\""));
	PLAY(b, EVENT("e", "z", ""),
		EVENT("$merge_dangerously", "z", "\"alias\":\"c\""),
		EVENT("$create_alias", "z", "\"alias\":\"d\""));
	has(node_show(a, "a"),
		"\"distinct_ids\":[\"b\",\"a\",\"c\",\"z\",\"d\"]");
	has(node_show(a, "a"), "\"version\":1");
	assert_int_equal(count(1), 1);
	assert_int_equal(raw_number("SELECT sum(version)::bigint "
				    "FROM posthog_persondistinctid"),
		3);
	assert_int_equal(raw_number("SELECT count(*) FROM posthog_person"), 1);
	assert_int_equal(
		raw_number("SELECT count(*) FROM sluice.deleted_person"), 1);
}

static void
deletion_leaves_tombstones(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "user-1", "\"$set\":{\"k\":1}"),
		EVENT("e", "user-1", "\"$set\":{\"k\":2}"));
	assert_int_equal(node_delete(a, SLICE_LIT("nobody"), SLICE_NONE),
		-ERR_NOT_FOUND);
	assert_int_equal(
		node_delete(a, SLICE_NONE, SLICE_LIT("x")), -ERR_INVALID);
	assert_int_equal(node_delete(a, SLICE_NONE, SLICE_LIT(A_UUID)), 0);
	assert_int_equal(
		node_delete(b, SLICE_NONE, SLICE_LIT(A_UUID)), -ERR_NOT_FOUND);
	assert_int_equal(node_delete(a, SLICE_LIT("user-1"), SLICE_NONE),
		-ERR_NOT_FOUND);
	assert_int_equal(count(1), 0);
	assert_string_equal(node_show(a, "user-1"), "");
	PLAY(a, EVENT("e", "user-1", "\"$set\":{\"k\":1}"));
	has(node_show(a, "user-1"), "\"version\":102");
	assert_int_equal(
		raw_number("SELECT version FROM posthog_persondistinctid"),
		101);
	assert_int_equal(count(1), 1);
}

static int
count_lines(const char *p)
{
	int n = 0;

	for (; *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

static void
lists_come_in_pages(void **state)
{
	struct buf *out = &a->make.out;
	int64_t cursor = 0, pages = 0;
	struct err e;

	(void)state;
	for (int i = 0; i < 7; i++) {
		char json[256];
		const char *const events[] = {json};

		snprintf(json, sizeof(json),
			EVENT("$groupidentify", "p%d",
				"\"$group_type\":\"org\",\"$group_key\":%d"),
			i, i + 1);
		node_play(a, 1, events, 1);
		node_play(a, 2, events, 1);
	}
	buf_reset(out);
	do {
		assert_int_equal(
			persondb_pg_list(a->d, 1, &cursor, 3, out, &e), 0);
		pages++;
	} while (cursor != 0);
	assert_int_equal(pages, 3);
	assert_int_equal(count_lines(buf_cstr(out)), 7);
	has(buf_cstr(out), "\"distinct_ids\":[\"p6\"]");
	buf_reset(out);
	pages = 0;
	do {
		assert_int_equal(
			persondb_pg_list_groups(a->d, 1, &cursor, 7, out, &e),
			0);
		pages++;
	} while (cursor != 0);
	assert_int_equal(pages, 2); /* the last one is empty */
	assert_int_equal(count_lines(buf_cstr(out)), 7);
	assert_int_equal(
		persondb_pg_list(a->d, 1, &cursor, 0, out, &e), -ERR_INVALID);
	assert_int_equal(persondb_pg_list(a->d, 1, &cursor, 1001, out, &e),
		-ERR_INVALID);
	assert_int_equal(count(2), 7);
}

static void
groups_and_types_are_shown(void **state)
{
	struct buf *out = &a->make.out;
	struct err e;

	(void)state;
	PLAY(a, EVENT("$groupidentify", "a",
			"\"$group_type\":\"org\",\"$group_key\":\"k\","
			"\"$group_set\":{\"n\":1}"));
	PLAY(a, EVENT("e", "a", "\"$groups\":{\"team\":\"t\"}"));
	PLAY(b,
		EVENT("$groupidentify", "a",
			"\"$group_type\":\"org\",\"$group_key\":\"k\","
			"\"$group_set\":{\"m\":2}"),
		EVENT("$groupidentify", "a",
			"\"$group_type\":\"org\",\"$group_key\":\"l\""));
	buf_reset(out);
	assert_int_equal(persondb_pg_show_group(a->d, 1, SLICE_LIT("org"),
				 SLICE_LIT("k"), out, &e),
		0);
	assert_string_equal(buf_cstr(out),
		"{\"type\":\"org\",\"key\":\"k\","
		"\"properties\":{\"m\":2,\"n\":1},\"version\":2}");
	assert_int_equal(persondb_pg_show_group(a->d, 1, SLICE_LIT("team"),
				 SLICE_LIT("t"), out, &e),
		-ERR_NOT_FOUND);
	buf_reset(out);
	assert_int_equal(persondb_pg_group_types(a->d, 1, out, &e), 0);
	assert_string_equal(buf_cstr(out), "{\"index\":0,\"type\":\"org\"}\n"
					   "{\"index\":1,\"type\":\"team\"}\n");
}

static void
has_property(size_t event, const char *part)
{
	has(make_properties(&a->make, a->events[event]), part);
}

/* person-6: two rows of posthog_team with one project_id. Older tables have
 * types by team, and there each counts for itself. */
static void
teams_of_a_project_share_types(void **state)
{
	static const int64_t team_ids[] = {1, 2, 2, 1};
	static const char *const events[] = {
		EVENT("e", "a", "\"$groups\":{\"org\":\"o1\"}"),
		EVENT("e", "a", "\"$groups\":{\"site\":\"s2\",\"org\":\"o2\"}"),
		EVENT("$groupidentify", "a",
			"\"$group_type\":\"org\",\"$group_key\":\"k\","
			"\"$group_set\":{\"n\":2}"),
		EVENT("$groupidentify", "a",
			"\"$group_type\":\"site\",\"$group_key\":\"k\"")};
	bool shared = a->schema.group_type_by_project;
	struct buf *out = &a->make.out;
	struct err e;

	(void)state;
	if (shared)
		raw_sql("UPDATE posthog_team SET project_id = 1 WHERE id = 2");
	a->team_ids = team_ids;
	for (int batch = 0; batch < 2; batch++) {
		node_play(a, 1, events, ARRAY_LEN(events));
		assert_int_equal(a->n_tries, 1);
		has_property(0, "\"$group_0\":\"o1\"");
		has_property(1,
			shared ? "\"$group_1\":\"s2\"" : "\"$group_0\":\"s2\"");
		has_property(1,
			shared ? "\"$group_0\":\"o2\"" : "\"$group_1\":\"o2\"");
	}
	assert_int_equal(raw_number("SELECT count(*) "
				    "FROM posthog_grouptypemapping"),
		shared ? 2 : 4);
	for (int64_t team_id = 1; team_id <= 2; team_id++) {
		buf_reset(out);
		assert_int_equal(
			persondb_pg_group_types(a->d, team_id, out, &e), 0);
		assert_string_equal(buf_cstr(out),
			shared || team_id == 1
				? "{\"index\":0,\"type\":\"org\"}\n"
				  "{\"index\":1,\"type\":\"site\"}\n"
				: "{\"index\":0,\"type\":\"site\"}\n"
				  "{\"index\":1,\"type\":\"org\"}\n");
	}
	assert_int_equal(
		raw_number("SELECT count(*) FROM posthog_group WHERE "
			   "version = 1 AND group_key = 'k' AND "
			   "group_type_index = CASE team_id WHEN 1 THEN 1 "
			   "ELSE (SELECT group_type_index FROM "
			   "posthog_grouptypemapping t WHERE group_type = "
			   "'org' ORDER BY t.team_id DESC LIMIT 1) END"),
		2);
	if (shared)
		raw_sql("UPDATE posthog_team SET project_id = 2 WHERE id = 2");
}

/* A group that is left of a type which somebody removed is taken over. */
static void
a_new_type_takes_over_old_groups(void **state)
{
	(void)state;
	PLAY(a, EVENT("$groupidentify", "a",
			"\"$group_type\":\"org\",\"$group_key\":\"k\","
			"\"$group_set\":{\"n\":1}"));
	raw_sql("DELETE FROM posthog_grouptypemapping");
	PLAY(a, EVENT("$groupidentify", "a",
			"\"$group_type\":\"new\",\"$group_key\":\"k\","
			"\"$group_set\":{\"m\":1}"));
	assert_int_equal(a->n_tries, 1);
	assert_int_equal(raw_number("SELECT count(*) FROM posthog_group WHERE "
				    "version = 2 AND "
				    "group_properties = '{\"m\": 1}'"),
		1);
}

/* persondb-5: row ids taken for it serve the next. */
static void
a_batch_that_is_rolled_back_leaves_nothing(void **state)
{
	(void)state;
	LOAD(a, EVENT("$identify", "a", "\"$anon_distinct_id\":\"b\""));
	assert_int_equal(node_save(a), 0);
	node_rollback(a);
	assert_int_equal(count(1), 0);
	PLAY(a, EVENT("$identify", "a", "\"$anon_distinct_id\":\"b\""));
	has(node_show(a, "a"), "\"version\":0");
}

static void
personless_ids_are_remembered(void **state)
{
	(void)state;
	if (!a->schema.personless)
		return;
	PLAY(a, EVENT("e", "anon", "\"$process_person_profile\":false"));
	assert_int_equal(
		raw_number("SELECT count(*) FROM posthog_personlessdistinctid "
			   "WHERE NOT is_merged"),
		1);
	PLAY(a, EVENT("e", "user", ""),
		EVENT("$identify", "user", "\"$anon_distinct_id\":\"anon\""));
	assert_int_equal(
		raw_number("SELECT count(*) FROM posthog_personlessdistinctid "
			   "WHERE is_merged"),
		1);
	assert_int_equal(
		raw_number("SELECT version FROM posthog_persondistinctid "
			   "WHERE distinct_id = 'anon'"),
		1);
}

/* Cohorts and overrides of flags of a swallowed person go to the survivor. */
static void
dependents_follow_a_merge(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "s", ""), EVENT("e", "t", ""), EVENT("e", "u", ""));
	raw_sql("INSERT INTO posthog_cohortpeople (cohort_id, person_id) "
		"SELECT c, p.person_id FROM posthog_persondistinctid p, "
		"generate_series(1, 2) c "
		"WHERE p.distinct_id IN ('s', 'u') OR c = 1");
	raw_sql("INSERT INTO posthog_featureflaghashkeyoverride (team_id, "
		"person_id, feature_flag_key, hash_key) SELECT 1, "
		"p.person_id, f, p.distinct_id FROM posthog_persondistinctid "
		"p, unnest(ARRAY['one', 'two']) f "
		"WHERE p.distinct_id = 's' OR f = 'one'");
	PLAY(a, EVENT("$merge_dangerously", "t", "\"alias\":\"s\""),
		EVENT("$merge_dangerously", "t", "\"alias\":\"u\""));
	assert_int_equal(raw_number("SELECT count(*) FROM posthog_person"), 1);
	assert_int_equal(
		raw_number("SELECT count(*) FROM posthog_cohortpeople c JOIN "
			   "posthog_person p ON p.id = c.person_id"),
		2);
	assert_int_equal(raw_number("SELECT count(*) FROM "
				    "posthog_featureflaghashkeyoverride "
				    "WHERE feature_flag_key || hash_key IN "
				    "('onet', 'twos')"),
		2);
	assert_int_equal(raw_number("SELECT count(*) FROM "
				    "posthog_featureflaghashkeyoverride"),
		2);
	assert_int_equal(node_delete(a, SLICE_LIT("s"), SLICE_NONE), 0);
	assert_int_equal(
		raw_number("SELECT count(*) FROM posthog_cohortpeople"), 0);
}

/* Both sides may come and go within one batch. */
static void
merges_of_new_persons_need_no_rows(void **state)
{
	(void)state;
	PLAY(a, EVENT("e", "p", "\"$set\":{\"k\":1}"),
		EVENT("e", "q", "\"$set\":{\"l\":1}"), EVENT("e", "r", ""),
		EVENT("$merge_dangerously", "q", "\"alias\":\"p\""),
		EVENT("$merge_dangerously", "r", "\"alias\":\"q\""));
	has(node_show(a, "p"), "\"distinct_ids\":[\"p\",\"q\",\"r\"]");
	has(node_show(a, "p"), "\"k\":1,\"l\":1");
	assert_int_equal(raw_number("SELECT count(*) FROM posthog_person"), 1);
	assert_int_equal(
		raw_number("SELECT count(*) FROM sluice.deleted_person"), 2);
}

/* A person of the uuid of an id that is nobody's takes it. */
static void
an_id_whose_row_was_removed_finds_its_person(void **state)
{
	(void)state;
	PLAY(a, EVENT("$identify", "user-1",
			"\"$anon_distinct_id\":\"x\",\"$set\":{\"k\":1}"));
	raw_sql("DELETE FROM posthog_persondistinctid "
		"WHERE distinct_id = 'user-1'");
	PLAY(a, EVENT("e", "user-1", "\"$set\":{\"l\":1}"));
	assert_int_equal(a->n_tries, 1);
	has(node_show(a, "user-1"), "\"distinct_ids\":[\"x\",\"user-1\"]");
	has(node_show(a, "user-1"), "\"k\":1,\"l\":1");
	raw_sql("DELETE FROM posthog_persondistinctid "
		"WHERE distinct_id = 'user-1'");
	PLAY(a, EVENT("$merge_dangerously", "z", "\"alias\":\"user-1\""));
	has(node_show(a, "z"), "\"distinct_ids\":[\"x\",\"user-1\",\"z\"]");
	assert_int_equal(count(1), 1);
}

/* What PostHog deleted softly is nobody's, and comes back as such. */
static void
soft_deletions_are_tombstones(void **state)
{
	(void)state;
	if (!a->schema.person_is_deleted || !a->schema.id_is_deleted)
		return;
	PLAY(a, EVENT("e", "user-1", "\"$set\":{\"k\":1}"));
	raw_sql("UPDATE posthog_person SET is_deleted = true, version = 7");
	raw_sql("UPDATE posthog_persondistinctid SET is_deleted = true, "
		"version = 5");
	assert_string_equal(node_show(a, "user-1"), "");
	assert_int_equal(count(1), 0);
	assert_int_equal(node_delete(a, SLICE_LIT("user-1"), SLICE_NONE),
		-ERR_NOT_FOUND);
	PLAY(a, EVENT("e", "user-1", "\"$set\":{\"l\":1}"));
	assert_int_equal(a->n_tries, 1);
	has(node_show(a, "user-1"), "\"version\":108");
	has(node_show(a, "user-1"), "\"properties\":{\"l\":1,\"$creator");
	assert_int_equal(
		raw_number("SELECT version FROM posthog_persondistinctid "
			   "WHERE NOT is_deleted"),
		106);
	/* A deleted id of a living person goes with it. */
	PLAY(a, EVENT("$create_alias", "user-1", "\"alias\":\"x\""));
	raw_sql("UPDATE posthog_persondistinctid SET is_deleted = true "
		"WHERE distinct_id = 'x'");
	PLAY(a, EVENT("e", "y", ""),
		EVENT("$merge_dangerously", "y", "\"alias\":\"user-1\""));
	has(node_show(a, "y"), "\"distinct_ids\":[\"user-1\",\"y\"]");
	PLAY(a, EVENT("e", "x", ""));
	has(node_show(a, "x"), "\"distinct_ids\":[\"x\"]");
}

/* jsonb takes up to six times the bytes of the text. */
static void
properties_that_postgres_refuses_are_given_up(void **state)
{
	enum { N = 150000 };
	static char json[2 * N + 400];
	const char *const events[] = {EVENT("e", "small", "\"$set\":{\"k\":1}"),
		json, EVENT("e", "user-1", "\"$set\":{\"l\":1}")};
	char *at = json;

	(void)state;
	if (raw_number("SELECT count(*) FROM pg_constraint WHERE "
		       "conname = 'check_properties_size'") == 0)
		return;
	PLAY(a, EVENT("e", "user-1", "\"$set\":{\"k\":1}"));
	at += snprintf(at, sizeof(json) - (size_t)(at - json),
		"{\"event\":\"e\",\"distinct_id\":\"user-1\",\"properties\":"
		"{\"$set\":{\"big\":[0");
	for (int i = 0; i < N; i++)
		at += snprintf(
			at, sizeof(json) - (size_t)(at - json), ",%d", i % 10);
	snprintf(at, sizeof(json) - (size_t)(at - json), "]}}}");
	node_play(a, 1, events, 3);
	assert_int_equal(a->n_tries, 2);
	assert_string_equal(make_warnings(&a->make, a->events[1]),
		"person_properties_size_violation");
	has(node_show(a, "user-1"), "\"version\":0");
	has(node_show(a, "small"), "\"k\":1");
	/* Over it at creation: what is far from the limit is kept. */
	memcpy(strstr(json, "user-1"), "user-2", 6);
	node_play(a, 1, events, 2);
	has(node_show(a, "user-2"), "\"properties\":{}");
}

/* What jsonb makes of numbers and texts is equal by value. */
static void
values_come_back_equal(void **state)
{
	static const char *const values[] = {"0", "-0", "-0.0", "1.0", "1e300",
		"1e-300", "1.5e-7", "5e-324", "1.7976931348623157e308",
		"123456789012345678901234567890", "9007199254740993",
		"18446744073709551615", "-9223372036854775808", "0.1",
		"0.30000000000000004", "1E5", "100000.0", "\"\\u0000x\"",
		"\"\\ud83d\\ude00 \\u00e9 \\\"q\\\" \\\\ \\n\\t\\u0001 :, \"",
		"[]", "{}", "[ 1 , [ ] , { } , \" \" ]",
		"{\"b\":1,\"aa\":[{\"z\":null,\"y\":true}],\"a\":1.50}", "null",
		"true", "false", "{\"a\":1,\"a\":2}", "[1e2,1E+2,100]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char json[400];
		const char *const events[] = {json};
		int64_t version;

		snprintf(json, sizeof(json),
			EVENT("$set", "v", "\"$set\":{\"k\":%s}"), values[i]);
		node_play(a, 1, events, 1);
		version = raw_number("SELECT version FROM posthog_person");
		/* The same again is no change. */
		node_play(b, 1, events, 1);
		if (raw_number("SELECT version FROM posthog_person") != version)
			fail_msg("%s came back as %s", values[i],
				node_show(a, "v"));
	}
}

static const char *
definitions(int list(struct persondb_pg *d, int64_t team_id, int64_t *cursor,
	int limit, struct buf *out, struct err *e))
{
	struct buf *out = &a->make.out;
	int64_t cursor = 0;
	struct err e;

	buf_reset(out);
	do {
		if (list(a->d, 1, &cursor, 2, out, &e) != 0)
			fail_msg("%s", e.text);
	} while (cursor != 0);
	return buf_cstr(out);
}

static int
note_and_save(struct node *n, struct definition_known *known, const char *json)
{
	struct definition_set s;
	enum event_next next;
	struct err e;

	definition_set_init(&s, known, &n->make.arena, MAKE_NOW_US);
	definition_note(&s, make_event(&n->make, json, &next), -1);
	assert_false(definition_set_is_empty(&s));
	return persondb_pg_save_definitions(n->d, &s, &e);
}

static void
definitions_are_kept(void **state)
{
	static const char first[] = EVENT("e", "x", "\"n\":1,\"u\":null");
	static const char second[] = EVENT("e", "x", "\"n\":\"t\",\"u\":true");
	static const char third[] = EVENT("f", "x", "\"$set\":{\"n\":\"t\"}");
	struct definition_known *known;
	struct err e;

	(void)state;
	if (!a->schema.definitions)
		return;
	raw_sql("DELETE FROM posthog_eventdefinition");
	raw_sql("DELETE FROM posthog_propertydefinition");
	raw_sql("DELETE FROM posthog_eventproperty");
	a->make.rules.team_id = a->make.rules.project_id = 1;
	b->make.rules.team_id = b->make.rules.project_id = 1;
	/* Nothing is learned here, so all is found anew each time. */
	assert_int_equal(definition_known_new(&known, &e), 0);
	assert_int_equal(note_and_save(a, known, first), 0);
	assert_int_equal(note_and_save(b, known, second), 0);
	assert_int_equal(note_and_save(a, known, third), 0);
	definition_known_free(known);
	assert_string_equal(definitions(persondb_pg_list_event_definitions),
		"{\"name\":\"e\",\"created_at\":\"2026-01-01T00:00:00.000Z\","
		"\"last_seen_at\":\"2026-01-01T00:00:00.000Z\"}\n"
		"{\"name\":\"f\",\"created_at\":\"2026-01-01T00:00:00.000Z\","
		"\"last_seen_at\":\"2026-01-01T00:00:00.000Z\"}\n");
	has(definitions(persondb_pg_list_property_definitions),
		"{\"name\":\"n\",\"type\":\"event\","
		"\"group_type_index\":null,\"property_type\":\"Numeric\","
		"\"is_numerical\":true}\n"
		"{\"name\":\"n\",\"type\":\"person\","
		"\"group_type_index\":null,\"property_type\":\"String\","
		"\"is_numerical\":false}\n"
		"{\"name\":\"u\",\"type\":\"event\","
		"\"group_type_index\":null,\"property_type\":\"Boolean\","
		"\"is_numerical\":false}\n");
	has(definitions(persondb_pg_list_event_properties),
		"{\"event\":\"e\",\"property\":\"n\"}\n"
		"{\"event\":\"e\",\"property\":\"u\"}\n");
}

static void
put_random_value(struct buf *out, struct rand_state *r, int depth)
{
	static const char *const texts[] = {"\"\"", "\"a b\"", "\"\\u00fc\\n\"",
		"\"\\\"\"", "\"\\\\\"", "null", "true", "false",
		"\"{\\\": 1\""};
	uint64_t kind = rand_below(r, depth > 3 ? 5 : 7);

	switch (kind) {
	case 0:
		buf_append_i64(out, (int64_t)rand_next(r));
		break;
	case 1:
		buf_append_i64(out, (int64_t)rand_below(r, 1000) - 500);
		break;
	case 2:
		buf_printf(out, "%.17g",
			((double)rand_next(r) - 9e18) /
				(double)(1 + rand_below(r, 1000000)));
		break;
	case 3:
		buf_printf(out, "%lld.%llde%d", (long long)rand_below(r, 10),
			(long long)rand_below(r, 1000),
			(int)rand_below(r, 600) - 300);
		break;
	case 4:
		buf_append_str(out, texts[rand_below(r, ARRAY_LEN(texts))]);
		break;
	default:
		buf_append_char(out, kind == 5 ? '[' : '{');
		for (uint64_t i = 0, n = rand_below(r, 4); i < n; i++) {
			if (i > 0)
				buf_append_char(out, ',');
			if (kind == 6)
				buf_printf(out, "\"%c%llu\":",
					(char)('a' + rand_below(r, 26)),
					(unsigned long long)i);
			put_random_value(out, r, depth + 1);
		}
		buf_append_char(out, kind == 5 ? ']' : '}');
	}
}

static void
put_random_person(struct buf *out, struct rand_state *r, int i)
{
	buf_printf(out,
		"{\"event\":\"$set\",\"distinct_id\":\"u%d\",\"properties\":"
		"{\"$set\":{",
		i);
	for (uint64_t k = 0, n = 1 + rand_below(r, 8); k < n; k++) {
		buf_printf(out, "%s\"key%llu\":", k > 0 ? "," : "",
			(unsigned long long)k);
		put_random_value(out, r, 0);
	}
	buf_append_lit(out, "}}}");
}

/* Many random persons: written once, then each of them written again by the
 * other node is no change. */
static void
random_persons_come_back_equal(void **state)
{
	enum { BATCH = 50 };
	const char *seed_text = getenv("SLUICE_SEED");
	uint64_t seed =
		seed_text == NULL ? 20260 : strtoull(seed_text, NULL, 0);
	struct rand_state r;
	struct buf text[BATCH];

	(void)state;
	print_message("SLUICE_SEED=%llu\n", (unsigned long long)seed);
	rand_seed(&r, seed);
	for (int i = 0; i < BATCH; i++)
		buf_init(&text[i], 1u << 20);
	for (int from = 0; from < n_random; from += BATCH) {
		const char *events[BATCH];

		for (int i = 0; i < BATCH; i++) {
			buf_reset(&text[i]);
			put_random_person(&text[i], &r, from + i);
			events[i] = buf_cstr(&text[i]);
		}
		node_play(a, 1, events, BATCH);
		node_play(b, 1, events, BATCH);
		for (int i = 0; i < BATCH; i++)
			if (b->results[i].person->version != 0)
				fail_msg("%s came back as %.*s", events[i],
					SLICE_FMT(b->results[i].person->text));
		/* What both have of it is one batch long. */
		make_fini(&a->make);
		make_init(&a->make);
		make_fini(&b->make);
		make_init(&b->make);
	}
	assert_int_equal(count(1), n_random);
	for (int i = 0; i < BATCH; i++)
		buf_fini(&text[i]);
}

int
main(int argc, char **argv)
{
#define T(t) cmocka_unit_test_setup_teardown(t, nodes_set_up, nodes_tear_down)
	const struct CMUnitTest tests[] = {
		T(a_person_is_shown_as_the_command_line_says),
		T(merges_are_the_same_over_batches),
		T(deletion_leaves_tombstones),
		T(lists_come_in_pages),
		T(groups_and_types_are_shown),
		T(teams_of_a_project_share_types),
		T(a_new_type_takes_over_old_groups),
		T(a_batch_that_is_rolled_back_leaves_nothing),
		T(personless_ids_are_remembered),
		T(dependents_follow_a_merge),
		T(merges_of_new_persons_need_no_rows),
		T(an_id_whose_row_was_removed_finds_its_person),
		T(soft_deletions_are_tombstones),
		T(properties_that_postgres_refuses_are_given_up),
		T(values_come_back_equal),
		T(definitions_are_kept),
		T(random_persons_come_back_equal),
	};
#undef T

	if (argc > 1)
		n_random = (int)strtol(argv[1], NULL, 10);
	return cmocka_run_group_tests_name("person_store", tests, NULL, NULL);
}
