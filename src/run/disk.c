#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/daemon.h"
#include "stats/refusal.h"
#include "stats/stats.h"

#define LOOK_EVERY_NS 200000000
/* On a small disk the reserves are this part of it. */
#define SMALL_DISK_PART 20
#define ACCEPTED (-1)
/* Opening the files needs a little. */
#define START_BYTES (16ULL * 1024 * 1024)

/*
 * Watches the space on the disk. What is free without the ballast decides, so
 * that giving the ballast free does not let events in: it is for draining,
 * deletion and the admin.
 */
struct disk_guard {
	struct daemon *d;
	struct thread thread;
	char ballast_path[DAEMON_PATH_MAX];
	struct lock lock; /* guards state, stopping */
	struct cond wake;
	bool stopping;
	struct admin_disk state;
	/* enum refusal or ACCEPTED; atomic: asked per request */
	int events_refused, recordings_refused;
};

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
ballast_size(const struct disk_guard *g)
{
	struct stat st;

	return stat(g->ballast_path, &st) == 0 ? (int64_t)st.st_blocks * 512
					       : 0;
}

static void
release_ballast(struct disk_guard *g)
{
	if (unlink(g->ballast_path) == 0)
		log_warn("ballast_released",
			"path=%s text=\"the disk is full: free some space\"",
			log_q(g->ballast_path));
}

static void
make_ballast(struct disk_guard *g, int64_t want)
{
	struct err e;

	if (want <= 0)
		return;
	if (file_allocate(g->ballast_path, (unsigned long long)want, &e) < 0)
		unlink(g->ballast_path);
}

/* The log that is as large as it may be, with what its readers still need. */
static const char *
full_log(const struct conf *c, int64_t spool_bytes, int64_t output_bytes,
	int part_of_10)
{
	if (spool_bytes >= c->spool_max_bytes / 10 * part_of_10)
		return "spool.max_bytes";
	if (output_bytes >= c->output_max_bytes / 10 * part_of_10)
		return "output.max_bytes";
	return NULL;
}

static void
log_change(bool was_refused, const struct admin_disk *now)
{
	if (now->events_refused == was_refused)
		return;
	if (now->events_refused)
		log_warn("events_refused", "text=%s", log_q(now->reason));
	else
		log_info("events_accepted", "free_bytes=%lld",
			(long long)now->free_bytes);
}

/* Sets what is refused and why (run-3); logs a change. */
static void
decide(struct disk_guard *g, struct admin_disk *s, int64_t spool_bytes,
	int64_t output_bytes)
{
	const struct conf *c = daemon_conf(g->d);
	int64_t want =
		least(c->spool_ballast_bytes, s->total_bytes / SMALL_DISK_PART);
	int64_t free_bytes = s->free_bytes - (want - s->ballast_bytes);
	const char *full = full_log(c, spool_bytes, output_bytes, 10);
	bool no_events = full != NULL || free_bytes < s->reserve_bytes;
	bool no_recordings = no_events || free_bytes < 2 * s->reserve_bytes ||
			     full_log(c, spool_bytes, output_bytes, 9) != NULL;

	int why = ACCEPTED;

	s->events_refused = no_events;
	s->recordings_refused = no_recordings;
	if (no_events && full != NULL)
		snprintf(s->reason, sizeof(s->reason),
			"a log has reached %s with records that are still to "
			"be "
			"read: events are refused until it drains",
			full);
	else if (no_events)
		snprintf(s->reason, sizeof(s->reason),
			"the disk has %lld bytes free: events are refused "
			"until "
			"there are %lld; free some space",
			(long long)s->free_bytes,
			(long long)(s->reserve_bytes + want -
				    s->ballast_bytes));
	log_change(g->state.events_refused, s);
	g->state = *s;
	if (no_events)
		why = full != NULL ? REFUSAL_LOG_FULL : REFUSAL_DISK_FULL;
	__atomic_store_n(&g->events_refused, why, __ATOMIC_RELAXED);
	if (no_recordings && !no_events)
		why = REFUSAL_RECORDINGS_FIRST;
	__atomic_store_n(&g->recordings_refused, why, __ATOMIC_RELAXED);
}

static void
mind_ballast(struct disk_guard *g, const struct admin_disk *s)
{
	int64_t want = least(daemon_conf(g->d)->spool_ballast_bytes,
		s->total_bytes / SMALL_DISK_PART);

	bool is_full = store_is_full(g->d->spool) || store_is_full(g->d->state);

	if (s->ballast_bytes > 0 &&
		(is_full || s->free_bytes < s->reserve_bytes / 2))
		release_ballast(g);
	else if (!is_full && s->ballast_bytes < want &&
		 s->free_bytes > 2 * (want + s->reserve_bytes))
		make_ballast(g, want);
}

static void
look(struct disk_guard *g)
{
	struct admin_disk s = {0};
	unsigned long long free_bytes, total_bytes;
	int64_t file, wal, spool, output;
	struct err e;

	if (file_free_bytes(g->d->data_dir, &free_bytes, &total_bytes, &e) <
		0) {
		log_error("disk_unknown", "error=%s", log_q(e.text));
		return;
	}
	s.free_bytes = (int64_t)free_bytes;
	s.total_bytes = (int64_t)total_bytes;
	s.ballast_bytes = ballast_size(g);
	s.reserve_bytes = least(daemon_conf(g->d)->spool_min_free_bytes,
		s.total_bytes / SMALL_DISK_PART);
	mind_ballast(g, &s);
	s.ballast_bytes = ballast_size(g);
	store_sizes(g->d->spool, &file, &wal, &spool);
	store_sizes(g->d->state, &file, &wal, &output);
	stats_set(STATS_DISK_FREE_BYTES, 0, (double)s.free_bytes);
	lock_take(&g->lock);
	decide(g, &s, spool, output);
	lock_release(&g->lock);
}

static void
watch(void *cookie)
{
	struct disk_guard *g = cookie;

	lock_take(&g->lock);
	while (!g->stopping) {
		int64_t until = clock_mono_ns() + LOOK_EVERY_NS;

		lock_release(&g->lock);
		look(g);
		lock_take(&g->lock);
		while (!g->stopping &&
			cond_wait_until(&g->wake, &g->lock, until))
			;
	}
	lock_release(&g->lock);
}

void
disk_before_start(const char *data_dir)
{
	unsigned long long free_bytes, total_bytes;
	struct disk_guard g;
	struct err e;

	if (file_free_bytes(data_dir, &free_bytes, &total_bytes, &e) < 0 ||
		free_bytes > START_BYTES ||
		file_join(g.ballast_path, sizeof(g.ballast_path), data_dir,
			"ballast", &e) < 0)
		return;
	release_ballast(&g);
}

int
disk_start(struct daemon *d, struct disk_guard **out, struct err *e)
{
	struct disk_guard *g = mem_new(struct disk_guard);
	int rc;

	if (g == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	g->d = d;
	lock_init(&g->lock);
	cond_init(&g->wake);
	rc = file_join(g->ballast_path, sizeof(g->ballast_path), d->data_dir,
		"ballast", e);
	if (rc == 0) {
		look(g);
		rc = thread_start(&g->thread, "disk", watch, g, e);
	}
	if (rc < 0) {
		disk_stop(g);
		return rc;
	}
	*out = g;
	return 0;
}

void
disk_stop(struct disk_guard *g)
{
	lock_take(&g->lock);
	g->stopping = true;
	cond_signal(&g->wake);
	lock_release(&g->lock);
	thread_join(&g->thread);
	lock_fini(&g->lock);
	cond_fini(&g->wake);
	mem_free(g);
}

bool
disk_may_accept(void *guard, bool is_recording)
{
	struct disk_guard *g = guard;

	int why = __atomic_load_n(
		is_recording ? &g->recordings_refused : &g->events_refused,
		__ATOMIC_RELAXED);

	if (why == ACCEPTED)
		return true;
	stats_add(STATS_HTTP_REFUSED, why, 1);
	return false;
}

void
disk_state(void *guard, struct admin_disk *out)
{
	struct disk_guard *g = guard;

	lock_take(&g->lock);
	*out = g->state;
	lock_release(&g->lock);
}
