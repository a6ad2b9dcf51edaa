#include "clickhouse/clickhouse_int.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "clickhouse/frame.h"
#include "clickhouse/lib.h"
#include "clickhouse/ping.h"
#include "conf/conf.h"
#include "stats/stats.h"

#define SECOND_NS INT64_C(1000000000)
#define BACKOFF_MIN_NS (3 * SECOND_NS / 10)
#define BACKOFF_MAX_NS (10 * SECOND_NS)
#define SETTLED_NS (2 * SECOND_NS) /* ready for so long: no crash loop */
#define SLOW_START_NS (30 * SECOND_NS) /* is said */
/* Not ready for so long: it is taken to hang. Doubled each time, as many parts
 * take long to load. */
#define START_LIMIT_MIN_NS (60 * SECOND_NS)
#define START_LIMIT_MAX_NS (1920 * SECOND_NS)
#define LIBRARY_LOOK_NS (5 * SECOND_NS)
/* Pings missed in a row until it is ended, so that another may do better: about
 * a minute and a half. Counted, not timed: a machine that slept misses one. */
#define PINGS_MISSED_MAX 20

/* The supervisor's own; no other thread sees it. */
struct watch {
	struct clickhouse *c;
	struct child child;
	struct ping ping;
	char library[CLICKHOUSE_PATH_MAX];
	struct stat used_library; /* as it was before the child started */
	struct stat bad_library; /* that was refused; st_ino 0: none */
	int64_t backoff_ns;
	int64_t started_at_ns;
	int64_t start_limit_ns;
	int64_t ready_at_ns; /* 0: not in this run */
	bool said_slow;
	bool said_missing;
	bool killed; /* SIGKILL was sent */
};

static void
set_state(struct clickhouse *c, enum clickhouse_state state, const char *text)
{
	lock_take(&c->lock);
	c->status.state = state;
	if (text != NULL)
		snprintf(c->status.text, sizeof(c->status.text), "%.*s",
			(int)sizeof(c->status.text) - 1, text);
	lock_release(&c->lock);
	stats_set(STATS_CLICKHOUSE_UP, 0, state == CLICKHOUSE_READY ? 1 : 0);
}

static bool
is_stopping(struct clickhouse *c)
{
	bool v;

	lock_take(&c->lock);
	v = c->stopping;
	lock_release(&c->lock);
	return v;
}

/* Sleeps until a stop is asked for or the time has passed. */
static void
pause_ns(struct clickhouse *c, int64_t ns)
{
	struct pollfd p = {.fd = c->wake_fd, .events = POLLIN};

	if (!is_stopping(c))
		poll(&p, 1, (int)(ns / 1000000));
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec;
}

/* clickhouse-5: false while there is none, or only the one refused before. */
static bool
find_library(struct watch *w)
{
	struct err e;

	if (clickhouse_lib_find(w->c->conf->clickhouse_library, SLUICE_LIBDIR,
		    w->library, sizeof(w->library), &e) != 0) {
		set_state(w->c, CLICKHOUSE_NO_LIBRARY, e.text);
		if (!w->said_missing)
			log_warn("clickhouse.no_library", "text=%s",
				log_q(e.text));
		w->said_missing = true;
		return false;
	}
	if (stat(w->library, &w->used_library) != 0)
		return false;
	if (w->bad_library.st_ino != 0 &&
		is_same_file(&w->used_library, &w->bad_library))
		return false;
	w->bad_library.st_ino = 0;
	return true;
}

static int
start_child(struct watch *w, struct err *e)
{
	const struct conf *conf = w->c->conf;
	const struct child_spec spec = {
		.self_path = w->c->self_path,
		.dir = w->c->dir,
		.library = w->library,
		.brokers = w->c->brokers,
		.topic_prefix = conf->kafka_topic_prefix,
		.hosts = conf->clickhouse_hosts,
		.listen_fd = w->c->listen_fd,
		.is_unix = w->c->listen.is_off,
		.memory_max_bytes = conf->clickhouse_memory_max_bytes,
	};
	int r = child_start(&spec, &w->child, e);

	if (r != 0)
		return r;
	w->started_at_ns = clock_mono_ns();
	w->ready_at_ns = 0;
	w->said_slow = w->killed = false;
	lock_take(&w->c->lock);
	w->c->status.pid = w->child.pid;
	lock_release(&w->c->lock);
	set_state(w->c, CLICKHOUSE_STARTING, "");
	return 0;
}

static void
on_ready(struct watch *w, const char *version)
{
	w->ready_at_ns = clock_mono_ns();
	w->start_limit_ns = START_LIMIT_MIN_NS;
	lock_take(&w->c->lock);
	snprintf(w->c->status.version, sizeof(w->c->status.version), "%.60s",
		version);
	lock_release(&w->c->lock);
	set_state(w->c, CLICKHOUSE_READY, "");
	log_info("clickhouse.ready", "version=%s pid=%d", log_q(version),
		(int)w->child.pid);
}

static void
on_frame(struct watch *w, const struct frame *f)
{
	switch (f->type) {
	case FRAME_READY:
		on_ready(w, f->text);
		break;
	case FRAME_NO_LIBRARY:
		w->bad_library = w->used_library;
		set_state(w->c, CLICKHOUSE_NO_LIBRARY, f->text);
		log_warn("clickhouse.no_library", "text=%s", log_q(f->text));
		break;
	case FRAME_FAILED:
		set_state(w->c, CLICKHOUSE_STARTING, f->text);
		log_warn("clickhouse.failed", "text=%s", log_q(f->text));
		break;
	}
}

static void
on_reports(struct watch *w)
{
	struct frame f;
	struct err e;
	bool got = true;
	int r = 0;

	child_read_reports(&w->child);
	if (w->child.reports.failed)
		r = err_set(&e, ERR_TOO_BIG, "the child reports too much");
	while (r == 0 && got) {
		r = frame_take(&w->child.reports, &f, &got, &e);
		if (r == 0 && got)
			on_frame(w, &f);
	}
	if (r == 0)
		return;
	log_warn("clickhouse.bad_report", "text=%s action=kill", log_q(e.text));
	kill(w->child.pid, SIGKILL);
	close(w->child.report_fd);
	w->child.report_fd = -1;
}

static void
on_stop(struct watch *w, bool *asked)
{
	struct clickhouse *c = w->c;
	int64_t deadline;

	lock_take(&c->lock);
	deadline = c->stop_deadline_ns;
	lock_release(&c->lock);
	if (!*asked)
		kill(w->child.pid, SIGTERM);
	*asked = true;
	if (clock_mono_ns() < deadline || w->killed)
		return;
	log_warn("clickhouse.kill", "pid=%d text=%s", (int)w->child.pid,
		log_q("it did not end in time"));
	kill(w->child.pid, SIGKILL);
	w->killed = true;
}

/* A child that never gets ready is ended, so that another may do better. */
static void
check_start(struct watch *w)
{
	int64_t ns = clock_mono_ns() - w->started_at_ns;

	if (w->ready_at_ns != 0 || ns < SLOW_START_NS)
		return;
	if (!w->said_slow)
		log_warn("clickhouse.slow_start", "pid=%d seconds=%lld",
			(int)w->child.pid, (long long)(ns / SECOND_NS));
	w->said_slow = true;
	if (ns < w->start_limit_ns || w->killed)
		return;
	if (w->start_limit_ns < START_LIMIT_MAX_NS)
		w->start_limit_ns *= 2;
	log_warn("clickhouse.kill", "pid=%d text=%s", (int)w->child.pid,
		log_q("it did not get ready"));
	kill(w->child.pid, SIGKILL);
	w->killed = true;
}

static void
on_silence(struct watch *w, int64_t now_ns)
{
	char text[160];

	snprintf(text, sizeof(text),
		"the process %d does not answer: silent for %lld s",
		(int)w->child.pid,
		(long long)((now_ns - w->ping.silent_since_ns) / SECOND_NS));
	if (w->ping.n_missed == 1)
		log_warn("clickhouse.hangs", "text=%s", log_q(text));
	set_state(w->c, CLICKHOUSE_HANGING, text);
	if (w->ping.n_missed < PINGS_MISSED_MAX || w->killed)
		return;
	log_warn("clickhouse.kill", "pid=%d text=%s", (int)w->child.pid,
		log_q("it does not answer"));
	kill(w->child.pid, SIGKILL);
	w->killed = true;
}

/* clickhouse-9 */
static void
check_answers(struct watch *w)
{
	int64_t now_ns = clock_mono_ns();
	int n_missed = w->ping.n_missed;

	if (w->ready_at_ns == 0)
		return;
	ping_step(&w->ping, w->c->listen_fd, now_ns);
	if (w->ping.n_missed > n_missed) {
		on_silence(w, now_ns);
	} else if (n_missed > 0 && w->ping.n_missed == 0) {
		set_state(w->c, CLICKHOUSE_READY, "");
		log_info("clickhouse.answers", "pid=%d", (int)w->child.pid);
	}
}

/* Serves one run of the child until it has ended. */
static void
watch_child(struct watch *w)
{
	bool asked = false;

	ping_init(&w->ping);
	for (;;) {
		struct pollfd p[] = {
			{.fd = w->child.pid_fd, .events = POLLIN},
			{.fd = w->child.report_fd, .events = POLLIN},
			{.fd = w->child.print_fds[0], .events = POLLIN},
			{.fd = w->child.print_fds[1], .events = POLLIN},
			{.fd = asked ? -1 : w->c->wake_fd, .events = POLLIN},
			{.fd = w->ping.fd, .events = POLLIN},
		};

		poll(p, ARRAY_LEN(p), asked ? 100 : 1000);
		if (p[1].revents != 0)
			on_reports(w);
		for (int i = 0; i < 2; i++)
			if (p[2 + i].revents != 0)
				child_log_prints(&w->child, i);
		if (p[0].revents != 0)
			break;
		if (is_stopping(w->c)) {
			on_stop(w, &asked);
		} else {
			check_start(w);
			check_answers(w);
		}
	}
	ping_fini(&w->ping);
}

static void
next_backoff(struct watch *w)
{
	bool was_ready = w->ready_at_ns != 0;

	if (was_ready && clock_mono_ns() - w->ready_at_ns >= SETTLED_NS)
		w->backoff_ns = BACKOFF_MIN_NS;
	else if (!was_ready)
		w->backoff_ns *= 2;
	if (w->backoff_ns > BACKOFF_MAX_NS)
		w->backoff_ns = BACKOFF_MAX_NS;
}

/* clickhouse-1: the child is gone and reaped, so another may be started. */
static void
after_end(struct watch *w, const char *how)
{
	struct clickhouse *c = w->c;
	enum clickhouse_state state;

	lock_take(&c->lock);
	state = c->status.state;
	c->status.pid = 0;
	lock_release(&c->lock);
	if (is_stopping(c) || state == CLICKHOUSE_NO_LIBRARY)
		return;
	next_backoff(w);
	lock_take(&c->lock);
	c->status.restarts++;
	lock_release(&c->lock);
	stats_add(STATS_CLICKHOUSE_RESTARTS, 0, 1);
	set_state(c, CLICKHOUSE_RESTARTING,
		state == CLICKHOUSE_STARTING ? NULL : how);
	log_warn("clickhouse.ended", "text=%s restart_in_ms=%lld", log_q(how),
		(long long)(w->backoff_ns / 1000000));
	pause_ns(c, w->backoff_ns);
}

void
clickhouse_supervise(void *cookie)
{
	struct clickhouse *c = cookie;
	struct watch w;
	char how[120];
	struct err e;

	w = (struct watch){
		.c = c,
		.backoff_ns = BACKOFF_MIN_NS,
		.start_limit_ns = START_LIMIT_MIN_NS,
	};
	while (!is_stopping(c)) {
		if (!find_library(&w)) {
			pause_ns(c, LIBRARY_LOOK_NS);
			continue;
		}
		if (start_child(&w, &e) != 0) {
			set_state(c, CLICKHOUSE_RESTARTING, e.text);
			log_warn("clickhouse.start", "text=%s", log_q(e.text));
			pause_ns(c, BACKOFF_MAX_NS);
			continue;
		}
		watch_child(&w);
		child_reap(&w.child, how, sizeof(how));
		after_end(&w, how);
	}
	set_state(c, CLICKHOUSE_OFF, "stopped");
}
