#ifndef SLUICE_CAPTURE_ANSWER_H
#define SLUICE_CAPTURE_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Why a request is refused, and what is sent back. */
struct http_request;

#define CAPTURE_TEXT_MAX 256

/* Labels of capture_error_by_stage_and_type, in the order of labels.def. */
enum capture_error {
	CAPTURE_REQ_DECODING,
	CAPTURE_REQ_PARSING,
	CAPTURE_REQ_HYDRATION,
	CAPTURE_EMPTY_BATCH,
	CAPTURE_EMPTY_PAYLOAD,
	CAPTURE_NO_EVENT_NAME,
	CAPTURE_NO_DISTINCT_ID,
	CAPTURE_INVALID_COOKIELESS,
	CAPTURE_NO_SNAPSHOT,
	CAPTURE_NO_SESSION_ID,
	CAPTURE_INVALID_SESSION,
	CAPTURE_NO_TOKEN,
	CAPTURE_MULTIPLE_TOKENS,
	CAPTURE_INVALID_TOKEN,
	CAPTURE_UNKNOWN_TOKEN,
	CAPTURE_RETRYABLE_SINK,
	CAPTURE_OVERSIZE_EVENT,
	CAPTURE_BODY_READ_TIMEOUT,
	CAPTURE_BAD_QUERY,
	CAPTURE_OVERLOAD,
	CAPTURE_BILLING_LIMIT,
	CAPTURE_RATE_LIMITED,
	CAPTURE_NON_RETRY_SINK,
	CAPTURE_EMPTY_FILTERED,
};

/* Labels of capture_payload_size_exceeded. */
enum capture_size {
	CAPTURE_SIZE_WIRE,
	CAPTURE_SIZE_GZIP,
	CAPTURE_SIZE_LZ64,
	CAPTURE_SIZE_PLAIN,
	CAPTURE_SIZE_MESSAGE,
};

struct capture_refusal {
	int status; /* 0: none */
	enum capture_error error;
	bool retry_after;
	int retry_s; /* least; 0: 1 */
	const char *content_type;
	bool is_v1; /* with the headers of the v1 endpoint */
	char text[CAPTURE_TEXT_MAX];
};

/* answer.c: what is sent back */
void capture_answer_refusal(
	struct http_request *r, const struct capture_refusal *no);
void capture_answer_ok(struct http_request *r, bool beacon);
void capture_answer_over_quota(struct http_request *r, bool is_recording);
void capture_decorate(struct http_request *r);
void capture_refused(struct http_request *r, enum err_code why, int64_t bound);
void capture_answered(struct http_request *r, int status);
void capture_on_black_hole(struct http_request *r);
void capture_on_options(struct http_request *r);
void capture_on_readiness(struct http_request *r);
void capture_on_liveness(struct http_request *r);

#endif
