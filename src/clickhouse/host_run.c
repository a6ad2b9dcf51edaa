#include "clickhouse/host_run.h"

#include <stdio.h>

#include "base/zip.h"

#define MAX_ERROR_BYTES 65536
#define SYNTAX_ERROR 62
#define DEFAULT_FORMAT SLICE_LIT("TabSeparated")

void
host_run_fail(struct host_run *r, int code, const char *text)
{
	r->o.failed = true;
	r->o.code = code;
	buf_reset(&r->o.text);
	buf_printf(&r->o.text, "Code: %d. DB::Exception: %.300s", code, text);
}

static void
fail_as_library(struct host_run *r, const char *text)
{
	size_t n = strnlen(text, MAX_ERROR_BYTES - 1);

	r->o.failed = true;
	r->o.code = host_error_code(text);
	buf_reset(&r->o.text);
	buf_append(&r->o.text, text, n);
}

void
host_run_note(struct host_run *r, struct chdb_result *res)
{
	r->o.read_rows += r->lib->result_storage_rows_read(res);
	r->o.read_bytes += r->lib->result_storage_bytes_read(res);
	r->o.result_rows += r->lib->result_rows_read(res);
	r->o.result_bytes += r->lib->result_length(res);
	r->o.written_rows += r->lib->result_rows_written(res);
	r->o.written_bytes += r->lib->result_bytes_written(res);
}

bool
host_run_check(struct host_run *r, struct chdb_result *res)
{
	const char *text;

	if (res == NULL) {
		host_run_fail(
			r, 1002, "libchdb gave no result (UNKNOWN_EXCEPTION)");
		return false;
	}
	text = r->lib->result_error(res);
	if (text == NULL)
		return true;
	fail_as_library(r, text);
	return false;
}

bool
host_run_small(struct host_run *r, const struct buf *sql, struct buf *out)
{
	struct chdb_result *res;
	bool ok;

	if (sql->failed) {
		host_run_fail(r, 223, "The query is too long");
		return false;
	}
	res = r->lib->query_n(*r->conn, sql->p, sql->len, "TSVRaw", 6);
	ok = host_run_check(r, res);
	if (ok && out != NULL)
		buf_append(out, r->lib->result_buffer(res),
			r->lib->result_length(res));
	if (res != NULL)
		r->lib->destroy_query_result(res);
	return ok;
}

void
host_run_quote(struct buf *b, char quote, struct slice text)
{
	buf_append_char(b, quote);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == quote || text.p[i] == '\\')
			buf_append_char(b, '\\');
		buf_append_char(b, text.p[i]);
	}
	buf_append_char(b, quote);
}

/* Database and settings of this request, on its own connection. */
static bool
prepare(struct host_run *r)
{
	const struct host_params *s = &r->q->settings;
	struct buf b;
	bool ok = true;

	buf_init(&b, LIMIT_CLICKHOUSE_QUERY_BYTES);
	if (r->q->database.len > 0) {
		buf_append_lit(&b, "USE ");
		host_run_quote(&b, '`', r->q->database);
		ok = host_run_small(r, &b, NULL);
	}
	buf_reset(&b);
	for (size_t i = 0; i < s->n; i++) {
		buf_append_str(&b, i == 0 ? "SET " : ", ");
		host_run_quote(&b, '`', slice_of(s->names[i], s->name_lens[i]));
		buf_append_lit(&b, " = ");
		host_run_quote(
			&b, '\'', slice_of(s->values[i], s->value_lens[i]));
	}
	if (ok && s->n > 0)
		ok = host_run_small(r, &b, NULL);
	buf_reset(&b);
	buf_append_lit(&b, "SET readonly = 2");
	if (ok && r->q->is_readonly)
		ok = host_run_small(r, &b, NULL);
	buf_fini(&b);
	return ok;
}

static bool
decode_body(struct host_run *r)
{
	struct slice how = r->q->encoding, in = r->q->body;
	struct err e;
	int rc;

	r->body = in;
	if (how.len == 0 || in.len == 0 ||
		slice_eq_nocase(how, SLICE_LIT("identity")))
		return true;
	if (slice_eq_nocase(how, SLICE_LIT("gzip")))
		rc = zip_gunzip_all(in, &r->decoded, &e);
	else if (slice_eq_nocase(how, SLICE_LIT("zstd")))
		rc = zip_zstd_decode(in, &r->decoded, &e);
	else if (slice_eq_nocase(how, SLICE_LIT("lz4")))
		rc = zip_lz4f_decode(in, &r->decoded, &e);
	else
		rc = err_set(&e, ERR_UNSUPPORTED,
			"Content-Encoding is none of gzip, zstd, lz4");
	r->body = buf_slice(&r->decoded);
	if (rc == 0)
		return true;
	host_run_fail(r, rc == -ERR_UNSUPPORTED ? 48 : 117, e.text);
	return false;
}

/* The statement, and what of the body is data. */
static bool
find_statement(struct host_run *r)
{
	struct slice url = r->q->url_query;

	if (url.len == 0) {
		sql_scan(r->body, &r->scan);
		r->body = SLICE_NONE;
		return true;
	}
	sql_scan(url, &r->scan);
	if (r->body.len == 0 || r->scan.kind == SQL_INSERT_DATA ||
		r->scan.kind == SQL_INSERT_BARE)
		return true;
	buf_append_slice(&r->joined, url);
	buf_append_char(&r->joined, '\n');
	buf_append_slice(&r->joined, r->body);
	r->body = SLICE_NONE;
	if (r->joined.failed) {
		host_run_fail(r, 223, "The query is too long");
		return false;
	}
	sql_scan(buf_slice(&r->joined), &r->scan);
	return true;
}

/* clickhouse-7: data goes in apart from the statement, as libchdb would look
 * for the end of a statement in it. */
static void
run_insert(struct host_run *r)
{
	const struct host_params *p = &r->q->params;
	struct slice format = r->scan.format;
	struct chdb_stream *in;
	struct chdb_result *res;
	const char *text;

	if (r->scan.kind == SQL_INSERT_BARE)
		format = r->q->format.len > 0 ? r->q->format
					      : SLICE_LIT("Values");
	in = r->lib->stream_insert_with_params_n(*r->conn, r->scan.statement.p,
		r->scan.statement.len, format.p, format.len, p->names,
		p->name_lens, p->values, p->value_lens, p->n);
	text = in == NULL ? "Code: 1002. DB::Exception: libchdb gave no stream"
			  : r->lib->stream_insert_error(in);
	if (text != NULL) {
		fail_as_library(r, text);
		goto free_stream;
	}
	/* A failed append is reported by done. */
	if (r->scan.values.len > 0 &&
		r->lib->stream_append(
			in, r->scan.values.p, r->scan.values.len) == 0 &&
		r->body.len > 0)
		r->lib->stream_append(in, "\n", 1);
	if (r->body.len > 0)
		r->lib->stream_append(in, r->body.p, r->body.len);
	res = r->lib->stream_done(in);
	if (host_run_check(r, res))
		host_run_note(r, res);
	if (res != NULL)
		r->lib->destroy_query_result(res);
free_stream:
	if (in != NULL)
		r->lib->destroy_insert_stream(in);
	if (!r->o.failed) {
		struct buf none;

		buf_init(&none, 1);
		host_answer_result(r->q, r->format, &r->o, &none);
		buf_fini(&none);
	}
}

void
host_run_whole(struct host_run *r)
{
	const struct host_params *p = &r->q->params;
	struct chdb_result *res =
		r->lib->query_with_params_n(*r->conn, r->scan.statement.p,
			r->scan.statement.len, r->format.p, r->format.len,
			p->names, p->name_lens, p->values, p->value_lens, p->n);
	struct buf body;

	if (!host_run_check(r, res))
		goto destroy;
	host_run_note(r, res);
	buf_init(&body, r->lib->result_length(res) + 1);
	buf_append(
		&body, r->lib->result_buffer(res), r->lib->result_length(res));
	if (body.failed)
		host_run_fail(r, 241, "No memory for the result");
	else
		host_answer_result(r->q, r->format, &r->o, &body);
	buf_fini(&body);
destroy:
	if (res != NULL)
		r->lib->destroy_query_result(res);
}

static void
run_query(struct host_run *r)
{
	struct chdb_analysis a = {.struct_size = sizeof(a)};
	bool streamable = r->scan.kind == SQL_SELECT && !r->scan.has_settings &&
			  !r->scan.has_totals && !r->q->formats_by_setting &&
			  sql_format_is_streamable(r->format);

	/* An unparsable text counts 0; the stream takes one statement only, so
	 * that nothing of it is run before the error. */
	if (r->lib->classify_query_n(*r->conn, r->scan.statement.p,
		    r->scan.statement.len, NULL, 0, &a) != 0)
		a.statement_count = 1;
	if (a.statement_count > 1)
		host_run_fail(r, SYNTAX_ERROR,
			"Syntax error (Multi-statements are not allowed). "
			"(SYNTAX_ERROR)");
	else if (streamable || a.statement_count == 0)
		host_run_stream(r);
	else
		host_run_whole(r);
}

static void
run_statement(struct host_run *r)
{
	r->format = r->scan.format.len > 0 && r->scan.kind != SQL_INSERT_DATA
			    ? r->scan.format
		    : r->q->format.len > 0 ? r->q->format
					   : DEFAULT_FORMAT;
	switch (r->scan.kind) {
	case SQL_EMPTY:
		host_run_fail(r, SYNTAX_ERROR,
			"Syntax error: empty query. "
			"(SYNTAX_ERROR)");
		break;
	case SQL_OUTFILE:
		host_run_fail(r, 345,
			"INTO OUTFILE is not allowed. "
			"(INTO_OUTFILE_NOT_ALLOWED)");
		break;
	case SQL_INFILE:
		host_run_fail(
			r, 48, "FROM INFILE is not allowed. (NOT_IMPLEMENTED)");
		break;
	case SQL_INSERT_DATA:
	case SQL_INSERT_BARE:
		run_insert(r);
		break;
	case SQL_SELECT:
	case SQL_OTHER:
		run_query(r);
		break;
	}
}

void
host_query_run(struct host_query *q)
{
	struct host_run r = {.q = q, .lib = q->engine->lib};
	struct err e;

	buf_init(&r.o.text, MAX_ERROR_BYTES);
	buf_init(&r.decoded, LIMIT_CLICKHOUSE_BODY_BYTES);
	buf_init(&r.joined, LIMIT_CLICKHOUSE_QUERY_BYTES);
	buf_init(&r.canonical, LIMIT_CLICKHOUSE_QUERY_BYTES);
	if (!decode_body(&r) || !find_statement(&r))
		goto answer;
	if (host_engine_connect(q->engine, &r.conn, &e) != 0) {
		host_run_fail(&r, 439, e.text);
		goto answer;
	}
	if (prepare(&r)) {
		if (q->is_console)
			host_run_console(&r);
		else
			run_statement(&r);
	}
	r.lib->close_conn(r.conn);
answer:
	if (r.o.failed)
		host_answer_error(q, &r.o);
	buf_fini(&r.canonical);
	buf_fini(&r.joined);
	buf_fini(&r.decoded);
	buf_fini(&r.o.text);
}
