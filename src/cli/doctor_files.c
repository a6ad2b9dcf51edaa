#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/doctor.h"
#include "run/daemon.h"
#include "store/sql.h"
#include "store/store.h"
#include "topic/batch.h"

#define READ_MAX_BYTES ((size_t)1024 * 1024)
#define BATCHES_MAX_BYTES ((size_t)80 * 1024 * 1024)
#define NAME_MAX_BYTES 250

enum { DOCTOR_INTEGRITY, DOCTOR_PARTS, DOCTOR_N };
static const char *const texts[DOCTOR_N] = {
	[DOCTOR_INTEGRITY] = "PRAGMA integrity_check(1)",
	[DOCTOR_PARTS] = "SELECT topic, idx FROM part WHERE deleted = 0 "
			 "ORDER BY topic, idx",
};
static const struct sql_set statements = {"doctor", texts, DOCTOR_N};

static int
check_integrity(struct store_conn *conn, struct err *e)
{
	struct store_stmt *st;
	struct slice text;
	int rc = sql_get(conn, &statements, DOCTOR_INTEGRITY, &st, e);

	if (rc < 0)
		return rc;
	rc = sql_step(st, e);
	if (rc < 0)
		return rc;
	text = rc == 1 ? sql_col_text(st, 0) : SLICE_NONE;
	rc = slice_eq(text, SLICE_LIT("ok"))
		     ? 0
		     : err_set(e, ERR_CORRUPT, "%.*s",
			       text.len > 200 ? 200 : (int)text.len, text.p);
	sql_reset(st);
	return rc;
}

/* Batches of one read: each begins where the one before ended. */
static int
check_batches(
	const struct buf *b, int64_t *next, int64_t *n_records, struct err *e)
{
	size_t at = 0;

	while (at < b->len) {
		struct batch_info info;
		struct slice rest = slice_of(b->p + at, b->len - at);
		int rc = batch_peek(rest, &info, e);

		if (rc == 0)
			rc = batch_check_crc(slice_of(rest.p, info.bytes), e);
		if (rc < 0)
			return rc;
		if (*next >= 0 && info.base_offset != *next)
			return err_set(e, ERR_CORRUPT,
				"offset %lld follows %lld",
				(long long)info.base_offset,
				(long long)*next - 1);
		*next = info.base_offset + info.last_offset_delta + 1;
		*n_records += info.n_records;
		at += info.bytes;
	}
	return 0;
}

int
doctor_check_part(struct store_conn *conn, struct store_part *part,
	int64_t *n_records, struct err *e)
{
	struct store_part_state st;
	int64_t at, expect = -1;
	struct buf b;
	int rc = 0;

	store_part_state(part, &st);
	buf_init(&b, BATCHES_MAX_BYTES);
	for (at = st.log_start; rc == 0 && at < st.high_watermark;) {
		int64_t next;

		buf_reset(&b);
		rc = store_read(conn, part, at, READ_MAX_BYTES, &b, &next, e);
		if (rc == -ERR_NOT_FOUND) {
			/* Retention went on meanwhile. */
			store_part_state(part, &st);
			expect = -1;
			rc = at < st.log_start ? 0 : rc;
			at = st.log_start;
			continue;
		}
		if (rc == 0 && next <= at)
			rc = err_set(e, ERR_CORRUPT,
				"offset %lld of %lld cannot be read",
				(long long)at, (long long)st.high_watermark);
		if (rc == 0)
			rc = check_batches(&b, &expect, n_records, e);
		at = next;
	}
	buf_fini(&b);
	return rc;
}

struct logs {
	int64_t n_records;
	int n_prepared; /* partitions with records that wait for Postgres */
};

static int
check_logs(struct store *s, struct store_conn *conn, struct logs *logs,
	struct err *e)
{
	struct store_conn *list;
	struct store_stmt *st;
	int rc = store_reader_open(s, &list, e);

	if (rc < 0)
		return rc;
	rc = sql_get(list, &statements, DOCTOR_PARTS, &st, e);
	while (rc >= 0 && (rc = sql_step(st, e)) == 1) {
		struct slice topic = sql_col_text(st, 0);
		int idx = (int)sql_col_i64(st, 1);
		struct store_part *part = store_part_find(s, topic, idx);

		if (part == NULL)
			continue;
		logs->n_prepared += store_part_is_prepared(part) ? 1 : 0;
		rc = doctor_check_part(conn, part, &logs->n_records, e);
		if (rc < 0)
			err_prefix(
				e, "%.*s partition %d", SLICE_FMT(topic), idx);
	}
	store_reader_close(list);
	return rc < 0 ? rc : 0;
}

static void
say_whole(struct doctor *d, const char *name, const struct logs *logs)
{
	if (logs->n_prepared == 0)
		doctor_say(d, name, true, "whole, %lld records in its logs",
			(long long)logs->n_records);
	else
		doctor_say(d, name, true,
			"whole, %lld records in its logs; in %d partitions "
			"more wait for what Postgres says at the next start",
			(long long)logs->n_records, logs->n_prepared);
}

static void
check_file(struct doctor *d, const char *name, enum store_kind kind)
{
	char path[DAEMON_PATH_MAX];
	struct store_conn *conn;
	struct store *s;
	struct err e;
	struct logs logs = {0};
	int rc = file_join(path, sizeof(path), d->c->data, name, &e);

	if (rc == 0 && access(path, F_OK) != 0) {
		doctor_say(d, name, true, "not there yet");
		return;
	}
	if (rc == 0)
		rc = store_open_readonly(d->c->data, kind, &s, &e);
	if (rc < 0) {
		doctor_say(d, name, false, "%s", e.text);
		return;
	}
	rc = store_reader_open(s, &conn, &e);
	if (rc == 0) {
		rc = check_integrity(conn, &e);
		if (rc == 0 && kind != STORE_CONFIG)
			rc = check_logs(s, conn, &logs, &e);
		store_reader_close(conn);
	}
	store_close(s);
	if (rc < 0)
		doctor_say(d, name, false,
			"%s: stop the daemon, keep a copy of the folder, then "
			"restore it from a backup",
			e.text);
	else
		say_whole(d, name, &logs);
}

void
doctor_files(struct doctor *d)
{
	check_file(d, "config.db", STORE_CONFIG);
	check_file(d, "spool.db", STORE_SPOOL);
	check_file(d, "state.db", STORE_STATE);
	check_file(d, "broker.db", STORE_BROKER);
}
