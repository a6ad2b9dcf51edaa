#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/net.h"
#include "cli/cli.h"
#include "cli/doctor.h"
#include "conf/conf.h"
#include "run/daemon.h"

#define YEAR_2024_US 1704067200000000
#define ANSWER_MAX 2048

extern char **environ;

/* Standard output of a program, NUL-terminated; false: it cannot be run. */
static bool
output_of(const char *const *command, char out[ANSWER_MAX])
{
	posix_spawn_file_actions_t actions;
	size_t n = 0;
	ssize_t got;
	int ends[2], rc, status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(
		&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, command[0], &actions, NULL,
		(char *const *)(uintptr_t)command, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (rc == 0 && n < ANSWER_MAX - 1 &&
		(got = read(ends[0], out + n, ANSWER_MAX - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(ends[0]);
	return rc == 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* The value of NAME=VALUE in lines, up to the end of its line. */
static struct slice
value_of(const char *lines, const char *name)
{
	size_t n = strlen(name);

	while (lines != NULL && *lines != '\0') {
		if (strncmp(lines, name, n) == 0 && lines[n] == '=')
			return slice_of(
				lines + n + 1, strcspn(lines + n + 1, "\n"));
		lines = strchr(lines, '\n');
		lines += lines != NULL;
	}
	return SLICE_NONE;
}

/* Asked of systemd where it runs the machine and knows the unit. */
void
doctor_service(struct doctor *d)
{
	static const char *const command[] = {"systemctl", "show", "--no-pager",
		"-p", "LoadState,ActiveState,Result,NRestarts,StatusText",
		"sluice.service", NULL};
	struct slice active, result, restarts, text;
	char out[ANSWER_MAX];
	bool runs;

	if (access("/run/systemd/system", F_OK) != 0 ||
		!output_of(command, out) ||
		!slice_eq_str(value_of(out, "LoadState"), "loaded"))
		return;
	active = value_of(out, "ActiveState");
	result = value_of(out, "Result");
	restarts = value_of(out, "NRestarts");
	text = value_of(out, "StatusText");
	runs = slice_eq_str(active, "active") ||
	       slice_eq_str(active, "reloading");
	if (!runs)
		doctor_find(d,
			slice_eq_str(active, "failed") ? DOCTOR_FAIL
						       : DOCTOR_WARN,
			"service",
			"systemctl start sluice; why it ended: journalctl -u "
			"sluice -n 50",
			"%.*s (%.*s) %.*s", SLICE_FMT(active),
			SLICE_FMT(result), SLICE_FMT(text));
	else if (!slice_eq_str(restarts, "0"))
		doctor_find(d, DOCTOR_WARN, "service",
			"why it was started anew: journalctl -u sluice",
			"active, started anew %.*s times; %.*s",
			SLICE_FMT(restarts), SLICE_FMT(text));
	else
		doctor_find(d, DOCTOR_OK, "service", "", "active; %.*s",
			SLICE_FMT(text));
}

void
doctor_clock(struct doctor *d)
{
	struct timex t = {0};
	char text[CLOCK_TEXT_MAX];
	int64_t now_us = clock_now_us();

	clock_format(now_us, CLOCK_RFC3339, text);
	if (now_us <= YEAR_2024_US)
		doctor_find(d, DOCTOR_FAIL, "clock",
			"set the clock, else events get wrong times",
			"%s cannot be", text);
	else if (adjtimex(&t) < 0 || (t.status & STA_UNSYNC) == 0)
		doctor_find(d, DOCTOR_OK, "clock", "", "%s", text);
	else
		doctor_find(d, DOCTOR_WARN, "clock",
			"let a time service keep it: timedatectl set-ntp true",
			"%s; no time service keeps it right", text);
}

static void
check_disk(struct doctor *d)
{
	unsigned long long free_bytes, total;
	struct err e;

	if (file_free_bytes(d->c->data, &free_bytes, &total, &e) < 0)
		doctor_say(d, "disk", false, "%s", e.text);
	else if ((int64_t)free_bytes < d->conf->spool_min_free_bytes)
		doctor_find(d, DOCTOR_FAIL, "disk", "free some space",
			"%llu of %llu bytes are free; below "
			"spool.min_free_bytes = %lld events are refused",
			free_bytes, total,
			(long long)d->conf->spool_min_free_bytes);
	else
		doctor_say(d, "disk", true, "%llu of %llu bytes are free",
			free_bytes, total);
}

/* A command that root ran may have left files that the daemon cannot write. */
static void
check_rights(struct doctor *d, uid_t owner)
{
	static const char *const names[] = {"config.db", "spool.db", "state.db",
		"broker.db", "clickhouse", "lock"};
	char path[DAEMON_PATH_MAX];
	struct stat st;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (file_join(path, sizeof(path), d->c->data, names[i], &e) <
				0 ||
			lstat(path, &st) != 0 || st.st_uid == owner)
			continue;
		doctor_find(d, DOCTOR_FAIL, "permissions",
			"give it back: chown -R --reference=DIR DIR",
			"%s belongs to user %u, the folder to user %u", path,
			(unsigned)st.st_uid, (unsigned)owner);
		return;
	}
	doctor_say(
		d, "permissions", true, "all files are the folder's owner's");
}

bool
doctor_folder(struct doctor *d)
{
	const char *dir = d->c->data;
	struct stat st;

	if (stat(dir, &st) != 0) {
		doctor_find(d, DOCTOR_FAIL, "folder",
			"name another by --data, or start the daemon, which "
			"makes it",
			"%s: %s", dir, strerror(errno));
		return false;
	}
	d->has_folder = S_ISDIR(st.st_mode);
	if (!d->has_folder)
		doctor_find(d, DOCTOR_FAIL, "folder", "name another by --data",
			"%s is no folder", dir);
	else if (access(dir, R_OK | W_OK | X_OK) != 0)
		doctor_find(d, DOCTOR_FAIL, "folder",
			"run this as its owner or root, or mount it writable",
			"%s cannot be read and written by this user (its owner "
			"is user %u)",
			dir, (unsigned)st.st_uid);
	else if ((st.st_mode & 077) != 0)
		doctor_find(d, DOCTOR_FAIL, "folder", "chmod 0700 it",
			"%s is open to other users", dir);
	else
		doctor_say(d, "folder", true, "%s", dir);
	if (d->has_folder) {
		check_rights(d, st.st_uid);
		check_disk(d);
	}
	return d->has_folder;
}

static void
check_port(struct doctor *d, const char *setting, const char *value)
{
	struct net_listen l;
	uint16_t port;
	struct err e;
	int fd;

	if (net_listen_parse(value, &l, &e) < 0)
		doctor_say(d, setting, false, "%s", e.text);
	else if (l.is_off)
		doctor_say(d, setting, true, "off");
	else if (net_listen_tcp(&l, &fd, &port, &e) == 0) {
		close(fd);
		doctor_say(d, setting, true, "%s is free", value);
	} else if (e.sys_errno == EACCES)
		doctor_find(d, DOCTOR_WARN, setting,
			"enable sluice-capture-80.socket or "
			"sluice-capture-443.socket, which root opens",
			"%s", e.text);
	else
		doctor_find(d, DOCTOR_FAIL, setting,
			"stop what listens there, or change the setting", "%s",
			e.text);
}

void
doctor_ports(struct doctor *d)
{
	if (d->daemon_runs)
		return;
	check_port(d, "capture.listen", d->conf->capture_listen);
	check_port(d, "capture.tls_listen", d->conf->capture_tls_listen);
	check_port(d, "admin.listen", d->conf->admin_listen);
	check_port(d, "kafka.listen", d->conf->kafka_listen);
	check_port(d, "clickhouse.listen", d->conf->clickhouse_listen);
}

/* By the settings; the running daemon warns by itself. */
void
doctor_admin_door(struct doctor *d)
{
	static const struct net_cidr loopback = {{false, {127}}, 8};
	static const struct net_addr loopback6 = {true, {[15] = 1}};
	struct net_listen l;
	struct net_addr a;
	struct err e;

	if (net_listen_parse(d->conf->admin_listen, &l, &e) < 0 || l.is_off)
		return;
	if (strcmp(l.host, "localhost") == 0 ||
		(net_addr_parse(slice_str(l.host), &a) &&
			(net_cidr_contains(&loopback, &a) ||
				memcmp(&a, &loopback6, sizeof(a)) == 0)))
		doctor_say(d, "admin", true, "%s, this machine only",
			d->conf->admin_listen);
	else if (d->conf->admin_tls_cert[0] != '\0')
		doctor_say(d, "admin", true, "%s, with TLS",
			d->conf->admin_listen);
	else
		doctor_find(d, DOCTOR_WARN, "admin",
			"set admin.tls_cert and admin.tls_key, or let "
			"admin.listen be 127.0.0.1:8001 behind a proxy",
			"%s can be reached from outside without TLS: "
			"passwords can be read on the way",
			d->conf->admin_listen);
}
