#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "dlq/dlq_int.h"
#include "dlq/letter.h"
#include "dlq/sql.h"

/*
 * A step of the index: letters are read and sorted into kinds first, then one
 * job writes their rows, the counts of their groups and the position (dlq-2).
 */
#define NAME_MAX_BYTES 64
#define KINDS_SPARE 100 /* above DLQ_GROUPS_MAX, for what is not told apart */
#define OTHER "(other errors)"

/* Text as it may stand in a table: valid and bounded. */
static struct slice
clean(struct slice s, size_t max, struct arena *a)
{
	struct buf b;

	if (s.len == 0)
		return SLICE_LIT("");
	if (s.len > max)
		s.len = max;
	if (utf8_valid(s))
		return arena_dup_slice(a, s);
	buf_init(&b, 4 * max + 16);
	utf8_append_lossy(&b, s);
	s = arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	return s;
}

static bool
kind_of(struct dlq_step *x, const struct letter *l, struct dlq_kind *k)
{
	struct buf b;

	buf_init(&b, (size_t)8 * DLQ_ERROR_MAX);
	dlq_normalise(l->error, &b);
	k->team_id = l->team_id;
	k->reason = clean(l->reason, NAME_MAX_BYTES, &x->a);
	k->step = clean(l->step, NAME_MAX_BYTES, &x->a);
	k->error = b.len == 0 ? SLICE_LIT("")
			      : arena_dup_slice(&x->a, buf_slice(&b));
	k->hash = hash_key(b.p, b.len);
	buf_fini(&b);
	return k->reason.p != NULL && k->step.p != NULL && k->error.p != NULL;
}

static bool
is_same(const struct dlq_kind *a, const struct dlq_kind *b)
{
	return a->hash == b->hash && a->team_id == b->team_id &&
	       slice_eq(a->error, b->error) && slice_eq(a->reason, b->reason) &&
	       slice_eq(a->step, b->step);
}

/* Its number in the step; the one of the letter before is looked at first. */
static uint32_t
enter_kind(struct dlq_step *x, const struct dlq_kind *k)
{
	uint32_t last = x->n_taken == 0 ? 0 : x->taken[x->n_taken - 1].kind;

	if (x->n_kinds > 0 && is_same(&x->kinds[last], k))
		return last;
	for (uint32_t i = 0; i < x->n_kinds; i++)
		if (is_same(&x->kinds[i], k))
			return i;
	x->kinds[x->n_kinds] = *k;
	return x->n_kinds++;
}

static bool
take(struct dlq_step *x, const struct batch_record_view *rec,
	struct arena *scratch)
{
	struct dlq_kind k = {
		.first_ms = rec->ts_ms,
		.last_ms = rec->ts_ms,
		.newest = rec->offset,
	};
	struct dlq_taken *t = &x->taken[x->n_taken];
	struct dlq_kind *known;
	struct letter l;

	letter_read(rec, scratch, &l);
	if (!kind_of(x, &l, &k))
		return false;
	*t = (struct dlq_taken){.offset = rec->offset, .at_ms = rec->ts_ms};
	t->has_id = l.id.p != NULL && uuid_parse(l.id, &t->id);
	t->kind = enter_kind(x, &k);
	known = &x->kinds[t->kind];
	if (k.first_ms < known->first_ms)
		known->first_ms = k.first_ms;
	if (k.last_ms > known->last_ms)
		known->last_ms = k.last_ms;
	known->newest = k.newest;
	x->n_taken++;
	x->next = rec->offset + 1;
	return true;
}

bool
dlq_step_add(struct dlq_step *x, const struct batch_record_view *rec)
{
	struct arena scratch;
	bool done;

	if (x->n_taken == DLQ_STEP_LETTERS)
		return false;
	arena_init(&scratch, (size_t)256 * 1024 * 1024);
	done = take(x, rec, &scratch);
	arena_fini(&scratch);
	return done;
}

static int
find_group(struct store_conn *c, const struct dlq_kind *k, int64_t *id,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_GROUP_FIND, &st, e);

	*id = 0;
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, k->team_id);
	sql_bind_text(st, 2, k->reason);
	sql_bind_text(st, 3, k->step);
	sql_bind_text(st, 4, k->error);
	r = sql_step(st, e);
	if (r <= 0)
		return r;
	*id = sql_col_i64(st, 0);
	sql_reset(st);
	return 0;
}

static int
add_group(struct store_conn *c, const struct dlq_kind *k, int64_t *id,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_GROUP_ADD, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, k->team_id);
	sql_bind_text(st, 2, k->reason);
	sql_bind_text(st, 3, k->step);
	sql_bind_text(st, 4, k->error);
	sql_bind_i64(st, 5, k->first_ms);
	r = sql_run(st, e);
	*id = sql_last_rowid(c);
	return r;
}

/* Too many kinds are not told apart any more, at last by nothing. */
int
dlq_group_enter(struct store_conn *c, struct dlq_kind *k,
	struct dlq_position *at, struct err *e)
{
	int r = find_group(c, k, &k->id, e);

	if (r == 0 && k->id == 0 && at->groups >= DLQ_GROUPS_MAX) {
		k->team_id = 0;
		k->error = SLICE_LIT(OTHER);
		if (at->groups >= DLQ_GROUPS_MAX + KINDS_SPARE)
			k->reason = k->step = SLICE_LIT("");
		r = find_group(c, k, &k->id, e);
	}
	if (r != 0 || k->id != 0)
		return r;
	at->groups++;
	return add_group(c, k, &k->id, e);
}

static int
add_row(struct store_conn *c, struct dlq_step *x, const struct dlq_taken *t,
	struct dlq_position *at, struct err *e)
{
	struct dlq_kind *k = &x->kinds[t->kind];
	enum dlq_state state;
	struct store_stmt *st;
	struct dlq_mark m;
	int r = dlq_mark_get(c, t->offset, &m, e);

	if (r == 0)
		r = sql_get(c, &dlq_sql, DLQ_SQL_ROW_ADD, &st, e);
	if (r != 0)
		return r;
	state = dlq_mark_state(&m);
	k->n[state]++;
	sql_bind_i64(st, 1, t->offset);
	if (t->has_id)
		sql_bind_blob(st, 2,
			slice_of((const char *)t->id.b, sizeof(t->id.b)));
	else
		sql_bind_null(st, 2);
	sql_bind_i64(st, 3, k->id);
	sql_bind_i64(st, 4, (int64_t)state);
	sql_bind_i64(st, 5, t->at_ms);
	r = sql_run(st, e);
	if (r == 0 && m.reason[0] != '\0')
		r = dlq_regroup(c, t->offset, m.reason, m.error, at, e);
	return r;
}

int
dlq_group_seen(struct store_conn *c, const struct dlq_kind *k, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_GROUP_SEEN, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, k->id);
	sql_bind_i64(st, 2, k->first_ms);
	sql_bind_i64(st, 3, k->last_ms);
	sql_bind_i64(st, 4, k->newest);
	return sql_run(st, e);
}

static int
count_kind(struct store_conn *c, const struct dlq_kind *k, struct err *e)
{
	int r = dlq_group_count(c, k->id, k->n, e);

	return r == 0 ? dlq_group_seen(c, k, e) : r;
}

int
dlq_position_put(
	struct store_conn *c, const struct dlq_position *at, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_POSITION_PUT, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, at->first);
	sql_bind_i64(st, 2, at->next);
	sql_bind_i64(st, 3, at->groups);
	return sql_run(st, e);
}

int
dlq_step_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct dlq_step *x = (struct dlq_step *)(void *)j;
	struct dlq_position at;
	int r = dlq_position_get(c, &at, e);

	if (r != 0)
		return r;
	if (at.next != x->from)
		return err_set(e, ERR_BUSY, "the index of letters moved");
	for (uint32_t i = 0; r == 0 && i < x->n_kinds; i++) {
		memset(x->kinds[i].n, 0, sizeof(x->kinds[i].n));
		r = dlq_group_enter(c, &x->kinds[i], &at, e);
	}
	for (uint32_t i = 0; r == 0 && i < x->n_taken; i++)
		r = add_row(c, x, &x->taken[i], &at, e);
	for (uint32_t i = 0; r == 0 && i < x->n_kinds; i++)
		r = count_kind(c, &x->kinds[i], e);
	at.next = x->next;
	return r != 0 ? r : dlq_position_put(c, &at, e);
}
