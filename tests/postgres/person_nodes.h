#ifndef SLUICE_TESTS_POSTGRES_PERSON_NODES_H
#define SLUICE_TESTS_POSTGRES_PERSON_NODES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../unit/event/make_event.h"
#include "base/thread.h"
#include "persondb/pg.h"
#include "pg/pg.h"
#include "pg/schema.h"

/*
 * What the tests of persons in Postgres share: nodes, each with a connection, a
 * store and a batch that goes through step by step, so that two of them can be
 * brought together at chosen points. Against the server of
 * SLUICE_TEST_POSTGRES_URL, whose tables are made before the first test.
 */
#define NODES 2

struct node {
	struct pg_conn *c;
	struct persondb_pg *d;
	struct pg_schema schema;
	struct make make;
	struct person_set s;
	struct person_refused *refused;
	int64_t team_id; /* and the project's id */
	const int64_t *team_ids; /* of the events; NULL: each is team_id's */
	const char *const *texts;
	size_t n;
	struct event *events[64];
	struct person_result results[64];
	int n_tries; /* of the last node_play */
	struct thread thread;
	int result; /* of what the thread did */
	struct err err;
};
extern struct node nodes[NODES];

int nodes_set_up(void **state);
int nodes_tear_down(void **state);

/* Statements of the tests themselves, on a connection of their own, which is
 * not in a transaction. %lld: arg. */
void raw_sql(const char *text);
/* The first column of the first row; 0 if there is none. */
int64_t raw_number(const char *text);
/* A second one for transactions that stand in a node's way. */
void rival_sql(const char *text);

/* A batch, step by step. They return 0 or a negative code; text in n->err. */
int node_load(struct node *n, int64_t team_id, const char *const *events,
	size_t n_events);
int node_save(struct node *n);
void node_commit(struct node *n);
void node_rollback(struct node *n);
/* All of it, with as many tries as it takes; other errors end the test. */
void node_play(struct node *n, int64_t team_id, const char *const *events,
	size_t n_events);
/* What is left of a batch after load or save was BUSY: from the start. */
void node_redo(struct node *n);

/* node_save in a thread of the node. */
void node_save_in_thread(struct node *n);
int node_wait(struct node *n);
/* Until a connection of the tests' database waits for a lock. */
void wait_for_lock(void);

/* Deletes a person in a transaction; the result of persondb_pg_delete. */
int node_delete(struct node *n, struct slice id, struct slice uuid);
/* persondb_pg_show of project 1; "" where there is none. */
const char *node_show(struct node *n, const char *id);

#define EVENT(name, id, props)                                                 \
	"{\"event\":\"" name "\",\"distinct_id\":\"" id                        \
	"\",\"timestamp\":\"2025-03-02T08:00:00.500Z\",\"properties\":{" props \
	"}}"
#define PLAY(n, ...)                                                           \
	do {                                                                   \
		static const char *const events_[] = {__VA_ARGS__};            \
		node_play(n, 1, events_, sizeof(events_) / sizeof(*events_));  \
	} while (0)
#define LOAD(n, ...)                                                           \
	do {                                                                   \
		static const char *const events_[] = {__VA_ARGS__};            \
		assert_int_equal(node_load(n, 1, events_,                      \
					 sizeof(events_) / sizeof(*events_)),  \
			0);                                                    \
	} while (0)
#endif
