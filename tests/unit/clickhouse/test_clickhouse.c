#include "tests/unit/clickhouse/tests.h"

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLICKHOUSE_CONSOLE_TESTS,
		CLICKHOUSE_FRAME_TESTS,
		CLICKHOUSE_HOST_TESTS,
		CLICKHOUSE_HTTP_TESTS,
		CLICKHOUSE_SQL_SCAN_TESTS,
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
