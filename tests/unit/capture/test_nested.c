#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "capture/capture_int.h"
#include "tests/unit/capture/suites.h"

/* capture-5: copying raw JSON, against a look at each byte. */

static void
put_scalar(struct buf *b, struct rand_state *r)
{
	static const char *const words[] = {"null", "true", "-1.5e3", "120",
		"\"\"", "\"x\"", "\"Chrome\"",
		"\"a text of some length, so "
		"that it has whole blocks\"",
		"\"with \\\"quotes\\\" in it\"", "\"back\\\\slash\"",
		"\"\\u00e9\\n\\/\"", "\"\\ud83d\\ude00 pair\"",
		"\"lone \\ud83d\"", "\"\\udc00 low\"", "\"\\uD83D\\u0041\"",
		"\"w\xc3\xa4rme\"", "\"ends in \\\\\"", "\"a:b,c\"",
		"\"\\\"\""};

	buf_append_str(b, words[rand_below(r, ARRAY_LEN(words))]);
}

static void
put_blank(struct buf *b, struct rand_state *r, bool spaced)
{
	while (spaced && rand_below(r, 3) == 0)
		buf_append_char(b, " \n\t\r"[rand_below(r, 4)]);
}

static void
put_any(struct buf *b, struct rand_state *r, int depth, bool spaced)
{
	uint64_t n = rand_below(r, 5);
	bool is_object = rand_below(r, 2) == 0;

	if (depth == 0 || rand_below(r, 3) == 0) {
		put_scalar(b, r);
		return;
	}
	buf_append_char(b, is_object ? '{' : '[');
	for (uint64_t i = 0; i < n; i++) {
		if (i > 0)
			buf_append_char(b, ',');
		put_blank(b, r, spaced);
		if (is_object) {
			buf_append_lit(b, "\"$key\"");
			put_blank(b, r, spaced);
			buf_append_char(b, ':');
			put_blank(b, r, spaced);
		}
		put_any(b, r, depth - 1, spaced);
		put_blank(b, r, spaced);
	}
	buf_append_char(b, is_object ? '}' : ']');
}

static int
unit_at(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = strchr(digits, p[i] | (p[i] > '9' ? 0x20 : 0));

		v = v * 16 + (int)(at - digits);
	}
	return v;
}

static void
put_byte(struct buf *b, char c, bool nested)
{
	if (nested && (c == '"' || c == '\\'))
		buf_append_char(b, '\\');
	buf_append_char(b, c);
}

/* Bytes that the escape at p has; 0: a lone surrogate. */
static size_t
escape_bytes(const char *p, const char *end)
{
	int v = unit_at(p, end), low;

	if (v < 0)
		return 2;
	if (v < 0xd800 || v > 0xdfff)
		return 6;
	low = v < 0xdc00 ? unit_at(p + 6, end) : -1;
	return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

static void
put_slowly(struct buf *b, struct slice raw, bool nested)
{
	const char *p = raw.p, *end = slice_end(raw);
	bool inside = false;

	while (p < end) {
		size_t n = 1;

		if (inside && *p == '\\') {
			n = escape_bytes(p, end);
			if (n == 0) {
				buf_append_lit(b, "\xef\xbf\xbd");
				p += 6;
				continue;
			}
		} else if (*p == '"') {
			inside = !inside;
		} else if (!inside && strchr(" \n\t\r", *p) != NULL) {
			p++;
			continue;
		}
		for (; n > 0; n--)
			put_byte(b, *p++, nested);
	}
}

static void
raw_text_is_copied_as_each_byte_says(void **state)
{
	struct buf raw, fast, slow;
	struct rand_state r;

	(void)state;
	rand_seed(&r, 6);
	buf_init(&raw, 1 << 20);
	buf_init(&fast, 1 << 20);
	buf_init(&slow, 1 << 20);
	for (int turn = 0; turn < 20000; turn++) {
		bool nested = turn % 2 == 0;
		struct slice text;

		buf_reset(&raw);
		buf_reset(&fast);
		buf_reset(&slow);
		put_any(&raw, &r, 4, turn % 4 < 2);
		/* In memory of its own, so that a sanitizer sees its end. */
		text = slice_of(test_malloc(raw.len), raw.len);
		memcpy((char *)(uintptr_t)text.p, raw.p, raw.len);
		capture_put_raw(&fast, text, nested);
		put_slowly(&slow, text, nested);
		assert_true(slice_eq(buf_slice(&fast), buf_slice(&slow)));
		test_free((void *)(uintptr_t)text.p);
	}
	buf_fini(&raw);
	buf_fini(&fast);
	buf_fini(&slow);
}

const struct CMUnitTest capture_nested_tests[] = {
	cmocka_unit_test(raw_text_is_copied_as_each_byte_says),
};
const size_t capture_n_nested_tests = ARRAY_LEN(capture_nested_tests);
