#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "httpc/httpc.h"
#include "run/datadir.h"

#define URL_MAX_BYTES 16384

static int
open_dir(const char *dir, int *fd, struct err *e)
{
	char path[DATADIR_SOCKET_MAX];
	int rc;

	*fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return err_sys(e, errno == EACCES ? ERR_DENIED : ERR_NOT_FOUND,
			"data folder %s", dir);
	datadir_socket_path(*fd, path);
	if (access(path, W_OK) == 0)
		return 0;
	if (errno == EACCES)
		rc = err_set(e, ERR_DENIED,
			"%s/sluice.sock: only the daemon's user and root may "
			"use "
			"it",
			dir);
	else
		rc = err_sys(e, ERR_NOT_FOUND, "%s/sluice.sock", dir);
	close(*fd);
	return rc;
}

int
client_request(const char *dir, const char *method, const char *path,
	struct slice body, client_sink *fn, void *cookie, int *status,
	struct err *e)
{
	static const char *const headers[] = {
		"Content-Type: application/json", NULL};
	char socket_path[DATADIR_SOCKET_MAX];
	struct httpc_answer answer = {.status = 0};
	struct buf url;
	int fd;
	int rc = open_dir(dir, &fd, e);

	if (rc < 0)
		return rc;
	datadir_socket_path(fd, socket_path);
	buf_init(&url, URL_MAX_BYTES);
	buf_printf(&url, "http://localhost%s", path);
	if (buf_cstr(&url) == NULL) {
		rc = err_set(e, ERR_TOO_BIG, "the request is too long");
	} else {
		const struct httpc_request q = {
			.url = url.p,
			.unix_path = socket_path,
			.method = method,
			.body = body,
			.headers = headers,
			.on_body = fn,
			.cookie = cookie,
		};

		rc = httpc_do(&q, &answer, e);
	}
	if (rc == 0) {
		*status = answer.status;
		httpc_answer_fini(&answer);
	}
	/* A socket without a listener is what a killed daemon leaves. */
	if (rc == -ERR_UNAVAILABLE)
		rc = err_set(e, ERR_NOT_FOUND, "%s/sluice.sock: nobody listens",
			dir);
	if (rc == -ERR_STOPPING)
		rc = 0;
	buf_fini(&url);
	close(fd);
	return rc;
}

static bool
collect(void *cookie, int status, struct slice piece)
{
	(void)status;
	buf_append_slice(cookie, piece);
	return true;
}

int
client_call(const char *dir, const char *method, const char *path,
	struct slice body, struct buf *out, int *status, struct err *e)
{
	int rc = client_request(
		dir, method, path, body, collect, out, status, e);

	if (rc == 0 && out->failed)
		return err_set(e, ERR_TOO_BIG, "the answer is too large");
	return rc;
}
