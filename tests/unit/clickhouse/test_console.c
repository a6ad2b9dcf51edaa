#include "tests/unit/clickhouse/tests.h"

#include "base/attr.h"
#include "clickhouse/console.h"

/* clickhouse-10: canonical texts that may run. */
void
console_allows_reading(void **state)
{
	static const char *const texts[] = {"SELECT 1",
		"(SELECT 1) UNION ALL (SELECT 2)",
		"WITH x AS (SELECT 1) SELECT * FROM x",
		"EXPLAIN PLAN SELECT count() FROM events", "DESCRIBE TABLE e",
		"SHOW TABLES", "SHOW COLUMNS FROM e",
		"SHOW CREATE TABLE events", "EXISTS TABLE events",
		"SELECT name FROM system.tables",
		"SELECT format('{}', event) FROM posthog.events AS e",
		"SELECT 'INTO OUTFILE SETTINGS a = 1', 'it\\'s file(' FROM e",
		"SELECT properties.file AS file, e.url FROM e",
		"SELECT `file` FROM e WHERE `a``b` = 1",
		"SELECT * FROM numbers(3)", "SELECT * APPLY(toString) FROM e",
		"SELECT icebergBucket(5, 3)"};
	char why[CONSOLE_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!sql_console_allows(slice_str(texts[i]), why))
			fail_msg("%s: %s", texts[i], why);
}

/* clickhouse-10 */
void
console_refuses_what_rights_let_through(void **state)
{
	static const char *const texts[] = {"", "INSERT INTO t FORMAT Values",
		"SET ROLE sluice_all", "CREATE VIEW v AS SELECT 1",
		"KILL QUERY WHERE 1", "SYSTEM SHUTDOWN", "DROP TABLE t",
		"SHOW PROCESSLIST", "SHOW CREATE USER `default`", "SHOW USERS",
		"SHOW GRANTS", "BACKUP TABLE t TO Disk('a', 'b')",
		"EXECUTE AS x", "SELECT 1; SELECT 2",
		"SELECT 1 INTO OUTFILE '/tmp/x'", "SELECT 1 FORMAT `Null`",
		"SELECT 1 FORMAT JSON",
		"SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)",
		"SELECT 1 SETTINGS readonly = 0", "SELECT file('/etc/passwd')",
		"SELECT FILE('/etc/passwd')", "SELECT `file`('/etc/passwd')",
		"SELECT 1 WHERE file('/etc/passwd') = ''",
		"SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
		"SELECT * APPLY file FROM (SELECT '/etc/passwd')",
		"SELECT * APPLY x -> file(x) FROM e",
		"WITH (SELECT file('a')) AS x SELECT x",
		"SELECT * FROM merge('system', 'processes')",
		"SELECT * FROM mergeTreeIndex('a', 'b')",
		"SELECT * FROM url('http://127.0.0.1/', 'CSV')",
		"SELECT * FROM eval('SELECT 1')",
		"SELECT * FROM system.processes",
		"SELECT * FROM `system`.`processes`",
		"SELECT * FROM SYSTEM.users", "SELECT 1 IN (system.processes)",
		"EXPLAIN PLAN SELECT * FROM system.query_log",
		"SELECT sleep(3)", "SELECT aiGenerate('x')",
		"SELECT AIGenerate('x')", "SELECT __getScalar('x')",
		"EXPLAIN TABLE OVERRIDE mysql('h', 'd', 't') COLUMNS"};
	char why[CONSOLE_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		why[0] = '\0';
		if (sql_console_allows(slice_str(texts[i]), why))
			fail_msg("%s was let through", texts[i]);
		assert_true(why[0] != '\0');
	}
}
