#include "tests/unit/clickhouse/fake_lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"

struct fake_state fake;
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

/* What internal of a result or an insert points to. */
struct fake_result {
	char *text;
	size_t len;
	const char *error;
	int pieces_left;
	bool is_broken;
};

static struct chdb_result *
new_result(const char *text, size_t len)
{
	struct chdb_result *r = calloc(1, sizeof(*r));
	struct fake_result *f = calloc(1, sizeof(*f));

	if (r == NULL || f == NULL)
		abort();
	f->text = malloc(len + 1);
	if (f->text == NULL)
		abort();
	memcpy(f->text, text, len);
	f->text[len] = '\0';
	f->len = len;
	if (memmem(text, len, "bad", 3) != NULL) {
		f->error = "Code: 62. DB::Exception: bad (SYNTAX_ERROR)";
		f->len = 0;
	}
	r->internal = f;
	atomic_fetch_add(&fake.results, 1);
	return r;
}

static void
free_result(struct chdb_result *r)
{
	struct fake_result *f = r->internal;

	free(f->text);
	free(f);
	free(r);
	atomic_fetch_sub(&fake.results, 1);
}

static const char *
version(void)
{
	return "26.7.0";
}

static struct chdb_handle **
connect_fake(int argc, char **argv)
{
	struct chdb_handle **c = calloc(1, sizeof(*c) + sizeof(**c));

	(void)argc;
	(void)argv;
	if (c == NULL)
		abort();
	*c = (struct chdb_handle *)(void *)(c + 1);
	atomic_fetch_add(&fake.connections, 1);
	return c;
}

static void
close_fake(struct chdb_handle **c)
{
	atomic_fetch_sub(&fake.connections, 1);
	free(c);
}

static void
set_signals(int enabled)
{
	(void)enabled;
}

static struct chdb_result *
query(struct chdb_handle *c, const char *q, size_t len, const char *format,
	size_t format_len)
{
	size_t at;

	(void)c;
	(void)format;
	(void)format_len;
	lock_take(&lock);
	at = strlen(fake.prepared);
	snprintf(fake.prepared + at, sizeof(fake.prepared) - at, "%.*s\n",
		(int)len, q);
	lock_release(&lock);
	return new_result(q, len);
}

static struct chdb_result *
query_params(struct chdb_handle *c, const char *q, size_t len,
	const char *format, size_t format_len, const char *const *names,
	const size_t *name_lens, const char *const *values,
	const size_t *value_lens, size_t n)
{
	(void)c;
	(void)format;
	(void)format_len;
	(void)names;
	(void)name_lens;
	(void)values;
	(void)value_lens;
	(void)n;
	return new_result(q, len);
}

static struct chdb_result *
stream_params(struct chdb_handle *c, const char *q, size_t len,
	const char *format, size_t format_len, const char *const *names,
	const size_t *name_lens, const char *const *values,
	const size_t *value_lens, size_t n)
{
	struct chdb_result *r = query_params(c, q, len, format, format_len,
		names, name_lens, values, value_lens, n);
	struct fake_result *f = r->internal;
	const char *number = strstr(f->text, "stream ");

	f->pieces_left =
		number == NULL ? -1 : (int)strtol(number + 7, NULL, 10);
	f->is_broken = strstr(f->text, "broken") != NULL;
	f->len = 0;
	return r;
}

static struct chdb_result *
fetch(struct chdb_handle *c, struct chdb_result *stream)
{
	static char piece[FAKE_PIECE_BYTES];
	struct fake_result *f = stream->internal;

	(void)c;
	if (f->pieces_left == -1) {
		f->pieces_left = 0;
		return new_result(f->text, strlen(f->text));
	}
	if (f->pieces_left > 0) {
		f->pieces_left--;
		lock_take(&lock);
		memset(piece, 'p', sizeof(piece));
		lock_release(&lock);
		return new_result(piece, sizeof(piece));
	}
	return f->is_broken ? new_result("bad", 3) : new_result("", 0);
}

static void
cancel(struct chdb_handle *c, struct chdb_result *stream)
{
	(void)c;
	(void)stream;
	atomic_fetch_add(&fake.cancelled, 1);
}

static struct chdb_stream *
insert(struct chdb_handle *c, const char *q, size_t len, const char *format,
	size_t format_len, const char *const *names, const size_t *name_lens,
	const char *const *values, const size_t *value_lens, size_t n)
{
	struct chdb_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->internal = query_params(c, q, len, format, format_len, names,
		name_lens, values, value_lens, n);
	atomic_fetch_add(&fake.inserts, 1);
	fake.inserted[0] = '\0';
	return s;
}

static int
append(struct chdb_stream *s, const void *p, size_t len)
{
	size_t at = strlen(fake.inserted);

	(void)s;
	snprintf(fake.inserted + at, sizeof(fake.inserted) - at, "%.*s",
		(int)len, (const char *)p);
	return 0;
}

static struct chdb_result *
done(struct chdb_stream *s)
{
	(void)s;
	return new_result(fake.inserted, strlen(fake.inserted));
}

static const char *
result_error(struct chdb_result *r)
{
	return ((struct fake_result *)r->internal)->error;
}

static const char *
insert_error(struct chdb_stream *s)
{
	return result_error(s->internal);
}

static void
free_insert(struct chdb_stream *s)
{
	free_result(s->internal);
	free(s);
	atomic_fetch_sub(&fake.inserts, 1);
}

static char *
buffer(struct chdb_result *r)
{
	return ((struct fake_result *)r->internal)->text;
}

static size_t
length(struct chdb_result *r)
{
	return ((struct fake_result *)r->internal)->len;
}

static uint64_t
one(struct chdb_result *r)
{
	(void)r;
	return 1;
}

static int
classify(struct chdb_handle *c, const char *sql, size_t len,
	const char *database, size_t database_len, struct chdb_analysis *out)
{
	(void)c;
	(void)database;
	(void)database_len;
	out->statement_count = memchr(sql, ';', len) != NULL ? 2 : 1;
	return 0;
}

const struct chdb fake_lib = {
	.version = version,
	.connect = connect_fake,
	.close_conn = close_fake,
	.set_signal_handlers_enabled = set_signals,
	.query_n = query,
	.query_with_params_n = query_params,
	.stream_query_with_params_n = stream_params,
	.stream_fetch_result = fetch,
	.stream_cancel_query = cancel,
	.stream_insert_with_params_n = insert,
	.stream_append = append,
	.stream_done = done,
	.stream_insert_error = insert_error,
	.destroy_insert_stream = free_insert,
	.result_buffer = buffer,
	.result_length = length,
	.result_error = result_error,
	.result_rows_read = one,
	.result_bytes_read = one,
	.result_storage_rows_read = one,
	.result_storage_bytes_read = one,
	.result_rows_written = one,
	.result_bytes_written = one,
	.destroy_query_result = free_result,
	.classify_query_n = classify,
};
