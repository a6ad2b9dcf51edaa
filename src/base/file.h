#ifndef SLUICE_BASE_FILE_H
#define SLUICE_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Creates a folder (and no parents) with this mode if it is not there; checks
 * that it is a folder we can write. */
MUST_CHECK int file_make_dir(const char *path, mode_t mode, struct err *e);
/* Whole file into b (its maximum is the limit: TOO_BIG). NOT_FOUND told
 * apart. */
MUST_CHECK int file_read(const char *path, struct buf *b, struct err *e);
/* Replaces a file so that a crash leaves the old or the new one: write to a
 * neighbour, fsync, rename, fsync the folder. The only rename there is. */
MUST_CHECK int file_replace(const char *path, mode_t mode, const void *p,
	size_t len, struct err *e);
MUST_CHECK int file_sync_dir(const char *dir, struct err *e);
/* Takes an exclusive lock on path (created 0600) and writes our pid into it.
 * EXISTS when another process has it; then *other_pid is its pid or 0. The
 * descriptor keeps the lock; closing it gives it back. */
MUST_CHECK int file_lock(
	const char *path, int *fd, pid_t *other_pid, struct err *e);
/* Free bytes on the file system of path that we may use; -code on failure. */
MUST_CHECK int file_free_bytes(const char *path, unsigned long long *free_bytes,
	unsigned long long *total_bytes, struct err *e);
/* dir + "/" + name, NUL-terminated, into out; TOO_BIG. */
MUST_CHECK int file_join(char *out, size_t size, const char *dir,
	const char *name, struct err *e);
/* Makes len bytes really taken on disk (posix_fallocate), mode 0600. */
MUST_CHECK int file_allocate(
	const char *path, unsigned long long len, struct err *e);

#endif
