#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "topic/batch.h"

void
make_dir(char *dir, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, size, "%s/store-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(dir));
}

void
remove_dir(const char *dir)
{
	struct err e;
	DIR *d = opendir(dir);

	assert_non_null(d);
	chmod(dir, 0700);
	for (struct dirent *f = readdir(d); f != NULL; f = readdir(d)) {
		char path[512];

		if (f->d_name[0] == '.')
			continue;
		assert_int_equal(
			file_join(path, sizeof(path), dir, f->d_name, &e), 0);
		unlink(path);
	}
	closedir(d);
	assert_int_equal(rmdir(dir), 0);
}

static void
note_fatal(void *cookie, const struct err *why)
{
	struct fixture *f = cookie;

	(void)why;
	f->n_fatal++;
}

void
open_store(struct fixture *f, enum store_kind kind)
{
	struct store_options o = {.dir = f->dir,
		.kind = kind,
		.queue_bytes = 64 << 20,
		.on_fatal = note_fatal,
		.cookie = f};

	if (store_open(&o, &f->s, &f->e) != 0)
		fail_msg("store_open: %s", f->e.text);
	if (kind != STORE_CONFIG)
		assert_int_equal(
			store_part_open(f->s, "t", 0, &f->p, &f->e), 0);
	assert_int_equal(store_reader_open(f->s, &f->reader, &f->e), 0);
}

static int
open_kind(void **state, enum store_kind kind)
{
	struct fixture *f = mem_xzalloc(1, sizeof(*f));

	*state = f;
	buf_init(&f->b, 64 << 20);
	make_dir(f->dir, sizeof(f->dir));
	open_store(f, kind);
	return 0;
}

int
open_spool(void **state)
{
	return open_kind(state, STORE_SPOOL);
}

int
open_state(void **state)
{
	return open_kind(state, STORE_STATE);
}

void
close_store(struct fixture *f)
{
	store_reader_close(f->reader);
	store_close(f->s);
	f->reader = NULL;
	f->s = NULL;
}

void
reopen(struct fixture *f, enum store_kind kind)
{
	close_store(f);
	open_store(f, kind);
}

int
close_all(void **state)
{
	struct fixture *f = *state;

	close_store(f);
	remove_dir(f->dir);
	buf_fini(&f->b);
	mem_free(f);
	return 0;
}

void
make_batch(struct buf *b, int64_t first, uint32_t n, size_t size)
{
	struct batch_writer w;
	struct err e;

	batch_begin(&w, b, TS + first);
	for (uint32_t i = 0; i < n; i++) {
		size_t at;

		batch_value_begin(&w, 0);
		at = b->len;
		buf_printf(b, "%lld ", (long long)first + i);
		while (b->len - at < size)
			buf_append(b, "abcdefghijklmnopqrstuvwxyz",
				size - (b->len - at) < 26 ? size - (b->len - at)
							  : 26);
		batch_value_end(&w, TS + first + i, SLICE_NONE, NULL, 0);
	}
	assert_int_equal(batch_end(&w, BATCH_NONE, &e), 0);
}

int64_t
append(struct fixture *f, struct store_part *p, int64_t first, uint32_t n,
	size_t size)
{
	struct store_append a = {.part = p, .n_records = n};
	int r;

	buf_reset(&f->b);
	make_batch(&f->b, first, n, size);
	a.batches = f->b.p;
	a.len = f->b.len;
	a.max_ts_ms = TS + first + n - 1;
	r = store_call(f->s, &a.job, &f->e);
	return r == 0 ? a.base_offset : r;
}

int64_t
number_of(struct slice value)
{
	int64_t n = 0;

	for (size_t i = 0; i < value.len && value.p[i] != ' '; i++)
		n = n * 10 + (value.p[i] - '0');
	return n;
}

static int64_t
walk_batches(struct slice in, int64_t *at,
	void (*fn)(void *cookie, int64_t offset, struct slice value),
	void *cookie)
{
	struct err e;

	while (in.len > 0) {
		struct batch_record_view v;
		struct batch_reader r;

		if (batch_reader_init(&r, in, NULL, &e) != 0)
			fail_msg("%s", e.text);
		if (batch_check_crc(in, &e) != 0)
			fail_msg("%s", e.text);
		if (*at < r.info.base_offset)
			fail_msg("gap before %lld",
				(long long)r.info.base_offset);
		while (batch_next(&r, &v, &e) > 0) {
			if (v.offset < *at)
				continue;
			assert_int_equal(v.offset, *at);
			++*at;
			if (fn != NULL)
				fn(cookie, v.offset, v.value);
		}
		in = slice_of(in.p + r.info.bytes, in.len - r.info.bytes);
	}
	return *at;
}

int64_t
read_all(struct fixture *f, const struct store_part *p, int64_t from,
	void (*fn)(void *cookie, int64_t offset, struct slice value),
	void *cookie)
{
	int64_t at = from, next = from;
	struct buf out;

	buf_init(&out, 64 << 20);
	for (;;) {
		buf_reset(&out);
		if (store_read(f->reader, p, at, 100000, &out, &next, &f->e) !=
			0)
			fail_msg("store_read: %s", f->e.text);
		if (next == at)
			break;
		walk_batches(buf_slice(&out), &at, fn, cookie);
		assert_int_equal(at, next);
	}
	assert_int_equal(out.len, 0);
	buf_fini(&out);
	return at;
}
