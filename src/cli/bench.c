#include "cli/bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/thread.h"
#include "cli/api.h"

#define START_TIMEOUT_S 60
#define STOP_TIMEOUT_S 90
#define SYNC_TEST_NS 500000000

extern char **environ;

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
make_throw_away(struct bench *b, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	bool beside = strcmp(b->c->data, "/var/lib/sluice") != 0;
	int n;

	if (tmp == NULL || tmp[0] == '\0')
		tmp = "/var/tmp";
	n = beside ? snprintf(b->top, sizeof(b->top) - 8, "%s.bench-XXXXXX",
			     b->c->data)
		   : snprintf(b->top, sizeof(b->top) - 8,
			     "%s/sluice-bench-XXXXXX", tmp);
	if (n < 0 || (size_t)n >= sizeof(b->top) - 8)
		return err_set(
			e, ERR_TOO_BIG, "the path of the folder is long");
	if (mkdtemp(b->top) == NULL) {
		b->top[0] = '\0';
		return err_sys(e, ERR_IO, "a folder for the measurement (%s)",
			beside ? b->c->data : tmp);
	}
	return 0;
}

/* A folder on a real disk: syncs to memory would be measured else. */
static int
make_folder(struct bench *b, const char *keep, struct err *e)
{
	struct statfs fs;
	int rc;

	b->is_kept = keep != NULL;
	if (keep == NULL)
		rc = make_throw_away(b, e);
	else if (strlen(keep) >= sizeof(b->top) - 8)
		rc = err_set(e, ERR_TOO_BIG, "the path of the folder is long");
	else
		rc = file_make_dir(keep, 0700, e);
	if (rc < 0)
		return rc;
	if (keep != NULL)
		snprintf(b->top, sizeof(b->top), "%s", keep);
	snprintf(b->data, sizeof(b->data), "%.4000s/data", b->top);
	if (statfs(b->top, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
		return err_set(e, ERR_INVALID,
			"%s is in memory: name a folder on a disk by --data or "
			"TMPDIR",
			b->top);
	return 0;
}

/* How often a second this disk takes a 4 KiB write with fdatasync. */
static int
measure_syncs(struct bench *b, struct err *e)
{
	static const char block[4096];
	char path[BENCH_PATH_MAX];
	int64_t begin, now;
	int n = 0;
	int fd;
	int rc = file_join(path, sizeof(path), b->top, "sync", e);

	if (rc < 0)
		return rc;
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, ERR_IO, "%s", path);
	begin = now = clock_mono_ns();
	while (rc == 0 && now - begin < SYNC_TEST_NS) {
		if (write(fd, block, sizeof(block)) != sizeof(block) ||
			fdatasync(fd) != 0)
			rc = err_sys(e, ERR_IO, "%s", path);
		n++;
		now = clock_mono_ns();
	}
	close(fd);
	unlink(path);
	b->syncs_per_s = (double)n * 1e9 / (double)(now - begin);
	return rc;
}

static void
put_machine(struct bench *b)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "re");

	snprintf(line, sizeof(line), "unknown");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "model name", 10) == 0)
			break;
	if (f != NULL)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	bench_put_text(b, "cpu",
		strchr(line, ':') == NULL ? line : strchr(line, ':') + 2);
	bench_put(b, "cores", thread_n_cpus());
	bench_put(b, "disk_syncs_per_s", b->syncs_per_s);
	bench_put_text(b, "version", PACKAGE_VERSION);
}

int
bench_begin(struct bench *b, struct cli *c, const char *keep, struct err *e)
{
	static const struct cli_command online = {.name = "bench"};
	int rc;

	memset(b, 0, sizeof(*b));
	b->c = c;
	b->on = *c;
	b->on.data = b->data;
	b->on.json = true;
	b->on.command = &online;
	buf_init(&b->out, 1024 * 1024);
	rc = make_folder(b, keep, e);
	if (rc == 0)
		rc = measure_syncs(b, e);
	if (rc == 0)
		put_machine(b);
	return rc;
}

static void
print_result(struct bench *b)
{
	const struct json_limits lim = {4, 10000};
	struct arena a;
	struct json_doc d;
	struct err e;
	struct buf text;

	buf_init(&text, 2 * 1024 * 1024);
	arena_init(&a, 4 * 1024 * 1024);
	buf_append_char(&text, '{');
	buf_append_slice(&text, buf_slice(&b->out));
	buf_append_lit(&text, "}");
	if (b->c->json) {
		printf("%.*s\n", (int)text.len, text.p);
	} else if (json_parse(&a, buf_slice(&text), &lim, &d, &e) == 0) {
		for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
			i = d.nodes[i + 1].next)
			printf("%-28.*s %.*s\n", SLICE_FMT(json_inner(&d, i)),
				SLICE_FMT(d.nodes[i + 1].type == JSON_STRING
						  ? json_inner(&d, i + 1)
						  : json_raw(&d, i + 1)));
	}
	buf_fini(&text);
	arena_fini(&a);
}

void
bench_close(struct bench *b)
{
	if (b->daemon != 0) {
		kill(b->daemon, SIGKILL);
		waitpid(b->daemon, NULL, 0);
	}
	buf_fini(&b->out);
	if (b->top[0] != '\0' && !b->is_kept)
		nftw(b->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
bench_end(struct bench *b, int rc, struct err *e)
{
	if (rc == 0)
		print_result(b);
	bench_close(b);
	return rc < 0 ? cli_fail(b->c, e) : CLI_DONE;
}

/* The child inherits the processors of this thread. */
static int
spawn_on(struct bench *b, posix_spawn_file_actions_t *io, char *const *argv)
{
	cpu_set_t all, one;
	bool pins =
		b->on_one_cpu && sched_getaffinity(0, sizeof(all), &all) == 0;
	int rc;

	if (pins) {
		int i = 0;

		while (i < CPU_SETSIZE - 1 && !CPU_ISSET(i, &all))
			i++;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	rc = posix_spawn(&b->daemon, "/proc/self/exe", io, NULL, argv, environ);
	if (pins)
		sched_setaffinity(0, sizeof(all), &all);
	return rc;
}

static int
spawn_daemon(struct bench *b, const char *roles, struct err *e)
{
	char role_text[200], log_path[BENCH_PATH_MAX];
	const char *argv[40] = {"sluice", "run", "--data", b->data, "--set",
		role_text, "--set", "capture.listen=127.0.0.1:0", "--set",
		"admin.listen=127.0.0.1:0", "--set", "kafka.listen=127.0.0.1:0",
		"--set", "clickhouse.listen=127.0.0.1:0", "--set",
		"canary.interval_s=0"};
	posix_spawn_file_actions_t io;
	int n = 16;
	int rc = file_join(log_path, sizeof(log_path), b->top, "log", e);

	if (rc < 0)
		return rc;
	snprintf(role_text, sizeof(role_text), "roles=%s", roles);
	for (int i = 0; i < b->n_set; i++) {
		argv[n++] = "--set";
		argv[n++] = b->set[i];
	}
	for (int i = 0; i < b->c->n_set && n < 37; i++) {
		argv[n++] = "--set";
		argv[n++] = b->c->set[i];
	}
	posix_spawn_file_actions_init(&io);
	posix_spawn_file_actions_addopen(
		&io, 2, log_path, O_CREAT | O_APPEND | O_WRONLY, 0600);
	posix_spawn_file_actions_adddup2(&io, 2, 1);
	rc = spawn_on(b, &io, (char *const *)(uintptr_t)argv);
	posix_spawn_file_actions_destroy(&io);
	if (rc != 0) {
		b->daemon = 0;
		return err_set(e, ERR_IO, "the daemon cannot be started: %s",
			strerror(rc));
	}
	return 0;
}

/* The last line of the daemon's log says why it ended. */
static int
daemon_ended(struct bench *b, struct err *e)
{
	char path[BENCH_PATH_MAX];
	struct buf log;
	const char *line = "";
	int rc = file_join(path, sizeof(path), b->top, "log", e);

	buf_init(&log, 16 * 1024 * 1024);
	if (rc == 0 && file_read(path, &log, e) == 0 && log.len > 0) {
		log.p[log.len - 1] = '\0';
		line = strrchr(log.p, '\n');
		line = line == NULL ? log.p : line + 1;
	}
	rc = err_set(e, ERR_UNAVAILABLE, "the daemon ended: %.200s", line);
	buf_fini(&log);
	b->daemon = 0;
	return rc;
}

int
bench_start(struct bench *b, const char *roles, struct err *e)
{
	int64_t until = clock_mono_ns() + START_TIMEOUT_S * 1000000000LL;
	int rc = spawn_daemon(b, roles, e);

	while (rc == 0) {
		struct api_doc d;
		bool is_ready = false;
		uint32_t ports;

		if (waitpid(b->daemon, NULL, WNOHANG) == b->daemon)
			return daemon_ended(b, e);
		if (api_get(&b->on, "GET", "/api/v1/status", NULL, &d, e) ==
			0) {
			ports = json_member(&d.json, 0, SLICE_LIT("ports"));
			b->capture_port = (uint16_t)strtol(
				api_text(&d, ports, "capture"), NULL, 10);
			b->admin_port = (uint16_t)strtol(
				api_text(&d, ports, "admin"), NULL, 10);
			is_ready =
				ports != 0 && d.json.nodes[ports].n > 0 &&
				strcmp(api_text(&d, 0, "ready"), "true") == 0;
			api_doc_fini(&d);
		}
		if (is_ready)
			return 0;
		if (clock_mono_ns() > until)
			return err_set(e, ERR_TIMEOUT,
				"the daemon was not ready in %d s",
				START_TIMEOUT_S);
		poll(NULL, 0, 5);
	}
	return rc;
}

int
bench_stop(struct bench *b, struct err *e)
{
	int64_t until = clock_mono_ns() + STOP_TIMEOUT_S * 1000000000LL;
	int status = 0;

	kill(b->daemon, SIGTERM);
	while (waitpid(b->daemon, &status, WNOHANG) != b->daemon) {
		if (clock_mono_ns() > until)
			return err_set(e, ERR_TIMEOUT,
				"the daemon did not stop in %d s",
				STOP_TIMEOUT_S);
		poll(NULL, 0, 5);
	}
	if (status != 0)
		return daemon_ended(b, e);
	b->daemon = 0;
	return 0;
}
