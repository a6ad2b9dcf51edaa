#include "tests.h"

#include "base/rand.h"
#include "base/zip.h"
#include "base/zip_fast.h"

/* zip_gunzip against zlib alone: both give the same code and the same bytes,
 * whichever way the stream went. */
static void
compare(struct slice in, size_t max_bytes)
{
	struct buf one, two;
	struct err e;
	int r1, r2;

	buf_init(&one, max_bytes);
	buf_init(&two, max_bytes);
	buf_append_char(&one, '>');
	buf_append_char(&two, '>');
	r1 = zip_gunzip(in, &one, &e);
	r2 = zip_gunzip_streamed(in, &two, &e);
	assert_int_equal(r1, r2);
	assert_true(one.len <= max_bytes);
	if (r1 == 0)
		assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
	buf_fini(&one);
	buf_fini(&two);
}

static void
make_text(struct buf *b, size_t n, struct rand_state *r)
{
	uint64_t kinds = 1 + rand_below(r, 60);

	while (b->len < n)
		buf_append_char(b, (char)('a' + rand_below(r, kinds)));
}

static void
fast_and_streamed_agree_on_changed_streams(void **state)
{
	struct buf in, packed;
	struct rand_state r;
	struct err e;

	(void)state;
	rand_seed(&r, 4711);
	buf_init(&in, 1 << 20);
	buf_init(&packed, 1 << 20);
	for (int turn = 0; turn < 60; turn++) {
		buf_reset(&in);
		buf_reset(&packed);
		make_text(&in, (size_t)rand_below(&r, 5000), &r);
		assert_int_equal(
			zip_gzip(buf_slice(&in), turn % 10, &packed, &e), 0);
		compare(buf_slice(&packed), 1 << 20);
		compare(buf_slice(&packed), in.len + 1);
		compare(buf_slice(&packed), in.len == 0 ? 1 : in.len);
		for (int i = 0; i < 60; i++) {
			size_t at = (size_t)rand_below(&r, packed.len);
			char was = packed.p[at];

			packed.p[at] ^= (char)(1 << rand_below(&r, 8));
			compare(buf_slice(&packed), 1 << 20);
			packed.p[at] = was;
			compare(slice_of(packed.p, at), 1 << 20);
		}
	}
	buf_fini(&in);
	buf_fini(&packed);
}

/* Behind the first member anything may stand, also what looks like a length. */
static void
fast_and_streamed_agree_on_what_follows(void **state)
{
	static const char *const tails[] = {"", "x", "\x10\x27\0",
		"\xff\xff\xff"
		"\xff",
		"long enough to be of no member"};
	struct buf packed;
	struct err e;

	(void)state;
	buf_init(&packed, 1 << 16);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		buf_reset(&packed);
		assert_int_equal(
			zip_gzip(SLICE_LIT("a text that is not short, a text "
					   "that is not short"),
				6, &packed, &e),
			0);
		buf_append_str(&packed, tails[i]);
		compare(buf_slice(&packed), 1 << 16);
		assert_int_equal(
			zip_gzip(SLICE_LIT("second"), 6, &packed, &e), 0);
		compare(buf_slice(&packed), 1 << 16);
	}
	buf_fini(&packed);
}

/* Flags of the head: checksum (right and wrong), more fields, reserved. */
static void
fast_and_streamed_agree_on_heads(void **state)
{
	static const struct {
		const char *fields;
		size_t len;
		char flags;
	} rows[] = {
		{"", 0, 0},
		{"", 0, 1},
		{"\0\0", 2, 2},
		{"\xe8\x97", 2, 2},
		{"\3\0abc", 5, 4},
		{"\xff\0abc", 5, 4},
		{"name", 5, 8},
		{"comment", 8, 16},
		{"", 0, 32},
		{"", 0, (char)0x80},
		{"\1\0xname\0comment", 16, 4 | 8 | 16},
	};
	struct buf plain, packed;
	struct err e;

	(void)state;
	buf_init(&plain, 1000);
	buf_init(&packed, 1000);
	assert_int_equal(zip_gzip(SLICE_LIT("hello, hello"), 6, &plain, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&packed);
		buf_append(&packed, plain.p, 10);
		packed.p[3] = rows[i].flags;
		buf_append(&packed, rows[i].fields, rows[i].len);
		buf_append(&packed, plain.p + 10, plain.len - 10);
		compare(buf_slice(&packed), 1000);
	}
	buf_fini(&plain);
	buf_fini(&packed);
}

/* base-2 */
static void
a_length_that_is_told_takes_no_memory(void **state)
{
	struct buf packed, out;
	struct err e;

	(void)state;
	buf_init(&packed, 1000);
	buf_init(&out, 1 << 30);
	assert_int_equal(zip_gzip(SLICE_LIT("hello"), 6, &packed, &e), 0);
	memcpy(packed.p + packed.len - 4, "\0\0\0\x20", 4);
	assert_int_equal(
		zip_gunzip(buf_slice(&packed), &out, &e), -(int)ERR_INVALID);
	assert_true(out.cap < 1 << 20);
	buf_fini(&packed);
	buf_fini(&out);
}

int
run_zip_fast_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_and_streamed_agree_on_changed_streams),
		cmocka_unit_test(fast_and_streamed_agree_on_what_follows),
		cmocka_unit_test(fast_and_streamed_agree_on_heads),
		cmocka_unit_test(a_length_that_is_told_takes_no_memory),
	};

	return cmocka_run_group_tests_name("zip_fast", tests, NULL, NULL);
}
