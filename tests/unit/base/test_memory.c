#include "tests.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

static void
arena_gives_aligned_memory_that_does_not_overlap(void **state)
{
	struct arena a;
	char *before = NULL;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < 2000; i++) {
		size_t size = i % 300;
		char *p = arena_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_true(p != before);
		memset(p, (int)i, size);
		before = p;
	}
	arena_fini(&a);
	assert_int_equal(a.total, 0);
}

static void
arena_refuses_more_than_its_maximum(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 64 * 1024);
	assert_null(arena_alloc(&a, 64 * 1024));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 14));
	assert_null(arena_zalloc(&a, SIZE_MAX / 2, 4));
	assert_non_null(arena_alloc(&a, 60 * 1024));
	assert_null(arena_alloc(&a, 8 * 1024));
	assert_true(a.total <= 64 * 1024);
	arena_fini(&a);
}

static void
arena_reset_keeps_the_largest_chunk(void **state)
{
	struct arena a;
	size_t total;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_non_null(arena_alloc(&a, 100));
	assert_non_null(arena_alloc(&a, 300 * 1024));
	arena_reset(&a);
	total = a.total;
	assert_true(total >= 300 * 1024 && total < 310 * 1024);
	assert_non_null(arena_alloc(&a, 300 * 1024));
	assert_int_equal(a.total, total);
	arena_fini(&a);
}

/* The same work again takes nothing from the heap; the maximum stays one. */
static void
arena_rewind_keeps_what_is_used_again(void **state)
{
	const size_t sizes[] = {100, 20000, 300 * 1024, 5000, 100000, 40};
	struct arena a;
	long left = 0;

	(void)state;
	arena_init(&a, 1 << 20);
	for (int round = 0; round < 4; round++) {
		if (round == 2)
			mem_fail_after(1000, false);
		for (int i = 0; i < 60; i++) {
			size_t n = i < 6 ? sizes[i] : 1000;
			char *p = arena_alloc(&a, n);

			assert_non_null(p);
			memset(p, round, n);
		}
		left = mem_fail_left();
		arena_rewind(&a, 1 << 20);
		assert_int_equal(a.total, 0);
	}
	mem_fail_after(0, false);
	assert_int_equal(left, 1000);
	/* Spare chunks give way to a large one. */
	assert_non_null(arena_alloc(&a, (1 << 20) - 64));
	assert_int_equal(a.spare_bytes, 0);
	assert_null(arena_alloc(&a, 100));
	arena_rewind(&a, 1000);
	assert_int_equal(a.spare_bytes, 0);
	arena_fini(&a);
}

static void
arena_shrink_gives_back_only_the_last(void **state)
{
	struct arena a;
	char *first, *second;

	(void)state;
	arena_init(&a, 1 << 20);
	first = arena_alloc(&a, 1000);
	second = arena_alloc(&a, 1000);
	arena_shrink(&a, first, 1000, 10);
	assert_true((char *)arena_alloc(&a, 16) >= second + 1000);
	second = arena_alloc(&a, 1000);
	arena_shrink(&a, second, 1000, 10);
	assert_ptr_equal(arena_alloc(&a, 16), second + 16);
	arena_fini(&a);
}

static void
note(void *cookie)
{
	char **at = cookie;

	*(*at)++ = 'x';
}

static void
note_other(void *cookie)
{
	char **at = cookie;

	*(*at)++ = 'y';
}

static void
arena_clean_ups_run_once_last_first(void **state)
{
	char text[8] = "", *at = text;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_int_equal(arena_on_free(&a, note, &at), 0);
	assert_int_equal(arena_on_free(&a, note_other, &at), 0);
	arena_reset(&a);
	assert_string_equal(text, "yx");
	arena_fini(&a);
	assert_string_equal(text, "yx");
}

static void
arena_copies_text(void **state)
{
	struct arena a;
	struct slice s;

	(void)state;
	arena_init(&a, 1 << 20);
	s = arena_dup_slice(&a, SLICE_LIT("abc"));
	assert_true(slice_eq_str(s, "abc"));
	assert_non_null(arena_dup_slice(&a, SLICE_NONE).p);
	assert_string_equal(arena_strndup(&a, slice_of("abcd", 2)), "ab");
	arena_fini(&a);
}

/* Each of the first n allocations fails in turn; then all from the n-th. */
static void
arena_survives_failing_allocations(void **state)
{
	(void)state;
	for (int forever = 0; forever < 2; forever++) {
		bool failed = true;

		for (long n = 1; failed; n++) {
			struct arena a;

			failed = false;
			arena_init(&a, 1 << 20);
			mem_fail_after(n, forever == 1);
			for (int i = 0; i < 100; i++) {
				char *p = arena_alloc(&a, 2000);

				if (p == NULL)
					failed = true;
				else
					memset(p, 1, 2000);
			}
			mem_fail_after(0, false);
			arena_fini(&a);
		}
	}
}

/* base-1 */
static void
buf_appends_and_keeps_its_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_append_lit(&b, "12345");
	buf_append_u64(&b, 67890);
	assert_true(slice_eq_str(buf_slice(&b), "1234567890"));
	assert_string_equal(buf_cstr(&b), "1234567890");
	buf_append_char(&b, 'x');
	buf_append_char(&b, 'x');
	assert_true(b.failed || b.len <= 11);
	buf_reset(&b);
	buf_append_lit(&b, "12345678901");
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	assert_null(buf_cstr(&b));
	buf_append_lit(&b, "1");
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_reset(&b);
	buf_append_lit(&b, "1");
	assert_string_equal(buf_cstr(&b), "1");
	buf_fini(&b);
}

static void
buf_prints_up_to_its_maximum(void **state)
{
	struct buf b;
	char *p;
	size_t len;

	(void)state;
	buf_init(&b, 1000);
	buf_printf(&b, "%s-%d", "a", 5);
	buf_printf(&b, "%997s", "");
	assert_int_equal(b.len, 1000);
	assert_false(b.failed);
	buf_printf(&b, "x");
	assert_true(b.failed);
	buf_reset(&b);
	buf_append_i64(&b, INT64_MIN);
	buf_append_i64(&b, 0);
	assert_string_equal(buf_cstr(&b), "-92233720368547758080");
	p = buf_take(&b, &len);
	assert_int_equal(len, 21);
	assert_int_equal(b.len, 0);
	mem_free(p);
	buf_fini(&b);
}

static void
buf_survives_failing_allocations(void **state)
{
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct buf b;

		buf_init(&b, 1 << 20);
		mem_fail_after(n, false);
		for (int i = 0; i < 1000; i++)
			buf_printf(&b, "%d,%s", i, "abcdef");
		mem_fail_after(0, false);
		failed = b.failed;
		assert_true(failed ? b.len == 0 : b.len > 7000);
		buf_fini(&b);
	}
}

static void
err_carries_code_and_text(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
		err_set(&e, ERR_TOO_BIG, "over %d", 5), -(int)ERR_TOO_BIG);
	assert_string_equal(e.text, "over 5");
	assert_int_equal(err_prefix(&e, "file %s", "x"), -(int)ERR_TOO_BIG);
	assert_string_equal(e.text, "file x: over 5");
	errno = ENOSPC;
	assert_int_equal(
		err_sys(&e, ERR_IO, "cannot write"), -(int)ERR_NO_SPACE);
	assert_int_equal(e.sys_errno, ENOSPC);
	assert_string_equal(e.text, "cannot write: No space left on device");
	assert_string_equal(err_name(ERR_NOT_FOUND), "NOT_FOUND");
	assert_int_equal(err_http_status(ERR_TOO_BIG), 413);
	assert_int_equal(err_retry_class(ERR_UNSURE), ERR_RETRY_ASK);
	for (int i = 0; i < 300; i++)
		ERR_IGNORE(err_prefix(&e, "long"), "fills the text");
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

int
run_memory_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			arena_gives_aligned_memory_that_does_not_overlap),
		cmocka_unit_test(arena_refuses_more_than_its_maximum),
		cmocka_unit_test(arena_reset_keeps_the_largest_chunk),
		cmocka_unit_test(arena_rewind_keeps_what_is_used_again),
		cmocka_unit_test(arena_shrink_gives_back_only_the_last),
		cmocka_unit_test(arena_clean_ups_run_once_last_first),
		cmocka_unit_test(arena_copies_text),
		cmocka_unit_test(arena_survives_failing_allocations),
		cmocka_unit_test(buf_appends_and_keeps_its_maximum),
		cmocka_unit_test(buf_prints_up_to_its_maximum),
		cmocka_unit_test(buf_survives_failing_allocations),
		cmocka_unit_test(err_carries_code_and_text),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
