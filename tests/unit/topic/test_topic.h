#ifndef TEST_TOPIC_H
#define TEST_TOPIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int run_batch_tests(void);

#endif
