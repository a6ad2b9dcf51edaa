#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "stats/stats.h"
#include "store/store_int.h"

static struct store_job *
next_job(struct store_job *j)
{
	struct queue_node *n = j->node.next;

	return n == NULL ? NULL : QUEUE_OWNER(n, struct store_job, node);
}

static void
set_result(struct store_job *j, const struct err *why)
{
	j->result.code = why->code;
	j->result.sys_errno = why->sys_errno;
	memcpy(j->result.text, why->text, sizeof(why->text));
}

/* Every job of the group failed for one reason; one that failed by itself
 * keeps its own. */
static void
fail_group(struct store_job *list, const struct err *why)
{
	for (struct store_job *j = list; j != NULL; j = next_job(j)) {
		if (j->result.code == ERR_OK)
			set_result(j, why);
	}
}

/* Calls done for each; a job may be freed by its done. */
static void
finish_group(struct store *s, struct store_job *list)
{
	struct store_job *j = list, *next;
	size_t n = 0, bytes = 0;

	for (; j != NULL; j = next) {
		next = next_job(j);
		n++;
		bytes += j->bytes;
		j->done(j, &j->result);
	}
	queue_done(&s->queue, n, bytes);
}

void
store_fail(struct store *s, const struct err *why)
{
	if (atomic_load(&s->failed))
		return;
	s->why = *why;
	atomic_store(&s->failed, true);
	if (s->on_fatal != NULL)
		s->on_fatal(s->cookie, &s->why);
}

static bool
is_fatal(enum err_code code)
{
	return code == ERR_IO || code == ERR_CORRUPT || code == ERR_BUG;
}

static void
roll_back(struct store *s)
{
	struct store_conn *c = s->w;
	struct err ignored;

	store_conn_reset_all(c);
	/* After some errors SQLite has rolled back by itself. */
	if (!sqlite3_get_autocommit(c->db))
		ERR_IGNORE(store_conn_run(c, STORE_SQL_ROLLBACK, &ignored),
			"the transaction ends in any case");
	INVARIANT(sqlite3_get_autocommit(c->db) || atomic_load(&s->failed) ||
			  c->tx_rc != 0,
		"store-3");
	store_append_discard(s);
}

/* After a statement failed inside the transaction: is it still whole? */
static int
check_tx(struct store_conn *c, struct err *e)
{
	if (c->tx_rc == 0 && !sqlite3_get_autocommit(c->db))
		return 0;
	if (c->tx_rc == 0)
		return err_set(e, ERR_BUG,
			"%s: a job ended the transaction it ran in",
			c->s->path);
	*e = c->tx_err;
	return -(int)e->code;
}

static int
undo_job(struct store_conn *c, struct err *e)
{
	int r = store_conn_run(c, STORE_SQL_ROLLBACK_TO, e);

	return r != 0 ? r : store_conn_run(c, STORE_SQL_RELEASE, e);
}

/* What counts is what run returns: it may have met an error and handled it. */
static int
call_run(struct store_job *j, struct store_conn *c)
{
	int r = j->run(j, c, &j->result);

	if (r == 0)
		j->result.code = ERR_OK;
	return r;
}

/* store-3: a job that fails leaves nothing behind. Returns an error only when
 * the whole transaction is lost. */
static int
run_in_savepoint(struct store *s, struct store_job *j, struct err *e)
{
	struct store_conn *c = s->w;
	int r = store_append_flush(s, e);

	if (r != 0 || (r = store_conn_run(c, STORE_SQL_SAVEPOINT, e)) != 0)
		return r;
	store_append_begin_savepoint(s);
	store_hooks_mark(s);
	r = call_run(j, c);
	store_conn_reset_all(c);
	if (r == 0)
		r = store_append_flush(s, &j->result);
	if (check_tx(c, e) != 0)
		return -(int)e->code;
	store_append_end_savepoint(s, r == 0);
	if (r == 0)
		return store_conn_run(c, STORE_SQL_RELEASE, e);
	store_hooks_undo(s);
	return undo_job(c, e);
}

/* A job alone in its transaction needs no savepoint. */
static int
run_alone(struct store *s, struct store_job *j, struct err *e)
{
	int r = call_run(j, s->w);

	store_conn_reset_all(s->w);
	if (check_tx(s->w, e) != 0)
		return -(int)e->code;
	if (r != 0) {
		*e = j->result;
		return r;
	}
	return 0;
}

/* It was announced and does not come. */
static void
renounce(struct store_append *a, size_t len)
{
	a->part->to_come -= a->part->to_come < len ? a->part->to_come : len;
}

static int
run_append(struct store *s, struct store_job *j, struct err *e)
{
	struct store_append *a = (struct store_append *)(void *)j;
	size_t announced = a->len;
	int r = a->filter == NULL ? 0 : a->filter(a, s->w, e);

	if (r != 0)
		return r;
	renounce(a, announced - a->len);
	if (a->len == 0)
		return 0;
	r = store_append_add(s, a->part, a->batches, a->len, a->n_records,
		&a->base_offset, &j->result);
	if (r == 0)
		return store_hooks_note(s, a->part,
			slice_of(a->batches, a->len), a->note, false, e);
	renounce(a, a->len);
	if (a->filter != NULL) {
		*e = j->result;
		return r;
	}
	return check_tx(s->w, e);
}

/* How much each partition will get, so that its rows are made once and full. */
static void
announce(struct store_job *list)
{
	for (struct store_job *j = list; j != NULL; j = next_job(j)) {
		struct store_append *a = (struct store_append *)(void *)j;

		j->result.code = ERR_OK;
		j->result.sys_errno = 0;
		j->result.text[0] = '\0';
		j->is_wiped = false;
		if (j->run == NULL)
			a->part->to_come += a->len;
	}
}

static int
run_jobs(struct store *s, struct store_job *list, struct err *e)
{
	bool alone = next_job(list) == NULL;
	int r = 0;

	for (struct store_job *j = list; j != NULL && r == 0; j = next_job(j)) {
		if (j->run == NULL)
			r = run_append(s, j, e);
		else if (alone)
			r = run_alone(s, j, e);
		else
			r = run_in_savepoint(s, j, e);
	}
	if (r == 0)
		r = store_append_flush(s, e);
	if (r == 0)
		r = store_hooks_save(s, e);
	return r != 0 ? r : store_append_counts(s, e);
}

static int
begin(struct store *s, struct err *e)
{
	s->w->tx_rc = 0;
	store_hooks_begin(s);
	return store_conn_run(s->w, STORE_SQL_BEGIN, e);
}

static int
begin_group(struct store *s, const struct store_job *list, struct err *e)
{
	int r;

	s->w->tx_rc = 0;
	r = store_conn_set_secure(s->w, s->is_secure || list->wipes, e);
	return r != 0 ? r : begin(s, e);
}

/* store-13 */
static void
wipe(struct store *s, struct store_job *j)
{
	struct err e;
	int r = store_checkpoint_cut(s, &e);

	j->is_wiped = r == 0;
	if (r != 0 && is_fatal(e.code))
		store_fail(s, &e);
	else if (r != 0)
		log_warn("store_not_wiped", "path=%s error=%s text=%s",
			log_q(s->wal_path), err_name(e.code), log_q(e.text));
}

/* store-5: a failed commit is UNSURE unless it is known that nothing was
 * done. */
static int
commit(struct store *s, struct err *e)
{
	int64_t from_ns = clock_mono_ns();
	int r = store_conn_run(s->w, STORE_SQL_COMMIT, e);

	if (r == 0) {
		stats_add(STATS_STORE_COMMITS, (int)s->kind, 1);
		stats_observe(STATS_STORE_COMMIT_TIME, (int)s->kind,
			(double)(clock_mono_ns() - from_ns) / 1e9);
		return 0;
	}
	if (e->code == ERR_IO) {
		store_fail(s, e);
		e->code = ERR_UNSURE;
		return -(int)ERR_UNSURE;
	}
	return r;
}

static void
clear_to_come(struct store_job *list)
{
	for (struct store_job *j = list; j != NULL; j = next_job(j)) {
		if (j->run == NULL)
			((struct store_append *)(void *)j)->part->to_come = 0;
	}
}

static bool
may_begin(struct store *s, struct err *e)
{
	bool has_room = store_checkpoint_has_room(s);

	if (atomic_load(&s->failed)) {
		*e = s->why;
		e->code = ERR_IO;
		return false;
	}
	if (!has_room)
		ERR_IGNORE(err_set(e, ERR_NO_SPACE,
				   "%s: the disk is full; free some space",
				   s->path),
			"told to each job");
	return has_room;
}

void
store_commit_group(struct store *s, struct store_job *list)
{
	struct err e;
	bool is_own_failure;
	int r;

	announce(list);
	if (!may_begin(s, &e)) {
		fail_group(list, &e);
		clear_to_come(list);
		finish_group(s, list);
		return;
	}
	r = begin_group(s, list, &e);
	if (r == 0)
		r = run_jobs(s, list, &e);
	/* A single job that failed by its own rules is no failure of ours. */
	is_own_failure = r != 0 && s->w->tx_rc == 0 && next_job(list) == NULL &&
			 list->result.code != ERR_OK;
	if (r == 0)
		r = commit(s, &e);
	if (r == 0) {
		store_append_publish(s);
	} else {
		if (!is_own_failure && is_fatal(e.code))
			store_fail(s, &e);
		if (e.code == ERR_CORRUPT || e.code == ERR_BUG)
			e.code = is_own_failure ? e.code : ERR_IO;
		if (e.code == ERR_NO_SPACE)
			store_checkpoint_full(s);
		fail_group(list, &e);
		clear_to_come(list);
		roll_back(s);
	}
	store_hooks_end(s, r == 0);
	if (r == 0 && list->wipes)
		wipe(s, list);
	finish_group(s, list);
	store_checkpoint_after_commit(s);
}

int
store_commit_own(struct store *s,
	int (*run)(struct store *s, void *cookie, struct err *e), void *cookie,
	struct err *e)
{
	int r = begin(s, e);

	if (r == 0)
		r = run(s, cookie, e);
	if (r == 0)
		r = commit(s, e);
	if (r != 0) {
		if (is_fatal(e->code))
			store_fail(s, e);
		roll_back(s);
		store_hooks_end(s, false);
		return r;
	}
	store_append_publish(s);
	store_hooks_end(s, true);
	store_checkpoint_after_commit(s);
	return 0;
}
