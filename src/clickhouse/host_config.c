#include "clickhouse/host.h"

#include <stdio.h>

#include "base/file.h"
#include "clickhouse/console.h"

#define LOG_BYTES (10 * 1024 * 1024)
#define MARK_CACHE_BYTES 134217728
#define MAX_FILE_BYTES 65536

static void
put_escaped(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			buf_append_lit(b, "&amp;");
		else if (*text == '<')
			buf_append_lit(b, "&lt;");
		else if (*text == '>')
			buf_append_lit(b, "&gt;");
		else
			buf_append_char(b, *text);
	}
}

static void
put(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, "  <%s>", name);
	put_escaped(b, text);
	buf_printf(b, "</%s>\n", name);
}

static void
put_path(struct buf *b, const char *name, const char *dir, const char *tail)
{
	buf_printf(b, "  <%s>", name);
	put_escaped(b, dir);
	put_escaped(b, tail);
	buf_printf(b, "</%s>\n", name);
}

static void
put_number(struct buf *b, const char *name, int64_t n)
{
	buf_printf(b, "  <%s>%lld</%s>\n", name, (long long)n, name);
}

/*
 * The broker's address stands in a named collection of this file and not in one
 * made by SQL, so that it is right from the first moment of each start, also
 * after the broker's port has changed.
 */
static void
put_kafka(struct buf *b, const struct host_args *a)
{
	buf_append_lit(b, "  <named_collections><sluice_kafka>\n");
	put(b, "kafka_broker_list", a->brokers);
	buf_append_lit(b, "  <kafka>\n");
	put_number(b, "session_timeout_ms", 6000);
	put_number(b, "heartbeat_interval_ms", 1500);
	put(b, "auto_offset_reset", "earliest");
	put_number(b, "reconnect_backoff_max_ms", 1000);
	buf_append_lit(b, "  </kafka>\n"
			  "  </sluice_kafka></named_collections>\n");
}

void
host_config_text(const struct host_args *a, struct buf *out)
{
	buf_append_lit(out, "<clickhouse>\n");
	/* One thread at least for each Kafka table. */
	put_number(out, "background_message_broker_schedule_pool_size", 16);
	put_number(out, "background_schedule_pool_size", 4);
	put_number(out, "background_pool_size", 2);
	put_number(out, "max_server_memory_usage", a->memory_max_bytes);
	put_number(out, "mark_cache_size",
		a->memory_max_bytes / 8 < MARK_CACHE_BYTES
			? a->memory_max_bytes / 8
			: MARK_CACHE_BYTES);
	buf_append_lit(out, "  <logger>\n  <level>warning</level>\n");
	put_path(out, "log", a->dir, "/log/clickhouse.log");
	put_number(out, "size", LOG_BYTES);
	put_number(out, "count", 2);
	buf_append_lit(out, "  </logger>\n");
	put_path(out, "users_config", a->dir, "/users.xml");
	put_path(out, "user_files_path", a->dir, "/files/");
	put_path(out, "tmp_path", a->dir, "/tmp/");
	put(out, "default_profile", "default");
	put(out, "timezone", "UTC");
	put_kafka(out, a);
	buf_append_lit(out, "</clickhouse>\n");
}

static void
put_grant(struct buf *b, const char *what)
{
	buf_append_lit(b, "  <query>GRANT ");
	put_escaped(b, what);
	buf_append_lit(b, "</query>\n");
}

/*
 * libchdb knows one user. What it may comes from roles, so that a connection
 * can lay rights down (SET ROLE) before it runs a query of the console; all
 * others have all that the user had without roles.
 */
static void
put_roles(struct buf *b)
{
	static const char *const all[] = {"SOURCES ON *.*", "TABLE ENGINE ON *",
		"CHECK, SHOW, SELECT, INSERT, ALTER, CREATE, DROP, "
		"UNDROP TABLE, TRUNCATE, OPTIMIZE, BACKUP, KILL QUERY, "
		"KILL TRANSACTION, MOVE PARTITION BETWEEN SHARDS, SYSTEM, "
		"dictGet, displaySecretsInShowAndSelect, INTROSPECTION, "
		"CLUSTER ON *.*",
		"SET DEFINER ON *",
		"ALTER NAMED COLLECTION, CREATE NAMED COLLECTION, "
		"DROP NAMED COLLECTION, SHOW NAMED COLLECTIONS, "
		"NAMED COLLECTION ON *"};

	buf_append_lit(b, "  <roles><sluice_all><grants>\n");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		put_grant(b, all[i]);
	buf_append_lit(b, "  </grants></sluice_all>\n"
			  "  <" CONSOLE_ROLE "><grants>\n");
	put_grant(b, "SELECT, dictGet ON posthog.*");
	buf_append_lit(b, "  </grants></" CONSOLE_ROLE "></roles>\n");
}

void
host_users_text(const struct host_args *a, struct buf *out)
{
	buf_append_lit(out, "<clickhouse>\n  <profiles><default>\n");
	/* A block of events may hold any number of months. */
	put_number(out, "max_partitions_per_insert_block", 0);
	put_number(out, "max_memory_usage", a->memory_max_bytes * 8 / 10);
	put_number(out, "max_threads", 2);
	put_number(out, "input_format_skip_unknown_fields", 1);
	buf_append_lit(out, "  </default></profiles>\n"
			    "  <users><default>\n"
			    "  <password></password>\n"
			    "  <networks><ip>::/0</ip></networks>\n"
			    "  <profile>default</profile>\n"
			    "  <quota>default</quota>\n"
			    "  <grants><query>GRANT sluice_all</query>"
			    "<query>GRANT " CONSOLE_ROLE "</query></grants>\n"
			    "  </default></users>\n");
	put_roles(out);
	buf_append_lit(out, "  <quotas><default></default></quotas>\n"
			    "</clickhouse>\n");
}

static int
write_one(const struct host_args *a, const char *name,
	void (*text)(const struct host_args *, struct buf *), struct err *e)
{
	char path[HOST_PATH_MAX];
	struct buf b;
	int r = file_join(path, sizeof(path), a->dir, name, e);

	if (r != 0)
		return r;
	buf_init(&b, MAX_FILE_BYTES);
	text(a, &b);
	if (b.failed)
		r = err_set(e, ERR_TOO_BIG, "%s would be too large", name);
	else
		r = file_replace(path, 0600, b.p, b.len, e);
	buf_fini(&b);
	return r;
}

int
host_config_write(const struct host_args *a, struct err *e)
{
	static const char *const folders[] = {
		"log", "work", "files", "tmp", "store"};
	char path[HOST_PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(folders) && r == 0; i++) {
		r = file_join(path, sizeof(path), a->dir, folders[i], e);
		if (r == 0)
			r = file_make_dir(path, 0700, e);
	}
	if (r == 0)
		r = write_one(a, "config.xml", host_config_text, e);
	if (r == 0)
		r = write_one(a, "users.xml", host_users_text, e);
	return r;
}
