/*
 * Crash loop over the store. A child process works on a fresh folder through
 * the crash VFS and dies at its n-th write, truncation, sync or deletion; what
 * it was answered before stands in shared memory. Then the folder is opened
 * with the real VFS and everything promised is looked for. n runs from 1 until
 * a child ends by itself.
 *
 * SLUICE_TEST_SEED repeats a run; SLUICE_FAULT_FULL takes every n, several
 * times, instead of a sample.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "crash_vfs.h"
#include "crash_work.h"

/* A sample takes each n once in so many runs. Sanitizers make a fork slow. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SAMPLE_STEP 12
#else
#define SAMPLE_STEP 5
#endif

struct shared *shared;

static uint64_t
pick_seed(void)
{
	const char *text = getenv("SLUICE_TEST_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10)
				     : rand_u64() % 1000000000;

	print_message(
		"seed %llu (SLUICE_TEST_SEED)\n", (unsigned long long)seed);
	return seed;
}

static void
run_child(const struct crash_work *work, const char *dir, uint64_t seed, long n)
{
	alarm(60);
	crash_vfs_register();
	crash_vfs_arm(seed, n);
	store_test_set_vfs("crash");
	_exit(work->run(dir));
}

static void
fail_here(
	const struct crash_work *work, const char *what, uint64_t seed, long n)
{
	fail_msg("%s: %s, crash at operation %ld with seed %llu", work->name,
		what, n, (unsigned long long)seed);
}

/* false when the child ended by itself. */
static bool
crash_once(const struct crash_work *work, uint64_t seed, long n)
{
	char dir[64];
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	make_dir(dir, sizeof(dir));
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_child(work, dir, seed, n);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != CRASH_STATUS &&
					  WEXITSTATUS(status) != 0))
		fail_here(work, shared->error, seed, n);
	if (!work->check(dir))
		fail_here(work, shared->error, seed, n);
	remove_dir(dir);
	return WEXITSTATUS(status) == CRASH_STATUS;
}

static void
crash_everywhere(const struct crash_work *work)
{
	bool full = getenv("SLUICE_FAULT_FULL") != NULL;
	uint64_t seed = pick_seed();
	long most = 0, n_runs = 0;

	for (int round = 0; round < (full ? 10 : 1); round++) {
		long step = full ? 1 : SAMPLE_STEP;
		long n = full ? 1 : 1 + (long)(seed % SAMPLE_STEP);

		while (crash_once(work, seed + (uint64_t)n, n)) {
			most = n;
			n += step;
			n_runs++;
		}
		seed += 1000003;
	}
	print_message("%s: %ld crashes, the last at operation %ld\n",
		work->name, n_runs, most);
	assert_true(most > 50);
}

/* store-1, store-2, store-7, store-10 */
static void
the_front_log_survives_a_crash_at_any_operation(void **state)
{
	(void)state;
	crash_everywhere(&crash_spool);
}

/* store-3 */
static void
state_and_log_agree_after_a_crash_at_any_operation(void **state)
{
	(void)state;
	crash_everywhere(&crash_state);
}

/* store-11, store-12 */
static void
prepared_rows_are_settled_after_a_crash_at_any_operation(void **state)
{
	(void)state;
	crash_everywhere(&crash_prepare);
}

/* dedupe-1, dedupe-3 */
static void
the_memory_knows_what_the_log_has_after_a_crash(void **state)
{
	(void)state;
	crash_everywhere(&crash_memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_memory_knows_what_the_log_has_after_a_crash),
		cmocka_unit_test(
			the_front_log_survives_a_crash_at_any_operation),
		cmocka_unit_test(
			state_and_log_agree_after_a_crash_at_any_operation),
		cmocka_unit_test(
			prepared_rows_are_settled_after_a_crash_at_any_operation),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
