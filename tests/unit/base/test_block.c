#include "tests.h"

#include <string.h>

#include "base/block.h"
#include "base/buf.h"
#include "base/json_scan.h"
#include "base/json_write.h"
#include "base/rand.h"
#include "base/utf8.h"
#include "base/utf8_ascii.h"
#include "block_kit.h"

/* The variants against each other and against a look at each byte. */

static const char edges[] = "\"\\\0\x1f !\x7f\x80\xff\xc3\xe2\xf0 az09";

void
block_ask_native(const char *p, struct block_says *out)
{
	block b = block_load(p);

	out->high = block_first(block_high(b));
	out->control = block_first(block_control(b));
	out->control_or_high = block_first(block_control_or_high(b));
	out->quote = block_first(block_eq(b, '"'));
	out->stop = block_first(block_json_stop(b));
	out->escape = block_first(block_json_escape(b));
	out->nested = block_first(block_json_nested(b));
	block_store(out->copy, b);
}

static void
lower(unsigned *first, unsigned at, bool is_hit)
{
	if (is_hit && at < *first)
		*first = at;
}

static void
ask_bytes(const char *p, struct block_says *out)
{
	*out = (struct block_says){16, 16, 16, 16, 16, 16, 16, {0}};
	for (unsigned i = 0; i < 16; i++) {
		unsigned char c = (unsigned char)p[i];
		bool nested = c == '"' || c == '\\';

		lower(&out->high, i, c >= 0x80);
		lower(&out->control, i, c < ' ');
		lower(&out->control_or_high, i, c < ' ' || c >= 0x80);
		lower(&out->quote, i, c == '"');
		lower(&out->stop, i, nested || c < ' ' || c >= 0x80);
		lower(&out->escape, i, nested || c < ' ');
		lower(&out->nested, i, nested);
	}
	memcpy(out->copy, p, 16);
}

static void
compare(const char *p)
{
	struct block_says native, portable, bytes;

	memset(&native, 0, sizeof(native));
	memset(&portable, 0, sizeof(portable));
	block_ask_native(p, &native);
	block_ask_portable(p, &portable);
	ask_bytes(p, &bytes);
	assert_memory_equal(&native, &bytes, sizeof(bytes));
	assert_memory_equal(&portable, &bytes, sizeof(bytes));
}

/* n bytes: mostly letters, with some of the edges; share in 256. */
static void
fill(char *p, size_t n, unsigned share, struct rand_state *r)
{
	for (size_t i = 0; i < n; i++)
		p[i] = rand_below(r, 256) < share
			       ? edges[rand_below(r, sizeof(edges))]
			       : (char)('a' + rand_below(r, 26));
}

static void
all_variants_of_a_block_agree(void **state)
{
	struct rand_state r;
	char p[17];

	(void)state;
	rand_seed(&r, 1);
	/* Each byte at each place, among two kinds of others. */
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < 16; at++) {
			memset(p, 'x', sizeof(p));
			p[at] = (char)c;
			compare(p);
			memset(p, (int)c, sizeof(p));
			p[at] = 'x';
			compare(p);
		}
	}
	for (int turn = 0; turn < 20000; turn++) {
		for (size_t i = 0; i < sizeof(p); i++)
			p[i] = (char)rand_below(&r, 256);
		compare(p + turn % 2);
		fill(p, sizeof(p), 40, &r);
		compare(p + turn % 2);
	}
}

static void
ascii_is_told_alike(void **state)
{
	char text[700];
	struct rand_state r;
	size_t n, wide;

	(void)state;
	rand_seed(&r, 2);
	for (int turn = 0; turn < 5000; turn++) {
		size_t from = (size_t)rand_below(&r, 17);
		size_t len = (size_t)rand_below(&r, sizeof(text) - 17);
		bool has_high = turn % 4 != 0 && len > 0;
		size_t at = has_high ? (size_t)rand_below(&r, len) : len;

		fill(text, sizeof(text), 0, &r);
		if (has_high)
			text[from + at] = (char)(0x80 | rand_below(&r, 128));
		n = utf8_ascii_blocks_portable(text + from, len);
		assert_int_equal(n, at / 64 * 64);
		assert_int_equal(utf8_ascii_blocks(text + from, len), n);
		if (utf8_ascii_blocks_avx2(text + from, len, &wide))
			assert_int_equal(wide, n);
	}
}

/* Byte by byte, by the table of the Unicode standard (3-7). */
static bool
is_valid(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned c = p[i], low = 0x80, high = 0xbf;
		size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

		if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || n - i <= more)
			return false;
		low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : low;
		high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : high;
		for (i++; more > 0; more--, i++) {
			if (p[i] < low || p[i] > high)
				return false;
			low = 0x80;
			high = 0xbf;
		}
	}
	return true;
}

static void
utf8_is_checked_alike(void **state)
{
	static const char *const pieces[] = {"\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xc0\x80",
		"\xf4\x90\x80"
		"\x80",
		"\xe2\x82", "\x80"};
	struct buf b;
	struct rand_state r;
	int n_valid = 0;

	(void)state;
	rand_seed(&r, 3);
	buf_init(&b, 100000);
	for (int turn = 0; turn < 20000; turn++) {
		size_t parts = (size_t)rand_below(&r, 6);
		bool only_good = turn % 2 == 0;
		bool valid;

		buf_reset(&b);
		buf_append(&b, "", 0);
		for (size_t i = 0; i < parts; i++) {
			size_t run = (size_t)rand_below(&r, 200);
			char *to = buf_reserve(&b, run + 1);

			fill(to, run, 0, &r);
			b.len += run;
			buf_append_str(
				&b, pieces[rand_below(&r, only_good ? 3 : 8)]);
		}
		valid = is_valid((const unsigned char *)b.p, b.len);
		n_valid += valid;
		assert_int_equal(utf8_valid(buf_slice(&b)), valid);
	}
	assert_true(n_valid > 5000 && n_valid < 20000);
	buf_fini(&b);
}

/* The end of a string where a look at each byte finds it, and no byte beyond
 * the text is read (the sanitizer sees to that). */
static void
strings_end_where_their_bytes_say(void **state)
{
	struct rand_state r;
	struct json_fault f;
	char *text;

	(void)state;
	rand_seed(&r, 4);
	for (int turn = 0; turn < 20000; turn++) {
		size_t n = (size_t)rand_below(&r, 120), at = 0;
		uint8_t flags = 0;
		const char *end;

		text = test_malloc(n + 1);
		fill(text, n, 0, &r);
		text[n] = '"';
		while (at < n && rand_below(&r, 3) != 0) {
			at += (size_t)rand_below(&r, 40);
			if (at + 1 < n)
				memcpy(text + at, "\\\"", 2);
			at += 2;
		}
		end = json_scan_string(text, text + n + 1, &flags, &f);
		assert_ptr_equal(end, text + n);
		assert_null(json_scan_string(text, text + n, &flags, &f));
		test_free(text);
	}
}

static void
escapes_are_those_of_each_byte(void **state)
{
	struct buf fast, slow;
	struct rand_state r;
	char text[200];

	(void)state;
	rand_seed(&r, 5);
	buf_init(&fast, 10000);
	buf_init(&slow, 10000);
	for (int turn = 0; turn < 20000; turn++) {
		size_t n = (size_t)rand_below(&r, sizeof(text));

		fill(text, n, turn % 2 == 0 ? 10 : 100, &r);
		buf_reset(&fast);
		buf_reset(&slow);
		json_put_escaped(&fast, slice_of(text, n));
		/* Of one byte there is no block. */
		for (size_t i = 0; i < n; i++)
			json_put_escaped(&slow, slice_of(text + i, 1));
		assert_true(slice_eq(buf_slice(&fast), buf_slice(&slow)));
	}
	buf_fini(&fast);
	buf_fini(&slow);
}

int
run_block_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_variants_of_a_block_agree),
		cmocka_unit_test(ascii_is_told_alike),
		cmocka_unit_test(utf8_is_checked_alike),
		cmocka_unit_test(strings_end_where_their_bytes_say),
		cmocka_unit_test(escapes_are_those_of_each_byte),
	};

	return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
