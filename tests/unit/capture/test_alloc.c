#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/zip.h"
#include "tests/unit/capture/dry.h"
#include "tests/unit/capture/suites.h"

#define MANY 1000000

/* Allocations that a request takes. */
static long
allocations(struct dry *d, struct slice body)
{
	long left;

	mem_fail_after(MANY, false);
	assert_int_equal(dry_run(d, body), 0);
	dry_drop(d);
	left = mem_fail_left();
	mem_fail_after(0, false);
	return MANY - left;
}

/* Once buffers have their size a request takes no memory from the heap, however
 * many events it has. */
static void
a_warm_request_takes_no_memory(void **state)
{
	static const int counts[] = {1, 10, 50};
	struct buf body, packed;
	struct dry d;
	struct err e;

	(void)state;
	buf_init(&body, 1 << 24);
	buf_init(&packed, 1 << 24);
	dry_init(&d);
	for (size_t i = 0; i < 2 * ARRAY_LEN(counts); i++) {
		struct slice text;

		buf_reset(&body);
		dry_body(&body, counts[i / 2]);
		text = buf_slice(&body);
		if (i % 2 == 1) {
			buf_reset(&packed);
			assert_int_equal(zip_gzip(text, 6, &packed, &e), 0);
			text = buf_slice(&packed);
		}
		for (int turn = 0; turn < 3; turn++)
			(void)(allocations(&d, text) > 0);
		assert_int_equal(allocations(&d, text), 0);
		assert_int_equal(dry_run(&d, text), 0);
		assert_int_equal(d.x.job->outs[0].n, counts[i / 2]);
		dry_drop(&d);
	}
	dry_fini(&d);
	buf_fini(&body);
	buf_fini(&packed);
}

const struct CMUnitTest capture_alloc_tests[] = {
	cmocka_unit_test(a_warm_request_takes_no_memory),
};
const size_t capture_n_alloc_tests = ARRAY_LEN(capture_alloc_tests);
