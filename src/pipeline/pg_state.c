#include "pipeline/pg_state.h"

#include <string.h>

#include "base/log.h"
#include "conf/conf.h"
#include "pipeline/sql.h"

int
pg_state_read(struct store_conn *c, struct pg_state *out, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_PG_GET, &st, e);

	*out = (struct pg_state){.topic = TOPIC_N};
	if (r != 0)
		return r;
	r = sql_step(st, e);
	if (r <= 0)
		return r;
	out->exists = true;
	memcpy(out->node.b, sql_col_blob(st, 0).p, sizeof(out->node.b));
	out->in_use = sql_col_i64(st, 1) != 0;
	out->batch = sql_col_i64(st, 2);
	out->prepared = sql_col_i64(st, 3);
	if (!sql_col_is_null(st, 4))
		out->topic = topic_by_name(sql_col_text(st, 4));
	out->partition = (int)sql_col_i64(st, 5);
	out->next = sql_col_i64(st, 6);
	sql_reset(st);
	return 0;
}

struct use_job {
	struct store_job job;
	struct uuid node;
	bool in_use;
};

static int
run_use(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct use_job *x = (struct use_job *)(void *)j;
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_PG_USE, &st, e);

	if (r != 0)
		return r;
	sql_bind_blob(
		st, 1, slice_of((const char *)x->node.b, sizeof(x->node.b)));
	sql_bind_i64(st, 2, x->in_use);
	return sql_run(st, e);
}

static int
set_in_use(struct store *state, struct pg_state *s, bool in_use, struct err *e)
{
	struct use_job x = {.job = {.run = run_use}, .in_use = in_use};
	int r;

	if (!s->exists)
		uuid_v4(&s->node);
	x.node = s->node;
	r = store_call(state, &x.job, e);
	if (r != 0)
		return r;
	s->exists = true;
	s->in_use = in_use;
	log_info("person_store", "store=%s", in_use ? "postgres" : "sqlite");
	return 0;
}

static int
has_local_persons(struct store_conn *c, bool *yes, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_HAS_PERSONS, &st, e);

	if (r == 0)
		r = sql_step(st, e);
	if (r < 0)
		return r;
	*yes = r == 1 && sql_col_i64(st, 0) != 0;
	sql_reset(st);
	return 0;
}

static int
may_go_to_postgres(
	struct store_conn *reader, const struct conf *conf, struct err *e)
{
	bool has_persons;
	int r = has_local_persons(reader, &has_persons, e);

	if (r == 0 && has_persons && !conf->postgres_switch_store)
		r = err_set(e, ERR_UNSUPPORTED,
			"postgres.url is set, but this folder keeps persons in "
			"SQLite: they would be left behind; unset it, or set "
			"postgres.switch_store = true if this is meant");
	return r;
}

static int
may_go_to_sqlite(
	const struct conf *conf, const struct pg_state *s, struct err *e)
{
	if (s->prepared != 0)
		return err_set(e, ERR_UNSUPPORTED,
			"a batch waits for its outcome in Postgres: start once "
			"with postgres.url as before");
	if (s->batch > 0 && !conf->postgres_switch_store)
		return err_set(e, ERR_UNSUPPORTED,
			"postgres.url is not set, but this folder keeps its "
			"persons in Postgres: set it, or set "
			"postgres.switch_store = true if this is meant");
	return 0;
}

int
pg_state_allows(struct store_conn *reader, const struct conf *conf,
	struct pg_state *out, struct err *e)
{
	bool wanted = conf->postgres_url[0] != '\0';
	int r = pg_state_read(reader, out, e);

	if (r != 0 || out->in_use == wanted)
		return r;
	return wanted ? may_go_to_postgres(reader, conf, e)
		      : may_go_to_sqlite(conf, out, e);
}

int
pg_state_choose(struct store *state, struct store_conn *reader,
	const struct conf *conf, struct pg_state *out, struct err *e)
{
	bool wanted = conf->postgres_url[0] != '\0';
	int r = pg_state_allows(reader, conf, out, e);

	if (r != 0 || out->in_use == wanted)
		return r;
	return set_in_use(state, out, wanted, e);
}

/* Runs a statement that must change the one row; told how it failed. */
static int
change(struct store_stmt *st, struct store_conn *c, enum err_code code,
	const char *why, struct err *e)
{
	int r = sql_run(st, e);

	if (r == 0 && sql_changes(c) != 1)
		r = err_set(e, code, "%s", why);
	return r;
}

int
pg_state_prepare(struct store_conn *c, int64_t batch, const struct input *in,
	int64_t next, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_PG_PREPARE, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, batch);
	if (in != NULL) {
		sql_bind_text(st, 2, slice_str(topic_defs[in->topic].name));
		sql_bind_i64(st, 3, in->partition);
		sql_bind_i64(st, 4, next);
	} else {
		sql_bind_null(st, 2);
		sql_bind_null(st, 3);
		sql_bind_null(st, 4);
	}
	/* pipeline-10 */
	return change(st, c, ERR_BUSY, "the batch before is not published", e);
}

static int
end(struct store_conn *c, enum pipeline_sql i, int64_t batch, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, i, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, batch);
	return change(st, c, ERR_BUG, "the batch is not prepared", e);
}

/* A batch moves an input; what moves none is a deletion, with its task. */
static int
run_erasure(struct store_conn *c, enum pipeline_sql i, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, (int)i, &st, e);

	return r != 0 ? r : sql_run(st, e);
}

int
pg_state_publish(
	struct store_conn *c, int64_t batch, bool is_batch, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_PG_MOVE, &st, e);

	if (r == 0) {
		sql_bind_i64(st, 1, batch);
		r = sql_run(st, e);
	}
	if (r == 0 && !is_batch)
		r = run_erasure(c, PIPELINE_SQL_ERASURE_SHOW, e);
	return r != 0 ? r : end(c, PIPELINE_SQL_PG_PUBLISH, batch, e);
}

int
pg_state_discard(struct store_conn *c, int64_t batch, struct err *e)
{
	int r = run_erasure(c, PIPELINE_SQL_ERASURE_FORGET, e);

	return r != 0 ? r : end(c, PIPELINE_SQL_PG_DISCARD, batch, e);
}
