#include "cli/bench_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "persondb/fill.h"
#include "persondb/persondb.h"
#include "store/store.h"

/* Of an event of 1 KB in both logs, the write-ahead logs apart. */
#define BYTES_AN_EVENT 4500
#define MARK_FIELDS 5

static int
mark_path(struct bench *b, char path[BENCH_PATH_MAX], struct err *e)
{
	return file_join(path, BENCH_PATH_MAX, b->top, "persons", e);
}

int
bench_state_save(struct bench *b, const struct bench_state *s, struct err *e)
{
	char path[BENCH_PATH_MAX], text[200];
	int n = snprintf(text, sizeof(text), "%lld %lld %lld %lld %lld\n",
		(long long)s->n_persons, (long long)s->team_id,
		(long long)s->n_fresh, (long long)s->n_merges,
		(long long)s->n_events);
	int rc = mark_path(b, path, e);

	return rc < 0 ? rc : file_replace(path, 0600, text, (size_t)n, e);
}

/* NOT_FOUND: nothing was built here. */
static int
load_mark(struct bench *b, struct bench_state *s, struct err *e)
{
	int64_t *fields[MARK_FIELDS] = {&s->n_persons, &s->team_id, &s->n_fresh,
		&s->n_merges, &s->n_events};
	char path[BENCH_PATH_MAX];
	struct buf text;
	const char *p;
	int rc = mark_path(b, path, e);

	buf_init(&text, 4096);
	if (rc == 0)
		rc = file_read(path, &text, e);
	if (rc < 0) {
		buf_fini(&text);
		return rc;
	}
	p = buf_cstr(&text);
	for (int i = 0; p != NULL && i < MARK_FIELDS; i++) {
		char *end;

		*fields[i] = strtoll(p, &end, 10);
		if (end == p)
			rc = err_set(e, ERR_INVALID, "%s cannot be read", path);
		p = end;
	}
	buf_fini(&text);
	return rc;
}

static int
check_room(struct bench *b, int64_t n, int64_t n_events, bool with_persons,
	struct err *e)
{
	unsigned long long free_bytes, total;
	int64_t need = n_events * BYTES_AN_EVENT +
		       (with_persons ? persondb_fill_bytes(n) : 0);
	/* Of Postgres it is about the same, but there may be another disk. */
	int rc = file_free_bytes(b->top, &free_bytes, &total, e);

	if (rc < 0)
		return rc;
	fprintf(stderr,
		"sluice bench ingest: needs %.1f GB on the disk of %s, %.1f GB "
		"are free\n",
		(double)need / 1e9, b->top, (double)free_bytes / 1e9);
	if (free_bytes < (unsigned long long)need)
		return err_set(e, ERR_NO_SPACE,
			"%s: %.1f GB are needed, %.1f GB are free", b->top,
			(double)need / 1e9, (double)free_bytes / 1e9);
	return 0;
}

static void
fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "sluice bench ingest: %s\n", why->text);
	exit(1);
}

static int
fill_sqlite(struct bench *b, struct bench_state *s, struct err *e)
{
	struct store_options o = {.dir = b->data,
		.kind = STORE_STATE,
		.queue_bytes = 1024 * 1024,
		.on_fatal = fatal};
	struct store *state;
	int rc = store_open(&o, &state, e);

	if (rc < 0)
		return rc;
	rc = persondb_fill(state, s->team_id, s->n_persons, e);
	store_close(state);
	return rc;
}

static int
build(struct bench *b, struct bench_state *s, struct err *e)
{
	int64_t begin = clock_mono_ns();
	int rc = bench_start(b, "admin", e);

	if (rc == 0)
		rc = bench_make_project(b, &s->team_id, e);
	if (rc == 0)
		rc = bench_stop(b, e);
	if (rc == 0)
		rc = s->postgres == NULL ? fill_sqlite(b, s, e)
					 : persondb_fill_postgres(s->postgres,
						   s->team_id, s->n_persons, e);
	if (rc == 0)
		rc = bench_state_save(b, s, e);
	s->build_seconds = (double)(clock_mono_ns() - begin) / 1e9;
	return rc;
}

int
bench_state_open(struct bench *b, struct bench_state *s, int64_t n,
	int64_t n_events, const char *postgres, struct err *e)
{
	int rc;

	*s = (struct bench_state){.postgres = postgres};
	rc = load_mark(b, s, e);
	if (rc == 0 && s->n_persons != n)
		return err_set(e, ERR_EXISTS, "%s holds %lld persons", b->top,
			(long long)s->n_persons);
	if (rc < 0 && rc != -ERR_NOT_FOUND)
		return rc;
	if (check_room(b, n, n_events, rc < 0, e) != 0)
		return -(int)e->code;
	s->n_persons = n;
	return rc == 0 ? 0 : build(b, s, e);
}

int
bench_state_warm(struct bench *b, int64_t *n_bytes, struct err *e)
{
	static char piece[1024 * 1024];
	char path[BENCH_PATH_MAX];
	ssize_t n;
	int fd;
	int rc = file_join(path, sizeof(path), b->data, "state.db", e);

	if (rc < 0)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ERR_IO, "%s", path);
	*n_bytes = 0;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		*n_bytes += n;
	if (n < 0)
		rc = err_sys(e, ERR_IO, "%s", path);
	close(fd);
	return rc;
}

int64_t
bench_state_expected(const struct bench_state *s)
{
	return s->n_persons + s->n_fresh - s->n_merges;
}

int
bench_state_count(
	struct bench *b, const struct bench_state *s, int64_t *n, struct err *e)
{
	struct store_conn *conn;
	struct store *state;
	int rc;

	if (s->postgres != NULL)
		return persondb_fill_count_postgres(
			s->postgres, s->team_id, n, e);
	rc = store_open_readonly(b->data, STORE_STATE, &state, e);

	if (rc < 0)
		return rc;
	rc = store_reader_open(state, &conn, e);
	if (rc == 0) {
		rc = persondb_count(conn, s->team_id, n, e);
		store_reader_close(conn);
	}
	store_close(state);
	return rc;
}
