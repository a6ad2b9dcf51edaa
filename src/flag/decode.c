#include "flag/flag_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "base/zip.h"

/* Encodings of a body: spec flags 1.4. */
static int PRINTF(3, 4)
	refuse(struct flag_refusal *no, int status, const char *fmt, ...)
{
	va_list ap;

	no->status = status;
	va_start(ap, fmt);
	if (vsnprintf(no->text, sizeof(no->text), fmt, ap) < 0)
		no->text[0] = '\0';
	va_end(ap);
	return -1;
}

static int
undecodable(struct flag_refusal *no, const char *why)
{
	return refuse(no, 400,
		"Failed to decode request: %s. Please check your request "
		"format and try again.",
		why);
}

static bool
media_type_is(struct slice type, const char *name)
{
	const char *semi = type.len == 0 ? NULL : memchr(type.p, ';', type.len);

	if (semi != NULL)
		type.len = (size_t)(semi - type.p);
	return slice_eq_nocase(slice_trim(type), slice_str(name));
}

static bool
has_word(struct slice s, const char *word)
{
	return s.len > 0 && memmem(s.p, s.len, word, strlen(word)) != NULL;
}

static int
gunzip(struct slice in, struct buf *out, struct flag_refusal *no)
{
	struct err e;
	int err = zip_gunzip(in, out, &e);

	if (err == -ERR_TOO_BIG)
		return refuse(no, 413,
			"Decompressed request body exceeded %zu bytes (got "
			"%zu). Please send less.",
			FLAG_TEXT_BYTES, FLAG_TEXT_BYTES + 1);
	if (err != 0)
		return undecodable(
			no, "gzip decompression failed: corrupt stream");
	return 0;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoded; blanks become what replaces them, or go. */
static void
unescape(struct slice in, char blank, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.p[i];

		if (c == '%' && in.len - i > 2 && hex(in.p[i + 1]) >= 0 &&
			hex(in.p[i + 2]) >= 0) {
			c = (char)(hex(in.p[i + 1]) * 16 + hex(in.p[i + 2]));
			i += 2;
		} else if (c == '+' && blank != '\0') {
			c = ' ';
		}
		if (c == ' ')
			c = blank;
		if (c != '\0' && c != '\r' && c != '\n')
			buf_append_char(out, c);
	}
}

/* True if the base64 text, mended as the spec says, holds a JSON object. */
static bool
unwrap(struct arena *a, struct slice in, char blank, struct buf *text)
{
	struct flag_body ignored;
	struct buf b, out;
	bool ok;

	buf_init(&b, in.len + 16);
	buf_init(&out, FLAG_TEXT_BYTES);
	unescape(in, blank, &b);
	while (b.len % 4 != 0 && !b.failed)
		buf_append_char(&b, '=');
	ok = !b.failed && base64_decode(buf_slice(&b), &out) &&
	     flag_read_body(a, buf_slice(&out), &ignored);
	buf_fini(&b);
	if (ok) {
		buf_reset(text);
		buf_append_slice(text, buf_slice(&out));
	}
	buf_fini(&out);
	return ok;
}

static int
from_form(struct arena *a, const struct flag_query *q, struct slice in,
	struct buf *text, struct flag_refusal *no)
{
	const char *end;

	if (q->gzip)
		return undecodable(no, "Unsupported compression type");
	if (slice_starts(in, SLICE_LIT("data=")))
		in = slice_of(in.p + 5, in.len - 5);
	end = in.len == 0 ? NULL : memchr(in.p, '&', in.len);
	if (end != NULL)
		in.len = (size_t)(end - in.p);
	if (unwrap(a, in, '\0', text) || unwrap(a, in, '+', text))
		return 0;
	return undecodable(no, "Base64 decoding error: no JSON in it");
}

int
flag_decode(struct http_request *r, const struct flag_query *q,
	struct buf *text, struct flag_refusal *no)
{
	struct slice type = http_header(r, "Content-Type");
	struct slice in = http_body(r);
	struct flag_body ignored;
	struct arena *a = http_arena(r);

	if (q->bad_compression)
		return undecodable(no, "Unsupported compression type");
	if (media_type_is(type, "application/x-www-form-urlencoded"))
		return from_form(a, q, in, text, no);
	if (type.len > 0 && !media_type_is(type, "application/json") &&
		!media_type_is(type, "text/plain"))
		return refuse(no, 400,
			"Failed to decode request: unsupported content type: "
			"%.*s. Please check your request format and try again.",
			(int)(type.len > 60 ? 60 : type.len), type.p);
	if (q->gzip || has_word(http_header(r, "Content-Encoding"), "gzip") ||
		slice_starts(in, SLICE_LIT("\x1f\x8b"))) {
		if (gunzip(in, text, no) != 0)
			return -1;
	} else {
		utf8_append_lossy(text, in);
	}
	if (flag_read_body(a, buf_slice(text), &ignored) ||
		unwrap(a, in, '\0', text) || unwrap(a, in, '+', text))
		return 0;
	/* Tokens that JSON does not know, and bytes that UTF-8 does not. */
	struct buf mended;

	buf_init(&mended, FLAG_TEXT_BYTES * 3);
	utf8_append_lossy(&mended, buf_slice(text));
	buf_reset(text);
	flag_mend_numbers(buf_slice(&mended), text);
	buf_fini(&mended);
	if (flag_read_body(a, buf_slice(text), &ignored))
		return 0;
	return undecodable(no, "invalid JSON");
}
