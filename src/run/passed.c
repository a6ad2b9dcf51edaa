#include "run/passed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/net.h"

#define FIRST_FD 3
#define FDS_MAX 16

static struct {
	const char *name, *setting;
	bool is_there;
} known[] = {
	{"capture", "capture.listen=passed:capture", false},
	{"capture-tls", "capture.tls_listen=passed:capture-tls", false},
	{"admin", "admin.listen=passed:admin", false},
};

static int
take_one(const char *name, int fd, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(name, known[i].name) != 0)
			continue;
		if (known[i].is_there)
			return err_set(e, ERR_INVALID,
				"two sockets were passed under the name %s: "
				"give one ListenStream= in one socket unit",
				name);
		known[i].is_there = true;
		return net_pass(known[i].name, fd, e);
	}
	return err_set(e, ERR_INVALID,
		"a socket was passed under the name \"%.60s\": set "
		"FileDescriptorName= of its unit to capture, capture-tls or "
		"admin",
		name);
}

static int
take_all(const char *names, long n, struct err *e)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		size_t len = strcspn(names, ":");
		char name[80];

		snprintf(name, sizeof(name), "%.*s", len > 79 ? 79 : (int)len,
			names);
		rc = take_one(name, FIRST_FD + i, e);
		names += len + (names[len] == ':');
	}
	return rc;
}

int
passed_take(struct err *e)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	long n = count == NULL ? 0 : strtol(count, NULL, 10);
	int rc = 0;

	/* Of another process: left alone, as its descriptors are. */
	if (pid == NULL || strtol(pid, NULL, 10) != getpid())
		return 0;
	if (n < 0 || n > FDS_MAX)
		rc = err_set(e, ERR_INVALID, "LISTEN_FDS=%.20s: at most %d",
			count, FDS_MAX);
	else
		rc = take_all(names == NULL ? "" : names, n, e);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return rc;
}

const char *
passed_setting(int i)
{
	for (size_t k = 0; k < ARRAY_LEN(known); k++)
		if (known[k].is_there && i-- == 0)
			return known[k].setting;
	return NULL;
}
