#include "clickhouse/host_query.h"

#include "base/clock.h"
#include "base/uuid.h"

/* URL parameters of ClickHouse that are no settings and mean nothing here. */
static bool
is_ignored(struct slice name)
{
	static const char *const names[] = {"user", "password", "quota_key",
		"query_id", "session_id", "session_timeout", "session_check",
		"close_session", "buffer_size", "wait_end_of_query",
		"client_protocol_version", "role", "stacktrace",
		"network_compression_method"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_str(name, names[i]))
			return true;
	return false;
}

static bool
is_setting_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '.'))
			return false;
	}
	return name.len > 0 && name.len <= 128;
}

static int
add(struct host_params *p, struct slice name, struct slice value, struct err *e)
{
	if (p->n == LIMIT_CLICKHOUSE_PARAMS)
		return err_set(e, ERR_TOO_BIG, "over %d parameters",
			LIMIT_CLICKHOUSE_PARAMS);
	p->names[p->n] = name.p;
	p->name_lens[p->n] = name.len;
	p->values[p->n] = value.p == NULL ? "" : value.p;
	p->value_lens[p->n] = value.len;
	p->n++;
	return 0;
}

static int
add_setting(struct host_query *q, struct slice name, struct slice value,
	struct err *e)
{
	if (!is_setting_name(name))
		return err_set(e, ERR_INVALID, "bad name of a setting");
	if (slice_starts(name, SLICE_LIT("output_format_")) ||
		slice_starts(name, SLICE_LIT("format_")) ||
		slice_eq_str(name, "extremes"))
		q->formats_by_setting = true;
	return add(&q->settings, name, value, e);
}

/* ClickHouse's own block compression: said, as the client would take plain
 * bytes for broken blocks. */
static int
check_compress(const struct http_pair *p, struct err *e)
{
	if (p->value.len == 0 || slice_eq_str(p->value, "0"))
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		"compress and decompress are not supported: use "
		"enable_http_compression=1 and Content-Encoding "
		"(NOT_IMPLEMENTED)");
}

static int
take_pair(struct host_query *q, const struct http_pair *p, bool *gzip,
	struct err *e)
{
	const struct slice param = SLICE_LIT("param_");

	if (slice_eq_str(p->name, "query"))
		q->url_query = p->value;
	else if (slice_eq_str(p->name, "database"))
		q->database = p->value;
	else if (slice_eq_str(p->name, "default_format"))
		q->format = p->value;
	else if (slice_eq_str(p->name, "sluice_console"))
		q->is_console = slice_eq_str(p->value, "1");
	else if (slice_eq_str(p->name, "enable_http_compression"))
		*gzip = slice_eq_str(p->value, "1");
	else if (slice_eq_str(p->name, "compress") ||
		 slice_eq_str(p->name, "decompress"))
		return check_compress(p, e);
	else if (slice_starts(p->name, param))
		return add(&q->params,
			slice_of(
				p->name.p + param.len, p->name.len - param.len),
			p->value, e);
	else if (!is_ignored(p->name))
		return add_setting(q, p->name, p->value, e);
	return 0;
}

static bool
accepts_gzip(const struct http_request *r)
{
	struct slice v = http_header(r, "Accept-Encoding");

	while (v.len > 0) {
		const char *comma = memchr(v.p, ',', v.len);
		size_t n = comma == NULL ? v.len : (size_t)(comma - v.p);
		struct slice one = slice_of(v.p, n);
		const char *semi = n == 0 ? NULL : memchr(v.p, ';', n);

		if (semi != NULL)
			one.len = (size_t)(semi - v.p);
		if (slice_eq_nocase(slice_trim(one), SLICE_LIT("gzip")))
			return true;
		n += comma != NULL;
		v = slice_of(v.p + n, v.len - n);
	}
	return false;
}

int
host_query_read(struct host_query *q, struct http_request *r, struct err *e)
{
	struct slice rest = http_query(r);
	struct http_pair p;
	struct uuid id;
	bool gzip = false;

	q->http = r;
	q->begin_ns = clock_mono_ns();
	q->body = http_body(r);
	q->encoding = http_header(r, "Content-Encoding");
	q->database = http_header(r, "X-ClickHouse-Database");
	q->format = http_header(r, "X-ClickHouse-Format");
	q->is_readonly = http_method(r) == HTTP_GET;
	uuid_v4(&id);
	uuid_format(&id, q->id);
	while (http_pair_next(http_arena(r), &rest, &p)) {
		int rc = take_pair(q, &p, &gzip, e);

		if (rc != 0)
			return rc;
	}
	q->wants_gzip = gzip && accepts_gzip(r);
	return 0;
}
