#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "store/sql.h"
#include "store/store.h"
#include "store/store_test.h"

#define TS 1700000000000

/* A folder of its own and a store in it. */
struct fixture {
	char dir[64];
	struct store *s;
	struct store_part *p;
	struct store_conn *reader;
	struct buf b;
	struct err e;
	int n_fatal;
};

/* Makes the folder and opens the spool (or another file) with partition
 * ("t", 0); set-up and tear-down of cmocka tests. */
int open_spool(void **state);
int open_state(void **state);
int close_all(void **state);
void open_store(struct fixture *f, enum store_kind kind);
void close_store(struct fixture *f);
/* Closes and opens again, handles renewed. */
void reopen(struct fixture *f, enum store_kind kind);
void remove_dir(const char *dir);
void make_dir(char *dir, size_t size);

/* A batch of n records whose values are "<first+i>" padded to size bytes, with
 * timestamps TS + first + i. Appended to b. */
void make_batch(struct buf *b, int64_t first, uint32_t n, size_t size);
/* Appends such a batch and waits; returns its base offset or -code. */
int64_t append(struct fixture *f, struct store_part *p, int64_t first,
	uint32_t n, size_t size);
/* Reads everything from `from`; asserts that offsets are dense and CRCs right;
 * calls fn for each record. Returns the offset after the last. */
int64_t read_all(struct fixture *f, const struct store_part *p, int64_t from,
	void (*fn)(void *cookie, int64_t offset, struct slice value),
	void *cookie);
/* The number at the head of a value. */
int64_t number_of(struct slice value);

int run_append_tests(void);
int run_job_tests(void);
int run_read_tests(void);
int run_retain_tests(void);
int run_open_tests(void);
int run_prepare_tests(void);
int run_wipe_tests(void);
int run_turn_tests(void);

#endif
