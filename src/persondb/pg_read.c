#include "base/clock.h"
#include "base/json_write.h"
#include "persondb/persondb.h"
#include "persondb/pg_int.h"

#define PAGE_MAX 1000
#define ARENA_MAX ((size_t)1024 * 1024 * 1024)

/* A page of persons: the rows of the last result, then their ids. */
struct page {
	struct persondb_pg *d;
	struct arena arena;
	struct pg_person_row *rows;
	int n;
};

static int
read_persons(struct page *x, struct err *e)
{
	struct persondb_pg *d = x->d;
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	x->n = pg_n_rows(d->c);
	x->rows = arena_zalloc(&x->arena, (size_t)x->n + 1, sizeof(*x->rows));
	if (x->rows == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to show persons");
	for (int i = 0; i < x->n; i++) {
		if (!persondb_pg_read_row(d, &x->arena, i, 0, &x->rows[i]))
			return err_set(
				e, ERR_NO_MEMORY, "no memory to show persons");
		pg_array_int(&k->i64[0], x->rows[i].id);
	}
	st = persondb_pg_get(d, PG_IDS_OF, PG_FORM(d->schema.id_is_deleted, 0));
	pg_bind_array(st, 1, &k->i64[0]);
	return pg_run(st, e);
}

static void
put_person(const struct page *x, const struct pg_person_row *p, int *at,
	struct buf *out)
{
	struct pg_conn *c = x->d->c;
	const char *separator = "";
	char text[CLOCK_TEXT_MAX];

	uuid_format(&p->uuid, text);
	buf_append_lit(out, "{\"uuid\":\"");
	buf_append(out, text, UUID_TEXT);
	buf_append_lit(out, "\",\"distinct_ids\":[");
	for (; *at < pg_n_rows(c) && pg_col_i64(c, *at, 0) <= p->id; ++*at) {
		if (pg_col_i64(c, *at, 0) < p->id)
			continue;
		buf_append_str(out, separator);
		json_put_string(out, pg_col_text(c, *at, 1));
		separator = ",";
	}
	buf_append_lit(out, "],\"properties\":");
	buf_append_slice(out, p->text);
	clock_format(p->created_at_us, CLOCK_ISO_MS, text);
	buf_printf(out,
		",\"is_identified\":%s,\"version\":%lld,\"created_at\":\"%s\"",
		p->is_identified ? "true" : "false", (long long)p->version,
		text);
	if (p->has_last_seen) {
		clock_format(p->last_seen_at_us, CLOCK_ISO_MS, text);
		buf_printf(out, ",\"last_seen_at\":\"%s\"", text);
	}
	buf_append_char(out, '}');
}

/* Runs a statement that gives persons and writes them, each with end. */
static int
put_persons(struct page *x, struct pg_stmt *st, const char *end,
	struct buf *out, struct err *e)
{
	int at = 0;
	int r = pg_run(st, e);

	if (r == 0)
		r = read_persons(x, e);
	for (int i = 0; r == 0 && i < x->n; i++) {
		put_person(x, &x->rows[i], &at, out);
		buf_append_str(out, end);
	}
	if (r == 0 && out->failed)
		r = err_set(e, ERR_TOO_BIG, "the answer is too large");
	return r;
}

static int
check_limit(int limit, struct err *e)
{
	if (limit < 1 || limit > PAGE_MAX)
		return err_set(e, ERR_INVALID, "limit is 1 to %d", PAGE_MAX);
	return 0;
}

int
persondb_pg_list(struct persondb_pg *d, int64_t team_id, int64_t *cursor,
	int limit, struct buf *out, struct err *e)
{
	struct page x = {.d = d};
	struct pg_stmt *st;
	int r = check_limit(limit, e);

	if (r != 0)
		return r;
	arena_init(&x.arena, ARENA_MAX);
	st = persondb_pg_get(d, PG_LIST, persondb_pg_person_form(d));
	pg_bind_i32(st, 1, (int32_t)team_id);
	pg_bind_i64(st, 2, *cursor);
	pg_bind_i32(st, 3, limit);
	r = put_persons(&x, st, "\n", out, e);
	if (r == 0)
		*cursor = x.n == limit ? x.rows[x.n - 1].id : 0;
	arena_fini(&x.arena);
	return r;
}

/* How many persons a search has looked at, and which was the last. */
static int
read_scanned(struct persondb_pg *d, int64_t team_id, int64_t after, int limit,
	int64_t *n, int64_t *last, struct err *e)
{
	struct pg_stmt *st = persondb_pg_get(
		d, PG_SCANNED, PG_FORM(d->schema.person_is_deleted, 0));

	pg_bind_i32(st, 1, (int32_t)team_id);
	pg_bind_i64(st, 2, after);
	pg_bind_i32(st, 3, limit);
	if (pg_run(st, e) != 0)
		return -(int)e->code;
	*n = pg_col_i64(d->c, 0, 0);
	*last = pg_col_i64(d->c, 0, 1);
	return 0;
}

static int
find_step(struct persondb_pg *d, int64_t team_id, const struct persondb_find *f,
	int64_t after, int n_scan, int limit, struct page *x, struct buf *out,
	struct err *e)
{
	struct pg_stmt *st =
		persondb_pg_get(d, PG_FIND, persondb_pg_person_form(d));

	pg_bind_i32(st, 1, (int32_t)team_id);
	pg_bind_i64(st, 2, after);
	pg_bind_i32(st, 3, n_scan);
	pg_bind_text(st, 4, f->property);
	pg_bind_i32(st, 5, (int32_t)f->match);
	pg_bind_text(st, 6, f->value.p == NULL ? SLICE_LIT("") : f->value);
	pg_bind_i32(st, 7, limit);
	return put_persons(x, st, "\n", out, e);
}

/* Step by step, so that the time is looked at in between. */
#define FIND_STEP 2000

int
persondb_pg_find(struct persondb_pg *d, int64_t team_id,
	const struct persondb_find *f, int64_t *cursor, int64_t *scanned,
	struct buf *out, struct err *e)
{
	int64_t after = *cursor;
	int found = 0;
	int r = check_limit(f->limit, e);

	*scanned = 0;
	while (r == 0 && *scanned < f->scan_max) {
		struct page x = {.d = d};
		int64_t n = 0, last = 0;
		int left = f->scan_max - (int)*scanned;
		int step = left < FIND_STEP ? left : FIND_STEP;

		arena_init(&x.arena, ARENA_MAX);
		r = find_step(d, team_id, f, after, step, f->limit - found, &x,
			out, e);
		found += r == 0 ? x.n : 0;
		if (r == 0 && found == f->limit)
			last = x.rows[x.n - 1].id;
		arena_fini(&x.arena);
		if (r == 0 && found == f->limit) {
			after = last;
			break;
		}
		if (r == 0)
			r = read_scanned(d, team_id, after, step, &n, &last, e);
		*scanned += n;
		after = n < step ? 0 : last;
		if (after == 0 || clock_mono_ns() > f->deadline_ns)
			break;
	}
	if (r == 0)
		*cursor = after;
	return r;
}

int
persondb_pg_show(struct persondb_pg *d, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct buf *out,
	struct err *e)
{
	bool by_id = distinct_id.p != NULL;
	struct page x = {.d = d};
	struct pg_stmt *st;
	struct uuid u;
	int r;

	if (!by_id && !uuid_parse(uuid, &u))
		return err_set(e, ERR_INVALID, "not a person's uuid");
	arena_init(&x.arena, ARENA_MAX);
	st = persondb_pg_get(d, by_id ? PG_SHOW_BY_ID : PG_SHOW_BY_UUID,
		persondb_pg_person_form(d));
	pg_bind_i32(st, 1, (int32_t)team_id);
	if (by_id)
		pg_bind_text(st, 2, distinct_id);
	else
		pg_bind_uuid(st, 2, &u);
	r = put_persons(&x, st, "", out, e);
	if (r == 0 && x.n == 0)
		r = err_set(e, ERR_NOT_FOUND, "no such person");
	arena_fini(&x.arena);
	return r;
}

int
persondb_pg_count(
	struct persondb_pg *d, int64_t team_id, int64_t *n, struct err *e)
{
	struct pg_stmt *st = persondb_pg_get(
		d, PG_COUNT, PG_FORM(d->schema.person_is_deleted, 0));

	pg_bind_i32(st, 1, (int32_t)team_id);
	if (pg_run(st, e) != 0)
		return -(int)e->code;
	*n = pg_col_i64(d->c, 0, 0);
	return 0;
}

/* A row of id, type, key, properties, version. */
static int
put_group(struct persondb_pg *d, int row, struct buf *out, struct err *e)
{
	struct arena a;
	struct slice text;

	arena_init(&a, ARENA_MAX);
	text = persondb_pg_json(&d->scratch, &a, pg_col_text(d->c, row, 3));
	buf_append_lit(out, "{\"type\":");
	json_put_string(out, pg_col_text(d->c, row, 1));
	buf_append_lit(out, ",\"key\":");
	json_put_string(out, pg_col_text(d->c, row, 2));
	buf_append_lit(out, ",\"properties\":");
	buf_append_slice(out, text);
	buf_printf(
		out, ",\"version\":%lld}", (long long)pg_col_i64(d->c, row, 4));
	arena_fini(&a);
	if (out->failed || text.p == NULL)
		return err_set(e, ERR_TOO_BIG, "the answer is too large");
	return 0;
}

static int
list_groups(struct persondb_pg *d, enum persondb_pg_sql which, int64_t team_id,
	struct slice type, int64_t *cursor, int limit, struct buf *out,
	struct err *e)
{
	struct pg_stmt *st;
	int n;

	if (check_limit(limit, e) != 0)
		return -(int)e->code;
	st = persondb_pg_get(
		d, which, PG_FORM(d->schema.group_type_by_project, 0));
	pg_bind_i32(st, 1, (int32_t)team_id);
	pg_bind_i64(st, 2, *cursor);
	pg_bind_i32(st, 3, limit);
	if (type.p != NULL)
		pg_bind_text(st, 4, type);
	if (pg_run(st, e) != 0)
		return -(int)e->code;
	n = pg_n_rows(d->c);
	for (int i = 0; i < n; i++) {
		if (put_group(d, i, out, e) != 0)
			return -(int)e->code;
		buf_append_char(out, '\n');
	}
	*cursor = n == limit ? pg_col_i64(d->c, n - 1, 0) : 0;
	return 0;
}

int
persondb_pg_list_groups(struct persondb_pg *d, int64_t team_id, int64_t *cursor,
	int limit, struct buf *out, struct err *e)
{
	return list_groups(
		d, PG_LIST_GROUPS, team_id, SLICE_NONE, cursor, limit, out, e);
}

int
persondb_pg_list_groups_of(struct persondb_pg *d, int64_t team_id,
	struct slice type, int64_t *cursor, int limit, struct buf *out,
	struct err *e)
{
	return list_groups(
		d, PG_LIST_GROUPS_OF, team_id, type, cursor, limit, out, e);
}

int
persondb_pg_show_group(struct persondb_pg *d, int64_t team_id,
	struct slice type, struct slice key, struct buf *out, struct err *e)
{
	struct pg_stmt *st = persondb_pg_get(
		d, PG_SHOW_GROUP, PG_FORM(d->schema.group_type_by_project, 0));

	pg_bind_i32(st, 1, (int32_t)team_id);
	pg_bind_text(st, 2, type);
	pg_bind_text(st, 3, key);
	if (pg_run(st, e) != 0)
		return -(int)e->code;
	if (pg_n_rows(d->c) == 0)
		return err_set(e, ERR_NOT_FOUND, "no such group");
	return put_group(d, 0, out, e);
}

int
persondb_pg_group_types(
	struct persondb_pg *d, int64_t team_id, struct buf *out, struct err *e)
{
	struct pg_stmt *st = persondb_pg_get(
		d, PG_LIST_TYPES, PG_FORM(d->schema.group_type_by_project, 0));

	pg_bind_i32(st, 1, (int32_t)team_id);
	if (pg_run(st, e) != 0)
		return -(int)e->code;
	for (int i = 0; i < pg_n_rows(d->c); i++) {
		buf_printf(out, "{\"index\":%lld,\"type\":",
			(long long)pg_col_i64(d->c, i, 0));
		json_put_string(out, pg_col_text(d->c, i, 1));
		buf_append_lit(out, "}\n");
	}
	if (out->failed)
		return err_set(e, ERR_TOO_BIG, "the answer is too large");
	return 0;
}

int
persondb_pg_delete(struct persondb_pg *d, struct person_set *s, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct err *e)
{
	struct uuid u;

	if (distinct_id.p == NULL) {
		struct pg_stmt *st = persondb_pg_get(d, PG_ANY_ID, 0);

		if (!uuid_parse(uuid, &u))
			return err_set(e, ERR_INVALID, "not a person's uuid");
		pg_bind_i32(st, 1, (int32_t)team_id);
		pg_bind_uuid(st, 2, &u);
		if (pg_run(st, e) != 0)
			return -(int)e->code;
		if (pg_n_rows(d->c) == 0)
			return err_set(e, ERR_NOT_FOUND, "no such person");
		distinct_id =
			arena_dup_slice(s->arena, pg_col_text(d->c, 0, 0));
		if (distinct_id.p == NULL)
			return err_set(e, ERR_NO_MEMORY,
				"no memory to delete a person");
	}
	if (person_want_id(s, team_id, distinct_id, true, e) != 0 ||
		persondb_pg_load(d, s, e) != 0)
		return -(int)e->code;
	return person_delete(s, team_id, distinct_id, e);
}
