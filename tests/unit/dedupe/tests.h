#ifndef SLUICE_TESTS_UNIT_DEDUPE_TESTS_H
#define SLUICE_TESTS_UNIT_DEDUPE_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int run_filter_tests(void);

#endif
