#include "clickhouse/clickhouse.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "clickhouse/frame.h"
#include "clickhouse/host.h"

#define STOP_NS INT64_C(3000000000)

enum option_id {
	OPT_DIR = 1,
	OPT_LIBRARY,
	OPT_BROKERS,
	OPT_PREFIX,
	OPT_HOSTS,
	OPT_LISTEN_FD,
	OPT_LISTEN_UNIX,
	OPT_REPORT_FD,
	OPT_MEMORY,
	OPT_PARENT,
};

static const struct option options[] = {
	{"dir", required_argument, NULL, OPT_DIR},
	{"library", required_argument, NULL, OPT_LIBRARY},
	{"brokers", required_argument, NULL, OPT_BROKERS},
	{"topic-prefix", required_argument, NULL, OPT_PREFIX},
	{"hosts", required_argument, NULL, OPT_HOSTS},
	{"listen-fd", required_argument, NULL, OPT_LISTEN_FD},
	{"listen-unix", no_argument, NULL, OPT_LISTEN_UNIX},
	{"report-fd", required_argument, NULL, OPT_REPORT_FD},
	{"memory", required_argument, NULL, OPT_MEMORY},
	{"parent", required_argument, NULL, OPT_PARENT},
	{NULL, 0, NULL, 0},
};

static bool
take_number(const char *text, int64_t min, int64_t *out)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || end == text || v < min)
		return false;
	*out = v;
	return true;
}

static bool
take_fd(const char *text, int *out)
{
	int64_t v;

	if (!take_number(text, 3, &v) || v > 1023)
		return false;
	*out = (int)v;
	return true;
}

static bool
take_option(struct host_args *a, int id)
{
	switch ((enum option_id)id) {
	case OPT_DIR:
		a->dir = optarg;
		return optarg[0] == '/';
	case OPT_LIBRARY:
		a->library = optarg;
		return true;
	case OPT_BROKERS:
		a->brokers = optarg;
		return true;
	case OPT_PREFIX:
		a->topic_prefix = optarg;
		return strpbrk(optarg, "'\\") == NULL;
	case OPT_HOSTS:
		a->hosts = optarg;
		return true;
	case OPT_LISTEN_FD:
		return take_fd(optarg, &a->listen_fd);
	case OPT_LISTEN_UNIX:
		a->is_unix = true;
		return true;
	case OPT_REPORT_FD:
		return take_fd(optarg, &a->report_fd);
	case OPT_MEMORY:
		return take_number(optarg, 1 << 20, &a->memory_max_bytes);
	case OPT_PARENT:
		return take_number(optarg, 1, &a->parent);
	}
	return false;
}

static bool
parse(int argc, char **argv, struct host_args *a)
{
	int id;

	*a = (struct host_args){
		.topic_prefix = "",
		.hosts = "",
		.listen_fd = -1,
		.report_fd = -1,
	};
	opterr = 0;
	optind = 1;
	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (id == '?' || !take_option(a, id))
			return false;
	/* The command's own name may still stand there. */
	if (optind < argc && strcmp(argv[optind], "clickhouse-host") == 0)
		optind++;
	return optind == argc && a->dir != NULL && a->library != NULL &&
	       a->brokers != NULL && a->listen_fd >= 0 && a->report_fd >= 0 &&
	       a->memory_max_bytes > 0 && a->parent > 0;
}

static void
report(const struct host_args *a, enum frame_type type, const char *text)
{
	struct buf b;
	ssize_t n = 0;

	buf_init(&b, FRAME_HEAD_BYTES + FRAME_TEXT_MAX);
	frame_put(&b, type, text);
	if (!b.failed)
		n = write(a->report_fd, b.p, b.len);
	/* Not said: then the daemon has ended, which the next poll shows. */
	(void)n;
	buf_fini(&b);
}

/* Ends with the daemon, also when it was killed (clickhouse-2). */
static int
tie_to_parent(const struct host_args *a, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return err_sys(e, ERR_UNAVAILABLE, "prctl");
	if (getppid() != (pid_t)a->parent)
		return err_set(e, ERR_STOPPING, "the daemon has ended");
	return 0;
}

/* In the folder's own empty folder: libchdb's database "default" shows the
 * files of the current one as tables. */
static int
enter_folder(const struct host_args *a, struct err *e)
{
	char path[HOST_PATH_MAX];
	int r = file_join(path, sizeof(path), a->dir, "work", e);

	if (r == 0 && chdir(path) != 0)
		r = err_sys(e, ERR_UNAVAILABLE, "cannot enter %.100s", path);
	return r;
}

static int
block_signals(int *fd, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	*fd = signalfd(-1, &set, SFD_CLOEXEC);
	return *fd < 0 ? err_sys(e, ERR_UNAVAILABLE, "signalfd") : 0;
}

static int
prepare(const struct host_args *a, int *signal_fd, struct err *e)
{
	bool confined;
	int r = tie_to_parent(a, e);

	/* Not what the daemon happened to have when it forked. */
	umask(077);
	if (r == 0)
		r = block_signals(signal_fd, e);
	if (r == 0)
		r = host_config_write(a, e);
	if (r == 0)
		r = enter_folder(a, e);
	if (r == 0)
		r = host_sandbox(a, &confined, e);
	if (r == 0 && !confined)
		fputs("the kernel has no Landlock: SQL can read every file "
		      "that this user can read\n",
			stderr);
	return r;
}

/* Until a signal, or until the daemon's end of the report pipe closes. */
static void
wait_for_the_end(const struct host_args *a, int signal_fd)
{
	struct pollfd p[] = {
		{.fd = signal_fd, .events = POLLIN},
		{.fd = a->report_fd, .events = POLLIN},
	};

	while (poll(p, 2, -1) < 0 && errno == EINTR)
		continue;
}

static int
serve(const struct host_args *a, const struct chdb *lib, int signal_fd,
	struct err *e)
{
	static struct host_engine engine;
	struct host_http *http;
	int r = host_engine_start(&engine, a, lib, e);

	if (r == 0)
		r = host_schema_apply(&engine, a, e);
	if (r == 0)
		r = host_http_start(&engine, a, &http, e);
	if (r != 0)
		return r;
	report(a, FRAME_READY, engine.version);
	wait_for_the_end(a, signal_fd);
	/* The Kafka tables leave their groups when the engine closes; a query
	 * that does not end must not keep it from ending. */
	if (host_http_stop(http, clock_mono_ns() + STOP_NS))
		host_engine_stop(&engine);
	return 0;
}

int
clickhouse_host_main(int argc, char **argv)
{
	static struct chdb lib;
	struct host_args a;
	int signal_fd, r;
	struct err e = {.code = ERR_OK};

	if (!parse(argc, argv, &a)) {
		fputs("clickhouse-host is started by sluice run\n", stderr);
		return 2;
	}
	r = prepare(&a, &signal_fd, &e);
	if (r == 0) {
		r = clickhouse_lib_open(a.library, &lib, &e);
		if (r != 0) {
			report(&a, FRAME_NO_LIBRARY, e.text);
			return 1;
		}
		r = serve(&a, &lib, signal_fd, &e);
	}
	if (r != 0)
		report(&a, FRAME_FAILED, e.text);
	fflush(NULL);
	/* Not exit(): threads of the library may still run. */
	_exit(r == 0 ? 0 : 1);
}
