#ifndef SLUICE_TESTS_UNIT_BASE_TESTS_H
#define SLUICE_TESTS_UNIT_BASE_TESTS_H

/* One group of tests per file, each run by main() of test_base.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int run_memory_tests(void);
int run_text_tests(void);
int run_hash_tests(void);
int run_clock_tests(void);
int run_thread_tests(void);
int run_file_tests(void);
int run_fault_tests(void);
int run_net_tests(void);
int run_log_tests(void);
int run_json_read_tests(void);
int run_json_write_tests(void);
int run_block_tests(void);
int run_zip_tests(void);
int run_zip_fast_tests(void);

#endif
