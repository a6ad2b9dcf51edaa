#include "clickhouse/host_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/zip.h"
#include "clickhouse/scan.h"

#define GZIP_LEVEL 3
#define PLAIN "text/plain; charset=UTF-8"

/* ClickHouse's own table of codes to HTTP statuses; all others are 500. */
static const struct {
	int code, status;
} statuses[] = {
	{6, 400}, /* CANNOT_PARSE_TEXT */
	{8, 400}, /* THERE_IS_NO_COLUMN */
	{15, 400}, /* DUPLICATE_COLUMN */
	{25, 400}, /* CANNOT_PARSE_ESCAPE_SEQUENCE */
	{26, 400}, /* CANNOT_PARSE_QUOTED_STRING */
	{27, 400}, /* CANNOT_PARSE_INPUT_ASSERTION_FAILED */
	{36, 400}, /* BAD_ARGUMENTS */
	{38, 400}, /* CANNOT_PARSE_DATE */
	{41, 400}, /* CANNOT_PARSE_DATETIME */
	{44, 400}, /* ILLEGAL_COLUMN */
	{46, 404}, /* UNKNOWN_FUNCTION */
	{47, 404}, /* UNKNOWN_IDENTIFIER */
	{48, 501}, /* NOT_IMPLEMENTED */
	{50, 404}, /* UNKNOWN_TYPE */
	{53, 400}, /* TYPE_MISMATCH */
	{56, 404}, /* UNKNOWN_STORAGE */
	{60, 404}, /* UNKNOWN_TABLE */
	{62, 400}, /* SYNTAX_ERROR */
	{63, 404}, /* UNKNOWN_AGGREGATE_FUNCTION */
	{72, 400}, /* CANNOT_PARSE_NUMBER */
	{73, 404}, /* UNKNOWN_FORMAT */
	{76, 503}, /* CANNOT_OPEN_FILE */
	{81, 404}, /* UNKNOWN_DATABASE */
	{115, 404}, /* UNKNOWN_SETTING */
	{117, 400}, /* INCORRECT_DATA */
	{159, 408}, /* TIMEOUT_EXCEEDED */
	{167, 400}, /* TOO_DEEP_AST */
	{168, 400}, /* TOO_BIG_AST */
	{192, 403}, /* UNKNOWN_USER */
	{202, 503}, /* TOO_MANY_SIMULTANEOUS_QUERIES: only our own queue's */
	{209, 503}, /* SOCKET_TIMEOUT */
	{223, 413}, /* our own: the text of a query is too long */
	{321, 400}, /* VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE */
	{376, 400}, /* CANNOT_PARSE_UUID */
	{427, 400}, /* CANNOT_COMPILE_REGEXP */
	{439, 503}, /* CANNOT_SCHEDULE_TASK */
	{497, 403}, /* ACCESS_DENIED */
	{511, 404}, /* UNKNOWN_ROLE */
};

int
host_error_status(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return 500;
}

int
host_error_code(const char *text)
{
	static const char begin[] = "Code: ";
	long code;

	if (strncmp(text, begin, sizeof(begin) - 1) != 0)
		return 0;
	code = strtol(text + sizeof(begin) - 1, NULL, 10);
	return code > 0 && code < 100000 ? (int)code : 0;
}

static void
set_summary(struct host_query *q, const struct host_outcome *o)
{
	char text[400];
	long long ns = (long long)(clock_mono_ns() - q->begin_ns);

	snprintf(text, sizeof(text),
		"{\"read_rows\":\"%llu\",\"read_bytes\":\"%llu\","
		"\"written_rows\":\"%llu\",\"written_bytes\":\"%llu\","
		"\"total_rows_to_read\":\"0\",\"result_rows\":\"%llu\","
		"\"result_bytes\":\"%llu\",\"elapsed_ns\":\"%lld\"}",
		(unsigned long long)o->read_rows,
		(unsigned long long)o->read_bytes,
		(unsigned long long)o->written_rows,
		(unsigned long long)o->written_bytes,
		(unsigned long long)o->result_rows,
		(unsigned long long)o->result_bytes, ns);
	http_set_header(q->http, "X-ClickHouse-Summary", text);
}

void
host_set_headers(
	struct host_query *q, struct slice format, const struct host_outcome *o)
{
	char name[64], host[64];

	http_set_header(q->http, "X-ClickHouse-Query-Id", q->id);
	http_set_header(q->http, "X-ClickHouse-Timezone", "UTC");
	if (gethostname(host, sizeof(host)) == 0 &&
		memchr(host, '\0', sizeof(host)) != NULL && host[0] != '\0')
		http_set_header(
			q->http, "X-ClickHouse-Server-Display-Name", host);
	if (o == NULL)
		return;
	if (!o->failed && format.len > 0 && format.len < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", SLICE_FMT(format));
		http_set_header(q->http, "X-ClickHouse-Format", name);
	}
	set_summary(q, o);
}

/* On failure the answer goes out as it is. */
static void
compress(struct host_query *q, struct buf *body)
{
	struct buf zipped;
	struct err e;

	if (!q->wants_gzip)
		return;
	buf_init(&zipped, body->len + body->len / 8 + 1024);
	if (zip_gzip(buf_slice(body), GZIP_LEVEL, &zipped, &e) != 0 ||
		zipped.failed) {
		buf_fini(&zipped);
		return;
	}
	buf_fini(body);
	*body = zipped;
	http_set_header(q->http, "Content-Encoding", "gzip");
	http_set_header(q->http, "Vary", "Accept-Encoding");
}

void
host_answer_result(struct host_query *q, struct slice format,
	struct host_outcome *o, struct buf *body)
{
	if (!http_resume_begin(q->http))
		return;
	host_set_headers(q, format, o);
	compress(q, body);
	http_answer_take(q->http, 200, sql_format_content_type(format), body);
	http_resume_finish(q->http);
}

static void
put_error(struct host_query *q, int code, struct slice text)
{
	char number[16];
	struct buf b;

	snprintf(number, sizeof(number), "%d", code);
	http_set_header(q->http, "X-ClickHouse-Exception-Code", number);
	buf_init(&b, text.len + 200);
	buf_append_slice(&b, text);
	buf_printf(&b, " (version %s)\n",
		q->engine == NULL ? "unknown" : q->engine->version);
	compress(q, &b);
	http_answer_take(q->http, host_error_status(code), PLAIN, &b);
	buf_fini(&b);
}

void
host_answer_error(struct host_query *q, const struct host_outcome *o)
{
	if (!http_resume_begin(q->http))
		return;
	host_set_headers(q, SLICE_NONE, o);
	put_error(q, o->code, buf_slice(&o->text));
	http_resume_finish(q->http);
}

void
host_answer_refusal(
	struct host_query *q, bool is_suspended, int code, const char *text)
{
	char full[400];

	if (is_suspended && !http_resume_begin(q->http))
		return;
	host_set_headers(q, SLICE_NONE, NULL);
	snprintf(full, sizeof(full), "Code: %d. DB::Exception: %s", code, text);
	put_error(q, code, slice_str(full));
	if (is_suspended)
		http_resume_finish(q->http);
}
