#ifndef SLUICE_PG_PG_H
#define SLUICE_PG_PG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/uuid.h"

/*
 * The door to Postgres. One struct pg says where the server is and how it is;
 * any number of connections belong to it. A connection is used by one thread at
 * a time and lives through any number of reconnects.
 *
 * Errors of every call that talks to the server:
 *   UNAVAILABLE  no connection (wrong password and certificate too), or it was
 *                lost: it is closed, an open transaction is gone (but see
 *                pg_commit); or the server cannot work now
 *   TIMEOUT      a statement or the server took too long; nothing has happened
 *   BUSY         serialization failure, deadlock, lock timeout: roll back and
 *                do it again
 *   EXISTS       unique violation        NOT_FOUND  foreign key violation
 *   DENIED       rights                  INVALID    the statement or its input
 *   NO_SPACE     the server's disk       STOPPING   pg_interrupt was called
 *   UNSURE       pg_commit only: it may have happened
 * After UNAVAILABLE, TIMEOUT and STOPPING ask pg_is_connected. No text holds a
 * password, a URL or a row's values (pg-1).
 */
struct pg;
struct pg_conn;
struct pg_stmt;

struct pg_options {
	const char
		*url; /* URI or key=value list of libpq; TLS settings in it */
	const char *schema; /* where PostHog's tables are; NULL: public */
	int64_t connect_timeout_ms; /* of one host */
	int64_t statement_timeout_ms; /* 0: none */
};
/* Copies all of o. INVALID when the url cannot be read. Connects to nothing. */
MUST_CHECK int pg_new(
	const struct pg_options *o, struct pg **out, struct err *e);
void pg_free(struct pg *p); /* after its connections; NULL allowed */

/* The user that the URL names; "" if it names none. */
const char *pg_user(const struct pg *p);
/* Whether the URL has this parameter of libpq. */
bool pg_has_param(const struct pg *p, const char *key);

/* How the server was when a connection last met it. @thread any */
struct pg_status {
	enum { PG_UNTRIED, PG_UP, PG_DOWN } state;
	int64_t since_us; /* wall time of the last change of state */
	int version; /* 150004: 15.4; 0: never connected */
	bool is_tls;
	char where[128]; /* host:port/database */
	char why[240]; /* of PG_DOWN */
};
void pg_status(const struct pg *p, struct pg_status *out);

/* name: shown as application_name "sluice <name>". Does not connect. */
MUST_CHECK int pg_conn_new(
	struct pg *p, const char *name, struct pg_conn **out, struct err *e);
void pg_conn_free(struct pg_conn *c); /* NULL allowed */
struct pg *pg_of(struct pg_conn *c);
/*
 * Connects unless pg_is_alive. Time zone UTC, READ COMMITTED, statement and
 * idle time-outs, a commit that is answered is durable (pg-5). A server that is
 * read-only counts as UNAVAILABLE.
 */
MUST_CHECK int pg_connect(struct pg_conn *c, struct err *e);
bool pg_is_connected(const struct pg_conn *c);
/* As pg_is_connected, after a look, without waiting, whether the server closed
 * the connection meanwhile: for one that was idle. Between transactions. */
bool pg_is_alive(struct pg_conn *c);
/* Closes; an open transaction is rolled back by the server. */
void pg_disconnect(struct pg_conn *c);
/* Waits before the next pg_connect: 100 ms doubling to 10 s with some chance,
 * from the start again after a connection that worked. STOPPING. */
MUST_CHECK int pg_wait_retry(struct pg_conn *c, struct err *e);
/*
 * Waits, between groups, until the server sent a NOTIFY (of a LISTEN on this
 * connection; true in *notified, however many came), wake_fd is readable, or
 * deadline_ns passed. UNAVAILABLE: it was lost. STOPPING.
 */
MUST_CHECK int pg_wait_notice(struct pg_conn *c, int wake_fd,
	int64_t deadline_ns, bool *notified, struct err *e);
/* From now on this connection waits at most so long for a host to answer the
 * connecting and for each answer, whatever the options say. */
void pg_hurry(struct pg_conn *c, int64_t ms);
/* For good: every wait of this connection ends with STOPPING, now and later;
 * pg_commit gets two more seconds. @thread any */
void pg_interrupt(struct pg_conn *c);

/*
 * Statements by index, prepared at the first use on each connection. A folder's
 * SQL is one static const struct pg_sql_set; parameters are $1 .... A parameter
 * has the type it is bound as, so $1 needs no cast; a statement is always bound
 * with the same types.
 */
struct pg_sql_set {
	const char *name; /* short; statements are <name>_<i> on the server */
	const char *const *texts;
	int n;
};
#define PG_SETS_MAX 8
#define PG_PARAMS_MAX 24

enum pg_type {
	PG_BOOL,
	PG_INT2,
	PG_INT4,
	PG_INT8,
	PG_TEXT, /* for varchar, and for jsonb as $1::jsonb, unnest($1)::jsonb */
	PG_UUID,
	PG_TIME, /* timestamptz, microseconds since 1970 UTC */
	PG_N_TYPES
};

/* An array parameter, filled element by element; the caller keeps it and its
 * memory from batch to batch. Adding an element of another type is a bug. Over
 * the maximum the buf fails and pg_queue says TOO_BIG. */
struct pg_array {
	struct buf b;
	enum pg_type type;
	int32_t n;
	bool has_null;
};
void pg_array_init(struct pg_array *a, enum pg_type type, size_t max_bytes);
void pg_array_fini(struct pg_array *a);
void pg_array_reset(struct pg_array *a);
void pg_array_null(struct pg_array *a);
void pg_array_bool(struct pg_array *a, bool v);
void pg_array_int(struct pg_array *a, int64_t v); /* INT2, INT4, INT8 */
void pg_array_text(struct pg_array *a, struct slice v); /* .p NULL: null */
void pg_array_uuid(struct pg_array *a, const struct uuid *v);
void pg_array_time(struct pg_array *a, int64_t at_us);

/* The statement, with no parameter bound. One statement at a time is bound:
 * get, bind, queue. Never NULL. */
struct pg_stmt *pg_get(struct pg_conn *c, const struct pg_sql_set *set, int i);
/* Parameters from 1. Text and arrays are borrowed until pg_queue returns. */
void pg_bind_null(struct pg_stmt *st, int i, enum pg_type type);
void pg_bind_null_array(struct pg_stmt *st, int i, enum pg_type type);
void pg_bind_bool(struct pg_stmt *st, int i, bool v);
void pg_bind_i16(struct pg_stmt *st, int i, int16_t v);
void pg_bind_i32(struct pg_stmt *st, int i, int32_t v);
void pg_bind_i64(struct pg_stmt *st, int i, int64_t v);
void pg_bind_text(struct pg_stmt *st, int i, struct slice v); /* NULL: null */
void pg_bind_uuid(struct pg_stmt *st, int i, const struct uuid *v);
void pg_bind_time(struct pg_stmt *st, int i, int64_t at_us);
void pg_bind_array(struct pg_stmt *st, int i, const struct pg_array *a);

/*
 * Many statements, one round trip: pg_queue each, pg_sync once, then pg_next
 * once for each in the order of queueing. Nothing waits before pg_next, and
 * neither side ever waits for the other with full buffers (pg-3).
 */
/* Sends when there is room, never waits. TOO_BIG: an array over its maximum;
 * the caller then drops the group, by pg_cancel_group or pg_rollback. */
MUST_CHECK int pg_queue(struct pg_stmt *st, struct err *e);
MUST_CHECK int pg_sync(struct pg_conn *c, struct err *e);
/*
 * Waits for the result of the next statement; its rows are there until the next
 * pg_next, pg_finish, pg_run, pg_commit or pg_rollback. After an error the rest
 * of the group has not run and is gone: pg_next is not called for it, and an
 * open transaction waits for pg_rollback (pg-4).
 */
MUST_CHECK int pg_next(struct pg_conn *c, struct err *e);
/* Syncs if that was not done, reads what is left and looks only for errors. */
MUST_CHECK int pg_finish(struct pg_conn *c, struct err *e);
/* pg_queue, pg_sync and pg_next of one statement alone. */
MUST_CHECK int pg_run(struct pg_stmt *st, struct err *e);
/* Drops what is queued but not read: by reading it, or by disconnecting. */
void pg_cancel_group(struct pg_conn *c);

/* Rows of the last result. Rows and columns from 0. A null reads as 0, false or
 * SLICE_NONE. The type must fit the column's. */
int pg_n_rows(const struct pg_conn *c);
int64_t pg_n_changed(const struct pg_conn *c); /* of INSERT, UPDATE, DELETE */
bool pg_col_is_null(const struct pg_conn *c, int row, int col);
bool pg_col_bool(const struct pg_conn *c, int row, int col);
int64_t pg_col_i64(const struct pg_conn *c, int row, int col); /* int2 4 8 */
double pg_col_f64(const struct pg_conn *c, int row, int col); /* float4 8 */
/* text, varchar, char, name, json, jsonb. */
struct slice pg_col_text(const struct pg_conn *c, int row, int col);
void pg_col_uuid(const struct pg_conn *c, int row, int col, struct uuid *out);
int64_t pg_col_time(const struct pg_conn *c, int row, int col);

/* Queues BEGIN: it goes out with the first group. */
MUST_CHECK int pg_begin(struct pg_conn *c, struct err *e);
/*
 * Commits and waits. 0: it is durable. UNSURE: the connection was lost, or no
 * answer came in time, after COMMIT was sent; the connection is closed. Any
 * other error: the transaction is surely rolled back, and over.
 */
MUST_CHECK int pg_commit(struct pg_conn *c, struct err *e);
/* Ends the transaction whatever its state, dropping a group that is not read;
 * when that fails the connection is closed, which does the same. */
void pg_rollback(struct pg_conn *c);

/* SQLSTATE of the last error of the server on this connection ("23505"), or "";
 * the name of the constraint it broke, or "". */
const char *pg_sqlstate(const struct pg_conn *c);
const char *pg_constraint(const struct pg_conn *c);

#endif
