#ifndef SLUICE_STORE_SQL_H
#define SLUICE_STORE_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Statements by index, prepared once per connection. A folder's SQL is one
 * static const struct sql_set; SQL text stands nowhere else.
 */
struct store_conn;
struct store_stmt;

struct sql_set {
	const char *name;
	const char *const *texts;
	int n;
};

/* Borrowed from the connection; reset by the next get of the same index. */
MUST_CHECK int sql_get(struct store_conn *c, const struct sql_set *set, int i,
	struct store_stmt **out, struct err *e);
/* Parameters ?1 … from 1. Text and blob are borrowed until reset. .p NULL:
 * NULL. */
void sql_bind_i64(struct store_stmt *st, int i, int64_t v);
void sql_bind_text(struct store_stmt *st, int i, struct slice v);
void sql_bind_blob(struct store_stmt *st, int i, struct slice v);
void sql_bind_null(struct store_stmt *st, int i);
/* 1: a row; 0: done (and reset); negative: error. */
MUST_CHECK int sql_step(struct store_stmt *st, struct err *e);
/* Binds nothing more, steps to the end, resets. */
MUST_CHECK int sql_run(struct store_stmt *st, struct err *e);
void sql_reset(struct store_stmt *st);
/* Columns from 0, valid until the next step or reset. */
int64_t sql_col_i64(struct store_stmt *st, int i);
struct slice sql_col_text(struct store_stmt *st, int i);
struct slice sql_col_blob(struct store_stmt *st, int i);
bool sql_col_is_null(struct store_stmt *st, int i);
int64_t sql_last_rowid(struct store_conn *c);
int sql_changes(struct store_conn *c);

#endif
