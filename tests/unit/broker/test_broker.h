#ifndef SLUICE_TEST_BROKER_H
#define SLUICE_TEST_BROKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Cases of the other files, joined in test_broker.c. */
extern const struct CMUnitTest test_wire[], test_log[], test_small[],
	test_flow[];
extern const size_t test_wire_n, test_log_n, test_small_n, test_flow_n;

#endif
