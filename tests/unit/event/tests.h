#ifndef SLUICE_TESTS_EVENT_TESTS_H
#define SLUICE_TESTS_EVENT_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* One function for each file of tests; the sum is the number of failures. */
int test_props(void);
int test_names(void);
int test_time(void);
int test_elements(void);
int test_read(void);
int test_check(void);
int test_normalise(void);
int test_heatmap(void);

#endif
