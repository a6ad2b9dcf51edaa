#include "capture/capture_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/rand.h"
#include "base/uuid.h"
#include "stats/stats.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"

int
capture_refuse(struct capture_ctx *x, int status, enum capture_error error,
	const char *fmt, ...)
{
	va_list ap;

	x->no.status = status;
	x->no.error = error;
	x->no.retry_after |= status == 503;
	va_start(ap, fmt);
	if (vsnprintf(x->no.text, sizeof(x->no.text), fmt, ap) < 0)
		x->no.text[0] = '\0';
	va_end(ap);
	return -1;
}

int
capture_shed(struct capture_ctx *x, enum capture_error error, enum refusal why)
{
	stats_add(STATS_HTTP_REFUSED, (int)why, 1);
	return capture_refuse(x, 503, error, "transient error, please retry");
}

/* Spread, so that those who are refused together do not come back together.
 * The v1 endpoint names one second. */
static void
set_retry_after(struct http_request *r, const struct capture_refusal *no)
{
	unsigned least = no->retry_s > 0 ? (unsigned)no->retry_s : 1;
	char text[16];

	if (!no->is_v1)
		least += (unsigned)(rand_u64() % (2 * least + 1));
	(void)snprintf(text, sizeof(text), "%u", no->is_v1 ? 1 : least);
	http_set_header(r, "Retry-After", text);
}

void
capture_answer_refusal(struct http_request *r, const struct capture_refusal *no)
{
	stats_add(STATS_CAPTURE_ERRORS, (int)no->error, 1);
	if (no->retry_after)
		set_retry_after(r, no);
	if (no->is_v1) {
		http_set_header(r, "Accept", "application/json");
		http_set_header(
			r, "Accept-Encoding", "gzip, deflate, br, zstd");
	}
	http_answer(r, no->status,
		no->content_type != NULL ? no->content_type : TEXT_PLAIN,
		slice_str(no->text));
}

void
capture_answer_ok(struct http_request *r, bool beacon)
{
	if (beacon)
		http_answer(r, 204, NULL, SLICE_NONE);
	else
		http_answer(r, 200, "application/json",
			SLICE_LIT("{\"status\": 1}"));
}

void
capture_answer_over_quota(struct http_request *r, bool is_recording)
{
	stats_add(STATS_CAPTURE_ERRORS, CAPTURE_BILLING_LIMIT, 1);
	http_answer(r, 200, "application/json",
		is_recording ? SLICE_LIT("{\"status\": 1, \"quota_limited\": "
					 "[\"recordings\"]}")
			     : SLICE_LIT("{\"status\": 1}"));
}

/* Answers of the v1 endpoint name the request they answer. */
static void
name_request(struct http_request *r)
{
	struct slice id = slice_trim(http_header(r, "PostHog-Request-Id"));
	char text[UUID_TEXT + 1];
	struct uuid u;

	if (!uuid_parse(id, &u))
		return;
	uuid_format(&u, text);
	text[UUID_TEXT] = '\0';
	http_set_header(r, "PostHog-Request-Id", text);
}

/* CORS of every answer of the port: spec capture 4.3. */
void
capture_decorate(struct http_request *r)
{
	struct slice origin = http_header(r, "Origin");
	struct slice asked;

	if (slice_starts(http_path(r), SLICE_LIT("/i/v1/")))
		name_request(r);
	if (origin.p == NULL && http_method(r) != HTTP_OPTIONS)
		return;
	if (origin.p != NULL) {
		http_set_header(r, "Access-Control-Allow-Origin", origin.p);
		http_set_header(
			r, "Access-Control-Expose-Headers", "Retry-After");
	}
	http_set_header(r, "Access-Control-Allow-Credentials", "true");
	http_set_header(r, "Vary",
		"origin, access-control-request-method, "
		"access-control-request-headers");
	if (http_method(r) != HTTP_OPTIONS)
		return;
	http_set_header(r, "Access-Control-Allow-Methods", "GET,POST,OPTIONS");
	http_set_header(r, "Access-Control-Max-Age", "86400");
	asked = http_header(r, "Access-Control-Request-Headers");
	if (asked.p != NULL)
		http_set_header(r, "Access-Control-Allow-Headers", asked.p);
}

void
capture_on_options(struct http_request *r)
{
	http_answer(r, 200, NULL, SLICE_NONE);
}

/* As the strict endpoint words what the server refused. */
static void
word_v1(struct capture_refusal *no)
{
	if (no->status == 413)
		capture_word_v1(
			no, "payload_too_large", "the body is too large");
	else if (no->status == 408)
		capture_word_v1(no, "body_read_timeout",
			"the client stopped sending data");
	else
		capture_word_v1(no, "service_unavailable",
			"transient error, please retry");
}

void
capture_refused(struct http_request *r, enum err_code why, int64_t bound)
{
	struct capture_refusal no = {
		.status = 503,
		.error = CAPTURE_OVERLOAD,
		.text = "transient error, please retry",
	};

	if (why == ERR_TOO_BIG &&
		slice_starts(http_path(r), SLICE_LIT("/report"))) {
		no.status = 413;
		no.error = CAPTURE_OVERSIZE_EVENT;
		no.content_type = "application/json";
		(void)snprintf(no.text, sizeof(no.text),
			"{\"type\":\"validation_error\",\"code\":"
			"\"csp_report_too_large\",\"detail\":"
			"\"CSP report is too large\",\"attr\":null}");
	} else if (why == ERR_TOO_BIG) {
		stats_add(STATS_CAPTURE_SIZE_EXCEEDED, CAPTURE_SIZE_WIRE, 1);
		no.status = 413;
		no.error = CAPTURE_OVERSIZE_EVENT;
		(void)snprintf(no.text, sizeof(no.text),
			"maximum event size exceeded: Request body exceeds "
			"limit of %lld bytes",
			(long long)bound);
	} else if (why == ERR_TIMEOUT) {
		no.status = 408;
		no.error = CAPTURE_BODY_READ_TIMEOUT;
		(void)snprintf(no.text, sizeof(no.text),
			"client stopped sending data");
	}
	no.retry_after = no.status == 503;
	if (slice_starts(http_path(r), SLICE_LIT("/i/v1/"))) {
		no.retry_after |= no.status == 408;
		word_v1(&no);
	}
	capture_answer_refusal(r, &no);
}

/* A line for a request that asks for one. */
static void
log_request(struct http_request *r, int status)
{
	struct slice id = http_header(r, "X-Request-Id");
	struct slice path = http_path(r);
	char id_text[101], path_text[101];

	if (http_header(r, "X-CAPTURE-DEBUG").p == NULL)
		return;
	(void)snprintf(id_text, sizeof(id_text), "%.*s",
		(int)(id.len < 100 ? id.len : 100), id.len > 0 ? id.p : "");
	(void)snprintf(path_text, sizeof(path_text), "%.*s",
		(int)(path.len < 100 ? path.len : 100), path.p);
	log_info("capture_request",
		"method=%s path=%s status=%d body_bytes=%zu query_bytes=%zu "
		"us=%lld request_id=%s",
		http_method_text(r), log_q(path_text), status, http_body(r).len,
		http_query(r).len,
		(long long)(clock_now_us() - http_received_at_us(r)),
		log_q(id_text));
}

void
capture_on_black_hole(struct http_request *r)
{
	http_answer(r, 200, "application/json", SLICE_LIT("{\"status\": 1}"));
}

void
capture_answered(struct http_request *r, int status)
{
	log_request(r, status);
	stats_request(http_path(r), http_method_text(r), status,
		(double)(clock_now_us() - http_received_at_us(r)) / 1e6);
}

void
capture_on_readiness(struct http_request *r)
{
	struct capture *c = http_app(r);

	if (store_is_failed(c->spool))
		http_answer(r, 503, TEXT_PLAIN,
			SLICE_LIT("the front log cannot be written"));
	else
		http_answer(r, 200, TEXT_PLAIN, SLICE_LIT("capture"));
}

void
capture_on_liveness(struct http_request *r)
{
	struct capture *c = http_app(r);
	bool failed = store_is_failed(c->spool);

	http_answer(r, failed ? 500 : 200, TEXT_PLAIN,
		failed ? SLICE_LIT("http: ok\nspool: failed\n")
		       : SLICE_LIT("http: ok\nspool: ok\n"));
}
