#include <stdio.h>

#include "admin/door.h"
#include "base/clock.h"
#include "base/json_write.h"

#define PAGE_USUAL 50
#define PAGE_MAX 500

/* The words of the route by which a change was made; NULL: it is no more. */
static const char *
summary_of(struct slice action)
{
	for (const struct admin_route *r = admin_routes; r->path != NULL; r++) {
		char text[160];

		snprintf(text, sizeof(text), "%s %s", r->method,
			r->path + strlen("/api/v1"));
		if (slice_eq_str(action, text))
			return r->summary;
	}
	return NULL;
}

struct page {
	struct buf *out;
	int n, limit;
	int64_t last_id;
};

static void
put_text(struct buf *b, const char *name, struct slice text)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, text);
}

static void
put_row(void *cookie, const struct auth_trail_row *row)
{
	struct page *p = cookie;
	struct buf *b = p->out;
	char at[CLOCK_TEXT_MAX];
	const char *summary = summary_of(row->action);

	if (p->n++ >= p->limit)
		return; /* it only tells that there is more */
	p->last_id = row->id;
	if (p->n > 1)
		buf_append_char(b, ',');
	clock_format(row->at_us, CLOCK_ISO_MS, at);
	buf_printf(b,
		"{\"id\":%lld,\"at\":\"%s\",\"user_id\":%lld,\"key_id\":%lld",
		(long long)row->id, at, (long long)row->user_id,
		(long long)row->key_id);
	put_text(b, "who", row->who);
	put_text(b, "how", row->how);
	put_text(b, "address", row->address);
	put_text(b, "action", row->action);
	put_text(b, "summary", slice_str(summary == NULL ? "" : summary));
	put_text(b, "target", row->target);
	buf_append_lit(b, ",\"detail\":");
	buf_append_slice(b, row->detail);
	buf_append_char(b, '}');
}

static int
read_filter(struct admin_call *c, struct auth_trail_filter *f, struct err *e)
{
	int64_t limit = PAGE_USUAL, from_ms = 0, to_ms = 0;
	int rc = admin_query_i64(c, "limit", 1, PAGE_MAX, &limit, e);

	if (rc == 0)
		rc = admin_query_i64(
			c, "from_ms", 0, INT64_MAX / 1000, &from_ms, e);
	if (rc == 0)
		rc = admin_query_i64(
			c, "to_ms", 0, INT64_MAX / 1000, &to_ms, e);
	if (rc == 0)
		rc = admin_query_i64(
			c, "cursor", 1, INT64_MAX, &f->before_id, e);
	f->from_us = from_ms * 1000;
	f->to_us = to_ms * 1000;
	f->limit = (int)limit + 1;
	f->who = admin_query(c, "who");
	f->how = admin_query(c, "how");
	f->action = admin_query(c, "action");
	f->target = admin_query(c, "target");
	return rc;
}

int
admin_trail_list(struct admin_call *c, struct err *e)
{
	struct auth_trail_filter f = {0};
	struct page p = {.out = &c->out};
	int rc = read_filter(c, &f, e);

	if (rc < 0)
		return rc;
	p.limit = f.limit - 1;
	buf_append_lit(&c->out, "{\"items\":[");
	rc = auth_trail_list(c->a->auth, &f, put_row, &p, e);
	if (p.n > p.limit)
		buf_printf(&c->out, "],\"next\":\"%lld\"}\n",
			(long long)p.last_id);
	else
		buf_append_lit(&c->out, "],\"next\":null}\n");
	return rc;
}
