#ifndef TEST_PIPELINE_TESTS_H
#define TEST_PIPELINE_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define NOW_US INT64_C(1709634030123000) /* 2024-03-05 10:20:30.123 */

/* Set-up: a world without a pipeline; tear-down: stopped and removed. */
int make_world(void **state);
int remove_world(void **state);
/* True if text holds part. */
bool holds(const struct buf *text, const char *part);
/* How often. */
int times(const struct buf *text, const char *part);
/* "00000000-0000-4000-8000-<i as 12 digits>" */
const char *uuid_of(int i, char out[37]);

int run_part_tests(void);
int run_flow_tests(void);
int run_foreign_tests(void);
int run_letter_tests(void);
int run_pg_state_tests(void);
int run_poison_tests(void);
int run_same_tests(void);
int run_memory_tests(void);

#endif
