#include "clickhouse/clickhouse_int.h"

#include <stdio.h>

#include "base/limits.h"
#include "conf/conf.h"
#include "httpc/httpc.h"

#define TIMEOUT_MS (INT64_C(3600) * 1000)
#define URL_BYTES 1024

/* The address the child can be reached at from here. */
static const char *
host_of(const struct clickhouse *c)
{
	const char *host = c->listen.host;

	if (c->listen.is_off || strcmp(host, "0.0.0.0") == 0)
		return "127.0.0.1";
	return strcmp(host, "::") == 0 ? "::1" : host;
}

static void
put_url(struct clickhouse *c, const struct clickhouse_status *st,
	const char *format, struct buf *url)
{
	const char *host = host_of(c);

	if (strchr(host, ':') != NULL)
		buf_printf(url, "http://[%s]:%u/?database=", host, st->port);
	else
		buf_printf(url, "http://%s:%u/?database=", host, st->port);
	httpc_put_escaped(url, slice_str(c->conf->clickhouse_database));
	buf_append_lit(url, "&default_format=");
	httpc_put_escaped(url, slice_str(format));
}

static int
check_ready(const struct clickhouse_status *st, struct err *e)
{
	switch (st->state) {
	case CLICKHOUSE_READY:
		return 0;
	case CLICKHOUSE_OFF:
		return err_set(e, ERR_UNAVAILABLE, "ClickHouse is off");
	case CLICKHOUSE_STARTING:
	case CLICKHOUSE_RESTARTING:
		return err_set(e, ERR_UNAVAILABLE, "ClickHouse is starting%s%s",
			st->text[0] == '\0' ? "" : ": ", st->text);
	case CLICKHOUSE_HANGING:
		return err_set(e, ERR_UNAVAILABLE, "ClickHouse: %s", st->text);
	case CLICKHOUSE_NO_LIBRARY:
		return err_set(e, ERR_UNAVAILABLE, "%s", st->text);
	}
	return err_set(e, ERR_BUG, "no such state");
}

static int
refused(const struct httpc_answer *a, struct err *e)
{
	size_t n = a->body.len < 220 ? a->body.len : 220;
	bool is_answer =
		httpc_header(a, "X-ClickHouse-Exception-Code").p != NULL;
	struct slice text = slice_trim(slice_of(a->body.p, n));

	return err_set(e,
		is_answer && a->status != 503 ? ERR_INVALID : ERR_UNAVAILABLE,
		"%.*s", SLICE_FMT(text));
}

int
clickhouse_query(struct clickhouse *c, const char *query, const char *format,
	struct buf *out, struct err *e)
{
	struct clickhouse_status st;
	struct httpc_answer a;
	/* Whatever address it listens on, the child answers to this name. */
	static const char *const headers[] = {"Host: localhost", NULL};
	struct httpc_request q = {
		.headers = headers,
		.body = slice_str(query),
		.timeout_ms = TIMEOUT_MS,
		.max_body_bytes = (int64_t)out->max_bytes,
	};
	struct buf url;
	int r;

	clickhouse_status(c, &st);
	r = check_ready(&st, e);
	if (r != 0)
		return r;
	buf_init(&url, URL_BYTES);
	put_url(c, &st, format, &url);
	q.url = buf_cstr(&url);
	q.unix_path = c->listen.is_off ? c->unix_path : NULL;
	r = q.url == NULL ? err_set(e, ERR_TOO_BIG, "the format is too long")
			  : httpc_do(&q, &a, e);
	buf_fini(&url);
	if (r != 0)
		return r;
	if (a.status != 200)
		r = refused(&a, e);
	else
		buf_append_slice(out, buf_slice(&a.body));
	httpc_answer_fini(&a);
	if (r == 0 && out->failed)
		r = err_set(e, ERR_TOO_BIG, "the result is too large");
	return r;
}
