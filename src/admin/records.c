#include "admin/records.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "base/mem.h"
#include "broker/broker.h"
#include "store/store.h"

#define SOURCES_MAX RECORDS_PARTITIONS_MAX
#define READ_MAX_BYTES ((size_t)1024 * 1024)
/* One batch of another producer may be as large as a Kafka frame. */
#define BATCHES_MAX_BYTES ((size_t)80 * 1024 * 1024)

/* One partition, read batch by batch. */
struct source {
	int partition;
	struct store_part *part;
	struct store_conn *conn;
	int64_t next; /* offset of the first record not yet given */
	int64_t end; /* INT64_MAX: follow */
	struct buf batches, raw;
	size_t at; /* of the batch after the one in reader */
	struct batch_reader reader;
	bool has_batch, has_record;
	struct batch_record_view record;
};

struct records {
	int n;
	struct source *given; /* its record was given to the caller */
	struct source s[SOURCES_MAX];
};

int
records_find_part(struct admin *a, const char *topic, int partition,
	struct store **file, struct store_part **part, struct err *e)
{
	struct store *files[3] = {a->o.spool, a->o.state, a->o.broker_db};

	if (a->o.broker != NULL)
		return broker_find_part(
			a->o.broker, topic, partition, file, part, e);
	for (int i = 0; i < 3; i++) {
		if (files[i] == NULL)
			continue;
		*part = store_part_find(files[i], slice_str(topic), partition);
		if (*part != NULL) {
			*file = files[i];
			return 0;
		}
	}
	return err_set(
		e, ERR_NOT_FOUND, "%s has no partition %d", topic, partition);
}

static int
open_source(struct admin *a, struct records *r, const char *topic,
	int partition, const struct records_options *o, struct err *e)
{
	struct source *s = &r->s[r->n];
	struct store_part_state st;
	struct store *file;
	int rc = records_find_part(a, topic, partition, &file, &s->part, e);

	if (rc < 0)
		return rc;
	rc = store_reader_open(file, &s->conn, e);
	if (rc < 0)
		return rc;
	buf_init(&s->batches, BATCHES_MAX_BYTES);
	buf_init(&s->raw, BATCHES_MAX_BYTES);
	store_part_state(s->part, &st);
	s->partition = partition;
	s->end = o->follow ? INT64_MAX : st.high_watermark;
	s->next = o->from == RECORDS_FROM_START ? st.log_start
		  : o->from == RECORDS_FROM_END ? st.high_watermark
						: o->from;
	if (o->starts != NULL)
		s->next = o->starts[r->n];
	if (o->ends != NULL && o->ends[r->n] < s->end)
		s->end = o->ends[r->n];
	if (s->next < st.log_start)
		s->next = st.log_start;
	r->n++;
	return 0;
}

int
records_open(struct admin *a, const struct records_options *o,
	struct records **out, struct err *e)
{
	struct records *r = mem_new(struct records);
	int first = o->partition < 0 ? 0 : o->partition;
	int rc = 0;

	if (r == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	for (int p = first; rc == 0; p++) {
		if (r->n == SOURCES_MAX)
			rc = err_set(e, ERR_INVALID,
				"%s has more than %d partitions: name one",
				o->topic, SOURCES_MAX);
		else
			rc = open_source(a, r, o->topic, p, o, e);
		if (o->partition >= 0)
			break;
	}
	/* The first partition that is not there ends the walk over all. */
	if (rc == -ERR_NOT_FOUND && o->partition < 0 && r->n > 0)
		rc = 0;
	if (rc < 0) {
		records_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void
records_close(struct records *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < r->n; i++) {
		store_reader_close(r->s[i].conn);
		buf_fini(&r->s[i].batches);
		buf_fini(&r->s[i].raw);
	}
	mem_free(r);
}

/* Reads batches from s->next on. 1: there are some, 0: none. */
static int
read_batches(struct source *s, struct err *e)
{
	struct store_part_state st;
	int64_t next;
	int rc;

	s->at = 0;
	buf_reset(&s->batches);
	store_part_state(s->part, &st);
	if (s->next < st.log_start)
		s->next = st.log_start;
	if (s->next >= st.high_watermark || s->next >= s->end)
		return 0;
	rc = store_read(s->conn, s->part, s->next, READ_MAX_BYTES, &s->batches,
		&next, e);
	if (rc == -ERR_NOT_FOUND)
		return 0; /* just deleted: the next try begins later */
	if (rc < 0)
		return rc;
	return s->batches.len > 0;
}

/* Enters the next batch. 1, 0: none. */
static int
next_batch(struct source *s, struct err *e)
{
	struct batch_info info;
	struct slice left;
	int rc;

	if (s->at >= s->batches.len) {
		rc = read_batches(s, e);
		if (rc <= 0)
			return rc;
	}
	left = slice_of(s->batches.p + s->at, s->batches.len - s->at);
	rc = batch_peek(left, &info, e);
	if (rc == 0)
		rc = batch_reader_init(
			&s->reader, slice_of(left.p, info.bytes), &s->raw, e);
	if (rc < 0)
		return rc;
	s->at += info.bytes;
	s->has_batch = true;
	return 1;
}

/* Makes s->record the first one not yet given, if there is one. */
static int
fill(struct source *s, struct err *e)
{
	while (!s->has_record) {
		int rc;

		if (!s->has_batch) {
			rc = next_batch(s, e);
			if (rc <= 0)
				return rc;
		}
		rc = batch_next(&s->reader, &s->record, e);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			s->has_batch = false;
			continue;
		}
		if (s->record.offset >= s->end)
			return 0;
		s->has_record = s->record.offset >= s->next;
	}
	return 0;
}

int
records_next(struct records *r, int *partition, struct batch_record_view *out,
	struct err *e)
{
	struct source *best = NULL;

	if (r->given != NULL) {
		r->given->next = r->given->record.offset + 1;
		r->given->has_record = false;
		r->given = NULL;
	}
	for (int i = 0; i < r->n; i++) {
		struct source *s = &r->s[i];
		int rc = fill(s, e);

		if (rc < 0)
			return rc;
		/* Sources are in the order of partitions (admin-4). */
		if (s->has_record &&
			(best == NULL || s->record.ts_ms < best->record.ts_ms))
			best = s;
	}
	if (best == NULL)
		return 0;
	r->given = best;
	*partition = best->partition;
	*out = best->record;
	return 1;
}

int
records_offset_at(struct admin *a, const char *topic, int partition, int64_t ms,
	int64_t *offset, struct err *e)
{
	struct store_part_state st;
	struct store_part *part;
	struct store_conn *conn;
	struct store *file;
	int64_t found_ms;
	int rc = records_find_part(a, topic, partition, &file, &part, e);

	if (rc == 0)
		rc = store_reader_open(file, &conn, e);
	if (rc < 0)
		return rc;
	store_part_state(part, &st);
	rc = store_offset_for_time(conn, part, ms, offset, &found_ms, e);
	store_reader_close(conn);
	if (rc == 0 && *offset < 0)
		*offset = st.high_watermark;
	if (rc == 0 && *offset < st.log_start)
		*offset = st.log_start;
	return rc;
}
