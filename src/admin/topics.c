#include <string.h>

#include "admin/admin_int.h"
#include "admin/records.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "broker/broker.h"

static int
need_broker(struct admin_call *c, struct err *e)
{
	if (c->a->o.broker == NULL)
		return err_set(
			e, ERR_UNAVAILABLE, "topics need the running daemon");
	return 0;
}

int
admin_topics_list(struct admin_call *c, struct err *e)
{
	int rc = need_broker(c, e);

	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":");
	broker_topics_json(c->a->o.broker, &c->out);
	buf_append_lit(&c->out, ",\"next\":null}\n");
	return 0;
}

int
admin_consumer_groups(struct admin_call *c, struct err *e)
{
	int rc = need_broker(c, e);

	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":");
	broker_groups_json(c->a->o.broker, &c->out);
	buf_append_lit(&c->out, ",\"next\":null}\n");
	return 0;
}

int
admin_topics_create(struct admin_call *c, struct err *e)
{
	const char *name = NULL;
	int64_t n = 0;
	uint32_t node;
	int rc = need_broker(c, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = admin_body_string(c, "name", &name, e);
	if (rc < 0)
		return rc;
	if (name == NULL)
		return admin_invalid(c, e, "name", "name: a topic needs one");
	node = json_member(&c->json, 0, SLICE_LIT("partitions"));
	if (node != 0 && (!json_i64(&c->json, node, &n) || n < 1 || n > 1024))
		return admin_invalid(c, e, "partitions",
			"partitions: a number from 1 to 1024 is wanted");
	rc = broker_create_topic(c->a->o.broker, name, (int)n, e);
	if (rc < 0)
		return rc;
	c->status = 201;
	buf_append_lit(&c->out, "{\"name\":");
	json_put_string(&c->out, slice_str(name));
	buf_append_lit(&c->out, ",\"created\":true}\n");
	return 0;
}

static int
topic_name(struct admin_call *c, const char **name, struct err *e)
{
	*name = arena_strndup(c->arena, c->param[0]);
	return *name == NULL ? err_set(e, ERR_NO_MEMORY, "no memory") : 0;
}

int
admin_topics_delete(struct admin_call *c, struct err *e)
{
	const char *name = NULL;
	int rc = need_broker(c, e);

	if (rc == 0)
		rc = topic_name(c, &name, e);
	if (rc == 0)
		rc = broker_delete_topic(c->a->o.broker, name, e);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"name\":");
	json_put_string(&c->out, slice_str(name));
	buf_append_lit(&c->out, ",\"deleted\":true}\n");
	return 0;
}

/* A topic's records as lines. */
struct line_stream {
	struct records *records;
	struct buf line;
	size_t at;
	int64_t left; /* records still wanted */
	bool follow;
};

static void
free_lines(void *cookie)
{
	struct line_stream *s = cookie;

	records_close(s->records);
	buf_fini(&s->line);
	mem_free(s);
}

/* Puts the next lines into s->line. 1, 0: no more, -2: nothing yet, -1. */
static int
next_lines(struct line_stream *s, size_t enough)
{
	struct batch_record_view v;
	struct err e;
	int partition;
	int rc = 1;

	buf_reset(&s->line);
	s->at = 0;
	while (s->left > 0 && s->line.len < enough) {
		rc = records_next(s->records, &partition, &v, &e);
		if (rc <= 0)
			break;
		records_write_json(&s->line, partition, &v);
		s->left--;
	}
	if (rc < 0 || s->line.failed)
		return -1;
	if (s->line.len > 0)
		return 1;
	return s->left > 0 && s->follow ? -2 : 0;
}

static long
give_lines(void *cookie, char *out, size_t max)
{
	struct line_stream *s = cookie;
	size_t n;

	if (s->at >= s->line.len) {
		int rc = next_lines(s, max);

		if (rc <= 0)
			return rc;
	}
	n = s->line.len - s->at < max ? s->line.len - s->at : max;
	memcpy(out, s->line.p + s->at, n);
	s->at += n;
	return (long)n;
}

static int
read_options(struct admin_call *c, struct records_options *o, int64_t *max,
	struct err *e)
{
	struct slice from = admin_query(c, "from");
	int64_t partition = -1;
	int rc = admin_query_i64(c, "partition", 0, 1023, &partition, e);

	if (rc == 0)
		rc = admin_query_i64(c, "max", 0, INT64_MAX, max, e);
	if (rc == 0)
		rc = topic_name(c, &o->topic, e);
	if (rc < 0)
		return rc;
	o->partition = (int)partition;
	o->follow = admin_query_flag(c, "follow");
	if (from.p == NULL || slice_eq_str(from, "start"))
		o->from = RECORDS_FROM_START;
	else if (slice_eq_str(from, "end"))
		o->from = RECORDS_FROM_END;
	else if (!slice_i64(from, &o->from) || o->from < 0)
		return admin_invalid(c, e, "from",
			"from: an offset, start or end is wanted");
	return 0;
}

int
admin_topics_read(struct admin_call *c, struct err *e)
{
	struct records_options o = {.topic = NULL};
	int64_t max = INT64_MAX;
	struct line_stream *s;
	struct records *r;
	int rc = read_options(c, &o, &max, e);

	if (rc == 0)
		rc = records_open(c->a, &o, &r, e);
	if (rc < 0)
		return rc;
	s = mem_new(struct line_stream);
	if (s == NULL) {
		records_close(r);
		return err_set(e, ERR_NO_MEMORY, "no memory");
	}
	s->records = r;
	s->left = max;
	s->follow = o.follow;
	buf_init(&s->line, ADMIN_ANSWER_MAX_BYTES);
	c->content_type = "application/x-ndjson";
	c->stream = give_lines;
	c->stream_free = free_lines;
	c->stream_cookie = s;
	return 0;
}
