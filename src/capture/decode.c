#include "capture/capture_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/zip.h"
#include "stats/stats.h"

/* Honest texts are rarely packed better; small ones are of no interest. */
#define RATIO_TOLD 20
#define RATIO_TOLD_BYTES 65536

/*
 * From the bytes on the wire to JSON text (spec capture 2). Texts alternate
 * between two buffers, so that a step never writes where it reads.
 */
static struct buf *
other_buf(struct capture_scratch *s, struct slice in)
{
	struct buf *b = &s->a;

	if (in.p != NULL && s->a.p != NULL && in.p >= s->a.p &&
		in.p < s->a.p + s->a.cap)
		b = &s->b;
	buf_reset(b);
	return b;
}

/* Over the bound of this stage: the heavy thread, or the client, must know. */
static int PRINTF(3, 4) too_big(
	struct capture_ctx *x, enum capture_size what, const char *fmt, ...)
{
	char text[CAPTURE_TEXT_MAX / 2];
	va_list ap;
	int n;

	if (x->max_decoded < x->conf->max_decoded_bytes) {
		x->is_heavy = true;
		return -1;
	}
	stats_add(STATS_CAPTURE_SIZE_EXCEEDED, (int)what, 1);
	stats_observe(STATS_CAPTURE_FULL_SIZE, 1, (double)x->max_decoded);
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return capture_refuse(x, 413, CAPTURE_OVERSIZE_EVENT,
		"maximum event size exceeded: %s", n < 0 ? "" : text);
}

static bool
is_gzip(struct slice s)
{
	return s.len >= 3 && memcmp(s.p, "\x1f\x8b\x08", 3) == 0;
}

static void
tell_ratio(enum stats_metric m, struct slice in, struct slice out)
{
	double ratio = (double)out.len / (double)in.len;

	stats_observe(m, 0, ratio);
	if (ratio > RATIO_TOLD && out.len > RATIO_TOLD_BYTES)
		log_info("capture_ratio", "bytes=%zu decoded_bytes=%zu", in.len,
			out.len);
}

static int
gunzip(struct capture_ctx *x, struct slice in, struct slice *out)
{
	struct buf *b = other_buf(x->s, in);
	struct err e;
	int err;

	b->max_bytes = x->max_decoded;
	err = zip_gunzip(in, b, &e);
	if (err == -ERR_TOO_BIG)
		return too_big(x, CAPTURE_SIZE_GZIP,
			"Decompressed payload would exceed %zu bytes (got %zu "
			"bytes)",
			x->max_decoded, x->max_decoded + 1);
	if (err == -ERR_NO_MEMORY)
		return capture_shed(x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	if (err != 0)
		return capture_refuse(x, 400, CAPTURE_REQ_DECODING,
			"failed to decode request: invalid GZIP data");
	*out = buf_slice(b);
	tell_ratio(STATS_CAPTURE_GZIP_RATIO, in, *out);
	if (!utf8_valid(*out))
		return capture_refuse(x, 400, CAPTURE_REQ_DECODING,
			"failed to decode request: invalid gzip data");
	return 0;
}

static int
try_lz64(struct capture_ctx *x, struct slice in, struct slice *out)
{
	struct buf *b = other_buf(x->s, in);
	struct err e;
	int err;

	b->max_bytes = x->max_decoded;
	err = zip_lz64_decode(in, b, &e);
	if (err != 0)
		return err;
	*out = buf_slice(b);
	tell_ratio(STATS_CAPTURE_LZ64_RATIO, in, *out);
	return 0;
}

static int
lz64_error(struct capture_ctx *x, int err)
{
	if (err == -ERR_TOO_BIG)
		return too_big(x, CAPTURE_SIZE_LZ64,
			"Decompressed LZ64 payload would exceed %zu bytes",
			x->max_decoded);
	if (err == -ERR_NO_MEMORY)
		return capture_shed(x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	return capture_refuse(x, 400, CAPTURE_REQ_DECODING,
		"failed to decode request: decompress_lz64: failed %s",
		err == -ERR_UNSUPPORTED ? "UTF16 to UTF8 conversion"
					: "decompress to UTF16");
}

static bool
unwrap_base64(struct capture_ctx *x, struct slice *text, bool url_too)
{
	struct buf *b;
	bool ok = false;

	if (text->len == 0 || text->p[0] == '{' || text->p[0] == '[')
		return false;
	b = other_buf(x->s, *text);
	b->max_bytes = text->len + 16;
	if (capture_looks_base64(*text, false))
		ok = base64_decode(*text, b);
	if (!ok && url_too)
		ok = base64url_decode(*text, b);
	if (ok)
		*text = buf_slice(b);
	return ok;
}

/* Query texts lost their + to blanks. */
static struct slice
mend_query(struct capture_ctx *x, struct slice s)
{
	char *p;

	if (!capture_looks_base64(s, true) || memchr(s.p, ' ', s.len) == NULL)
		return s;
	p = arena_alloc(x->a, s.len);
	if (p == NULL)
		return s;
	for (size_t i = 0; i < s.len; i++)
		p[i] = s.p[i] == ' ' ? '+' : s.p[i];
	return slice_of(p, s.len);
}

static int
pick_payload(struct capture_ctx *x, struct slice *payload)
{
	x->raw_from_query = x->q.payload.len > 0;
	*payload = x->raw_from_query ? mend_query(x, x->q.payload) : x->raw;
	if (payload->len == 0)
		return capture_refuse(x, 400, CAPTURE_EMPTY_PAYLOAD,
			"request missing data payload");
	return 0;
}

static enum capture_hint
hint(const struct capture_ctx *x)
{
	if (x->q.hint != HINT_NONE)
		return x->q.hint;
	if (x->form_hint != HINT_NONE)
		return x->form_hint;
	return capture_hint_of(x->content_encoding, false);
}

/* Tried on the text as it came, then without a base64 wrap around it. */
static int
decode_lz64(struct capture_ctx *x, struct slice payload, bool may_unwrap,
	struct slice *text)
{
	int err = try_lz64(x, payload, text), again;

	if (err == -ERR_INVALID && may_unwrap &&
		unwrap_base64(x, &payload, x->raw_from_query)) {
		if (is_gzip(payload))
			return gunzip(x, payload, text);
		again = try_lz64(x, payload, text);
		err = again == 0 ? 0 : err;
	}
	return err == 0 ? 0 : lz64_error(x, err);
}

/* 2.4 */
static int
decompress(struct capture_ctx *x, struct slice payload, bool may_unwrap,
	struct slice *text)
{
	if (hint(x) == HINT_LZ64 && !is_gzip(payload))
		return decode_lz64(x, payload, may_unwrap, text);
	if (may_unwrap)
		unwrap_base64(x, &payload, x->raw_from_query);
	if (hint(x) == HINT_GZIP || is_gzip(payload))
		return gunzip(x, payload, text);
	if (!utf8_valid(payload))
		return capture_refuse(x, 400, CAPTURE_REQ_DECODING,
			"failed to decode request: invalid UTF8 in request "
			"payload");
	if (payload.len > x->max_decoded)
		return too_big(x, CAPTURE_SIZE_PLAIN,
			"Uncompressed payload size limit %zu exceeded: %zu",
			x->max_decoded, payload.len);
	*text = payload;
	return 0;
}

/* 2.5 */
static void
unwrap_again(struct capture_ctx *x, struct slice *text)
{
	struct slice in = *text;

	if ((x->path_flags & PATH_LEGACY) == 0 && hint(x) != HINT_BASE64)
		return;
	if (!unwrap_base64(x, &in, x->raw_from_query) || !utf8_valid(in))
		return;
	*text = in;
}

int
capture_decode(struct capture_ctx *x)
{
	struct slice payload;
	bool is_form;

	if (pick_payload(x, &payload) != 0)
		return -1;
	is_form = !x->raw_from_query &&
		  (capture_media_type_is(
			   x->content_type, "multipart/form-data") ||
			  (capture_media_type_is(x->content_type,
				   "application/x-www-form-urlencoded") &&
				  capture_looks_form(payload)));
	if (is_form && capture_read_form(x, &payload) != 0)
		return -1;
	if (decompress(x, payload, !is_form && !capture_looks_form(payload),
		    &x->text) != 0)
		return -1;
	unwrap_again(x, &x->text);
	stats_observe(STATS_CAPTURE_RAW_SIZE, 0, (double)x->raw.len);
	stats_observe(STATS_CAPTURE_FULL_SIZE, 0, (double)x->text.len);
	return 0;
}

int
capture_decode_inner(struct capture_ctx *x, struct slice in, struct slice *out)
{
	return decompress(x, in, true, out);
}
