#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "admin/records.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "store/store.h"

/*
 * Records of a topic for people: a page forward from a place, or backward from
 * the end, newest first. A cursor has the direction and, for each partition,
 * the next offset, or the one that the page before began with: "f:3.0.17".
 */
#define VALUE_SHOWN_BYTES ((size_t)64 * 1024)
#define LIMIT_DEFAULT 50
/* Looked at for a page backward, in all partitions together. */
#define LOOK_MAX 3200

struct browse {
	struct admin_call *c;
	const char *topic;
	int64_t partition; /* -1: all */
	int64_t limit;
	bool backward;
	int n; /* partitions */
	int64_t first[RECORDS_PARTITIONS_MAX], last[RECORDS_PARTITIONS_MAX];
	/* The cursor: where to go on forward, or what is before. */
	int64_t at[RECORDS_PARTITIONS_MAX];
};

/* What a page backward knows of a record before it is chosen. */
struct seen {
	int source;
	int64_t offset;
};

/* The partitions with what is there now; all of them, or the one. */
static int
find_partitions(struct browse *x, struct err *e)
{
	int rc = 0;

	for (int p = x->partition < 0 ? 0 : (int)x->partition;
		x->n < RECORDS_PARTITIONS_MAX; p++) {
		struct store_part_state st;
		struct store_part *part;
		struct store *file;

		rc = records_find_part(x->c->a, x->topic, p, &file, &part, e);
		if (rc < 0)
			break;
		store_part_state(part, &st);
		x->first[x->n] = st.log_start;
		x->last[x->n++] = st.high_watermark;
		if (x->partition >= 0)
			break;
	}
	return rc == -ERR_NOT_FOUND && x->n > 0 ? 0 : rc;
}

static int
seek_time(struct browse *x, int64_t us, struct err *e)
{
	int first = x->partition < 0 ? 0 : (int)x->partition;

	for (int i = 0; i < x->n; i++) {
		struct store_conn *conn;
		struct store_part *part;
		struct store *file;
		int64_t found_ms;
		int rc = records_find_part(
			x->c->a, x->topic, first + i, &file, &part, e);

		if (rc == 0)
			rc = store_reader_open(file, &conn, e);
		if (rc < 0)
			return rc;
		rc = store_offset_for_time(
			conn, part, us / 1000, &x->at[i], &found_ms, e);
		store_reader_close(conn);
		if (rc < 0)
			return rc;
		if (x->at[i] < 0)
			x->at[i] = x->last[i];
	}
	return 0;
}

static int
seek(struct browse *x, struct err *e)
{
	struct slice from = admin_query(x->c, "from");
	int64_t v;

	x->backward = from.p == NULL || slice_eq_str(from, "end");
	for (int i = 0; i < x->n; i++)
		x->at[i] = x->backward ? x->last[i] : x->first[i];
	if (x->backward || slice_eq_str(from, "start"))
		return 0;
	if (slice_i64(from, &v) && v >= 0) {
		for (int i = 0; i < x->n; i++)
			x->at[i] = v;
		return 0;
	}
	if (admin_read_time(from, &v))
		return seek_time(x, v, e);
	return admin_invalid(x->c, e, "from",
		"from: start, end, an offset or a time as 2026-01-31T10:20 is "
		"wanted");
}

static int
read_cursor(struct browse *x, struct slice s, struct err *e)
{
	bool good =
		s.len > 2 && (s.p[0] == 'f' || s.p[0] == 'b') && s.p[1] == ':';
	struct slice rest = good ? slice_of(s.p + 2, s.len - 2) : SLICE_NONE;

	x->backward = good && s.p[0] == 'b';
	for (int i = 0; good && i < x->n; i++) {
		const char *dot = memchr(rest.p, '.', rest.len);
		size_t n = dot == NULL ? rest.len : (size_t)(dot - rest.p);

		good = slice_i64(slice_of(rest.p, n), &x->at[i]) &&
		       x->at[i] >= 0 && (dot != NULL) == (i + 1 < x->n);
		n += dot != NULL;
		rest = slice_of(rest.p + n, rest.len - n);
	}
	if (!good || rest.len > 0)
		return admin_invalid(x->c, e, "cursor",
			"cursor: that of a page before is wanted");
	return 0;
}

static void
put_cursor(struct browse *x)
{
	struct buf *b = &x->c->out;

	buf_append_str(b, x->backward ? "\"b:" : "\"f:");
	for (int i = 0; i < x->n; i++)
		buf_printf(b, "%s%lld", i == 0 ? "" : ".", (long long)x->at[i]);
	buf_append_char(b, '"');
}

static void
put_record(struct buf *b, int partition, const struct batch_record_view *v)
{
	struct slice value = v->value;

	if (value.len > VALUE_SHOWN_BYTES) {
		value.len = VALUE_SHOWN_BYTES;
		/* Not within a character. */
		while (value.len > VALUE_SHOWN_BYTES - 4 &&
			((unsigned char)v->value.p[value.len] & 0xc0) == 0x80)
			value.len--;
	}
	buf_printf(b,
		"{\"partition\":%d,\"offset\":%lld,\"timestamp_ms\":%lld,",
		partition, (long long)v->offset, (long long)v->ts_ms);
	records_put_text(b, "key", v->key);
	buf_append_char(b, ',');
	records_put_headers(b, v);
	buf_append_char(b, ',');
	records_put_text(b, "value", value);
	buf_printf(b, ",\"value_bytes\":%zu,\"cut\":%s}", v->value.len,
		value.len < v->value.len ? "true" : "false");
}

static int
open_at(struct browse *x, const int64_t *starts, const int64_t *ends,
	struct records **out, struct err *e)
{
	const struct records_options o = {
		.topic = x->topic,
		.partition = (int)x->partition,
		.starts = starts,
		.ends = ends,
	};

	return records_open(x->c->a, &o, out, e);
}

static int
source_of(const struct browse *x, int partition)
{
	return x->partition < 0 ? partition : 0;
}

/* 1: there is more. */
static int
page_forward(struct browse *x, struct err *e)
{
	struct batch_record_view v;
	struct records *r;
	int64_t n = 0;
	int partition;
	int rc = open_at(x, x->at, NULL, &r, e);

	if (rc < 0)
		return rc;
	while ((rc = records_next(r, &partition, &v, e)) == 1) {
		int i = source_of(x, partition);

		/* A partition that was made just now is for the next look. */
		if (i >= x->n)
			continue;
		if (n == x->limit || x->c->out.len >= ADMIN_PAGE_BYTES)
			break;
		if (n++ > 0)
			buf_append_char(&x->c->out, ',');
		put_record(&x->c->out, partition, &v);
		x->at[i] = v.offset + 1;
	}
	records_close(r);
	return rc;
}

/* Which records are the last ones before x->at, in the order of time: the
 * lowest offset of each partition goes to low. */
static int
choose(struct browse *x, int64_t *low, struct err *e)
{
	int64_t window = LOOK_MAX / x->n, from[RECORDS_PARTITIONS_MAX];
	struct seen *ring =
		arena_zalloc(x->c->arena, (size_t)x->limit, sizeof(*ring));
	struct batch_record_view v;
	struct records *r;
	int64_t n = 0;
	int partition, rc;

	if (ring == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	/* Of each partition as many as the page has, so that pages follow each
	 * other in time. */
	if (window > x->limit)
		window = x->limit;
	x->limit = window;
	for (int i = 0; i < x->n; i++) {
		low[i] = x->at[i];
		from[i] = x->at[i] - window;
		if (from[i] < x->first[i])
			from[i] = x->first[i];
	}
	rc = open_at(x, from, x->at, &r, e);
	if (rc < 0)
		return rc;
	while ((rc = records_next(r, &partition, &v, e)) == 1)
		if (source_of(x, partition) < x->n)
			ring[n++ % x->limit] = (struct seen){
				source_of(x, partition), v.offset};
	records_close(r);
	for (int64_t k = n > x->limit ? n - x->limit : 0; k < n; k++) {
		struct seen *s = &ring[k % x->limit];

		if (s->offset < low[s->source])
			low[s->source] = s->offset;
	}
	/* A window without a record, as of markers, is passed. */
	for (int i = 0; n == 0 && i < x->n; i++)
		low[i] = from[i];
	return rc;
}

/* The chosen ones come in the order of time and are wanted the other way. */
static int
put_reversed(struct browse *x, const int64_t *low, struct err *e)
{
	size_t *begins = arena_zalloc(
		x->c->arena, (size_t)x->limit + 1, sizeof(*begins));
	struct batch_record_view v;
	struct records *r;
	struct buf text;
	int64_t n = 0;
	int partition;
	int rc = begins == NULL ? err_set(e, ERR_NO_MEMORY, "no memory")
				: open_at(x, low, x->at, &r, e);

	if (rc < 0)
		return rc;
	buf_init(&text, ADMIN_ANSWER_MAX_BYTES);
	while (n < x->limit && (rc = records_next(r, &partition, &v, e)) == 1) {
		if (source_of(x, partition) >= x->n)
			continue;
		begins[n++] = text.len;
		put_record(&text, partition, &v);
	}
	records_close(r);
	begins[n] = text.len;
	for (int64_t i = n; i-- > 0 && rc >= 0 && !text.failed;) {
		buf_append(&x->c->out, text.p + begins[i],
			begins[i + 1] - begins[i]);
		if (i > 0)
			buf_append_char(&x->c->out, ',');
	}
	if (text.failed)
		rc = err_set(e, ERR_TOO_BIG, "the page is too large");
	buf_fini(&text);
	return rc < 0 ? rc : 0;
}

static int
page_backward(struct browse *x, struct err *e)
{
	int64_t low[RECORDS_PARTITIONS_MAX];
	int rc;
	bool more = false;

	for (int i = 0; i < x->n; i++)
		if (x->at[i] > x->last[i])
			x->at[i] = x->last[i];
	rc = choose(x, low, e);
	if (rc == 0)
		rc = put_reversed(x, low, e);
	for (int i = 0; i < x->n; i++) {
		x->at[i] = low[i];
		more = more || low[i] > x->first[i];
	}
	return rc < 0 ? rc : more;
}

int
admin_topics_browse(struct admin_call *c, struct err *e)
{
	struct browse x = {.c = c, .partition = -1, .limit = LIMIT_DEFAULT};
	struct slice cursor = admin_query(c, "cursor");
	int rc = admin_query_i64(c, "partition", 0, 1023, &x.partition, e);

	if (rc == 0)
		rc = admin_query_i64(c, "limit", 1, 200, &x.limit, e);
	if (rc < 0)
		return rc;
	x.topic = arena_strndup(c->arena, c->param[0]);
	if (x.topic == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	rc = find_partitions(&x, e);
	if (rc == 0)
		rc = cursor.p == NULL ? seek(&x, e)
				      : read_cursor(&x, cursor, e);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":[");
	rc = x.backward ? page_backward(&x, e) : page_forward(&x, e);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "],\"next\":");
	if (rc == 1)
		put_cursor(&x);
	else
		buf_append_lit(&c->out, "null");
	buf_append_lit(&c->out, "}\n");
	return 0;
}
