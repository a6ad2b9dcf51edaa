#include "clickhouse/clickhouse_int.h"

#include <stdio.h>

#include "base/limits.h"
#include "conf/conf.h"
#include "httpc/httpc.h"

#define TIMEOUT_MS (INT64_C(3600) * 1000)
#define URL_BYTES 32768 /* parameters of a query among it */

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
put_pairs(struct buf *url, const char *prefix, const struct clickhouse_pair *p,
	size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(url, "&%s%s=", prefix, p[i].name);
		httpc_put_escaped(url, p[i].value);
	}
}

static void
put_url(struct clickhouse *c, const struct clickhouse_status *st,
	const struct clickhouse_ask *q, struct buf *url)
{
	const char *host = host_of(c);

	if (strchr(host, ':') != NULL)
		buf_printf(url, "http://[%s]:%u/?database=", host, st->port);
	else
		buf_printf(url, "http://%s:%u/?database=", host, st->port);
	httpc_put_escaped(url, slice_str(c->conf->clickhouse_database));
	buf_append_lit(url, "&default_format=");
	httpc_put_escaped(url, slice_str(q->format));
	if (q->is_console)
		buf_append_lit(url, "&sluice_console=1");
	put_pairs(url, "param_", q->params, q->n_params);
	put_pairs(url, "", q->settings, q->n_settings);
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
refused(const struct httpc_answer *a, struct clickhouse_refusal *refusal,
	struct err *e)
{
	size_t n = a->body.len < 220 ? a->body.len : 220;
	struct slice code = httpc_header(a, "X-ClickHouse-Exception-Code");
	struct slice text = slice_trim(slice_of(a->body.p, n));

	if (refusal != NULL && code.p != NULL) {
		refusal->code = 0;
		for (size_t i = 0; i < code.len && i < 6; i++)
			refusal->code =
				refusal->code * 10 + (code.p[i] - '0') % 10;
		buf_append_slice(
			&refusal->text, slice_trim(buf_slice(&a->body)));
	}
	return err_set(e,
		code.p != NULL && a->status != 503 ? ERR_INVALID
						   : ERR_UNAVAILABLE,
		"%.*s", SLICE_FMT(text));
}

static int
send_to_child(const struct httpc_request *q, struct buf *out,
	struct clickhouse_refusal *refusal, struct err *e)
{
	struct httpc_answer a;
	int r = httpc_do(q, &a, e);

	if (r != 0)
		return r;
	if (a.status != 200)
		r = refused(&a, refusal, e);
	else
		buf_append_slice(out, buf_slice(&a.body));
	httpc_answer_fini(&a);
	if (r == 0 && out->failed)
		r = err_set(e, ERR_TOO_BIG, "the result is too large");
	return r;
}

int
clickhouse_ask(struct clickhouse *c, const struct clickhouse_ask *ask,
	struct buf *out, struct clickhouse_refusal *refusal, struct err *e)
{
	struct clickhouse_status st;
	/* Whatever address it listens on, the child answers to this name. */
	static const char *const headers[] = {"Host: localhost", NULL};
	struct httpc_request q = {
		.headers = headers,
		.body = slice_str(ask->query),
		.timeout_ms =
			ask->timeout_ms > 0 ? ask->timeout_ms : TIMEOUT_MS,
		.max_body_bytes = (int64_t)out->max_bytes,
	};
	struct buf url;
	int r;

	clickhouse_status(c, &st);
	r = check_ready(&st, e);
	if (r != 0)
		return r;
	buf_init(&url, URL_BYTES);
	put_url(c, &st, ask, &url);
	q.url = buf_cstr(&url);
	q.unix_path = c->listen.is_off ? c->unix_path : NULL;
	r = q.url == NULL ? err_set(e, ERR_TOO_BIG,
				    "the format or a parameter is too long")
			  : send_to_child(&q, out, refusal, e);
	buf_fini(&url);
	return r;
}

int
clickhouse_query(struct clickhouse *c, const char *query, const char *format,
	struct buf *out, struct err *e)
{
	const struct clickhouse_ask q = {.query = query, .format = format};

	return clickhouse_ask(c, &q, out, NULL, e);
}
