#include <string.h>

#include "base/json_write.h"
#include "compare_json.h"
#include "fuzz.h"

/*
 * The JSON reader against jansson, the cursor against the reader, and what the
 * writer makes of each value that was read.
 */

#define DEPTH 100

static const struct json_limits limits = {DEPTH, 1000000};

static void
compare_with_jansson(struct slice text, const struct json_doc *d, int r,
	const struct err *e, struct arena *a)
{
	struct other_json *o;

	/* jansson drops a NUL byte that stands behind a number. */
	if (text.len > 0 && memchr(text.p, '\0', text.len) != NULL)
		return;
	o = other_load(text.p, text.len);
	if (r == 0 && o != NULL)
		compare_json(d, 0, o, a);
	else if (r == 0)
		FUZZ_CHECK(compare_may_be_refused(d));
	else if (o != NULL)
		FUZZ_CHECK(strncmp(e->text, "too many levels", 15) == 0);
	other_free(o);
}

static int
read_by_cursor(struct slice text)
{
	struct json_cursor c;
	enum json_type type;
	struct slice raw;
	struct err e;
	int r;

	json_cursor_init(&c, text, DEPTH);
	r = json_cursor_skip(&c, &type, &raw, &e);
	return r != 0 ? r : json_cursor_end(&c, &e);
}

/* Written text is read again, is plain, and is then the same for ever. */
static void
write_and_read_again(const struct json_doc *d, struct arena *a)
{
	uint8_t broken = JSON_NUL | JSON_LONE | JSON_DEEP_NUL;
	struct json_doc again;
	struct buf b, b2;
	struct err e;

	buf_init(&b, (size_t)1 << 28);
	buf_init(&b2, (size_t)1 << 28);
	json_put_value(&b, d, 0, DEPTH, NULL);
	FUZZ_CHECK(!b.failed);
	FUZZ_CHECK(json_parse(a, buf_slice(&b), &limits, &again, &e) == 0);
	FUZZ_CHECK((again.nodes[0].flags & broken) == 0);
	json_put_value(&b2, &again, 0, DEPTH, NULL);
	FUZZ_CHECK(slice_eq(buf_slice(&b), buf_slice(&b2)));
	if ((d->nodes[0].flags & JSON_PLAIN) != 0)
		FUZZ_CHECK(slice_eq(buf_slice(&b), json_raw(d, 0)));
	FUZZ_CHECK(json_equal(d, 0, d, 0));
	if ((d->nodes[0].flags & broken) == 0)
		FUZZ_CHECK(json_equal(d, 0, &again, 0));
	buf_reset(&b2);
	json_put_sorted(&b2, d, 0, a);
	FUZZ_CHECK(json_parse(a, buf_slice(&b2), &limits, &again, &e) == 0);
	buf_fini(&b);
	buf_fini(&b2);
}

static void
escape_and_unescape(struct slice text)
{
	struct buf b, b2;

	buf_init(&b, (size_t)1 << 28);
	buf_init(&b2, (size_t)1 << 28);
	json_put_escaped(&b, text);
	json_unescape(buf_slice(&b), &b2);
	FUZZ_CHECK(slice_eq(buf_slice(&b2), text));
	buf_fini(&b);
	buf_fini(&b2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct slice text = slice_of((const char *)p, len);
	struct json_doc d;
	struct arena a;
	struct err e;
	int r;

	arena_init(&a, (size_t)1 << 28);
	r = json_parse(&a, text, &limits, &d, &e);
	FUZZ_CHECK(r == 0 || r == -(int)ERR_INVALID);
	FUZZ_CHECK(read_by_cursor(text) == r);
	compare_with_jansson(text, &d, r, &e, &a);
	if (r == 0)
		write_and_read_again(&d, &a);
	escape_and_unescape(text);
	arena_fini(&a);
	return 0;
}
