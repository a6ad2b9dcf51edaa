#include "audit/gather.h"

#include <stdarg.h>
#include <stdio.h>

#include "audit/sql.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "store/store.h"

/*
 * The order makes it exact while all goes on: state.db first, then spool.db.
 * What the app server read in between is then still unread in the first and
 * there in the second, so that front = read + unread holds whenever nothing is
 * lost. ClickHouse's offset was taken before both.
 */
#define NOTES_MAX ((size_t)1024 * 1024)

static const struct {
	enum topic_id topic;
	int partition;
	enum audit_file file;
} log_rows[AUDIT_N_LOGS] = {
	[AUDIT_LOG_CAPTURE] = {TOPIC_INGESTION, 0, AUDIT_SPOOL},
	[AUDIT_LOG_OVERFLOW] = {TOPIC_INGESTION_OVERFLOW, 0, AUDIT_SPOOL},
	[AUDIT_LOG_HISTORICAL] = {TOPIC_INGESTION_HISTORICAL, 0, AUDIT_SPOOL},
	[AUDIT_LOG_OWN] = {TOPIC_INGESTION, 1, AUDIT_STATE},
	[AUDIT_LOG_OUTPUT] = {TOPIC_EVENTS, 0, AUDIT_STATE},
};

static int
spill(void *cookie, struct audit_acc *a, struct err *e)
{
	struct audit_gather *g = cookie;

	return audit_list_take(&g->list, a, e);
}

int
audit_gather_init(struct audit_gather **out, const struct audit_sources *s,
	const struct audit_options *o, struct err *e)
{
	struct audit_gather *g = mem_new(struct audit_gather);

	if (g == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the audit");
	g->s = s;
	g->o = o;
	g->acc.spill = spill;
	g->acc.cookie = g;
	audit_memo_reset(&g->memo, &s->teams);
	buf_init(&g->notes, NOTES_MAX);
	for (int i = 0; i < AUDIT_N_LOGS; i++)
		g->logs[i] = (struct audit_log){.topic = log_rows[i].topic,
			.partition = log_rows[i].partition,
			.file = log_rows[i].file};
	*out = g;
	return 0;
}

void
audit_gather_free(struct audit_gather *g)
{
	audit_list_fini(&g->list);
	buf_fini(&g->notes);
	mem_free(g);
}

void
audit_gather_note(struct audit_gather *g, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_append_char(&g->notes, ',');
	json_put_string(&g->notes, slice_str(text));
}

static int
run(struct store_conn *c, enum audit_sql what, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, (int)what, &st, e);

	return r != 0 ? r : sql_run(st, e);
}

static int
read_since(struct store_conn *c, enum audit_sql what, int64_t *since,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, (int)what, &st, e);

	if (r != 0)
		return err_set(e, ERR_UNSUPPORTED,
			"the data folder has no audit counters: it is of an "
			"older version; start its daemon once");
	while ((r = sql_step(st, e)) == 1)
		if (sql_col_i64(st, 0) > *since)
			*since = sql_col_i64(st, 0);
	return r;
}

static int
read_sums(struct audit_gather *g, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, AUDIT_SQL_LIST, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, g->o->from);
	sql_bind_i64(st, 2, g->o->to);
	while ((r = sql_step(st, e)) == 1) {
		enum audit_hop hop = audit_hop_by_number(sql_col_i64(st, 0));
		struct audit_sum sum = {(uint64_t)sql_col_i64(st, 3),
			(uint64_t)sql_col_i64(st, 4)};

		if (hop == AUDIT_N_HOPS)
			continue; /* of a newer program */
		r = audit_list_add(&g->list, hop, sql_col_i64(st, 1),
			sql_col_i64(st, 2), sum, e);
		if (r != 0)
			break;
	}
	sql_reset(st);
	return r;
}

/* *out: the statement's columns, if it has a row. */
static int
read_at(struct store_conn *c, enum audit_sql what, const struct audit_log *l,
	int n, int64_t *out[], struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, (int)what, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(topic_defs[l->topic].name));
	sql_bind_i64(st, 2, l->partition);
	r = sql_step(st, e);
	for (int i = 0; r == 1 && i < n; i++)
		*out[i] = sql_col_i64(st, i);
	sql_reset(st);
	return r < 0 ? r : 0;
}

static int
read_logs(struct audit_gather *g, struct store_conn *c, enum audit_file file,
	struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < AUDIT_N_LOGS; i++) {
		struct audit_log *l = &g->logs[i];
		int64_t *ends[] = {&l->start, &l->end};

		if (l->file == file)
			r = read_at(c, AUDIT_SQL_LOG_END, l, 2, ends, e);
	}
	return r;
}

static int
read_positions(struct audit_gather *g, struct store_conn *c, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < AUDIT_N_LOGS; i++) {
		struct audit_log *l = &g->logs[i];
		int64_t *next[] = {&l->next};

		if (i != AUDIT_LOG_OUTPUT)
			r = read_at(c, AUDIT_SQL_POSITION, l, 1, next, e);
	}
	return r;
}

static int
read_all(struct audit_gather *g, struct store_conn *c, enum audit_file file,
	struct err *e)
{
	int r = read_since(c, AUDIT_SQL_SINCE, &g->since, e);

	if (r == 0 && file == AUDIT_STATE)
		r = read_since(
			c, AUDIT_SQL_CLICKHOUSE_SINCE, &g->clickhouse_since, e);
	if (r == 0)
		r = read_sums(g, c, e);
	if (r == 0)
		r = read_logs(g, c, file, e);
	if (r == 0 && file == AUDIT_STATE)
		r = read_positions(g, c, e);
	return r;
}

static int
snapshot(struct audit_gather *g, struct store *s, enum audit_file file,
	struct err *e)
{
	struct store_conn *c;
	struct err ignored;
	int r = store_reader_open(s, &c, e);

	if (r != 0)
		return r;
	r = run(c, AUDIT_SQL_BEGIN, e);
	if (r == 0) {
		r = read_all(g, c, file, e);
		ERR_IGNORE(run(c, AUDIT_SQL_END, &ignored), "it only read");
	}
	store_reader_close(c);
	return r;
}

/* What is to be compared, as far as the counters go. */
static void
set_bounds(struct audit_gather *g)
{
	struct audit_bounds all = {
		g->o->from > g->since ? g->o->from : g->since, g->o->to};

	for (int i = 0; i < AUDIT_N_EQS; i++)
		g->bounds[i] = all;
	if (!g->o->recount) {
		g->bounds[AUDIT_EQ_FRONT_KEPT].to = INT64_MIN;
		g->bounds[AUDIT_EQ_OWN_KEPT].to = INT64_MIN;
		g->bounds[AUDIT_EQ_OUTPUT_KEPT].to = INT64_MIN;
	}
	if (g->clickhouse_since > g->bounds[AUDIT_EQ_CLICKHOUSE].from)
		g->bounds[AUDIT_EQ_CLICKHOUSE].from = g->clickhouse_since;
	if (g->s->clickhouse.ask == NULL)
		g->bounds[AUDIT_EQ_CLICKHOUSE].to = INT64_MIN;
}

int
audit_gather_all(struct audit_gather *g, struct err *e)
{
	int r = snapshot(g, g->s->state, AUDIT_STATE, e);

	if (r == 0)
		r = snapshot(g, g->s->spool, AUDIT_SPOOL, e);
	if (r != 0)
		return r;
	set_bounds(g);
	r = audit_log_unread(g, e);
	if (r == 0 && g->o->recount)
		r = audit_log_recount(g, e);
	if (r == 0)
		r = audit_list_take(&g->list, &g->acc, e);
	audit_list_sort(&g->list);
	if (r == 0 && g->s->clickhouse.ask != NULL)
		r = audit_ask_clickhouse(g, e);
	return r;
}
