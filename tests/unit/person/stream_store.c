#include "stream_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/mem.h"
#include "store/store.h"

enum { DELETED, IDS, PERSONLESS, N_SQL };

static const char *const texts[N_SQL] = {
	[DELETED] = "SELECT uuid, version FROM person "
		    "WHERE team_id = ?1 AND is_deleted = 1",
	[IDS] = "SELECT d.distinct_id, d.version, p.uuid "
		"FROM person_distinct_id d LEFT JOIN person p "
		"ON p.id = d.person_id WHERE d.team_id = ?1",
	[PERSONLESS] = "SELECT distinct_id, is_merged "
		       "FROM personless_distinct_id WHERE team_id = ?1",
};
static const struct sql_set set = {"stream", texts, N_SQL};

struct stream_store {
	struct store *s;
	struct store_conn *reader;
};

struct batch_job {
	struct store_job job;
	int (*fn)(void *cookie, struct store_conn *c, struct err *e);
	void *cookie;
};

static void
must(int rc, const struct err *e)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "stream_store: %s\n", e->text);
	exit(1);
}

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	must(-1, why);
}

struct stream_store *
stream_store_open(const char *dir)
{
	struct store_options o = {.dir = dir,
		.kind = STORE_STATE,
		.queue_bytes = 1u << 20,
		.on_fatal = on_fatal};
	struct stream_store *x = mem_xzalloc(1, sizeof(*x));
	struct err e;

	must(store_open(&o, &x->s, &e), &e);
	must(store_reader_open(x->s, &x->reader, &e), &e);
	return x;
}

void
stream_store_close(struct stream_store *x)
{
	if (x == NULL)
		return;
	store_reader_close(x->reader);
	store_close(x->s);
	mem_free(x);
}

static int
run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct batch_job *b = (struct batch_job *)j;

	return b->fn(b->cookie, c, e);
}

int
stream_store_run(struct stream_store *x,
	int (*fn)(void *cookie, struct store_conn *c, struct err *e),
	void *cookie, struct err *e)
{
	struct batch_job b = {
		.job = {.bytes = 1, .run = run}, .fn = fn, .cookie = cookie};

	return store_call(x->s, &b.job, e);
}

static void
put_uuid(struct buf *out, struct slice blob)
{
	char text[UUID_TEXT];
	struct uuid u;

	if (blob.len != sizeof(u.b))
		exit(1);
	memcpy(u.b, blob.p, sizeof(u.b));
	uuid_format(&u, text);
	json_put_string(out, slice_of(text, UUID_TEXT));
}

/* Runs a statement on the project; put writes a row and a comma. */
static void
each_row(struct stream_store *x, int sql, int64_t team_id, struct buf *out,
	void (*put)(struct buf *out, struct store_stmt *st))
{
	struct store_stmt *st;
	struct err e;
	int rc;

	must(sql_get(x->reader, &set, sql, &st, &e), &e);
	sql_bind_i64(st, 1, team_id);
	while ((rc = sql_step(st, &e)) > 0)
		put(out, st);
	must(rc, &e);
	if (out->len > 0 && out->p[out->len - 1] == ',')
		out->len--;
}

static void
put_deleted(struct buf *out, struct store_stmt *st)
{
	put_uuid(out, sql_col_blob(st, 0));
	buf_printf(out, ":%lld,",
		(long long)sql_col_i64(st, 1) + PERSON_DELETE_VERSION_STEP);
}

static void
put_id(struct buf *out, struct store_stmt *st)
{
	bool is_deleted = sql_col_is_null(st, 2);

	json_put_string(out, sql_col_text(st, 0));
	buf_append_lit(out, ":[");
	if (is_deleted)
		buf_append_lit(out, "null");
	else
		put_uuid(out, sql_col_blob(st, 2));
	buf_printf(out, ",%lld,%d],",
		(long long)sql_col_i64(st, 1) +
			(is_deleted ? PERSON_DELETE_VERSION_STEP : 0),
		is_deleted);
}

static void
put_personless(struct buf *out, struct store_stmt *st)
{
	json_put_string(out, sql_col_text(st, 0));
	buf_append_str(out, sql_col_i64(st, 1) != 0 ? ":true," : ":false,");
}

/* Lines become members of an array, a page of two at a time. */
static void
put_list(struct stream_store *x, int64_t team_id, struct buf *out,
	int (*list)(struct store_conn *c, int64_t team_id, int64_t *cursor,
		int limit, struct buf *out, struct err *e))
{
	int64_t cursor = 0;
	struct err e;

	buf_append_char(out, '[');
	do {
		size_t from = out->len;

		must(list(x->reader, team_id, &cursor, 2, out, &e), &e);
		for (size_t i = from; i < out->len; i++) {
			if (out->p[i] == '\n')
				out->p[i] = ',';
		}
	} while (cursor != 0);
	if (out->p[out->len - 1] == ',')
		out->len--;
	buf_append_char(out, ']');
}

static int
list_types(struct store_conn *c, int64_t team_id, int64_t *cursor, int limit,
	struct buf *out, struct err *e)
{
	(void)limit;
	*cursor = 0;
	return persondb_group_types(c, team_id, out, e);
}

void
stream_store_final(struct stream_store *x, int64_t team_id, struct buf *out)
{
	int64_t n;
	struct err e;

	buf_append_lit(out, "{\"persons\":");
	put_list(x, team_id, out, persondb_list);
	buf_append_lit(out, ",\"groups\":");
	put_list(x, team_id, out, persondb_list_groups);
	buf_append_lit(out, ",\"types\":");
	put_list(x, team_id, out, list_types);
	buf_append_lit(out, ",\"deleted\":{");
	each_row(x, DELETED, team_id, out, put_deleted);
	buf_append_lit(out, "},\"ids\":{");
	each_row(x, IDS, team_id, out, put_id);
	buf_append_lit(out, "},\"personless\":{");
	each_row(x, PERSONLESS, team_id, out, put_personless);
	must(persondb_count(x->reader, team_id, &n, &e), &e);
	buf_printf(out, "},\"count\":%lld}\n", (long long)n);
}
