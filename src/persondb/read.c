#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "persondb/persondb.h"
#include "persondb/sql.h"

#define PAGE_MAX 1000

static int
put_distinct_ids(
	struct store_conn *c, int64_t row_id, struct buf *out, struct err *e)
{
	struct store_stmt *st;
	const char *separator = "";
	int rc;

	if (sql_get(c, &persondb_sql, PERSONDB_IDS_OF_PERSON, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, row_id);
	while ((rc = sql_step(st, e)) > 0) {
		buf_append_str(out, separator);
		json_put_string(out, sql_col_text(st, 1));
		separator = ",";
	}
	return rc;
}

/* One person; st stands on id, uuid, properties, is_identified, version,
 * created_at, last_seen_at. */
static int
put_person(struct store_conn *c, struct store_stmt *st, struct buf *out,
	struct err *e)
{
	struct slice blob = sql_col_blob(st, 1);
	struct uuid u;
	char text[CLOCK_TEXT_MAX];

	if (blob.len != sizeof(u.b))
		return err_set(e, ERR_CORRUPT, "a person's uuid has %zu bytes",
			blob.len);
	memcpy(u.b, blob.p, sizeof(u.b));
	uuid_format(&u, text);
	buf_append_lit(out, "{\"uuid\":\"");
	buf_append(out, text, UUID_TEXT);
	buf_append_lit(out, "\",\"distinct_ids\":[");
	if (put_distinct_ids(c, sql_col_i64(st, 0), out, e) != 0)
		return -(int)e->code;
	buf_append_lit(out, "],\"properties\":");
	buf_append_slice(out, sql_col_text(st, 2));
	clock_format(sql_col_i64(st, 5), CLOCK_ISO_MS, text);
	buf_printf(out,
		",\"is_identified\":%s,\"version\":%lld,\"created_at\":\"%s\"",
		sql_col_i64(st, 3) != 0 ? "true" : "false",
		(long long)sql_col_i64(st, 4), text);
	if (!sql_col_is_null(st, 6)) {
		clock_format(sql_col_i64(st, 6), CLOCK_ISO_MS, text);
		buf_printf(out, ",\"last_seen_at\":\"%s\"", text);
	}
	buf_append_char(out, '}');
	if (out->failed)
		return err_set(e, ERR_TOO_BIG, "the answer is too large");
	return 0;
}

static int
check_limit(int limit, struct err *e)
{
	if (limit < 1 || limit > PAGE_MAX)
		return err_set(e, ERR_INVALID, "limit is 1 to %d", PAGE_MAX);
	return 0;
}

int
persondb_list(struct store_conn *c, int64_t team_id, int64_t *cursor, int limit,
	struct buf *out, struct err *e)
{
	struct store_stmt *st;
	int64_t last = 0;
	int n = 0;
	int rc;

	if (check_limit(limit, e) != 0 ||
		sql_get(c, &persondb_sql, PERSONDB_LIST, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	sql_bind_i64(st, 2, *cursor);
	sql_bind_i64(st, 3, limit);
	while ((rc = sql_step(st, e)) > 0) {
		last = sql_col_i64(st, 0);
		rc = put_person(c, st, out, e);
		if (rc != 0)
			break;
		buf_append_char(out, '\n');
		n++;
	}
	sql_reset(st);
	if (rc == 0)
		*cursor = n == limit ? last : 0;
	return rc;
}

int
persondb_find(struct store_conn *c, int64_t team_id,
	const struct persondb_find *f, int64_t *cursor, int64_t *scanned,
	struct buf *out, struct err *e)
{
	struct store_stmt *st;
	int64_t last = 0;
	bool has_more = false;
	int found = 0;
	int rc;

	*scanned = 0;
	if (check_limit(f->limit, e) != 0 ||
		sql_get(c, &persondb_sql, PERSONDB_FIND, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	sql_bind_i64(st, 2, *cursor);
	sql_bind_i64(st, 3, f->scan_max);
	sql_bind_text(st, 4, f->property);
	sql_bind_i64(st, 5, (int64_t)f->match);
	sql_bind_text(st, 6, f->value.p == NULL ? SLICE_LIT("") : f->value);
	while ((rc = sql_step(st, e)) > 0) {
		last = sql_col_i64(st, 0);
		++*scanned;
		if (sql_col_i64(st, 7) != 0) {
			rc = put_person(c, st, out, e);
			if (rc != 0)
				break;
			buf_append_char(out, '\n');
			found++;
		}
		has_more =
			found == f->limit || clock_mono_ns() > f->deadline_ns;
		if (has_more)
			break;
	}
	sql_reset(st);
	if (rc < 0)
		return rc;
	*cursor = has_more || *scanned == f->scan_max ? last : 0;
	return 0;
}

int
persondb_show(struct store_conn *c, int64_t team_id, struct slice distinct_id,
	struct slice uuid, struct buf *out, struct err *e)
{
	bool by_id = distinct_id.p != NULL;
	struct store_stmt *st;
	struct uuid u;
	int rc;

	if (!by_id && !uuid_parse(uuid, &u))
		return err_set(e, ERR_INVALID, "not a person's uuid");
	if (sql_get(c, &persondb_sql,
		    by_id ? PERSONDB_BY_DISTINCT_ID : PERSONDB_BY_UUID, &st,
		    e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	if (by_id)
		sql_bind_text(st, 2, distinct_id);
	else
		sql_bind_blob(st, 2, slice_of((const char *)u.b, sizeof(u.b)));
	rc = sql_step(st, e);
	if (rc > 0)
		rc = put_person(c, st, out, e);
	else if (rc == 0)
		rc = err_set(e, ERR_NOT_FOUND, "no such person");
	sql_reset(st);
	return rc;
}

/* st stands on id, type, key, properties, version. */
static void
put_group(struct store_stmt *st, struct buf *out)
{
	buf_append_lit(out, "{\"type\":");
	json_put_string(out, sql_col_text(st, 1));
	buf_append_lit(out, ",\"key\":");
	json_put_string(out, sql_col_text(st, 2));
	buf_append_lit(out, ",\"properties\":");
	buf_append_slice(out, sql_col_text(st, 3));
	buf_printf(out, ",\"version\":%lld}", (long long)sql_col_i64(st, 4));
}

static int
list_groups(struct store_conn *c, enum persondb_sql which, int64_t team_id,
	struct slice type, int64_t *cursor, int limit, struct buf *out,
	struct err *e)
{
	struct store_stmt *st;
	int64_t last = 0;
	int n = 0;
	int rc;

	if (check_limit(limit, e) != 0 ||
		sql_get(c, &persondb_sql, (int)which, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	sql_bind_i64(st, 2, *cursor);
	sql_bind_i64(st, 3, limit);
	if (type.p != NULL)
		sql_bind_text(st, 4, type);
	while ((rc = sql_step(st, e)) > 0) {
		last = sql_col_i64(st, 0);
		put_group(st, out);
		buf_append_char(out, '\n');
		n++;
	}
	if (rc < 0)
		return rc;
	if (out->failed)
		return err_set(e, ERR_TOO_BIG, "the answer is too large");
	*cursor = n == limit ? last : 0;
	return 0;
}

int
persondb_list_groups(struct store_conn *c, int64_t team_id, int64_t *cursor,
	int limit, struct buf *out, struct err *e)
{
	return list_groups(c, PERSONDB_LIST_GROUPS, team_id, SLICE_NONE, cursor,
		limit, out, e);
}

int
persondb_list_groups_of(struct store_conn *c, int64_t team_id,
	struct slice type, int64_t *cursor, int limit, struct buf *out,
	struct err *e)
{
	return list_groups(c, PERSONDB_LIST_GROUPS_OF, team_id, type, cursor,
		limit, out, e);
}

int
persondb_show_group(struct store_conn *c, int64_t team_id, struct slice type,
	struct slice key, struct buf *out, struct err *e)
{
	struct store_stmt *st;
	int rc;

	if (sql_get(c, &persondb_sql, PERSONDB_SHOW_GROUP, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	sql_bind_text(st, 2, type);
	sql_bind_text(st, 3, key);
	rc = sql_step(st, e);
	if (rc > 0)
		put_group(st, out);
	sql_reset(st);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no such group");
	return rc < 0 ? rc : 0;
}

int
persondb_group_types(
	struct store_conn *c, int64_t team_id, struct buf *out, struct err *e)
{
	struct store_stmt *st;
	int rc;

	if (sql_get(c, &persondb_sql, PERSONDB_LIST_TYPES, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	while ((rc = sql_step(st, e)) > 0) {
		buf_printf(out, "{\"index\":%lld,\"type\":",
			(long long)sql_col_i64(st, 0));
		json_put_string(out, sql_col_text(st, 1));
		buf_append_lit(out, "}\n");
	}
	return rc;
}

int
persondb_count(struct store_conn *c, int64_t team_id, int64_t *n, struct err *e)
{
	struct store_stmt *st;
	int rc;

	if (sql_get(c, &persondb_sql, PERSONDB_COUNT, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	rc = sql_step(st, e);
	if (rc > 0)
		*n = sql_col_i64(st, 0);
	sql_reset(st);
	return rc < 0 ? rc : 0;
}
