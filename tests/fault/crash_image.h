#ifndef TEST_FAULT_CRASH_IMAGE_H
#define TEST_FAULT_CRASH_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What of each file is durable, and what was done to it since. Not
 * thread-safe. */
struct crash_inode;

struct crash_inode *crash_image_open(const char *path, bool existed);
/* A handle was closed; forgets a temporary file. */
void crash_image_close(struct crash_inode *n);
void crash_image_write(
	struct crash_inode *n, const void *p, size_t len, int64_t at);
void crash_image_truncate(struct crash_inode *n, int64_t size);
/* with_dir: creations and deletions in the folder are durable too. */
void crash_image_sync(struct crash_inode *n, bool with_dir);
void crash_image_delete(const char *path, bool with_dir);
/* Puts the files into a state that a power failure could leave. */
void crash_image_leave(uint64_t seed);

#endif
