#include "base/clock.h"
#include "base/json_write.h"
#include "persondb/pg_definition_int.h"

/*
 * Event and property definitions in PostHog's tables. A transaction of their
 * own, after that of the batch: two nodes that meet at a new name must not undo
 * a batch for it.
 */
#define PAGE_MAX 1000

static struct pg_stmt *
get(struct persondb_pg *d, enum persondb_pg_definition_sql i, bool has_mode)
{
	return pg_get(d->c, &persondb_pg_definition_sql,
		(int)i + PG_FORM(d->schema.definition_by_project, has_mode));
}

static int64_t
owner_of(const struct persondb_pg *d, int64_t team_id, int64_t project_id)
{
	return d->schema.definition_by_project ? project_id : team_id;
}

static int
queue_events(
	struct persondb_pg *d, const struct definition_set *s, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(d);

	for (const struct definition_event *v = s->events; v != NULL;
		v = v->next) {
		pg_array_int(&k->i32[0], v->team_id);
		pg_array_int(
			&k->i64[0], owner_of(d, v->team_id, v->project_id));
		pg_array_text(&k->text[0], v->name);
		pg_array_time(&k->time[0], v->seen_at_us);
	}
	for (int i = 0; k->i32[0].n > 0 && i < 2; i++) {
		struct pg_stmt *st =
			i == 0 ? get(d, PG_EVENT_SEEN, false)
			       : get(d, PG_EVENT_INSERT,
					 d->schema.event_enforcement_mode);

		pg_bind_array(st, 1, &k->i32[0]);
		pg_bind_array(st, 2, &k->i64[0]);
		pg_bind_array(st, 3, &k->text[0]);
		pg_bind_array(st, 4, &k->time[0]);
		if (i == 1)
			pg_bind_time(st, 5, s->now_us);
		if (pg_queue(st, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
queue_properties(
	struct persondb_pg *d, const struct definition_set *s, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(d);

	for (const struct definition_property *v = s->properties; v != NULL;
		v = v->next) {
		pg_array_int(&k->i32[0], v->team_id);
		pg_array_int(
			&k->i64[0], owner_of(d, v->team_id, v->project_id));
		pg_array_text(&k->text[0], v->name);
		pg_array_int(&k->i16[0], v->kind);
		if (v->group_type_index < 0)
			pg_array_null(&k->i16[1]);
		else
			pg_array_int(&k->i16[1], v->group_type_index);
		pg_array_bool(&k->flag, v->type == DEFINITION_NUMERIC);
		pg_array_text(
			&k->text[1], slice_str(definition_type_names[v->type]));
	}
	for (int i = 0; k->i32[0].n > 0 && i < 2; i++) {
		struct pg_stmt *st = get(d,
			i == 0 ? PG_PROPERTY_TYPED : PG_PROPERTY_INSERT, false);

		pg_bind_array(st, 1, &k->i32[0]);
		pg_bind_array(st, 2, &k->i64[0]);
		pg_bind_array(st, 3, &k->text[0]);
		pg_bind_array(st, 4, &k->i16[0]);
		pg_bind_array(st, 5, &k->i16[1]);
		pg_bind_array(st, 6, &k->flag);
		pg_bind_array(st, 7, &k->text[1]);
		if (pg_queue(st, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
queue_pairs(
	struct persondb_pg *d, const struct definition_set *s, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	for (const struct definition_pair *v = s->pairs; v != NULL;
		v = v->next) {
		pg_array_int(&k->i32[0], v->team_id);
		pg_array_int(
			&k->i64[0], owner_of(d, v->team_id, v->project_id));
		pg_array_text(&k->text[0], v->event);
		pg_array_text(&k->text[1], v->property);
	}
	if (k->i32[0].n == 0)
		return 0;
	st = get(d, PG_PAIR_INSERT, false);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	pg_bind_array(st, 3, &k->text[0]);
	pg_bind_array(st, 4, &k->text[1]);
	return pg_queue(st, e);
}

int
persondb_pg_save_definitions(
	struct persondb_pg *d, const struct definition_set *s, struct err *e)
{
	int r;

	if (!d->schema.definitions || definition_set_is_empty(s))
		return 0;
	r = pg_begin(d->c, e);
	if (r == 0)
		r = queue_events(d, s, e);
	if (r == 0)
		r = queue_properties(d, s, e);
	if (r == 0)
		r = queue_pairs(d, s, e);
	if (r == 0)
		r = pg_finish(d->c, e);
	if (r == 0)
		r = pg_commit(d->c, e);
	else
		pg_rollback(d->c);
	return r;
}

/* The cursor is the number of rows before the page: the tables have no other
 * order that is a number. */
static int
list(struct persondb_pg *d, enum persondb_pg_definition_sql sql,
	void (*put)(struct pg_conn *c, int row, struct buf *out),
	int64_t team_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e)
{
	struct pg_stmt *st;
	int n;

	if (limit < 1 || limit > PAGE_MAX)
		return err_set(e, ERR_INVALID, "limit is 1 to %d", PAGE_MAX);
	if (!d->schema.definitions) {
		*cursor = 0;
		return 0;
	}
	st = get(d, sql, false);
	pg_bind_i32(st, 1, (int32_t)team_id);
	pg_bind_i64(st, 2, *cursor);
	pg_bind_i32(st, 3, limit);
	if (pg_run(st, e) != 0)
		return -(int)e->code;
	n = pg_n_rows(d->c);
	for (int i = 0; i < n; i++)
		put(d->c, i, out);
	if (out->failed)
		return err_set(e, ERR_TOO_BIG, "the answer is too large");
	*cursor = n == limit ? *cursor + n : 0;
	return 0;
}

static void
put_time(struct pg_conn *c, int row, int col, struct buf *out)
{
	char text[CLOCK_TEXT_MAX];

	if (pg_col_is_null(c, row, col)) {
		buf_append_lit(out, "null");
		return;
	}
	clock_format(pg_col_time(c, row, col), CLOCK_ISO_MS, text);
	buf_printf(out, "\"%s\"", text);
}

static void
put_event(struct pg_conn *c, int row, struct buf *out)
{
	buf_append_lit(out, "{\"name\":");
	json_put_string(out, pg_col_text(c, row, 0));
	buf_append_lit(out, ",\"created_at\":");
	put_time(c, row, 1, out);
	buf_append_lit(out, ",\"last_seen_at\":");
	put_time(c, row, 2, out);
	buf_append_lit(out, "}\n");
}

static void
put_property(struct pg_conn *c, int row, struct buf *out)
{
	static const char *const kinds[] = {
		"", "event", "person", "group", "session"};
	int64_t kind = pg_col_i64(c, row, 1);

	buf_append_lit(out, "{\"name\":");
	json_put_string(out, pg_col_text(c, row, 0));
	buf_printf(out, ",\"type\":\"%s\",\"group_type_index\":",
		kind >= 1 && kind <= 4 ? kinds[kind] : "");
	if (pg_col_is_null(c, row, 2))
		buf_append_lit(out, "null");
	else
		buf_append_i64(out, pg_col_i64(c, row, 2));
	buf_append_lit(out, ",\"property_type\":");
	if (pg_col_is_null(c, row, 4))
		buf_append_lit(out, "null");
	else
		json_put_string(out, pg_col_text(c, row, 4));
	buf_printf(out, ",\"is_numerical\":%s}\n",
		pg_col_bool(c, row, 3) ? "true" : "false");
}

static void
put_pair(struct pg_conn *c, int row, struct buf *out)
{
	buf_append_lit(out, "{\"event\":");
	json_put_string(out, pg_col_text(c, row, 0));
	buf_append_lit(out, ",\"property\":");
	json_put_string(out, pg_col_text(c, row, 1));
	buf_append_lit(out, "}\n");
}

int
persondb_pg_list_event_definitions(struct persondb_pg *d, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e)
{
	return list(
		d, PG_LIST_EVENTS, put_event, team_id, cursor, limit, out, e);
}

int
persondb_pg_list_property_definitions(struct persondb_pg *d, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e)
{
	return list(d, PG_LIST_PROPERTIES, put_property, team_id, cursor, limit,
		out, e);
}

int
persondb_pg_list_event_properties(struct persondb_pg *d, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e)
{
	return list(d, PG_LIST_PAIRS, put_pair, team_id, cursor, limit, out, e);
}
