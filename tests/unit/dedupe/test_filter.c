#include "tests.h"

#include "dedupe/filter.h"

static bool
has(const struct filter *f, uint64_t hash, int64_t number)
{
	int64_t numbers[FILTER_HITS_MAX];
	int n = filter_find(f, hash, numbers);

	for (int i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Spreads the numbers over all bits; no two have the same. */
static uint64_t
hash_of(int64_t i)
{
	uint64_t h = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ (h >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 32)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 30);
}

static void
an_empty_filter_finds_nothing_and_has_no_memory(void **state)
{
	int64_t numbers[FILTER_HITS_MAX];
	struct filter f;

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, 1000);
	assert_int_equal(filter_find(&f, 7, numbers), 0);
	assert_int_equal(f.bytes, 0);
	filter_fini(&f);
}

/* dedupe-4: every live entry is found, whatever has come between. */
static void
all_live_entries_are_found_while_it_grows(void **state)
{
	enum { N = 200000 };
	struct filter f;

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, N);
	for (int64_t i = 0; i < N; i++) {
		filter_add(&f, hash_of(i));
		assert_true(has(&f, hash_of(i), i));
		assert_true(has(&f, hash_of(i / 2), i / 2));
	}
	for (int64_t i = 0; i < N; i++)
		assert_true(has(&f, hash_of(i), i));
	assert_int_equal(f.forgotten, 0);
	assert_true(f.bytes < N * 11);
	filter_fini(&f);
}

/* dedupe-4: also where the numbers in the slots go round. */
static void
the_window_moves_on_for_ever(void **state)
{
	enum { WINDOW = 3000, FROM = (1 << 24) - 100000, N = 200000 };
	struct filter f;

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, WINDOW);
	f.next = f.oldest = FROM;
	for (int64_t i = FROM; i < FROM + N; i++) {
		filter_add(&f, hash_of(i));
		if (i < FROM + WINDOW)
			continue;
		assert_true(has(&f, hash_of(i - WINDOW + 1), i - WINDOW + 1));
		assert_false(has(&f, hash_of(i - WINDOW), i - WINDOW));
	}
	assert_int_equal(f.forgotten, 0);
	assert_true(f.bytes <= (size_t)f.max_buckets * 64 * FILTER_PARTS);
	filter_fini(&f);
}

/* Slots whose numbers would come round again are freed before. */
static void
no_slot_outlives_its_number(void **state)
{
	enum { N = 1 << 24 };
	struct filter f;
	uint64_t old = hash_of(-5);

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, 100);
	filter_add(&f, old);
	for (int64_t i = 0; i < N + 50; i++)
		filter_add(&f, hash_of(i));
	assert_false(has(&f, old, N));
	assert_int_equal(f.next, N + 51);
	filter_fini(&f);
}

static void
what_is_taken_back_was_never_there(void **state)
{
	struct filter f;

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, 100000);
	for (int64_t i = 0; i < 20000; i++)
		filter_add(&f, hash_of(i));
	for (int64_t i = 19999; i >= 10000; i--)
		filter_take_back(&f, hash_of(i));
	assert_int_equal(f.next, 10000);
	for (int64_t i = 0; i < 10000; i++)
		assert_true(has(&f, hash_of(i), i));
	for (int64_t i = 10000; i < 20000; i++)
		assert_false(has(&f, hash_of(i), i));
	filter_fini(&f);
}

static void
equal_hashes_are_all_told(void **state)
{
	int64_t numbers[FILTER_HITS_MAX];
	struct filter f;

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, 1000);
	for (int i = 0; i < 5; i++)
		filter_add(&f, 99);
	assert_int_equal(filter_find(&f, 99, numbers), 5);
	/* More than fit are forgotten, not mistaken. */
	for (int i = 0; i < 95; i++)
		filter_add(&f, 99);
	assert_true(filter_find(&f, 99, numbers) <= FILTER_HITS_MAX);
	assert_true(f.forgotten > 0);
	filter_fini(&f);
}

static void
forgetting_all_gives_the_memory_back(void **state)
{
	struct filter f;

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, 1000);
	for (int64_t i = 0; i < 500; i++)
		filter_add(&f, hash_of(i));
	assert_true(f.bytes > 0);
	filter_forget(&f, 400);
	assert_false(has(&f, hash_of(399), 399));
	assert_true(has(&f, hash_of(400), 400));
	filter_forget(&f, 500);
	assert_int_equal(f.bytes, 0);
	filter_set_limit(&f, 0);
	filter_set_limit(&f, 10);
	filter_add(&f, hash_of(500));
	assert_true(has(&f, hash_of(500), 500));
	filter_fini(&f);
}

static void
room_that_was_reserved_is_enough(void **state)
{
	enum { N = 100000 };
	struct filter f;
	size_t bytes;

	(void)state;
	filter_init(&f);
	filter_set_limit(&f, N);
	filter_reserve(&f, N);
	bytes = f.bytes;
	assert_true(bytes > N * 8 && bytes < N * 11);
	for (int64_t i = 0; i < N; i++)
		filter_add(&f, hash_of(i));
	assert_int_equal(f.forgotten, 0);
	for (int64_t i = 0; i < N; i++)
		assert_true(has(&f, hash_of(i), i));
	filter_fini(&f);
}

int
run_filter_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_empty_filter_finds_nothing_and_has_no_memory),
		cmocka_unit_test(all_live_entries_are_found_while_it_grows),
		cmocka_unit_test(the_window_moves_on_for_ever),
		cmocka_unit_test(no_slot_outlives_its_number),
		cmocka_unit_test(what_is_taken_back_was_never_there),
		cmocka_unit_test(equal_hashes_are_all_told),
		cmocka_unit_test(forgetting_all_gives_the_memory_back),
		cmocka_unit_test(room_that_was_reserved_is_enough),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
