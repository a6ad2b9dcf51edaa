#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_int.h"
#include "store/store_test.h"

#define QUEUE_JOBS_MAX 100000
#define TAIL_BYTES ((size_t)32 * 1024 * 1024)
#define PATH_BYTES 4096

static const struct {
	const char *file;
	const char *thread;
	int page_size;
	int cache_kib; /* of pages, by the writer */
	size_t tail_bytes;
	bool is_secure;
} kinds[] = {
	[STORE_CONFIG] = {"config.db", "config", 8192, 16384, 0, false},
	[STORE_SPOOL] = {"spool.db", "spool", 32768, 16384, TAIL_BYTES, false},
	/* Room for the inner pages of the trees of some ten million persons. */
	[STORE_STATE] = {"state.db", "state", 8192, 65536, TAIL_BYTES, true},
	[STORE_BROKER] = {"broker.db", "broker-log", 32768, 16384, TAIL_BYTES,
		false},
};

static void
free_store(struct store *s)
{
	if (s == NULL)
		return;
	store_tail_fini(s);
	store_parts_free(s);
	lock_fini(&s->parts_lock);
	queue_fini(&s->queue);
	mem_free(s->path);
	mem_free(s->wal_path);
	mem_free(s->uri);
	mem_free(s);
}

static int
new_store(const char *dir, enum store_kind kind, size_t queue_bytes,
	struct store **out, struct err *e)
{
	char path[PATH_BYTES];
	struct store *s;
	size_t len;
	int r = file_join(path, sizeof(path) - 4, dir, kinds[kind].file, e);

	if (r != 0)
		return r;
	store_alloc_init();
	s = mem_new(struct store);
	if (s == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to open %s", path);
	s->kind = kind;
	s->page_size = kinds[kind].page_size;
	s->is_secure = kinds[kind].is_secure;
	s->tx.rows_end = &s->tx.rows;
	queue_init(&s->queue, QUEUE_JOBS_MAX, queue_bytes);
	lock_init(&s->parts_lock);
	store_tail_init(s, kinds[kind].tail_bytes);
	s->path = mem_strdup(path);
	len = strlen(path);
	memcpy(path + len, "-wal", 5);
	s->wal_path = mem_strdup(path);
	if (s->path == NULL || s->wal_path == NULL) {
		free_store(s);
		return err_set(e, ERR_NO_MEMORY, "no memory to open a store");
	}
	*out = s;
	return 0;
}

/* Page size and auto_vacuum can be chosen only while the file is empty. */
static int
set_up_empty(struct store *s, struct store_conn *c, struct err *e)
{
	char text[96];

	snprintf(text, sizeof(text),
		"PRAGMA page_size=%d; PRAGMA auto_vacuum=INCREMENTAL",
		s->page_size);
	return store_conn_exec(c, text, e);
}

static int
set_up_writer(struct store *s, struct store_conn *c, struct err *e)
{
	static const char pragmas[] =
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		" PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY;"
		" PRAGMA wal_autocheckpoint=0;"
		" PRAGMA journal_size_limit=268435456;"
		" PRAGMA mmap_size=0";
	int64_t page_size = s->page_size;
	char cache[64];
	bool is_new;
	int r = store_schema_check(c, &is_new, e);

	if (r == 0 && is_new)
		r = set_up_empty(s, c, e);
	snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%d",
		kinds[s->kind].cache_kib);
	if (r == 0)
		r = store_conn_exec(c, pragmas, e);
	if (r == 0)
		r = store_conn_exec(c, cache, e);
	if (r == 0)
		r = store_conn_int(c, "PRAGMA page_size", &page_size, e);
	s->page_size = (int)page_size;
	if (r == 0)
		r = store_conn_prepare_ends(c, e);
	return r != 0 ? r : store_schema_apply(c, e);
}

static int
check_dir(const char *dir, struct err *e)
{
	struct stat st;

	if (stat(dir, &st) != 0)
		return err_sys(e, ERR_IO, "%s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is no folder", dir);
	if (access(dir, W_OK | X_OK) != 0)
		return err_sys(e, ERR_IO, "%s cannot be written", dir);
	return 0;
}

static int
nothing(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	(void)c;
	(void)e;
	return 0;
}

static void
nothing_done(struct store_job *j, const struct err *result)
{
	(void)j;
	(void)result;
}

static int
start_threads(struct store *s, struct err *e)
{
	int r;

	s->wake = (struct store_job){.run = nothing, .done = nothing_done};
	r = store_checkpoint_start(s, e);
	if (r != 0)
		return r;
	r = thread_start(
		&s->thread, kinds[s->kind].thread, store_writer_main, s, e);
	if (r != 0)
		store_checkpoint_stop(s);
	return r;
}

int
store_open(const struct store_options *o, struct store **out, struct err *e)
{
	struct store *s;
	int r = check_dir(o->dir, e);

	if (r == 0)
		r = new_store(o->dir, o->kind, o->queue_bytes, &s, e);
	if (r != 0)
		return r;
	s->on_fatal = o->on_fatal;
	s->cookie = o->cookie;
	r = store_conn_open(
		s, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s->w, e);
	if (r != 0)
		goto free_s;
	if ((r = set_up_writer(s, s->w, e)) != 0 ||
		(r = file_sync_dir(o->dir, e)) != 0 ||
		(r = store_parts_load(s, s->w, e)) != 0 ||
		(r = start_threads(s, e)) != 0)
		goto close_w;
	*out = s;
	return 0;
close_w:
	store_conn_close(s->w);
free_s:
	free_store(s);
	return r;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (!s->is_readonly) {
		atomic_store(&s->stopping, true);
		queue_close(&s->queue);
		thread_join(&s->thread);
		store_checkpoint_stop(s);
	}
	store_conn_close(s->w);
	free_store(s);
}

const char *
store_path(const struct store *s)
{
	return s->path;
}

enum store_kind
store_kind(const struct store *s)
{
	return s->kind;
}

bool
store_is_failed(const struct store *s)
{
	return atomic_load(&s->failed);
}

void
store_sizes(const struct store *s, int64_t *file_bytes, int64_t *wal_bytes,
	int64_t *row_bytes)
{
	struct stat st;

	*file_bytes = stat(s->path, &st) == 0 ? (int64_t)st.st_size : 0;
	*wal_bytes = stat(s->wal_path, &st) == 0 ? (int64_t)st.st_size : 0;
	*row_bytes = atomic_load(&s->row_bytes);
}

static char *
make_uri(const char *path)
{
	static const char hex[] = "0123456789abcdef";
	struct buf b;
	size_t len;

	buf_init(&b, 4 * PATH_BYTES);
	buf_append_lit(&b, "file:");
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (*p > ' ' && *p < 0x7f && strchr("%?#", *p) == NULL) {
			buf_append_char(&b, (char)*p);
			continue;
		}
		buf_append_char(&b, '%');
		buf_append_char(&b, hex[*p >> 4]);
		buf_append_char(&b, hex[*p & 15]);
	}
	buf_append_lit(&b, "?immutable=1");
	if (buf_cstr(&b) == NULL)
		return NULL;
	return buf_take(&b, &len);
}

/* Writing is wanted only to take over what a killed daemon left in the WAL. A
 * folder that cannot be written is read as it is, if its WAL is empty. */
static int
open_for_reading(struct store *s, struct err *e)
{
	struct stat st;
	bool is_new;
	struct err first;
	int r;

	if (stat(s->path, &st) != 0)
		return err_sys(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
			"%s", s->path);
	r = store_conn_open(s, SQLITE_OPEN_READWRITE, &s->w, e);
	if (r == 0 && (r = store_schema_check(s->w, &is_new, e)) == 0)
		return 0;
	store_conn_close(s->w);
	s->w = NULL;
	first = *e;
	if (r == -(int)ERR_CORRUPT || r == -(int)ERR_UNSUPPORTED ||
		(stat(s->wal_path, &st) == 0 && st.st_size > 0))
		return r;
	s->uri = make_uri(s->path);
	if (s->uri == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to open a store");
	r = store_reader_open(s, &s->w, e);
	if (r == 0)
		r = store_schema_check(s->w, &is_new, e);
	if (r != 0)
		*e = first;
	return r;
}

int
store_open_readonly(const char *dir, enum store_kind kind, struct store **out,
	struct err *e)
{
	struct store *s;
	int r = new_store(dir, kind, 0, &s, e);

	if (r != 0)
		return r;
	s->is_readonly = true;
	r = open_for_reading(s, e);
	if (r == 0)
		r = store_parts_load(s, s->w, e);
	if (r != 0) {
		store_conn_close(s->w);
		free_store(s);
		return r;
	}
	*out = s;
	return 0;
}

static int
maintain_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	(void)e;
	c->s->maintain_fully = true;
	return 0;
}

static int
checkpoint_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	(void)e;
	atomic_store(&c->s->wants_writer_pass, true);
	return 0;
}

void
store_test_checkpoint(struct store *s)
{
	struct store_job ask = {.run = checkpoint_run};
	struct store_job wait = {.run = nothing};
	struct err e;

	ERR_IGNORE(store_call(s, &ask, &e), "a test looks at the effect");
	ERR_IGNORE(store_call(s, &wait, &e), "a test looks at the effect");
}

void
store_test_maintain(struct store *s)
{
	/* The second one waits until the first one's work is done. */
	struct store_job ask = {.run = maintain_run}, wait = {.run = nothing};
	struct err e;

	ERR_IGNORE(store_call(s, &ask, &e), "a test looks at the effect");
	ERR_IGNORE(store_call(s, &wait, &e), "a test looks at the effect");
}
