#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "stats/stats.h"
#include "store/store_int.h"

/*
 * The helper copies the WAL into the file every 100 ms while there is something
 * to copy, and every 25 ms while several shares write: the sync of a commit
 * waits behind what a pass gave the disk, so that is to be little. It never
 * waits for readers or the writer (PASSIVE). Once the WAL is over 128 MB it
 * copies again and again what came meanwhile, until that is little; then the
 * writer makes one PASSIVE pass of its own, and as no commit comes between, the
 * next one begins at the head of the WAL again. That pass is what requests wait
 * for: it is to be short, and seldom.
 */
#define PASS_EVERY_NS ((int64_t)100000000)
#define SHARED_PASS_EVERY_NS ((int64_t)25000000)
#define WRITER_PASS_BYTES ((int64_t)128 * 1024 * 1024)
#define LITTLE_BYTES ((int64_t)2 * 1024 * 1024)
#define CATCH_UP_MAX 4
#define WAL_FRAME_BYTES 24 /* of a frame's head */
#define CUT_WAIT_MS 1000
#define TRY_ROOM_NS ((int64_t)200000000)
#define WAL_TOO_LARGE ((int64_t)1024 * 1024 * 1024)
#define IDLE_LOOK_NS ((int64_t)10 * 1000000000)
#define TAIL_AGE_NS ((int64_t)30 * 1000000000)

/* The whole WAL is measured by frames, which the hook tells. */
static int
after_wal_commit(void *cookie, sqlite3 *db, const char *name, int n_frames)
{
	struct store *s = cookie;
	struct store_checkpoint *k = &s->checkpoint;

	(void)db;
	(void)name;
	atomic_store(&s->wal_bytes,
		(int64_t)n_frames * (s->page_size + WAL_FRAME_BYTES));
	lock_take(&k->lock);
	if (!k->is_dirty) {
		k->is_dirty = true;
		cond_signal(&k->wake);
	}
	lock_release(&k->lock);
	return SQLITE_OK;
}

static int
pass(struct store_conn *c, struct err *e)
{
	struct store *s = c->s;
	struct store_checkpoint *k = &s->checkpoint;
	int n_frames = 0, n_copied = 0;
	int rc;

	lock_take(&k->pass);
	rc = sqlite3_wal_checkpoint_v2(
		c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &n_frames, &n_copied);
	lock_release(&k->pass);
	if (rc == SQLITE_OK)
		atomic_store(&s->copied_bytes,
			(int64_t)n_copied * (s->page_size + WAL_FRAME_BYTES));
	/* The next commit of the writer begins at the head. */
	if (rc == SQLITE_OK && c == s->w && n_copied == n_frames)
		atomic_store(&s->wal_bytes, 0);
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ||
		(rc & 0xff) == SQLITE_LOCKED)
		return 0;
	return store_conn_err(c, rc, "checkpoint", e);
}

/* store-5: a checkpoint that could not sync ends the store; a full disk does
 * not, the WAL just stays. */
static void
helper_failed(struct store *s, const struct err *e)
{
	struct store_checkpoint *k = &s->checkpoint;

	if (e->code != ERR_IO && e->code != ERR_CORRUPT) {
		log_warn("store_checkpoint_failed", "path=%s error=%s text=%s",
			log_q(s->path), err_name(e->code), log_q(e->text));
		return;
	}
	if (atomic_load(&s->checkpoint_failed))
		return;
	lock_take(&k->lock);
	s->checkpoint_err = *e;
	lock_release(&k->lock);
	atomic_store(&s->checkpoint_failed, true);
	/* Closed means that the writer is at its end anyway. */
	ERR_IGNORE(queue_put_always(&s->queue, &s->wake.node, 0),
		"the writer is ending");
}

/* An idle store gives its memory back: old rows of the tail, then the heap. */
static void
shrink(struct store *s)
{
	if (store_tail_is_empty(s))
		return;
	store_tail_expire(s, clock_mono_ns() - TAIL_AGE_NS);
	if (store_tail_is_empty(s))
		mem_trim();
}

static bool
wait_for_work(struct store *s)
{
	struct store_checkpoint *k = &s->checkpoint;
	bool stop;

	lock_take(&k->lock);
	while (!k->is_dirty && !k->stop) {
		if (cond_wait_until(
			    &k->wake, &k->lock, clock_mono_ns() + IDLE_LOOK_NS))
			continue;
		lock_release(&k->lock);
		shrink(s);
		lock_take(&k->lock);
	}
	stop = k->stop;
	lock_release(&k->lock);
	return !stop;
}

/* Lets commits gather; false when it is time to stop. */
static bool
let_gather(struct store *s)
{
	struct store_checkpoint *k = &s->checkpoint;
	int64_t now = clock_mono_ns();
	int64_t until =
		now + (store_group_is_shared(s, now) ? SHARED_PASS_EVERY_NS
						     : PASS_EVERY_NS);
	bool stop;

	lock_take(&k->lock);
	while (!k->stop && cond_wait_until(&k->wake, &k->lock, until))
		continue;
	stop = k->stop;
	k->is_dirty = false;
	lock_release(&k->lock);
	return !stop;
}

static void
helper_pass(struct store *s)
{
	struct store_conn *c = s->checkpoint.c;
	struct err e;

	c->tx_rc = 0;
	if (!atomic_load(&s->failed) && pass(c, &e) != 0)
		helper_failed(s, &e);
}

/* Before the writer's own pass: leaves it little to copy. */
static void
catch_up(struct store *s)
{
	for (int i = 0; i < CATCH_UP_MAX; i++) {
		int64_t wal_bytes = atomic_load(&s->wal_bytes);

		if (wal_bytes <= WRITER_PASS_BYTES ||
			wal_bytes - atomic_load(&s->copied_bytes) <
				LITTLE_BYTES)
			break;
		helper_pass(s);
	}
}

static void
helper_main(void *cookie)
{
	struct store *s = cookie;

	while (wait_for_work(s) && let_gather(s)) {
		helper_pass(s);
		catch_up(s);
		if (atomic_load(&s->wal_bytes) > WRITER_PASS_BYTES)
			atomic_store(&s->wants_writer_pass, true);
		if (atomic_load(&s->wal_bytes) > WAL_TOO_LARGE)
			log_warn("store_wal_grows", "path=%s wal_bytes=%lld",
				log_q(s->wal_path),
				(long long)atomic_load(&s->wal_bytes));
		store_tail_expire(s, clock_mono_ns() - TAIL_AGE_NS);
		stats_set(STATS_STORE_WAL_BYTES, (int)s->kind,
			(double)atomic_load(&s->wal_bytes));
	}
}

void
store_checkpoint_after_commit(struct store *s)
{
	struct err e;

	if (atomic_load(&s->failed))
		return;
	if (!atomic_load(&s->wants_writer_pass) &&
		atomic_load(&s->wal_bytes) <= 2 * WRITER_PASS_BYTES)
		return;
	atomic_store(&s->wants_writer_pass, false);
	s->w->tx_rc = 0;
	if (pass(s->w, &e) == 0)
		return;
	if (e.code == ERR_IO || e.code == ERR_CORRUPT)
		store_fail(s, &e);
	else
		log_warn("store_checkpoint_failed", "path=%s error=%s text=%s",
			log_q(s->path), err_name(e.code), log_q(e.text));
}

void
store_checkpoint_full(struct store *s)
{
	if (!s->is_full)
		log_warn("store_full", "path=%s", log_q(s->path));
	s->is_full = true;
}

/* Copied whole, the WAL is begun anew and needs no room for a while; without
 * this it would take whatever is freed, and could never be copied. */
bool
store_checkpoint_has_room(struct store *s)
{
	int64_t now_ns = clock_mono_ns();
	struct err e;

	if (!s->is_full || atomic_load(&s->failed))
		return true;
	if (now_ns < s->try_room_at_ns)
		return false;
	s->try_room_at_ns = now_ns + TRY_ROOM_NS;
	s->w->tx_rc = 0;
	if (pass(s->w, &e) != 0) {
		if (e.code == ERR_IO || e.code == ERR_CORRUPT)
			store_fail(s, &e);
		return false;
	}
	s->is_full = false;
	log_info("store_has_room", "path=%s", log_q(s->path));
	return true;
}

int
store_checkpoint_cut(struct store *s, struct err *e)
{
	struct store_checkpoint *k = &s->checkpoint;
	int rc;

	s->w->tx_rc = 0;
	/* SQLite does not wait for another pass, only for readers. */
	lock_take(&k->pass);
	sqlite3_busy_timeout(s->w->db, CUT_WAIT_MS);
	rc = sqlite3_wal_checkpoint_v2(
		s->w->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(s->w->db, STORE_BUSY_MS);
	lock_release(&k->pass);
	if (rc != SQLITE_OK)
		return store_conn_err(s->w, rc, "checkpoint", e);
	atomic_store(&s->wal_bytes, 0);
	return 0;
}

static int
wipe_nothing(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	(void)c;
	(void)e;
	return 0;
}

int
store_wipe_wal(struct store *s, struct err *e)
{
	struct store_job j = {.run = wipe_nothing, .wipes = true};
	int r = store_call(s, &j, e);

	if (r == 0 && !j.is_wiped)
		return err_set(e, ERR_BUSY,
			"%s is being read; its old pages could not be wiped",
			s->wal_path);
	return r;
}

int
store_checkpoint_start(struct store *s, struct err *e)
{
	struct store_checkpoint *k = &s->checkpoint;
	int r;

	lock_init(&k->pass);
	lock_init(&k->lock);
	cond_init(&k->wake);
	r = store_conn_open(s, SQLITE_OPEN_READWRITE, &k->c, e);
	if (r == 0)
		r = store_conn_exec(k->c,
			"PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF;"
			" PRAGMA wal_autocheckpoint=0",
			e);
	if (r == 0)
		r = thread_start(&k->thread, "checkpoint", helper_main, s, e);
	if (r != 0) {
		store_checkpoint_stop(s);
		return r;
	}
	sqlite3_wal_hook(s->w->db, after_wal_commit, s);
	return 0;
}

void
store_checkpoint_stop(struct store *s)
{
	struct store_checkpoint *k = &s->checkpoint;

	lock_take(&k->lock);
	k->stop = true;
	cond_signal(&k->wake);
	lock_release(&k->lock);
	thread_join(&k->thread);
	store_conn_close(k->c);
	k->c = NULL;
	cond_fini(&k->wake);
	lock_fini(&k->lock);
	lock_fini(&k->pass);
}

bool
store_is_full(const struct store *s)
{
	return atomic_load(&s->is_full);
}
