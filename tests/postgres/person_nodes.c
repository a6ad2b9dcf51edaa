#include "person_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct node nodes[NODES];

static struct pg *server;
static struct pg_conn *raw, *rival;

static void
must(int rc, const struct err *e)
{
	if (rc != 0)
		fail_msg("%s", e->text);
}

static struct pg_conn *
open_conn(const char *name)
{
	struct pg_conn *c;
	struct err e;

	must(pg_conn_new(server, name, &c, &e), &e);
	must(pg_connect(c, &e), &e);
	return c;
}

/* A connection knows its statements by their places, so each text gets a new
 * connection. */
static const char *raw_texts[1];
static const struct pg_sql_set raw_set = {"raw", raw_texts, 1};

void
raw_sql(const char *text)
{
	struct err e;

	pg_conn_free(raw);
	raw = open_conn("raw");
	raw_texts[0] = text;
	must(pg_run(pg_get(raw, &raw_set, 0), &e), &e);
}

int64_t
raw_number(const char *text)
{
	raw_sql(text);
	return pg_n_rows(raw) == 0 ? 0 : pg_col_i64(raw, 0, 0);
}

static void
open_node(struct node *n)
{
	struct err e;

	*n = (struct node){.c = open_conn("node")};
	make_init(&n->make);
	must(pg_schema_prepare(n->c, &n->schema, &e), &e);
	must(persondb_pg_new(n->c, &n->d, &e), &e);
	must(persondb_pg_connected(n->d, &n->schema, true, &e), &e);
}

static void
close_node(struct node *n)
{
	persondb_pg_free(n->d);
	pg_conn_free(n->c);
	make_fini(&n->make);
}

static const char *const tables[] = {"posthog_cohortpeople",
	"posthog_featureflaghashkeyoverride", "posthog_persondistinctid",
	"posthog_person", "posthog_group", "posthog_grouptypemapping",
	"sluice.deleted_person", "sluice.deleted_distinct_id"};

int
nodes_set_up(void **state)
{
	const struct pg_options o = {
		.url = getenv("SLUICE_TEST_POSTGRES_URL"),
		.connect_timeout_ms = 5000,
		.statement_timeout_ms = 60000,
	};
	struct err e;

	(void)state;
	assert_non_null(o.url);
	must(pg_new(&o, &server, &e), &e);
	for (int i = 0; i < NODES; i++)
		open_node(&nodes[i]);
	if (nodes[0].schema.made_by_sluice)
		raw_sql("INSERT INTO posthog_team (id, uuid, project_id, name, "
			"api_token, created_at, updated_at, ingested_event, "
			"app_urls, test_account_filters) SELECT i, "
			"gen_random_uuid(), i, 'p', 'phc_' || i, now(), now(), "
			"false, '{}', '[]' FROM generate_series(1, 2) i "
			"ON CONFLICT DO NOTHING");
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		char text[100];

		snprintf(text, sizeof(text), "DELETE FROM %s", tables[i]);
		raw_sql(text);
	}
	if (nodes[0].schema.personless)
		raw_sql("DELETE FROM posthog_personlessdistinctid");
	return 0;
}

int
nodes_tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < NODES; i++)
		close_node(&nodes[i]);
	pg_conn_free(raw);
	pg_conn_free(rival);
	raw = rival = NULL;
	pg_free(server);
	return 0;
}

/* Sets of a connection are few, so that the rival's texts are one set. */
void
rival_sql(const char *text)
{
	static const char *const texts[] = {"SET deadlock_timeout = '20s'",
		"UPDATE posthog_person SET is_identified = is_identified "
		"WHERE id = (SELECT max(id) FROM posthog_person)",
		"UPDATE posthog_person SET is_identified = is_identified "
		"WHERE id = (SELECT min(id) FROM posthog_person)"};
	static const struct pg_sql_set set = {"rival", texts, 3};
	struct err e;

	if (rival == NULL)
		rival = open_conn("rival");
	if (strcmp(text, "BEGIN") == 0) {
		must(pg_begin(rival, &e), &e);
	} else if (strcmp(text, "ROLLBACK") == 0) {
		pg_rollback(rival);
	} else {
		int i = strcmp(text, "patience") == 0 ? 0
			: strcmp(text, "last") == 0   ? 1
						      : 2;

		must(pg_run(pg_get(rival, &set, i), &e), &e);
	}
}

static int
load_and_apply(struct node *n)
{
	struct make *m = &n->make;
	struct err *e = &n->err;
	enum event_next next;
	int r;

	m->rules.team_id = m->rules.project_id = n->team_id;
	for (size_t i = 0; i < n->n; i++) {
		n->events[i] = make_event(m, n->texts[i], &next);
		assert_int_equal(next, EVENT_GO);
		if (n->team_ids != NULL)
			make_of_team(m, n->events[i], n->team_ids[i]);
	}
	r = person_set_init(&n->s, &m->arena, &m->scratch, e);
	n->s.refused = n->refused;
	for (size_t i = 0; r == 0 && i < n->n; i++)
		r = person_want(&n->s, n->events[i], e);
	if (r == 0)
		r = pg_begin(n->c, e);
	if (r == 0)
		r = persondb_pg_load(n->d, &n->s, e);
	for (size_t i = 0; r == 0 && i < n->n; i++)
		r = person_apply(
			&n->s, n->events[i], &m->work, &n->results[i], e);
	return r;
}

int
node_load(struct node *n, int64_t team_id, const char *const *events,
	size_t n_events)
{
	assert_true(n_events <= ARRAY_LEN(n->events));
	n->team_id = team_id;
	n->texts = events;
	n->n = n_events;
	n->refused = NULL;
	return load_and_apply(n);
}

int
node_save(struct node *n)
{
	int r = persondb_pg_save(n->d, &n->s, &n->err);

	n->refused = n->s.refused;
	return r;
}

void
node_commit(struct node *n)
{
	must(pg_commit(n->c, &n->err), &n->err);
}

void
node_rollback(struct node *n)
{
	pg_rollback(n->c);
}

void
node_redo(struct node *n)
{
	for (n->n_tries = 1; n->n_tries < 20; n->n_tries++) {
		int r;

		node_rollback(n);
		r = load_and_apply(n);
		if (r == 0)
			r = node_save(n);
		if (r == 0) {
			node_commit(n);
			return;
		}
		if (r != -ERR_BUSY)
			fail_msg("%s", n->err.text);
	}
	fail_msg("no end of tries: %s", n->err.text);
}

void
node_play(struct node *n, int64_t team_id, const char *const *events,
	size_t n_events)
{
	n->team_id = team_id;
	n->texts = events;
	n->n = n_events;
	n->refused = NULL;
	node_redo(n);
}

static void
save_thread(void *cookie)
{
	struct node *n = cookie;

	n->result = node_save(n);
}

void
node_save_in_thread(struct node *n)
{
	struct err e;

	must(thread_start(&n->thread, "node", save_thread, n, &e), &e);
}

int
node_wait(struct node *n)
{
	thread_join(&n->thread);
	return n->result;
}

void
wait_for_lock(void)
{
	int64_t deadline_ns = clock_mono_ns() + INT64_C(20000000000);

	while (raw_number("SELECT count(*) FROM pg_stat_activity "
			  "WHERE datname = current_database() "
			  "AND wait_event_type = 'Lock'") == 0)
		if (clock_mono_ns() > deadline_ns)
			fail_msg("nobody waits for a lock");
}

int
node_delete(struct node *n, struct slice id, struct slice uuid)
{
	struct make *m = &n->make;
	int r = person_set_init(&n->s, &m->arena, &m->scratch, &n->err);

	if (r == 0)
		r = pg_begin(n->c, &n->err);
	if (r == 0)
		r = persondb_pg_delete(n->d, &n->s, 1, id, uuid, &n->err);
	if (r == 0)
		r = persondb_pg_save(n->d, &n->s, &n->err);
	if (r == 0)
		node_commit(n);
	else
		node_rollback(n);
	return r;
}

const char *
node_show(struct node *n, const char *id)
{
	struct buf *out = &n->make.out;
	struct err e;
	int r;

	buf_reset(out);
	r = persondb_pg_show(n->d, 1, slice_str(id), SLICE_NONE, out, &e);
	if (r == -ERR_NOT_FOUND)
		return "";
	must(r, &e);
	return buf_cstr(out);
}
