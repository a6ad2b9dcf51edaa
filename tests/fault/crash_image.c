#include "crash_image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rand.h"

#define SECTOR 512

struct image {
	char *p;
	size_t len, cap;
};

struct op {
	struct op *next;
	bool is_truncate;
	int64_t at; /* or the new size */
	size_t len;
	char bytes[];
};

struct crash_inode {
	struct crash_inode *next;
	char path[512];
	struct image durable;
	struct op *ops, **last; /* since the last sync */
	bool is_created; /* since the last sync of the folder */
	bool is_deleted;
};

static struct crash_inode *inodes; /* newest first */

static void
must(bool ok)
{
	if (!ok) {
		fputs("crash image: no memory or no file\n", stderr);
		abort();
	}
}

static void
resize(struct image *m, size_t len)
{
	if (len > m->cap) {
		m->cap = len + len / 2 + 4096;
		m->p = realloc(m->p, m->cap);
		must(m->p != NULL);
	}
	if (len > m->len)
		memset(m->p + m->len, 0, len - m->len);
	m->len = len;
}

static void
put(struct image *m, const char *p, size_t len, int64_t at)
{
	if ((size_t)at + len > m->len)
		resize(m, (size_t)at + len);
	memcpy(m->p + at, p, len);
}

static void
load(struct image *m, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	must(fd >= 0 && fstat(fd, &st) == 0);
	resize(m, (size_t)st.st_size);
	must(read(fd, m->p, m->len) == (ssize_t)m->len);
	close(fd);
}

static struct crash_inode *
find(const char *path)
{
	for (struct crash_inode *n = inodes; n != NULL; n = n->next) {
		if (!n->is_deleted && strcmp(n->path, path) == 0)
			return n;
	}
	return NULL;
}

struct crash_inode *
crash_image_open(const char *path, bool existed)
{
	struct crash_inode *n = path == NULL ? NULL : find(path);

	if (n != NULL)
		return n;
	n = calloc(1, sizeof(*n));
	must(n != NULL);
	n->last = &n->ops;
	if (path == NULL)
		return n; /* a temporary file: never looked at again */
	snprintf(n->path, sizeof(n->path), "%s", path);
	n->is_created = !existed;
	if (existed)
		load(&n->durable, path);
	n->next = inodes;
	inodes = n;
	return n;
}

static struct op *
add_op(struct crash_inode *n, size_t len)
{
	struct op *o = calloc(1, sizeof(*o) + len);

	must(o != NULL);
	o->len = len;
	*n->last = o;
	n->last = &o->next;
	return o;
}

void
crash_image_write(struct crash_inode *n, const void *p, size_t len, int64_t at)
{
	struct op *o = add_op(n, len);

	o->at = at;
	memcpy(o->bytes, p, len);
}

void
crash_image_truncate(struct crash_inode *n, int64_t size)
{
	struct op *o = add_op(n, 0);

	o->is_truncate = true;
	o->at = size;
}

static void
drop_ops(struct crash_inode *n)
{
	struct op *o = n->ops, *next;

	for (; o != NULL; o = next) {
		next = o->next;
		free(o);
	}
	n->ops = NULL;
	n->last = &n->ops;
}

void
crash_image_close(struct crash_inode *n)
{
	if (n->path[0] != '\0')
		return;
	drop_ops(n);
	free(n);
}

/* SQLite deletes a file only after it closed it, so nobody has the inode. */
static void
sync_dir(void)
{
	struct crash_inode **at = &inodes;

	while (*at != NULL) {
		struct crash_inode *n = *at;

		n->is_created = false;
		if (!n->is_deleted) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		drop_ops(n);
		free(n->durable.p);
		free(n);
	}
}

void
crash_image_sync(struct crash_inode *n, bool with_dir)
{
	for (struct op *o = n->ops; o != NULL; o = o->next) {
		if (o->is_truncate)
			resize(&n->durable, (size_t)o->at);
		else
			put(&n->durable, o->bytes, o->len, o->at);
	}
	drop_ops(n);
	if (with_dir)
		sync_dir();
}

void
crash_image_delete(const char *path, bool with_dir)
{
	struct crash_inode *n = find(path);

	if (n != NULL)
		n->is_deleted = true;
	if (with_dir)
		sync_dir();
}

static void
tear(struct image *m, const struct op *o, struct rand_state *r)
{
	size_t at = 0;

	while (at < o->len) {
		size_t len = SECTOR - (size_t)((o->at + (int64_t)at) % SECTOR);

		if (len > o->len - at)
			len = o->len - at;
		if (rand_below(r, 2) == 0)
			put(m, o->bytes + at, len, o->at + (int64_t)at);
		at += len;
	}
}

static void
apply_some(struct crash_inode *n, struct rand_state *r)
{
	/* Sometimes everything was lost or kept: those are states, too. */
	uint64_t mood = rand_below(r, 6);

	for (struct op *o = n->ops; o != NULL; o = o->next) {
		uint64_t c = mood == 0 ? 0 : mood == 1 ? 1 : rand_below(r, 3);

		if (c == 0)
			continue;
		if (o->is_truncate)
			resize(&n->durable, (size_t)o->at);
		else if (c == 1)
			put(&n->durable, o->bytes, o->len, o->at);
		else
			tear(&n->durable, o, r);
	}
}

static void
write_out(const struct crash_inode *n)
{
	int fd = open(n->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0);
	must(write(fd, n->durable.p, n->durable.len) ==
		(ssize_t)n->durable.len);
	close(fd);
}

/* Newest first, so a path is decided by the newest inode that has survived. */
void
crash_image_leave(uint64_t seed)
{
	static const char *decided[64];
	struct rand_state r;
	size_t n_decided = 0;

	rand_seed(&r, seed);
	for (struct crash_inode *n = inodes; n != NULL; n = n->next) {
		bool is_over = false;

		for (size_t i = 0; i < n_decided; i++)
			is_over |= strcmp(decided[i], n->path) == 0;
		if (is_over)
			continue;
		apply_some(n, &r);
		unlink(n->path);
		if ((n->is_created && rand_below(&r, 2) == 0) ||
			(n->is_deleted && rand_below(&r, 2) == 0))
			continue;
		must(n_decided < 64);
		decided[n_decided++] = n->path;
		write_out(n);
	}
}
