#ifndef SLUICE_PG_PG_INT_H
#define SLUICE_PG_PG_INT_H

#include <stdatomic.h>

#include <libpq-fe.h>

#include "base/thread.h"
#include "pg/pg.h"

#define PG_URL_PARAMS_MAX 48 /* keywords of libpq in one URL */
#define PG_HOSTS_MAX 16
#define PG_PENDING_MAX 4096 /* statements in one group */
#define PG_IDLE_MS 60000 /* idle in a transaction */
#define PG_GRACE_MS 5000 /* of the server beyond statement_timeout_ms */
#define PG_STOP_MS 2000 /* for a COMMIT that is under way */
#define PG_RETRY_FIRST_MS 100
#define PG_RETRY_MAX_MS 10000
#define PG_ARRAY_HEAD 20 /* bytes before the elements */
#define PG_EPOCH_US 946684800000000LL /* 2000-01-01, where its times begin */

struct pg {
	char *keys[PG_URL_PARAMS_MAX]; /* of the URL, as libpq reads it */
	char *values[PG_URL_PARAMS_MAX];
	int n;
	char schema[64];
	int64_t connect_timeout_ms, statement_timeout_ms;
	struct lock lock; /* guards status */
	struct pg_status status;
};

struct pg_stmt {
	struct pg_conn *c;
	const char *text;
	char name[40];
	bool is_prepared; /* on this connection, or that is under way */
};

struct pg_set {
	const struct pg_sql_set *set;
	struct pg_stmt *stmts;
};

/* What the server still has to answer, in order. */
enum pg_kind {
	PG_PREPARE,
	PG_STATEMENT,
	PG_HIDDEN, /* BEGIN: its result is nobody's */
	PG_SYNC
};
struct pg_pending {
	enum pg_kind kind;
	struct pg_stmt *st; /* of PREPARE */
};

/* The parameters of the statement that is being bound. */
struct pg_bound {
	int n;
	bool is_too_big;
	Oid types[PG_PARAMS_MAX];
	const char *values[PG_PARAMS_MAX];
	int lens[PG_PARAMS_MAX];
	int formats[PG_PARAMS_MAX];
	char room[PG_PARAMS_MAX][16];
};

struct pg_conn {
	struct pg *pg;
	char name[24];
	PGconn *db; /* NULL: closed */
	PGresult *res; /* of the last statement */
	struct pg_set sets[PG_SETS_MAX];
	int n_sets;
	struct pg_bound bound;
	struct pg_pending *pending; /* a queue without holes, from first on */
	int n_pending, first, cap;
	bool is_synced; /* the last of pending is a SYNC */
	int64_t sync_at_ns, connected_at_ns;
	int n_failed; /* tries of pg_wait_retry */
	int64_t hurry_ms; /* 0: as the options say */
	int stop_fd; /* eventfd, readable for good after pg_interrupt */
	_Atomic bool is_stopped;
	char sqlstate[8], constraint[72];
};

extern const Oid pg_oids[PG_N_TYPES], pg_array_oids[PG_N_TYPES];

/* url.c */
/* Fills keys and values. INVALID, without the URL in its text. */
MUST_CHECK int pg_url_parse(struct pg *p, const char *url, struct err *e);
const char *pg_url_get(const struct pg *p, const char *key);
/* The i-th of a comma-separated list, the last one for those beyond; how many
 * there are. */
int pg_list_at(const char *list, int i, char *out, size_t size);
int pg_url_n_hosts(const struct pg *p);

/* error.c */
/* The error of a result, with its text in e; notes sqlstate and constraint. */
int pg_result_err(struct pg_conn *c, const PGresult *r, struct err *e);
/* libpq's own text about the connection, without secrets, in one line. */
void pg_conn_text(const struct pg_conn *c, char *out, size_t size);
/* The connection is gone: closes it, sets the status, returns -code. */
int pg_lost(
	struct pg_conn *c, enum err_code code, const char *what, struct err *e);
void pg_count_error(enum err_code code);

/* wait.c */
/* For poll: -1 for ever, at most a minute. */
int pg_ms_until(int64_t deadline_ns);
/* Waits for events (POLLIN, POLLOUT) of the socket. 0: some came. TIMEOUT,
 * STOPPING: the caller decides. without_stop: pg_interrupt shortens the wait to
 * PG_STOP_MS only. deadline_ns INT64_MAX: none. */
MUST_CHECK int pg_wait(struct pg_conn *c, short events, int64_t deadline_ns,
	bool without_stop, struct err *e);
/* The next thing libpq has, NULL included; flushes meanwhile. */
MUST_CHECK int pg_take(
	struct pg_conn *c, bool without_stop, PGresult **out, struct err *e);
int64_t pg_deadline_ns(const struct pg_conn *c);

/* connect.c: forgets what was known of the closed connection. */
void pg_close(struct pg_conn *c);

/* call.c */
MUST_CHECK int pg_push(struct pg_conn *c, enum pg_kind kind, struct pg_stmt *st,
	struct err *e);
/* Reads the result of the first of pending into c->res, and takes it off. */
MUST_CHECK int pg_pop(struct pg_conn *c, bool without_stop, struct err *e);
/* Reads to the end of the group, whatever comes. */
MUST_CHECK int pg_drain(struct pg_conn *c, bool without_stop, struct err *e);

/* script.c: simple queries with any number of statements; their rows are
 * nobody's. text: outside pipeline mode, script: from within it. */
MUST_CHECK int pg_run_text(struct pg_conn *c, const char *text, struct err *e);
MUST_CHECK int pg_run_script(
	struct pg_conn *c, const char *text, struct err *e);

/* schema_check.c: PostHog's tables, whoever made them. INVALID, DENIED. */
struct pg_schema;
MUST_CHECK int pg_schema_check(
	struct pg_conn *c, struct pg_schema *out, struct err *e);

void pg_set_up(struct pg *p, const struct pg_conn *c);
void pg_set_down(struct pg *p, const char *why);

#endif
