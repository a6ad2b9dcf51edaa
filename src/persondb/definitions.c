#include "persondb/definitions.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "persondb/sql.h"

#define PAGE_MAX 1000

static int
save_event(struct store_conn *c, const struct definition_event *d,
	int64_t now_us, struct err *e)
{
	struct store_stmt *st;

	if (sql_get(c, &persondb_sql, PERSONDB_EVENT_DEFINITION_PUT, &st, e) !=
		0)
		return -(int)e->code;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_i64(st, 2, d->project_id);
	sql_bind_text(st, 3, d->name);
	sql_bind_i64(st, 4, now_us);
	sql_bind_i64(st, 5, d->seen_at_us);
	return sql_run(st, e);
}

static int
save_property(struct store_conn *c, const struct definition_property *d,
	struct err *e)
{
	const char *type = definition_type_names[d->type];
	struct store_stmt *st;

	if (sql_get(c, &persondb_sql, PERSONDB_PROPERTY_DEFINITION_PUT, &st,
		    e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_i64(st, 2, d->project_id);
	sql_bind_text(st, 3, d->name);
	sql_bind_i64(st, 4, d->kind);
	sql_bind_i64(st, 5, d->group_type_index);
	sql_bind_i64(st, 6, d->type == DEFINITION_NUMERIC);
	if (type != NULL)
		sql_bind_text(st, 7, slice_str(type));
	else
		sql_bind_null(st, 7);
	return sql_run(st, e);
}

static int
save_pair(struct store_conn *c, const struct definition_pair *d, struct err *e)
{
	struct store_stmt *st;

	if (sql_get(c, &persondb_sql, PERSONDB_EVENT_PROPERTY_PUT, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_i64(st, 2, d->project_id);
	sql_bind_text(st, 3, d->event);
	sql_bind_text(st, 4, d->property);
	return sql_run(st, e);
}

int
persondb_save_definitions(
	struct store_conn *c, const struct definition_set *s, struct err *e)
{
	for (const struct definition_event *d = s->events; d != NULL;
		d = d->next)
		if (save_event(c, d, s->now_us, e) != 0)
			return -(int)e->code;
	for (const struct definition_property *d = s->properties; d != NULL;
		d = d->next)
		if (save_property(c, d, e) != 0)
			return -(int)e->code;
	for (const struct definition_pair *d = s->pairs; d != NULL; d = d->next)
		if (save_pair(c, d, e) != 0)
			return -(int)e->code;
	return 0;
}

/* A page of a list; put writes the columns after id. */
static int
list(struct store_conn *c, int sql,
	void (*put)(struct store_stmt *st, struct buf *out), int64_t project_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e)
{
	struct store_stmt *st;
	int64_t last = 0;
	int n = 0;
	int rc;

	if (limit < 1 || limit > PAGE_MAX)
		return err_set(e, ERR_INVALID, "limit is 1 to %d", PAGE_MAX);
	if (sql_get(c, &persondb_sql, sql, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, project_id);
	sql_bind_i64(st, 2, *cursor);
	sql_bind_i64(st, 3, limit);
	while ((rc = sql_step(st, e)) > 0) {
		last = sql_col_i64(st, 0);
		put(st, out);
		n++;
	}
	sql_reset(st);
	if (rc != 0)
		return rc;
	if (out->failed)
		return err_set(e, ERR_TOO_BIG, "the answer is too large");
	*cursor = n == limit ? last : 0;
	return 0;
}

static void
put_event(struct store_stmt *st, struct buf *out)
{
	char created[CLOCK_TEXT_MAX], seen[CLOCK_TEXT_MAX];

	clock_format(sql_col_i64(st, 2), CLOCK_ISO_MS, created);
	clock_format(sql_col_i64(st, 3), CLOCK_ISO_MS, seen);
	buf_append_lit(out, "{\"name\":");
	json_put_string(out, sql_col_text(st, 1));
	buf_printf(out, ",\"created_at\":\"%s\",\"last_seen_at\":\"%s\"}\n",
		created, seen);
}

static void
put_property(struct store_stmt *st, struct buf *out)
{
	static const char *const kinds[] = {"", "event", "person", "group"};
	int64_t kind = sql_col_i64(st, 2);
	int64_t index = sql_col_i64(st, 3);

	buf_append_lit(out, "{\"name\":");
	json_put_string(out, sql_col_text(st, 1));
	buf_printf(out, ",\"type\":\"%s\",\"group_type_index\":",
		kind >= 1 && kind <= 3 ? kinds[kind] : "");
	if (index < 0)
		buf_append_lit(out, "null");
	else
		buf_append_i64(out, index);
	buf_append_lit(out, ",\"property_type\":");
	if (sql_col_is_null(st, 5))
		buf_append_lit(out, "null");
	else
		json_put_string(out, sql_col_text(st, 5));
	buf_printf(out, ",\"is_numerical\":%s}\n",
		sql_col_i64(st, 4) != 0 ? "true" : "false");
}

static void
put_pair(struct store_stmt *st, struct buf *out)
{
	buf_append_lit(out, "{\"event\":");
	json_put_string(out, sql_col_text(st, 1));
	buf_append_lit(out, ",\"property\":");
	json_put_string(out, sql_col_text(st, 2));
	buf_append_lit(out, "}\n");
}

int
persondb_list_event_definitions(struct store_conn *c, int64_t project_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e)
{
	return list(c, PERSONDB_LIST_EVENT_DEFINITIONS, put_event, project_id,
		cursor, limit, out, e);
}

int
persondb_list_property_definitions(struct store_conn *c, int64_t project_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e)
{
	return list(c, PERSONDB_LIST_PROPERTY_DEFINITIONS, put_property,
		project_id, cursor, limit, out, e);
}

int
persondb_list_event_properties(struct store_conn *c, int64_t project_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e)
{
	return list(c, PERSONDB_LIST_EVENT_PROPERTIES, put_pair, project_id,
		cursor, limit, out, e);
}
