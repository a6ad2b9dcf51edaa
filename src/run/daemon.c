#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/daemon.h"
#include "run/datadir.h"
#include "run/passed.h"
#include "run/settings.h"

#define OTHER_DESCRIPTORS 1000 /* files, Kafka, admin, Postgres */

const struct conf *
daemon_conf(const struct daemon *d)
{
	return conf_values(__atomic_load_n(&d->conf, __ATOMIC_ACQUIRE));
}

bool
daemon_has_role(const struct daemon *d, const char *role)
{
	return conf_list_has(daemon_conf(d)->roles, role);
}

/* run-4 */
void
daemon_fatal(struct daemon *d, const struct err *why)
{
	lock_take(&d->fatal_lock);
	if (!d->has_fatal) {
		d->has_fatal = true;
		d->fatal = *why;
	}
	lock_release(&d->fatal_lock);
	daemon_wake(d);
}

void
daemon_wake(struct daemon *d)
{
	uint64_t one = 1;

	if (write(d->wake_fd, &one, sizeof(one)) < 0)
		log_error("wake_failed", "error=%s", log_q(strerror(errno)));
}

/* The reason of daemon_fatal with what to do about it. */
static int
fatal_reason(struct daemon *d, struct err *e)
{
	struct err why;

	lock_take(&d->fatal_lock);
	why = d->fatal;
	lock_release(&d->fatal_lock);
	*e = why;
	if (why.code == ERR_CORRUPT)
		return -ERR_CORRUPT; /* its text says so already */
	return err_set(e, why.code,
		"%.150s: check the disk, then start again; what was "
		"acknowledged is kept",
		why.text);
}

/* true: daemon_fatal was called. */
static bool
was_woken_to_end(struct daemon *d)
{
	uint64_t n;
	bool has_fatal;

	if (read(d->wake_fd, &n, sizeof(n)) < 0)
		log_debug("wake", "error=%s", log_q(strerror(errno)));
	lock_take(&d->fatal_lock);
	has_fatal = d->has_fatal;
	lock_release(&d->fatal_lock);
	if (!has_fatal)
		reload_answer(d);
	return has_fatal;
}

static void
reload_by_signal(struct daemon *d)
{
	struct err e;

	ERR_IGNORE(reload_settings(d, &e), "it is in the log");
}

/* Waits until it is time to stop; 0, or -code with the reason. */
static int
serve(struct daemon *d, int signal_fd, struct err *e)
{
	struct pollfd fds[2] = {
		{signal_fd, POLLIN, 0}, {d->wake_fd, POLLIN, 0}};
	struct signalfd_siginfo si;

	for (;;) {
		if (poll(fds, 2, watchdog_turn(d)) < 0 && errno != EINTR)
			return err_sys(e, ERR_BUG, "poll");
		if ((fds[1].revents & POLLIN) != 0 && was_woken_to_end(d))
			return fatal_reason(d, e);
		if ((fds[0].revents & POLLIN) == 0 ||
			read(signal_fd, &si, sizeof(si)) != sizeof(si))
			continue;
		if (si.ssi_signo != SIGHUP) {
			log_info("stopping", "signal=%u", si.ssi_signo);
			return 0;
		}
		reload_by_signal(d);
	}
}

/* A part that does not stop must not hold the process: what was acknowledged is
 * on disk. */
static void
out_of_time(int sig)
{
	static const char text[] =
		"sluice run: not stopped within shutdown.timeout_s: ended as "
		"it is; nothing acknowledged is lost\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

/* From now on each part that stops says so. */
static void
tell_stopping(struct daemon *d, int64_t timeout_s)
{
	long long most_us = ((long long)timeout_s + 5) * 1000000;

	notify_send(&d->notify,
		"STOPPING=1\nSTATUS=Stops\nEXTEND_TIMEOUT_USEC=%lld", most_us);
	if (d->notify.watchdog_us > 0)
		notify_send(&d->notify, "WATCHDOG=1\nWATCHDOG_USEC=%lld",
			2 * most_us);
}

static void
stop_all(struct daemon *d)
{
	int64_t timeout_s = daemon_conf(d)->shutdown_timeout_s;
	struct sigaction sa = {.sa_handler = out_of_time};
	sigset_t alarm_only;

	tell_stopping(d, timeout_s);
	datadir_remove_ports(d->data_dir); /* run-5 */
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
	alarm((unsigned)timeout_s);
	/* The last second is for closing the files. */
	d->stop_deadline_ns =
		clock_mono_ns() + (timeout_s * 1000 - 1000) * 1000000;
	parts_stop(d);
	alarm(0);
}

/* A connection is a descriptor. What is asked for is taken as far as the system
 * allows; what is missing is said. */
static void
raise_descriptors(const struct conf *c)
{
	const rlim_t need =
		(rlim_t)c->capture_max_connections + OTHER_DESCRIPTORS;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return;
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur < need)
		log_warn("few_descriptors",
			"limit=%llu wanted=%llu text=\"raise the limit of open "
			"files (LimitNOFILE=, ulimit -Hn) or lower "
			"capture.max_connections\"",
			(unsigned long long)l.rlim_cur,
			(unsigned long long)need);
}

static int
block_signals(struct err *e)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of file size is an I/O error */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigdelset(&set, SIGALRM);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, ERR_BUG, "signalfd") : fd;
}

static int
write_ports(struct daemon *d, struct err *e)
{
	char text[200];
	int n = snprintf(text, sizeof(text),
		"{\"capture\":%u,\"capture_tls\":%u,\"admin\":%u,\"kafka\":%u,"
		"\"clickhouse\":%u}"
		"\n",
		d->ports.capture, d->ports.capture_tls, d->ports.admin,
		d->ports.kafka, d->ports.clickhouse);

	admin_set_ports(d->admin, text);
	return datadir_write_ports(d->data_dir, text, (size_t)n, e);
}

/* run-8 */
static int
tell_ready(struct daemon *d, struct err *e)
{
	int rc;

	if (!notify_is_on(&d->notify))
		return 0;
	rc = daemon_check_answers(d, e);
	if (rc < 0)
		return rc;
	watchdog_start(d);
	notify_send(&d->notify, "READY=1\nSTATUS=Takes events");
	return 0;
}

static int
run(struct daemon *d, int signal_fd, struct err *e)
{
	int rc = parts_start(d, e);

	if (rc < 0)
		return rc;
	service_print_start(d);
	rc = write_ports(d, e);
	if (rc == 0)
		rc = tell_ready(d, e);
	if (rc == 0)
		rc = serve(d, signal_fd, e);
	stop_all(d);
	return rc;
}

static void
free_daemon(struct daemon *d)
{
	for (int i = 0; i < d->n_old_confs; i++)
		conf_free(d->old_confs[i]);
	conf_free(d->conf);
	lock_fini(&d->fatal_lock);
	reload_fini(d);
	close(d->wake_fd);
	notify_close(&d->notify);
	mem_free(d);
}

int
daemon_run(const struct daemon_options *o, struct err *e)
{
	struct daemon *d = mem_xzalloc(1, sizeof(*d));
	int signal_fd;
	int rc;

	d->o = *o;
	d->data_dir = o->data_dir;
	d->is_demo = o->is_demo;
	fault_init(o->data_dir);
	lock_init(&d->fatal_lock);
	reload_init(d);
	d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	notify_open(&d->notify);
	rc = passed_take(e);
	if (rc == 0)
		rc = settings_load(o, &d->conf, e);
	if (rc == 0) {
		log_configure(
			daemon_conf(d)->log_level, daemon_conf(d)->log_format);
		settings_log_ignored(d->conf);
		raise_descriptors(daemon_conf(d));
		signal_fd = block_signals(e);
		rc = signal_fd < 0 ? signal_fd : run(d, signal_fd, e);
		if (signal_fd >= 0)
			close(signal_fd);
	}
	if (rc < 0)
		notify_send(&d->notify, "STATUS=%s", e->text);
	free_daemon(d);
	return rc;
}
