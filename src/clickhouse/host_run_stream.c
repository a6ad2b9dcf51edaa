#include "clickhouse/host_run.h"

#define FIRST_BYTES (1024 * 1024) /* up to here an answer goes out whole */

/* Fetches pieces into first until it is full; true at the end of the result. */
static bool
fetch_first(struct host_run *r, struct chdb_result *stream, struct buf *first)
{
	while (first->len < FIRST_BYTES) {
		struct chdb_result *res =
			r->lib->stream_fetch_result(*r->conn, stream);
		size_t len = 0;

		if (host_run_check(r, res)) {
			len = r->lib->result_length(res);
			host_run_note(r, res);
			buf_append(first, r->lib->result_buffer(res), len);
		}
		if (res != NULL)
			r->lib->destroy_query_result(res);
		if (first->failed)
			host_run_fail(r, 241, "No memory for the result");
		if (len == 0 || r->o.failed)
			return true;
	}
	return false;
}

/* After the head of the answer is out, an error can only be written into it. */
static void
fetch_rest(
	struct host_run *r, struct chdb_result *stream, struct host_stream *s)
{
	bool open = true;

	for (;;) {
		struct chdb_result *res =
			r->lib->stream_fetch_result(*r->conn, stream);
		size_t len = 0;

		if (host_run_check(r, res)) {
			len = r->lib->result_length(res);
			open = host_stream_put(
				s, slice_of(r->lib->result_buffer(res), len));
		}
		if (res != NULL)
			r->lib->destroy_query_result(res);
		if (r->o.failed || len == 0 || !open)
			break;
	}
	if (!open)
		r->lib->stream_cancel_query(*r->conn, stream);
	else if (r->o.failed)
		host_stream_put(s, buf_slice(&r->o.text));
	host_stream_end(s, !r->o.failed);
	r->o.failed = false;
}

static void
go_on_streaming(
	struct host_run *r, struct chdb_result *stream, const struct buf *first)
{
	struct host_stream *s = host_stream_new(r->q->wants_gzip);

	if (s == NULL || !host_stream_put(s, buf_slice(first)) ||
		!host_stream_begin(s, r->q, r->format, &r->o)) {
		r->lib->stream_cancel_query(*r->conn, stream);
		host_run_fail(r, 241, "No memory for the result");
	} else {
		/* The answer's stream is freed with the request, which tells
		 * us that the client has gone: do not hold it. */
		http_unref(r->q->http);
		r->q->http = NULL;
		fetch_rest(r, stream, s);
	}
	if (s != NULL)
		host_stream_unref(s);
}

void
host_run_stream(struct host_run *r)
{
	const struct host_params *p = &r->q->params;
	struct chdb_result *stream = r->lib->stream_query_with_params_n(
		*r->conn, r->scan.statement.p, r->scan.statement.len,
		r->format.p, r->format.len, p->names, p->name_lens, p->values,
		p->value_lens, p->n);
	struct buf first;
	bool whole;

	if (!host_run_check(r, stream))
		goto destroy;
	buf_init(&first, HOST_PIECE_MAX_BYTES);
	whole = fetch_first(r, stream, &first);
	if (!r->o.failed && whole)
		host_answer_result(r->q, r->format, &r->o, &first);
	else if (!r->o.failed)
		go_on_streaming(r, stream, &first);
	buf_fini(&first);
destroy:
	if (stream != NULL)
		r->lib->destroy_query_result(stream);
}
