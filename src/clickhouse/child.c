#include "clickhouse/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "clickhouse/frame.h"

#define LISTEN_FD 3
#define REPORT_FD 4
#define FIRST_UNUSED_FD 5
#define SAFE_FD 16 /* above those that are put in place */
#define READ_BYTES 4096
#define REPORTS_MAX (4 * (FRAME_HEAD_BYTES + FRAME_TEXT_MAX))
#define ARG_BYTES 32

/* Descriptors of one start: [0] the daemon's end, [1] the child's. */
struct start {
	int out[2], err[2], report[2];
	char memory[ARG_BYTES], parent[ARG_BYTES];
	char home[4096 + 8];
	const char *argv[24];
	const char *envp[8];
};

static void
close_pair(int fd[2])
{
	for (int i = 0; i < 2; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

static int
open_pairs(struct start *s, struct err *e)
{
	if (pipe2(s->out, O_CLOEXEC) != 0 || pipe2(s->err, O_CLOEXEC) != 0 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->report) !=
			0)
		return err_sys(e, ERR_UNAVAILABLE, "cannot make pipes");
	fcntl(s->out[0], F_SETFL, O_NONBLOCK);
	fcntl(s->err[0], F_SETFL, O_NONBLOCK);
	fcntl(s->report[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static void
fill_arguments(struct start *s, const struct child_spec *spec)
{
	const char *const argv[] = {"sluice", "clickhouse-host", "--dir",
		spec->dir, "--library", spec->library, "--brokers",
		spec->brokers, "--topic-prefix", spec->topic_prefix, "--hosts",
		spec->hosts, "--listen-fd", "3", "--report-fd", "4", "--memory",
		s->memory, "--parent", s->parent,
		spec->is_unix ? "--listen-unix" : NULL, NULL};
	const char *const envp[] = {
		"PATH=/usr/bin:/bin", "TZ=UTC", "LANG=C.UTF-8", s->home, NULL};

	snprintf(s->memory, sizeof(s->memory), "%lld",
		(long long)spec->memory_max_bytes);
	snprintf(s->parent, sizeof(s->parent), "%ld", (long)getpid());
	snprintf(s->home, sizeof(s->home), "HOME=%s", spec->dir);
	memcpy(s->argv, argv, sizeof(argv));
	memcpy(s->envp, envp, sizeof(envp));
}

/* Between fork and exec: async-signal-safe calls only. */
static void
become(const struct start *s, const struct child_spec *spec)
{
	int null, listen, report, out, err;
	struct sigaction def = {.sa_handler = SIG_DFL};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	null = fcntl(open("/dev/null", O_RDONLY), F_DUPFD, SAFE_FD);
	listen = fcntl(spec->listen_fd, F_DUPFD, SAFE_FD);
	report = fcntl(s->report[1], F_DUPFD, SAFE_FD);
	out = fcntl(s->out[1], F_DUPFD, SAFE_FD);
	err = fcntl(s->err[1], F_DUPFD, SAFE_FD);
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
		dup2(listen, LISTEN_FD) < 0 || dup2(report, REPORT_FD) < 0 ||
		close_range(FIRST_UNUSED_FD, ~0U, 0) != 0)
		_exit(126);
	for (int i = 1; i < NSIG; i++)
		sigaction(i, &def, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(spec->self_path, (char *const *)(uintptr_t)s->argv,
		(char *const *)(uintptr_t)s->envp);
	_exit(127);
}

static void
adopt(struct child *c, struct start *s)
{
	c->report_fd = s->report[0];
	c->print_fds[0] = s->out[0];
	c->print_fds[1] = s->err[0];
	s->report[0] = s->out[0] = s->err[0] = -1;
	buf_init(&c->reports, REPORTS_MAX);
	for (int i = 0; i < 2; i++)
		buf_init(&c->lines[i], CHILD_LINE_MAX + READ_BYTES);
}

int
child_start(const struct child_spec *spec, struct child *out, struct err *e)
{
	struct start s = {{-1, -1}, {-1, -1}, {-1, -1}, .argv = {NULL}};
	int r = open_pairs(&s, e);

	if (r != 0)
		goto close_pairs;
	fill_arguments(&s, spec);
	out->pid = fork();
	if (out->pid == 0)
		become(&s, spec);
	if (out->pid < 0) {
		r = err_sys(e, ERR_UNAVAILABLE, "cannot fork");
		goto close_pairs;
	}
	out->pid_fd = pidfd_open(out->pid, 0);
	if (out->pid_fd < 0) {
		r = err_sys(e, ERR_UNAVAILABLE, "pidfd_open");
		kill(out->pid, SIGKILL);
		waitpid(out->pid, NULL, 0);
		goto close_pairs;
	}
	adopt(out, &s);
close_pairs:
	close_pair(s.out);
	close_pair(s.err);
	close_pair(s.report);
	return r;
}

/* False at the end of the stream. */
static bool
read_some(int *fd, struct buf *b)
{
	char piece[READ_BYTES];
	ssize_t n = read(*fd, piece, sizeof(piece));

	if (n > 0) {
		buf_append(b, piece, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	close(*fd);
	*fd = -1;
	return false;
}

static void
log_line(int i, struct slice line)
{
	char text[CHILD_LINE_MAX + 1];

	line = slice_trim(line);
	if (line.len == 0)
		return;
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(line));
	/* libchdb says at each start where its log is. */
	if (i == 0 || slice_starts(line, SLICE_LIT("Logging ")))
		log_debug("clickhouse.says", "text=%s", log_q(text));
	else
		log_warn("clickhouse.stderr", "text=%s", log_q(text));
}

void
child_log_prints(struct child *c, int i)
{
	struct buf *b = &c->lines[i];
	bool open = read_some(&c->print_fds[i], b);
	size_t at = 0;

	while (at < b->len) {
		const char *p = b->p + at;
		const char *nl = memchr(p, '\n', b->len - at);
		size_t n = nl == NULL ? b->len - at : (size_t)(nl - p);

		if (nl == NULL && open && n <= CHILD_LINE_MAX)
			break;
		log_line(i, slice_of(p, n));
		at += n + (nl != NULL);
	}
	b->len -= at;
	if (b->len > 0)
		memmove(b->p, b->p + at, b->len);
}

void
child_read_reports(struct child *c)
{
	read_some(&c->report_fd, &c->reports);
}

void
child_reap(struct child *c, char *text, size_t size)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		snprintf(text, size, "it was ended by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "it ended with status %d",
			WEXITSTATUS(status));
	for (int i = 0; i < 2; i++) {
		if (c->print_fds[i] >= 0)
			child_log_prints(c, i);
		if (c->print_fds[i] >= 0)
			close(c->print_fds[i]);
		buf_fini(&c->lines[i]);
	}
	if (c->report_fd >= 0)
		close(c->report_fd);
	buf_fini(&c->reports);
	close(c->pid_fd);
	c->pid = 0;
}
