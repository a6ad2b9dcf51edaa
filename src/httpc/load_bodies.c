#include "httpc/load_bodies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/zip.h"

/*
 * The file: for each body a head (length and length of its JSON text, 8 bytes
 * each as this machine writes them, then 36 bytes of uuid), then its bytes.
 */
#define HEAD_BYTES (8 + 8 + 36)

static int
make_one(struct load_body *body, const struct load_template *t, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, t->len + 1024);
	rc = zip_gzip(slice_of(t->text, t->len), 1, &b, e);
	if (rc == 0) {
		body->bytes = mem_dup(b.p, b.len);
		body->len = b.len;
		body->json_len = t->len;
		memcpy(body->uuid, t->text + t->patches[0].uuid, 36);
		if (body->bytes == NULL)
			rc = err_set(e, ERR_NO_MEMORY, "no memory for bodies");
	}
	buf_fini(&b);
	return rc;
}

int
load_bodies_make(struct load_bodies *b, const struct load_options *o,
	struct load_template *templates, int n_templates, struct rand_state *r,
	struct load_numbers *numbers, struct err *e)
{
	b->items = mem_zalloc((size_t)o->max_requests, sizeof(*b->items));
	if (b->items == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for bodies");
	for (int64_t i = 0; i < o->max_requests; i++) {
		struct load_template *t = &templates[i % n_templates];
		int rc;

		load_template_fill(t, o, r, numbers);
		rc = make_one(&b->items[i], t, e);
		if (rc != 0)
			return rc;
		b->n = i + 1;
	}
	return 0;
}

int
load_bodies_write(const struct load_bodies *b, const char *path, struct err *e)
{
	FILE *f = fopen(path, "we");
	bool ok = f != NULL;

	for (int64_t i = 0; i < b->n && ok; i++) {
		const struct load_body *body = &b->items[i];
		uint64_t lens[2] = {body->len, body->json_len};

		ok = fwrite(lens, sizeof(lens), 1, f) == 1 &&
		     fwrite(body->uuid, 36, 1, f) == 1 &&
		     fwrite(body->bytes, body->len, 1, f) == 1;
	}
	if (f != NULL && fclose(f) != 0)
		ok = false;
	return ok ? 0 : err_sys(e, ERR_IO, "%s", path);
}

static int
map_file(struct load_bodies *b, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map = MAP_FAILED;
	int rc = 0;

	if (fd < 0)
		return err_sys(e, ERR_IO, "%s", path);
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			0);
	if (map == MAP_FAILED)
		rc = err_sys(e, ERR_IO, "%s", path);
	else
		b->map_bytes = (size_t)st.st_size;
	close(fd);
	b->map = map == MAP_FAILED ? NULL : map;
	return rc;
}

int
load_bodies_map(
	struct load_bodies *b, const char *path, int64_t max, struct err *e)
{
	size_t at = 0;
	int rc = map_file(b, path, e);

	if (rc != 0)
		return rc;
	b->items = mem_zalloc((size_t)max, sizeof(*b->items));
	if (b->items == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for bodies");
	while (b->n < max && at < b->map_bytes) {
		struct load_body *body = &b->items[b->n];
		uint64_t lens[2];

		if (b->map_bytes - at < HEAD_BYTES)
			return err_set(e, ERR_CORRUPT, "%s is cut short", path);
		memcpy(lens, b->map + at, sizeof(lens));
		memcpy(body->uuid, b->map + at + sizeof(lens), 36);
		at += HEAD_BYTES;
		if (lens[0] > b->map_bytes - at)
			return err_set(e, ERR_CORRUPT, "%s is cut short", path);
		body->bytes = b->map + at;
		body->len = lens[0];
		body->json_len = lens[1];
		at += lens[0];
		b->n++;
	}
	return 0;
}

void
load_bodies_free(struct load_bodies *b)
{
	for (int64_t i = 0; i < b->n && b->map == NULL; i++)
		mem_free((void *)(uintptr_t)b->items[i].bytes);
	mem_free(b->items);
	if (b->map != NULL)
		munmap(b->map, b->map_bytes);
	memset(b, 0, sizeof(*b));
}
