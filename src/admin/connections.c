#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin_int.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "broker/broker.h"
#include "clickhouse/clickhouse.h"
#include "conf/conf.h"
#include "pg/pg.h"
#include "stats/stats.h"
#include "team/team.h"

/* As one row: how many, and what is in them. */
enum connections_sql { TABLES_SQL };
static const char *const queries[] = {
	[TABLES_SQL] = "SELECT count(), toInt64(ifNull(sum(total_rows), 0)), "
		       "toInt64(ifNull(sum(total_bytes), 0)) "
		       "FROM system.tables WHERE database = currentDatabase() "
		       "OR database = 'posthog'",
};

#define JSON_MAX_BYTES ((size_t)16 * 1024 * 1024)

static void
put_text(struct buf *b, const char *member, const char *text)
{
	buf_printf(b, ",\"%s\":", member);
	if (text == NULL)
		buf_append_lit(b, "null");
	else
		json_put_string(b, slice_str(text));
}

static void
put_i64(struct buf *b, const char *member, int64_t v)
{
	buf_printf(b, ",\"%s\":%lld", member, (long long)v);
}

static void
put_flag(struct buf *b, const char *member, bool yes)
{
	buf_printf(b, ",\"%s\":%s", member, yes ? "true" : "false");
}

static void
put_version(struct buf *b, int version)
{
	char text[32];

	snprintf(text, sizeof(text), "%d.%d", version / 10000, version % 10000);
	put_text(b, "version", version == 0 ? NULL : text);
}

/* host:port/database of a URL; nothing else of it. */
static void
put_server(struct buf *b, const char *member, const char *url)
{
	const struct pg_options o = {.url = url};
	struct pg_status st = {.where = ""};
	struct pg *pg;
	struct err e;

	if (url[0] != '\0' && pg_new(&o, &pg, &e) == 0) {
		pg_status(pg, &st);
		pg_free(pg);
	}
	put_text(b, member, st.where);
}

/* The server in use, which is that of the start. */
static void
put_used(struct admin *a, struct buf *b)
{
	static const char *const states[] = {
		[PG_UNTRIED] = "untried", [PG_UP] = "up", [PG_DOWN] = "down"};
	struct pg_status st = {.state = PG_UNTRIED};
	char since[CLOCK_TEXT_MAX], why[240] = "";

	if (a->o.pg != NULL) {
		pg_status(a->o.pg, &st);
		(void)admin_probe_is_good(a, why);
	}
	clock_format(st.since_us, CLOCK_RFC3339, since);
	buf_printf(b, "{\"in_use\":%s", a->o.pg != NULL ? "true" : "false");
	put_text(b, "state", a->o.pg == NULL ? "off" : states[st.state]);
	put_text(b, "since", a->o.pg == NULL ? NULL : since);
	put_text(b, "server", st.where);
	put_text(b, "user", a->o.pg == NULL ? "" : pg_user(a->o.pg));
	put_version(b, st.version);
	put_flag(b, "tls", st.is_tls);
	put_text(b, "error", st.why);
	put_text(b, "hop_error", why);
}

static void
put_postgres(struct admin *a, const struct conf_set *now, struct buf *b)
{
	bool pending = !conf_same(a->start_conf, now, "postgres.url") ||
		       !conf_same(a->start_conf, now, "postgres.schema");

	put_used(a, b);
	put_text(b, "schema", conf_values(a->start_conf)->postgres_schema);
	put_flag(b, "url_set", conf_values(now)->postgres_url[0] != '\0');
	put_text(b, "source",
		conf_source_name(conf_source_of(now, "postgres.url")));
	put_flag(b, "pending", pending);
	put_server(b, "pending_server",
		pending ? conf_values(now)->postgres_url : "");
	put_text(b, "ignored", conf_ignored(now, "postgres.url"));
	put_i64(b, "letters_waiting",
		a->o.pg == NULL ? 0 : team_waiting_letters(a->o.teams));
	buf_append_char(b, '}');
}

struct topic_sums {
	int64_t n, bytes;
};

/* The broker tells its topics as JSON; here they are only counted. */
static int
count_topics(struct admin_call *c, struct topic_sums *out, struct err *e)
{
	const struct json_limits lim = {16, 1000000};
	struct json_doc d;
	struct buf text;
	struct slice copy;
	int rc;

	buf_init(&text, JSON_MAX_BYTES);
	broker_topics_json(c->a->o.broker, &text);
	copy = arena_dup_slice(c->arena, buf_slice(&text));
	buf_fini(&text);
	if (copy.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	rc = json_parse(c->arena, copy, &lim, &d, e);
	if (rc < 0)
		return rc;
	for (uint32_t t = json_first(&d, 0); t < d.nodes[0].next;
		t = d.nodes[t].next) {
		uint32_t parts = json_member(&d, t, SLICE_LIT("partitions"));

		out->n++;
		for (uint32_t p = parts == 0 ? 0 : json_first(&d, parts);
			parts != 0 && p < d.nodes[parts].next;
			p = d.nodes[p].next) {
			uint32_t n = json_member(&d, p, SLICE_LIT("bytes"));
			int64_t bytes = 0;

			if (n != 0 && slice_i64(json_raw(&d, n), &bytes))
				out->bytes += bytes;
		}
	}
	return 0;
}

static int
count_groups(struct admin_call *c, int64_t *out, struct err *e)
{
	const struct json_limits lim = {16, 1000000};
	struct json_doc d;
	struct buf text;
	struct slice copy;
	int rc;

	buf_init(&text, JSON_MAX_BYTES);
	broker_groups_json(c->a->o.broker, &text);
	copy = arena_dup_slice(c->arena, buf_slice(&text));
	buf_fini(&text);
	if (copy.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	rc = json_parse(c->arena, copy, &lim, &d, e);
	for (uint32_t g = rc < 0 ? 0 : json_first(&d, 0);
		rc == 0 && g < d.nodes[0].next; g = d.nodes[g].next)
		(*out)++;
	return rc;
}

/* A port of ports.json; 0: off. */
static int64_t
port_of(struct admin_call *c, const char *name)
{
	const struct json_limits lim = {4, 100};
	struct admin *a = c->a;
	struct json_doc d;
	struct slice text;
	struct err e;
	uint32_t n;
	int64_t port = 0;

	lock_take(&a->lock);
	text = arena_dup_slice(
		c->arena, slice_str(a->ports == NULL ? "{}" : a->ports));
	lock_release(&a->lock);
	if (text.p == NULL || json_parse(c->arena, text, &lim, &d, &e) < 0)
		return 0;
	n = json_member(&d, 0, slice_str(name));
	if (n == 0 || !slice_i64(json_raw(&d, n), &port))
		return 0;
	return port;
}

static int
put_kafka(struct admin_call *c, struct err *e)
{
	const struct conf *conf = conf_values(c->a->start_conf);
	int64_t port = port_of(c, "kafka");
	struct topic_sums topics = {0, 0};
	struct buf *b = &c->out;
	int64_t groups = 0;
	int rc = count_topics(c, &topics, e);

	if (rc == 0)
		rc = count_groups(c, &groups, e);
	if (rc < 0)
		return rc;
	buf_printf(b, ",\"kafka\":{\"mode\":\"%s\"",
		conf->kafka_mode == CONF_KAFKA_EXTERNAL ? "external"
							: "embedded");
	put_flag(b, "running", port != 0);
	put_text(b, "listen", conf->kafka_listen);
	put_i64(b, "port", port);
	put_text(b, "advertised", conf->kafka_advertised);
	put_i64(b, "clients",
		(int64_t)stats_gauge(STATS_BROKER_CONNECTIONS, 0));
	put_i64(b, "topics", topics.n);
	put_i64(b, "records_bytes", topics.bytes);
	put_i64(b, "groups", groups);
	buf_append_lit(b, ",\"external_built\":false}");
	return 0;
}

/* What the child has in memory now; 0: it is not there. */
static int64_t
resident_bytes(int pid)
{
	char path[64];
	struct buf b;
	struct err e;
	const char *at;
	int64_t pages = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	buf_init(&b, 4096);
	if (pid > 0 && file_read(path, &b, &e) == 0 &&
		(at = buf_cstr(&b)) != NULL && (at = strchr(at, ' ')) != NULL)
		(void)slice_i64(slice_of(at + 1, strcspn(at + 1, " ")), &pages);
	buf_fini(&b);
	return pages * sysconf(_SC_PAGESIZE);
}

/* null where it cannot be asked. */
static void
put_tables(struct admin_call *c, bool is_ready)
{
	struct buf answer;
	struct err e;
	struct slice rest;
	int64_t v[3] = {0, 0, 0};
	bool ok;

	buf_init(&answer, 4096);
	ok = is_ready && admin_ask_clickhouse(c->a, queries[TABLES_SQL], "TSV",
				 &answer, &e) == 0;
	rest = slice_trim(buf_slice(&answer));
	for (int i = 0; ok && i < 3; i++) {
		size_t n = 0;

		while (n < rest.len && rest.p[n] != '\t')
			n++;
		ok = slice_i64(slice_of(rest.p, n), &v[i]);
		n += n < rest.len;
		rest = slice_of(rest.p + n, rest.len - n);
	}
	buf_fini(&answer);
	if (!ok) {
		buf_append_lit(&c->out,
			",\"tables\":null,\"rows\":null,\"bytes\":null");
		return;
	}
	put_i64(&c->out, "tables", v[0]);
	put_i64(&c->out, "rows", v[1]);
	put_i64(&c->out, "bytes", v[2]);
}

static void
put_clickhouse(struct admin_call *c)
{
	static const char *const modes[] = {[CONF_CH_EMBEDDED] = "embedded",
		[CONF_CH_EXTERNAL] = "external",
		[CONF_CH_OFF] = "off"};
	const struct conf *conf = conf_values(c->a->start_conf);
	struct clickhouse_status st = {.state = CLICKHOUSE_OFF};
	struct admin_lag lag = {0};
	struct buf *b = &c->out;

	if (c->a->o.clickhouse != NULL) {
		clickhouse_status(c->a->o.clickhouse, &st);
		admin_lag_clickhouse(c->a, true, &lag);
	}
	buf_printf(b, ",\"clickhouse\":{\"mode\":\"%s\"",
		modes[conf->clickhouse_mode]);
	put_text(b, "state", admin_clickhouse_word(st.state));
	put_i64(b, "pid", st.pid);
	put_text(b, "listen", conf->clickhouse_listen);
	put_i64(b, "port", st.port);
	put_text(b, "database", conf->clickhouse_database);
	put_text(b, "version", st.version);
	put_text(b, "error", st.text);
	put_i64(b, "restarts", st.restarts);
	put_i64(b, "memory_bytes", resident_bytes(st.pid));
	put_i64(b, "memory_max_bytes", conf->clickhouse_memory_max_bytes);
	put_tables(c, st.state == CLICKHOUSE_READY);
	put_i64(b, "lag_records", lag.records);
	if (lag.oldest_at_us == 0)
		buf_append_lit(b, ",\"lag_s\":null");
	else
		buf_printf(b, ",\"lag_s\":%.1f",
			(double)(clock_now_us() - lag.oldest_at_us) / 1e6);
	put_text(b, "lag_error", lag.text);
	buf_append_lit(b, ",\"external_built\":false}");
}

int
admin_connections(struct admin_call *c, struct err *e)
{
	const struct conf_set *now =
		__atomic_load_n(&c->a->o.conf, __ATOMIC_ACQUIRE);
	int rc;

	if (c->a->o.broker == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"connections are those of a running daemon");
	buf_append_lit(&c->out, "{\"postgres\":");
	put_postgres(c->a, now, &c->out);
	rc = put_kafka(c, e);
	if (rc < 0)
		return rc;
	put_clickhouse(c);
	buf_append_lit(&c->out, "}\n");
	return 0;
}
