#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/store_int.h"

static size_t
bucket_of(struct slice topic, int idx)
{
	return (size_t)(hash_key(topic.p, topic.len) + (uint64_t)idx) %
	       STORE_PART_BUCKETS;
}

static void
free_part(struct store_part *p)
{
	if (p == NULL)
		return;
	store_prepared_drop_held(p);
	lock_fini(&p->time_lock);
	mem_free(p->times);
	mem_free(p->ring);
	mem_free(p->topic);
	mem_free(p);
}

static struct store_part *
new_part(struct store *s, int64_t id, struct slice topic, int idx)
{
	struct store_part *p = mem_new(struct store_part);

	if (p == NULL)
		return NULL;
	lock_init(&p->time_lock);
	p->s = s;
	p->id = id;
	p->idx = idx;
	p->topic_len = topic.len;
	p->topic = mem_alloc(topic.len + 1);
	if (p->topic == NULL) {
		free_part(p);
		return NULL;
	}
	memcpy(p->topic, topic.p, topic.len);
	p->topic[topic.len] = '\0';
	for (int i = 0; i < STORE_N_FLOORS; i++)
		atomic_init(&p->floors[i], INT64_MAX);
	atomic_init(&p->retention_ms, -1);
	atomic_init(&p->retention_bytes, -1);
	p->time_max = INT64_MIN;
	p->held_end = &p->held;
	return p;
}

static struct store_part *
find_locked(struct store *s, struct slice topic, int idx)
{
	struct store_part *p = s->buckets[bucket_of(topic, idx)];

	for (; p != NULL; p = p->bucket_next) {
		if (p->idx == idx && !atomic_load(&p->is_deleted) &&
			slice_eq(topic, slice_of(p->topic, p->topic_len)))
			return p;
	}
	return NULL;
}

/* Makes p reachable, or frees it when another thread was first. */
static struct store_part *
add_part(struct store *s, struct store_part *p)
{
	struct slice topic = slice_of(p->topic, p->topic_len);
	struct store_part *other;
	size_t b = bucket_of(topic, p->idx);

	lock_take(&s->parts_lock);
	other = atomic_load(&p->is_deleted) ? NULL
					    : find_locked(s, topic, p->idx);
	/* A deletion that is about to fail left the row of the other. */
	for (struct store_part *x = s->buckets[b]; x != NULL && other == NULL;
		x = x->bucket_next) {
		if (x->id == p->id)
			other = x;
	}
	if (other == NULL) {
		p->bucket_next = s->buckets[b];
		s->buckets[b] = p;
		p->all_next = atomic_load(&s->all_parts);
		atomic_store(&s->all_parts, p);
		atomic_fetch_add(&s->n_parts, 1);
	}
	lock_release(&s->parts_lock);
	if (other == NULL)
		return p;
	free_part(p);
	return other;
}

void
store_parts_free(struct store *s)
{
	struct store_part *p = atomic_load(&s->all_parts), *next;

	for (; p != NULL; p = next) {
		next = p->all_next;
		free_part(p);
	}
	atomic_store(&s->all_parts, NULL);
	memset(s->buckets, 0, sizeof(s->buckets));
}

/* store-4: the counts of the row are those of some commit; rows from its next
 * offset on came later. */
static int
count_newer(struct store_conn *c, struct store_part *p, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &store_sql, STORE_SQL_PART_NEWER, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, p->now.next));
	sql_bind_i64(st, 2, STORE_ROW_ID(p->id + 1, 0));
	r = sql_step(st, e);
	if (r < 0)
		return r;
	p->now.rows += sql_col_i64(st, 0);
	p->now.bytes += sql_col_i64(st, 1);
	if (sql_col_i64(st, 0) > 0)
		p->now.next = sql_col_i64(st, 2) + 1;
	sql_reset(st);
	return 0;
}

static int
load_part(struct store *s, struct store_conn *c, struct store_stmt *st,
	struct err *e)
{
	struct store_part *p = new_part(s, sql_col_i64(st, 0),
		sql_col_text(st, 1), (int)sql_col_i64(st, 2));
	int r;

	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a partition");
	atomic_store(&p->log_start, sql_col_i64(st, 3));
	p->now = (struct part_counts){.next = sql_col_i64(st, 4),
		.bytes = sql_col_i64(st, 5),
		.rows = sql_col_i64(st, 6)};
	atomic_store(&p->is_deleted, sql_col_i64(st, 7) != 0);
	r = count_newer(c, p, e);
	if (r != 0) {
		free_part(p);
		return r;
	}
	p->now.published = p->now.next;
	p->committed = p->now;
	p->time_next = atomic_load(&p->log_start);
	atomic_store(&p->bytes, p->now.bytes);
	atomic_store(&p->high_watermark, p->now.next);
	atomic_fetch_add(&s->row_bytes, p->now.bytes);
	INVARIANT(add_part(s, p) == p, "store-9");
	return 0;
}

int
store_parts_load(struct store *s, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r;

	if (s->kind == STORE_CONFIG)
		return 0;
	r = sql_get(c, &store_sql, STORE_SQL_PART_ALL, &st, e);
	while (r == 0 && (r = sql_step(st, e)) > 0)
		r = load_part(s, c, st, e);
	if (r == 0)
		r = store_prepared_load(s, c, e);
	if (r != 0)
		store_conn_reset_all(c);
	return r;
}

struct store_part *
store_part_find(struct store *s, struct slice topic, int idx)
{
	struct store_part *p;

	lock_take(&s->parts_lock);
	p = find_locked(s, topic, idx);
	lock_release(&s->parts_lock);
	return p;
}

struct add_job {
	struct store_job job;
	struct slice topic;
	int idx;
	int64_t id;
};

static int
add_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct add_job *a = (struct add_job *)(void *)j;
	struct store_stmt *st;
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		r = sql_get(c, &store_sql,
			i == 0 ? STORE_SQL_PART_ADD : STORE_SQL_PART_GET, &st,
			e);
		if (r != 0)
			return r;
		sql_bind_text(st, 1, a->topic);
		sql_bind_i64(st, 2, a->idx);
		r = sql_step(st, e);
	}
	if (r < 0)
		return r;
	INVARIANT(r > 0, "store-9");
	a->id = sql_col_i64(st, 0);
	sql_reset(st);
	if (a->id > STORE_PART_ID_MAX)
		return err_set(e, ERR_TOO_BIG,
			"%s: no partition numbers are left", c->s->path);
	return 0;
}

int
store_part_open(struct store *s, const char *topic, int idx,
	struct store_part **out, struct err *e)
{
	struct add_job a = {
		.job.run = add_run, .topic = slice_str(topic), .idx = idx};
	struct store_part *p = store_part_find(s, a.topic, idx);
	int r;

	if (p != NULL) {
		*out = p;
		return 0;
	}
	if (s->is_readonly)
		return err_set(e, ERR_NOT_FOUND, "%s: no %s partition %d",
			s->path, topic, idx);
	if (atomic_load(&s->n_parts) >= LIMIT_STORE_PARTITIONS)
		return err_set(e, ERR_TOO_BIG,
			"%s has %d partitions, no more "
			"are made",
			s->path, LIMIT_STORE_PARTITIONS);
	r = store_call(s, &a.job, e);
	if (r != 0)
		return r;
	p = new_part(s, a.id, a.topic, idx);
	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a partition");
	*out = add_part(s, p);
	return 0;
}

struct delete_job {
	struct store_job job;
	struct store_part *p;
	bool is_marked; /* by this job */
};

static int
delete_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct delete_job *d = (struct delete_job *)(void *)j;
	struct store_stmt *st;
	int r = sql_get(c, &store_sql, STORE_SQL_PART_MARK_DELETED, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, d->p->id);
	if ((r = sql_run(st, e)) != 0)
		return r;
	/* Already here, so that whoever opens the name next makes a new one. */
	d->is_marked = !atomic_exchange(&d->p->is_deleted, true);
	return 0;
}

int
store_part_delete(struct store *s, struct store_part *p, struct err *e)
{
	struct delete_job d = {.job.run = delete_run, .p = p};
	int r;

	if (s->is_readonly)
		return err_set(
			e, ERR_UNSUPPORTED, "%s is open for reading", s->path);
	if (atomic_load(&p->is_deleted))
		return err_set(e, ERR_NOT_FOUND, "%s partition %d was deleted",
			p->topic, p->idx);
	r = store_call(s, &d.job, e);
	if (r != 0 && d.is_marked)
		atomic_store(&p->is_deleted, false);
	return r;
}

void
store_part_state(const struct store_part *p, struct store_part_state *out)
{
	/* In this order log_start is never above high_watermark. */
	out->log_start = atomic_load(&p->log_start);
	out->high_watermark = atomic_load(&p->high_watermark);
	out->bytes = atomic_load(&p->bytes);
	out->is_deleted = atomic_load(&p->is_deleted);
	if (out->is_deleted) {
		out->log_start = out->high_watermark;
		out->bytes = 0;
	}
}

void
store_part_set_floor(
	struct store_part *p, enum store_floor slot, int64_t offset)
{
	atomic_store(&p->floors[slot], offset);
}

int64_t
store_part_floor(const struct store_part *p)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < STORE_N_FLOORS; i++) {
		int64_t f = atomic_load(&p->floors[i]);

		if (f < least)
			least = f;
	}
	return least;
}

int64_t
store_part_retention_ms(const struct store_part *p)
{
	return atomic_load(&p->retention_ms);
}

int64_t
store_part_retention_bytes(const struct store_part *p)
{
	return atomic_load(&p->retention_bytes);
}

void
store_part_set_retention(
	struct store_part *p, int64_t retention_ms, int64_t retention_bytes)
{
	atomic_store(&p->retention_ms, retention_ms);
	atomic_store(&p->retention_bytes, retention_bytes);
}
