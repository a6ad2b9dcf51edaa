#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define READ_BYTES ((size_t)64 * 1024)

int
file_make_dir(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_sys(e, ERR_IO, "cannot create folder %s", path);
	if (stat(path, &st) != 0)
		return err_sys(e, ERR_IO, "cannot look at folder %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is not a folder", path);
	if (access(path, W_OK | X_OK) != 0)
		return err_sys(e, ERR_DENIED, "cannot write folder %s", path);
	return 0;
}

static int
read_all(int fd, const char *path, struct buf *b, struct err *e)
{
	for (;;) {
		char *p;
		size_t room = b->max_bytes - b->len;
		ssize_t r;
		char probe;

		if (room == 0) {
			r = read(fd, &probe, 1);
			if (r == 0)
				return 0;
			if (r > 0)
				return err_set(e, ERR_TOO_BIG,
					"%s is over %zu bytes", path,
					b->max_bytes);
		} else {
			if (room > READ_BYTES)
				room = READ_BYTES;
			p = buf_reserve(b, room);
			if (p == NULL)
				return err_set(e, ERR_NO_MEMORY,
					"no memory to read %s", path);
			r = read(fd, p, room);
			if (r == 0)
				return 0;
		}
		if (r < 0 && errno != EINTR)
			return err_sys(e, ERR_IO, "cannot read %s", path);
		if (r > 0)
			b->len += (size_t)r;
	}
}

int
file_read(const char *path, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(e,
			errno == ENOENT   ? ERR_NOT_FOUND
			: errno == EACCES ? ERR_DENIED
					  : ERR_IO,
			"cannot open %s", path);
	r = read_all(fd, path, b, e);
	close(fd);
	return r;
}

int
file_sync_dir(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return err_sys(e, ERR_IO, "cannot open folder %s", dir);
	if (fsync(fd) != 0)
		r = err_sys(e, ERR_IO, "cannot sync folder %s", dir);
	close(fd);
	return r;
}

static int
write_all(int fd, const char *path, const void *p, size_t len, struct err *e)
{
	const char *at = p;

	while (len > 0) {
		ssize_t r = write(fd, at, len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, ERR_IO, "cannot write %s", path);
		at += r;
		len -= (size_t)r;
	}
	return 0;
}

static int
write_neighbour(
	const char *path, mode_t mode, const void *p, size_t len, struct err *e)
{
	int fd, r;

	if (unlink(path) != 0 && errno != ENOENT)
		return err_sys(e, ERR_IO, "cannot remove %s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		mode);
	if (fd < 0)
		return err_sys(e, ERR_IO, "cannot create %s", path);
	r = write_all(fd, path, p, len, e);
	if (r == 0 && fsync(fd) != 0)
		r = err_sys(e, ERR_IO, "cannot sync %s", path);
	if (close(fd) != 0 && r == 0)
		r = err_sys(e, ERR_IO, "cannot close %s", path);
	return r;
}

static void
parent_of(const char *path, char out[PATH_BYTES])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		snprintf(out, PATH_BYTES, ".");
	else if (slash == path)
		snprintf(out, PATH_BYTES, "/");
	else
		snprintf(out, PATH_BYTES, "%.*s", (int)(slash - path), path);
}

int
file_replace(
	const char *path, mode_t mode, const void *p, size_t len, struct err *e)
{
	char next[PATH_BYTES], dir[PATH_BYTES];
	int n = snprintf(next, sizeof(next), "%s.new", path);
	int r;

	if (n < 0 || (size_t)n >= sizeof(next))
		return err_set(
			e, ERR_TOO_BIG, "the path %.80s... is too long", path);
	r = write_neighbour(next, mode, p, len, e);
	if (r == 0 && rename(next, path) != 0)
		r = err_sys(e, ERR_IO, "cannot rename %s", next);
	if (r != 0) {
		unlink(next);
		return r;
	}
	parent_of(path, dir);
	return file_sync_dir(dir, e);
}

static pid_t
read_pid(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

int
file_lock(const char *path, int *out, pid_t *other_pid, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char text[24];
	int n, r;

	*other_pid = 0;
	if (fd < 0)
		return err_sys(e, ERR_IO, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK) {
			*other_pid = read_pid(fd);
			r = err_set(e, ERR_EXISTS,
				"%s is locked by process %ld", path,
				(long)*other_pid);
		} else {
			r = err_sys(e, ERR_IO, "cannot lock %s", path);
		}
		close(fd);
		return r;
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
		r = err_sys(e, ERR_IO, "cannot write %s", path);
		close(fd);
		return r;
	}
	*out = fd;
	return 0;
}

int
file_free_bytes(const char *path, unsigned long long *free_bytes,
	unsigned long long *total_bytes, struct err *e)
{
	struct statvfs v;

	if (statvfs(path, &v) != 0)
		return err_sys(
			e, ERR_IO, "cannot ask for the free space of %s", path);
	*free_bytes = (unsigned long long)v.f_bavail * v.f_frsize;
	*total_bytes = (unsigned long long)v.f_blocks * v.f_frsize;
	return 0;
}

int
file_join(char *out, size_t size, const char *dir, const char *name,
	struct err *e)
{
	int n = snprintf(out, size, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_TOO_BIG,
			"the path %.80s.../%.80s is "
			"too long",
			dir, name);
	return 0;
}

int
file_allocate(const char *path, unsigned long long len, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r = 0, code;

	if (fd < 0)
		return err_sys(e, ERR_IO, "cannot open %s", path);
	code = len == 0 ? 0 : posix_fallocate(fd, 0, (off_t)len);
	if (code != 0) {
		errno = code;
		r = err_sys(e, ERR_IO, "cannot reserve %llu bytes in %s", len,
			path);
		/* Half a reserve would only make the disk fuller. */
		ERR_IGNORE(ftruncate(fd, 0), "the first error is reported");
	} else if (ftruncate(fd, (off_t)len) != 0 || fsync(fd) != 0) {
		r = err_sys(e, ERR_IO, "cannot sync %s", path);
	}
	close(fd);
	return r;
}
