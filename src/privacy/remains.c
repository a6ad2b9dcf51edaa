#include <stdio.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "privacy/privacy_int.h"
#include "topic/batch.h"
#include "topic/topic.h"

/* What a deletion leaves, and until when. */

/* ClickHouse keeps parts that a mutation has replaced for eight minutes. */
#define OLD_PARTS_US (INT64_C(480) * 1000000)
#define LAST_BATCH_MAX_BYTES ((size_t)80 * 1024 * 1024)

static void
put_row(struct buf *b, const char *what, const char *where, int64_t until_us,
	const char *how)
{
	char text[CLOCK_TEXT_MAX];

	if (b->len > 0 && b->p[b->len - 1] == '}')
		buf_append_char(b, ',');
	buf_append_lit(b, "{\"what\":");
	json_put_string(b, slice_str(what));
	buf_append_lit(b, ",\"where\":");
	json_put_string(b, slice_str(where));
	buf_append_lit(b, ",\"until\":");
	if (until_us > 0) {
		clock_format(until_us, CLOCK_ISO_MS, text);
		json_put_string(b, slice_str(text));
	} else {
		buf_append_lit(b, "null");
	}
	buf_append_lit(b, ",\"how\":");
	json_put_string(b, slice_str(how));
	buf_append_char(b, '}');
}

/* When the newest record of a partition was written; 0: it has none. */
static int
newest_us(struct store_conn *c, const struct store_part *part, int64_t *at_us,
	struct err *e)
{
	struct store_part_state st;
	struct batch_info info = {0};
	struct buf b;
	int64_t next;
	int rc;

	*at_us = 0;
	store_part_state(part, &st);
	if (st.high_watermark <= st.log_start)
		return 0;
	buf_init(&b, LAST_BATCH_MAX_BYTES);
	rc = store_read(c, part, st.high_watermark - 1, 1, &b, &next, e);
	if (rc == 0 && b.len > 0)
		rc = batch_peek(buf_slice(&b), &info, e);
	if (rc == 0 && b.len > 0)
		*at_us = info.max_ts * 1000;
	buf_fini(&b);
	return rc == -ERR_NOT_FOUND ? 0 : rc;
}

static int
put_part(struct store *file, const char *name, struct store_conn *c,
	const struct topic_def *def, int partition, const struct erasure *x,
	struct buf *out, struct err *e)
{
	struct store_part *part =
		store_part_find(file, slice_str(def->name), partition);
	char where[160];
	int64_t at_us = 0, keep_ms;
	int rc = part == NULL ? 0 : newest_us(c, part, &at_us, e);

	if (rc < 0 || at_us == 0)
		return rc;
	/* What came after the deletion is not about it. */
	if (at_us > x->asked_at_us && x->asked_at_us > 0)
		at_us = x->asked_at_us;
	keep_ms = store_part_retention_ms(part);
	snprintf(where, sizeof(where), "%s: %s, partition %d", name, def->name,
		partition);
	put_row(out, "records of the person", where,
		keep_ms < 0 ? 0 : at_us + keep_ms * 1000,
		keep_ms < 0 ? "kept until the log is full"
			    : "at the latest, by the topic's retention");
	return 0;
}

/* Topics whose records are about one person. */
static bool
is_personal(enum topic_id t)
{
	switch (t) {
	case TOPIC_INGESTION:
	case TOPIC_INGESTION_OVERFLOW:
	case TOPIC_INGESTION_HISTORICAL:
	case TOPIC_INGESTION_REDIRECTED:
	case TOPIC_DEAD_LETTERS:
	case TOPIC_EVENTS:
	case TOPIC_PERSON:
	case TOPIC_DISTINCT_ID:
	case TOPIC_WARNINGS:
	case TOPIC_PLUGIN_LOGS:
	case TOPIC_LOGS:
	case TOPIC_RECORDINGS:
	case TOPIC_RECORDINGS_OVERFLOW:
	case TOPIC_RECORDINGS_DLQ:
	case TOPIC_SESSION_REPLAY:
	case TOPIC_HEATMAPS:
	case TOPIC_COHORT_MEMBERSHIP:
		return true;
	case TOPIC_GROUPS:
	case TOPIC_APP_METRICS:
	case TOPIC_APP_METRICS2:
	case TOPIC_N:
		break;
	}
	return false;
}

static int
put_file(struct store *file, const char *name, enum topic_file kind,
	const struct erasure *x, struct buf *out, struct err *e)
{
	struct store_conn *c;
	int rc = store_reader_open(file, &c, e);

	if (rc < 0)
		return rc;
	for (int t = 0; rc == 0 && t < TOPIC_N; t++)
		for (int i = 0; rc == 0 && i < topic_defs[t].n_partitions; i++)
			if (is_personal((enum topic_id)t) &&
				topic_defs[t].file[i] == kind)
				rc = put_part(file, name, c, &topic_defs[t], i,
					x, out, e);
	store_reader_close(c);
	return rc;
}

static void
put_clickhouse(struct privacy *p, const struct erasure *x, struct buf *out)
{
	if (p->o.clickhouse == NULL)
		return;
	if (!x->with_events)
		put_row(out, "events of the person, with its properties then",
			"ClickHouse: posthog.events and others", 0,
			"until they are deleted: --with-events");
	if (x->n_rows > 0 && x->done_at_us > 0)
		put_row(out, "parts that were replaced", "ClickHouse's files",
			x->done_at_us + OLD_PARTS_US,
			"ClickHouse removes them by itself");
}

int
remains_put(struct privacy *p, const struct erasure *x, bool is_wiped,
	struct buf *out, struct err *e)
{
	struct buf rows;
	int rc;

	buf_init(&rows, 1024 * 1024);
	rc = put_file(p->o.spool, "spool.db", TOPIC_SPOOL, x, &rows, e);
	if (rc == 0)
		rc = put_file(p->o.state, "state.db", TOPIC_STATE, x, &rows, e);
	put_clickhouse(p, x, &rows);
	if (!is_wiped)
		put_row(&rows, "older pages", "state.db-wal", 0,
			"until the program that reads the file ends");
	if (p->o.has_postgres)
		put_row(&rows, "older row versions, and its WAL", "Postgres", 0,
			"until VACUUM (autovacuum does it by itself) and until "
			"the server recycles its WAL");
	put_row(&rows, "uuid, distinct ids and versions",
		p->o.has_postgres ? "Postgres (schema sluice), state.db"
				  : "state.db",
		0, "kept, so that what comes back gets a higher version");
	put_row(&rows, "copies", "backups, consumers of the topics", 0,
		"until you delete them there");
	buf_append_lit(out, "\"remains\":[");
	buf_append_slice(out, buf_slice(&rows));
	buf_append_char(out, ']');
	buf_fini(&rows);
	return rc;
}
