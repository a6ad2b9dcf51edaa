#include "run/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "run/daemon.h"

#define BACKLOG 64

int
datadir_prepare(const char *dir, struct err *e)
{
	struct stat st;
	int rc = file_make_dir(dir, 0700, e);

	if (rc < 0) {
		struct err why = *e;

		return err_set(e, why.code,
			"data folder: %.150s: name one by --data that this "
			"user "
			"can make and write",
			why.text);
	}
	if (stat(dir, &st) != 0)
		return err_sys(e, ERR_IO, "data folder %s", dir);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_DENIED,
			"data folder %s belongs to another user (uid %u): run "
			"as "
			"that user, or chown it",
			dir, (unsigned)st.st_uid);
	if ((st.st_mode & 077) != 0 && chmod(dir, 0700) != 0)
		return err_sys(e, ERR_DENIED,
			"data folder %s: cannot be closed to other users", dir);
	return 0;
}

/* run-1 */
int
datadir_lock(const char *dir, int *fd, struct err *e)
{
	char path[DAEMON_PATH_MAX];
	pid_t other = 0;
	int rc = file_join(path, sizeof(path), dir, "lock", e);

	if (rc == 0)
		rc = file_lock(path, fd, &other, e);
	if (rc == -ERR_EXISTS)
		return err_set(e, ERR_EXISTS,
			"data folder %s is in use by process %d: stop it "
			"first, "
			"or use another --data",
			dir, (int)other);
	return rc;
}

int
datadir_write_ports(
	const char *dir, const char *text, size_t len, struct err *e)
{
	char path[DAEMON_PATH_MAX];
	int rc = file_join(path, sizeof(path), dir, "ports.json", e);

	return rc < 0 ? rc : file_replace(path, 0600, text, len, e);
}

void
datadir_remove_ports(const char *dir)
{
	char path[DAEMON_PATH_MAX];
	struct err e;

	if (file_join(path, sizeof(path), dir, "ports.json", &e) == 0)
		unlink(path);
	if (file_join(path, sizeof(path), dir, "sluice.sock", &e) == 0)
		unlink(path);
}

void
datadir_socket_path(int dir_fd, char out[DATADIR_SOCKET_MAX])
{
	snprintf(out, DATADIR_SOCKET_MAX, "/proc/self/fd/%d/sluice.sock",
		dir_fd);
}

int
datadir_listen(const char *dir, int *fd, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int s;
	int rc = 0;

	if (dir_fd < 0)
		return err_sys(e, ERR_IO, "data folder %s", dir);
	datadir_socket_path(dir_fd, sa.sun_path);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The lock is ours, so what stands there is left from a crash. */
	unlink(sa.sun_path);
	/* No umask: it is the whole process's, and other threads make files
	 * now. Nobody can connect before listen. */
	if (s < 0 || bind(s, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
		chmod(sa.sun_path, 0600) != 0 || listen(s, BACKLOG) != 0)
		rc = err_sys(e, ERR_IO, "%s/sluice.sock", dir);
	close(dir_fd);
	if (rc < 0) {
		if (s >= 0)
			close(s);
		return rc;
	}
	*fd = s;
	return 0;
}
