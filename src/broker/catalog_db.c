#include "broker/catalog.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/topic_config.h"

/* The catalogue on disk. Creating: rows first, then the partitions; deleting:
 * marked first, then the partitions, then the rows. So a crash between leaves
 * what the next start completes (broker-5). */

struct catalog_job {
	struct store_job job;
	struct broker *b;
	struct btopic *topic;
};

static int
run_one(struct store_conn *c, enum broker_sql i, int64_t id, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, i, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, id);
	return sql_run(st, e);
}

static int
insert_config(
	struct store_conn *c, const struct btopic *t, int i, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_CONFIG_ADD, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, t->row);
	sql_bind_text(st, 2, slice_str(broker_topic_configs[i].name));
	sql_bind_text(st, 3, slice_str(t->configs[i]));
	return sql_run(st, e);
}

static int
insert_part(struct store_conn *c, const struct bpart *p, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_PART_ADD, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, p->topic->row);
	sql_bind_i64(st, 2, p->idx);
	sql_bind_i64(st, 3, p->file_no);
	return sql_run(st, e);
}

static int
insert_topic(struct store_conn *c, struct btopic *t, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_TOPIC_ADD, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(t->name));
	sql_bind_blob(st, 2, slice_of((const char *)t->id.b, sizeof(t->id.b)));
	sql_bind_i64(st, 3, clock_now_us());
	sql_bind_i64(st, 4, t->own != TOPIC_N);
	r = sql_run(st, e);
	if (r != 0)
		return r;
	t->row = sql_last_rowid(c);
	for (int32_t i = 0; i < t->n_parts && r == 0; i++)
		r = insert_part(c, &t->parts[i], e);
	for (int i = 0; i < broker_n_topic_configs && r == 0; i++)
		if (t->configs[i] != NULL)
			r = insert_config(c, t, i, e);
	return r;
}

static int
run_insert(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct catalog_job *cj = (struct catalog_job *)(void *)j;

	return insert_topic(c, cj->topic, e);
}

static int
run_going(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct catalog_job *cj = (struct catalog_job *)(void *)j;

	return run_one(c, BROKER_SQL_TOPIC_GOING, cj->topic->row, e);
}

static int
run_remove(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct catalog_job *cj = (struct catalog_job *)(void *)j;
	static const enum broker_sql steps[] = {
		BROKER_SQL_OFFSETS_OF_TOPIC_REMOVE, BROKER_SQL_CONFIG_REMOVE,
		BROKER_SQL_PART_REMOVE, BROKER_SQL_TOPIC_REMOVE};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
		r = run_one(c, steps[i], cj->topic->row, e);
	return r;
}

static int
call(struct broker *b, struct btopic *t,
	int (*run)(struct store_job *, struct store_conn *, struct err *),
	struct err *e)
{
	struct catalog_job j = {
		.job = {.bytes = 1024, .run = run}, .b = b, .topic = t};

	return store_call(b->files[TOPIC_BROKER], &j.job, e);
}

/* @thread main, broker_read */
static int
create_now(struct broker *b, struct btopic *t, struct err *e)
{
	struct err ignored;
	int r = call(b, t, run_insert, e);

	if (r != 0)
		return r;
	r = broker_topic_open_parts(b, t, e);
	if (r != 0)
		ERR_IGNORE(call(b, t, run_remove, &ignored),
			"then the next start completes it");
	return r;
}

/* @thread main, broker_read */
static int
delete_now(struct broker *b, struct btopic *t, struct err *e)
{
	int r = call(b, t, run_going, e);

	for (int32_t i = 0; i < t->n_parts && r == 0; i++) {
		struct bpart *p = &t->parts[i];
		struct store_part *sp = store_part_find(
			p->file, slice_str(broker_topic_store_name(t)), i);

		if (sp != NULL)
			r = store_part_delete(p->file, sp, e);
	}
	return r != 0 ? r : call(b, t, run_remove, e);
}

/* @thread broker_read */
static void
run_change(struct pool_job *j, struct store_conn *const *readers)
{
	struct topic_change *c = (struct topic_change *)(void *)j;
	int r;

	(void)readers;
	c->result.code = ERR_OK;
	r = c->is_delete ? delete_now(c->b, c->topic, &c->result)
			 : create_now(c->b, c->topic, &c->result);
	if (r == 0)
		c->result.code = ERR_OK;
}

static void
finish_create(struct broker *b, struct topic_change *c)
{
	struct btopic *t = c->topic;

	if (c->result.code != ERR_OK) {
		log_error("broker_topic_not_created", "topic=%s text=%s",
			t->name, log_q(c->result.text));
		broker_topic_unlist(b, t);
		return;
	}
	t->state = TOPIC_LIVE;
	broker_topic_index_parts(b, t);
	broker_topic_config_apply(b, t);
	log_info("broker_topic_created", "topic=%s partitions=%d", t->name,
		t->n_parts);
}

static void
finish_delete(struct broker *b, struct topic_change *c)
{
	struct btopic *t = c->topic;

	if (c->result.code != ERR_OK) {
		/* Marked or not, it stays out of use until the next start. */
		log_error("broker_topic_not_deleted", "topic=%s text=%s",
			t->name, log_q(c->result.text));
		return;
	}
	log_info("broker_topic_deleted", "topic=%s", t->name);
	broker_topic_unlist(b, t);
}

static void
on_changed(struct broker *b, struct post *p)
{
	struct topic_change *c =
		(struct topic_change *)(void *)((char *)p -
						offsetof(struct topic_change,
							job.done));

	b->n_outside--;
	if (c->is_delete)
		finish_delete(b, c);
	else
		finish_create(b, c);
	c->done(b, c);
	mem_free(c);
}

static bool
start_change(struct broker *b, struct btopic *t, bool is_delete,
	void (*done)(struct broker *, struct topic_change *), void *cookie,
	int32_t slot)
{
	struct topic_change *c = mem_new(struct topic_change);

	if (c == NULL)
		return false;
	*c = (struct topic_change){
		.job = {.run = run_change, .done = {.fn = on_changed}},
		.b = b,
		.topic = t,
		.is_delete = is_delete,
		.done = done,
		.cookie = cookie,
		.slot = slot};
	if (!broker_pool_put(b, &c->job)) {
		mem_free(c);
		return false;
	}
	b->n_outside++;
	return true;
}

bool
broker_topic_create_start(struct broker *b, struct btopic *t,
	void (*done)(struct broker *, struct topic_change *), void *cookie,
	int32_t slot)
{
	bool ok = start_change(b, t, false, done, cookie, slot);

	if (!ok)
		broker_topic_unlist(b, t);
	return ok;
}

bool
broker_topic_delete_start(struct broker *b, struct btopic *t,
	void (*done)(struct broker *, struct topic_change *), void *cookie,
	int32_t slot)
{
	bool ok = start_change(b, t, true, done, cookie, slot);

	if (ok)
		t->state = TOPIC_GOING;
	return ok;
}

static int
load_topic(struct broker *b, struct store_stmt *st, struct err *e)
{
	struct slice uuid = sql_col_blob(st, 2);
	int64_t n = sql_col_i64(st, 4);
	struct uuid id = {{0}};
	struct btopic *t;

	if (uuid.len != sizeof(id.b) || n < 1 || n > PARTS_PER_TOPIC_MAX)
		return err_set(e, ERR_CORRUPT,
			"broker.db: a topic has %lld partitions and an id of "
			"%zu bytes",
			(long long)n, uuid.len);
	memcpy(id.b, uuid.p, sizeof(id.b));
	t = broker_topic_add(b, sql_col_text(st, 1), &id, (int32_t)n,
		sql_col_i64(st, 3) != 0 ? TOPIC_GOING : TOPIC_LIVE);
	if (t == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the topics");
	t->row = sql_col_i64(st, 0);
	return 0;
}

static int
load_config(struct broker *b, struct store_stmt *st, struct err *e)
{
	int i = broker_topic_config_find(sql_col_text(st, 1));
	struct slice v = sql_col_text(st, 2);

	for (struct btopic *t = b->all_topics; t != NULL && i >= 0;
		t = t->next) {
		if (t->row != sql_col_i64(st, 0) || t->configs[i] != NULL)
			continue;
		t->configs[i] = mem_zalloc(1, v.len + 1);
		if (t->configs[i] == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory for the topics");
		memcpy(t->configs[i], v.p, v.len);
	}
	return 0;
}

static int
load_cluster_id(struct broker *b, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	struct uuid id;
	struct buf text;
	int r = sql_get(c, &broker_sql, BROKER_SQL_META_GET, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, SLICE_LIT("cluster_id"));
	r = sql_step(st, e);
	if (r == 1) {
		struct slice v = sql_col_text(st, 0);

		memcpy(b->cluster_id, v.p,
			v.len < BROKER_CLUSTER_ID_CHARS
				? v.len
				: BROKER_CLUSTER_ID_CHARS);
		sql_reset(st);
		return 0;
	}
	if (r < 0)
		return r;
	uuid_v4(&id);
	buf_init(&text, 64);
	base64_encode(slice_of((const char *)id.b, sizeof(id.b)), &text);
	for (size_t i = 0; i < BROKER_CLUSTER_ID_CHARS; i++) {
		char ch = text.failed ? 'A' : text.p[i];

		b->cluster_id[i] = ch == '+' ? '-' : ch == '/' ? '_' : ch;
	}
	buf_fini(&text);
	r = sql_get(c, &broker_sql, BROKER_SQL_META_PUT, &st, e);
	if (r != 0)
		return r;
	sql_bind_text(st, 1, SLICE_LIT("cluster_id"));
	sql_bind_text(st, 2, slice_str(b->cluster_id));
	return sql_run(st, e);
}

static int
add_own_topics(struct broker *b, struct store_conn *c, struct err *e)
{
	int r = 0;

	for (int i = 0; i < TOPIC_N && r == 0; i++) {
		char name[256];
		int n = snprintf(name, sizeof(name), "%s%s",
			b->conf->kafka_topic_prefix, topic_defs[i].name);
		struct slice s = slice_of(name, (size_t)n);
		struct btopic *t;

		if (n >= (int)sizeof(name) || !topic_name_is_legal(s))
			return err_set(e, ERR_INVALID,
				"kafka.topic_prefix %s gives topic names that "
				"Kafka does not allow",
				b->conf->kafka_topic_prefix);
		if (broker_topic_find(b, s) != NULL)
			continue;
		t = broker_topic_new(b, s, topic_defs[i].n_partitions);
		if (t == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory for the topics");
		t->state = TOPIC_LIVE;
		r = insert_topic(c, t, e);
	}
	return r;
}

static int
run_load(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct broker *b = ((struct catalog_job *)(void *)j)->b;
	int r = broker_load_rows(b, c, BROKER_SQL_TOPIC_ALL, load_topic, e);

	if (r == 0)
		r = broker_load_rows(
			b, c, BROKER_SQL_CONFIG_ALL, load_config, e);
	if (r == 0)
		r = load_cluster_id(b, c, e);
	return r != 0 ? r : add_own_topics(b, c, e);
}

int
broker_catalog_load(struct broker *b, struct err *e)
{
	int r = call(b, NULL, run_load, e);

	for (struct btopic *t = b->all_topics; t != NULL && r == 0;
		t = t->next) {
		if (t->state == TOPIC_GOING) {
			r = delete_now(b, t, e);
			broker_topic_unlist(b, t);
			continue;
		}
		r = broker_topic_open_parts(b, t, e);
		broker_topic_index_parts(b, t);
		broker_topic_config_apply(b, t);
	}
	return r;
}
