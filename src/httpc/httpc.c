#include "httpc/httpc.h"

#include <pthread.h>
#include <stdio.h>

#include <curl/curl.h>

#include "base/limits.h"
#include "base/mem.h"

#define DEFAULT_CONNECT_MS 5000
#define DEFAULT_BODY_BYTES (16 * 1024 * 1024)

/* One request under way. */
struct transfer {
	CURL *curl;
	struct curl_slist *headers;
	const struct httpc_request *q;
	struct httpc_answer *a;
	bool broke_off; /* by on_body */
	bool over; /* the body's maximum */
};

static void
init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* httpc-2 */
static size_t
take_body(char *p, size_t size, size_t n, void *cookie)
{
	struct transfer *t = cookie;
	long status = 0;

	n *= size;
	if (t->q->on_body == NULL) {
		buf_append(&t->a->body, p, n);
		t->over = t->a->body.failed;
		return t->over ? 0 : n;
	}
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->q->on_body(t->q->cookie, (int)status, slice_of(p, n)))
		return n;
	t->broke_off = true;
	return 0;
}

static size_t
take_header(char *p, size_t size, size_t n, void *cookie)
{
	struct transfer *t = cookie;

	n *= size;
	/* A status line begins the headers of another answer (100 Continue). */
	if (n > 5 && memcmp(p, "HTTP/", 5) == 0)
		buf_reset(&t->a->headers);
	buf_append(&t->a->headers, p, n);
	return t->a->headers.failed ? 0 : n;
}

static bool
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *more = curl_slist_append(t->headers, line);

	if (more == NULL)
		return false;
	t->headers = more;
	return true;
}

static bool
add_headers(struct transfer *t)
{
	const char *const *h = t->q->headers;

	/* No "Expect: 100-continue": our servers take bodies at once. */
	if (!add_header(t, "Expect:"))
		return false;
	for (; h != NULL && *h != NULL; h++)
		if (!add_header(t, *h))
			return false;
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	return true;
}

static void
set_body(struct transfer *t)
{
	const struct httpc_request *q = t->q;

	if (q->body.p != NULL) {
		curl_easy_setopt(t->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)q->body.len);
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, q->body.p);
	}
	if (q->method != NULL)
		curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, q->method);
	if (q->method != NULL && strcmp(q->method, "HEAD") == 0)
		curl_easy_setopt(t->curl, CURLOPT_NOBODY, 1L);
}

static void
set_options(struct transfer *t, char *error_text)
{
	const struct httpc_request *q = t->q;
	CURL *c = t->curl;
	int64_t connect_ms = q->connect_timeout_ms;

	if (connect_ms == 0)
		connect_ms = DEFAULT_CONNECT_MS;
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error_text);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	if (q->unix_path != NULL)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, q->unix_path);
	set_body(t);
}

/* httpc-1 */
static int
explain(const struct transfer *t, CURLcode code, const char *text,
	struct err *e)
{
	const struct httpc_request *q = t->q;
	const char *at = q->unix_path != NULL ? q->unix_path : q->url;
	curl_off_t connect_us = 0;

	if (text[0] == '\0')
		text = curl_easy_strerror(code);
	if (t->broke_off)
		return err_set(e, ERR_STOPPING, "broken off: %.150s", at);
	if (t->over)
		return err_set(e, ERR_TOO_BIG,
			"the answer of %.150s is over %zu bytes", at,
			t->a->body.max_bytes);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return err_set(e, ERR_INVALID, "%.150s: %.80s", q->url, text);
	if (code == CURLE_OUT_OF_MEMORY)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connect_us);
	if (connect_us == 0)
		return err_set(e, ERR_UNAVAILABLE, "%.120s: %.100s", at, text);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_TIMEOUT, "%.120s: %.100s", at, text);
	return err_set(e, ERR_UNSURE, "%.120s: %.100s", at, text);
}

int
httpc_do(const struct httpc_request *q, struct httpc_answer *out, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char text[CURL_ERROR_SIZE] = "";
	struct transfer t = {.q = q, .a = out};
	long status = 0;
	CURLcode code;
	int r = 0;

	pthread_once(&once, init_curl);
	out->status = 0;
	buf_init(&out->body, q->max_body_bytes > 0 ? (size_t)q->max_body_bytes
						   : DEFAULT_BODY_BYTES);
	buf_init(&out->headers, LIMIT_HTTP_HEADER_BYTES);
	t.curl = curl_easy_init();
	if (t.curl == NULL || !add_headers(&t)) {
		r = err_set(e, ERR_NO_MEMORY, "no memory for a request");
		goto free_transfer;
	}
	set_options(&t, text);
	code = curl_easy_perform(t.curl);
	if (code != CURLE_OK) {
		r = explain(&t, code, text, e);
		goto free_transfer;
	}
	curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
free_transfer:
	curl_slist_free_all(t.headers);
	if (t.curl != NULL)
		curl_easy_cleanup(t.curl);
	if (r != 0)
		httpc_answer_fini(out);
	return r;
}

void
httpc_answer_fini(struct httpc_answer *a)
{
	buf_fini(&a->body);
	buf_fini(&a->headers);
}

struct slice
httpc_header(const struct httpc_answer *a, const char *name)
{
	struct slice rest = buf_slice(&a->headers), want = slice_str(name);

	while (rest.len > 0) {
		const char *nl = memchr(rest.p, '\n', rest.len);
		size_t n = nl == NULL ? rest.len : (size_t)(nl - rest.p) + 1;
		struct slice line = slice_of(rest.p, n);

		rest = slice_of(rest.p + n, rest.len - n);
		if (line.len > want.len && line.p[want.len] == ':' &&
			slice_eq_nocase(slice_of(line.p, want.len), want))
			return slice_trim(slice_of(line.p + want.len + 1,
				line.len - want.len - 1));
	}
	return SLICE_NONE;
}

int
httpc_get(const char *url, const char *unix_path, int64_t timeout_ms,
	struct httpc_answer *out, struct err *e)
{
	struct httpc_request q = {
		.url = url,
		.unix_path = unix_path,
		.timeout_ms = timeout_ms,
	};

	return httpc_do(&q, out, e);
}

int
httpc_post(const char *url, const char *unix_path, const char *content_type,
	struct slice body, int64_t timeout_ms, struct httpc_answer *out,
	struct err *e)
{
	char header[160];
	const char *headers[] = {header, NULL};
	struct httpc_request q = {
		.url = url,
		.unix_path = unix_path,
		.body = body,
		.headers = headers,
		.timeout_ms = timeout_ms,
	};

	snprintf(header, sizeof(header), "Content-Type: %s", content_type);
	if (q.body.p == NULL)
		q.body = SLICE_LIT("");
	return httpc_do(&q, out, e);
}

void
httpc_put_escaped(struct buf *b, struct slice text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char coded[3] = {'%', hex[c >> 4], hex[c & 15]};

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			(c >= 'a' && c <= 'z') ||
			(c != 0 && strchr("-._~", c) != NULL))
			buf_append_char(b, (char)c);
		else
			buf_append(b, coded, 3);
	}
}
