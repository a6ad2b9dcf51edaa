#include "test_broker.h"

#include <string.h>

#define TESTS_MAX 64

int
main(void)
{
	static struct CMUnitTest tests[TESTS_MAX];
	size_t n = 0;

	memcpy(tests + n, test_wire, test_wire_n * sizeof(tests[0]));
	n += test_wire_n;
	memcpy(tests + n, test_log, test_log_n * sizeof(tests[0]));
	n += test_log_n;
	memcpy(tests + n, test_small, test_small_n * sizeof(tests[0]));
	n += test_small_n;
	memcpy(tests + n, test_flow, test_flow_n * sizeof(tests[0]));
	n += test_flow_n;
	return _cmocka_run_group_tests("broker", tests, n, NULL, NULL);
}
