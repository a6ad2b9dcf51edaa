#ifndef SLUICE_ADMIN_PG_TEST_H
#define SLUICE_ADMIN_PG_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Trying a Postgres before it is used: connects on a thread of its own, one
 * test at a time and few a minute, and says in plain words what it found.
 */
struct pg_test;

enum pg_cause {
	PG_CAUSE_NONE,
	PG_CAUSE_URL,
	PG_CAUSE_HOST, /* the name is not known */
	PG_CAUSE_PORT, /* nothing listens there */
	PG_CAUSE_TIMEOUT,
	PG_CAUSE_TLS,
	PG_CAUSE_PASSWORD,
	PG_CAUSE_USER,
	PG_CAUSE_DATABASE,
	PG_CAUSE_HBA, /* the server does not let this machine in */
	PG_CAUSE_BUSY, /* too many connections, or it is starting */
	PG_CAUSE_VERSION,
	PG_CAUSE_READ_ONLY,
	PG_CAUSE_RIGHTS,
	PG_CAUSE_SCHEMA,
	PG_CAUSE_OTHER,
	PG_N_CAUSES
};

enum pg_tables {
	PG_TABLES_UNKNOWN,
	PG_TABLES_NONE,
	PG_TABLES_SLUICE,
	PG_TABLES_POSTHOG
};

struct pg_tested {
	bool reached; /* a session was made */
	enum pg_cause cause; /* NONE: Sluice can work with it */
	char text[240]; /* what the server or libpq said */
	char server[128]; /* host:port/database */
	char user[64];
	int version; /* 150004: 15.4 */
	bool is_tls;
	bool may_create; /* what is missing of Sluice's tables */
	enum pg_tables tables;
	double connect_ms, latency_ms;
};

MUST_CHECK int pg_test_new(struct pg_test **out, struct err *e);
/* Waits for a test under way to end. NULL allowed. */
void pg_test_free(struct pg_test *t);
/* Ends a test under way and refuses further ones: who waits is told
 * STOPPING. */
void pg_test_stop(struct pg_test *t);
/*
 * Connects and looks. BUSY: another test runs, or too many were made in the
 * last minute (*is_limited). TIMEOUT: it took too long, as looking up a host's
 * name can. Nothing of the password is in the result. Blocks. @thread any
 */
MUST_CHECK int pg_test_run(struct pg_test *t, const char *url,
	const char *schema, struct pg_tested *out, bool *is_limited,
	struct err *e);

/* What a text of libpq or the server, in English, says the cause is. */
enum pg_cause pg_cause_of(const char *text);
const char *pg_cause_word(enum pg_cause c);
/* What to do about it, for people. */
const char *pg_cause_todo(enum pg_cause c);

#endif
