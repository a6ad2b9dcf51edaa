#include "admin/whom.h"

#include <string.h>

#include "base/json_write.h"
#include "base/uuid.h"
#include "person/person.h"

#define IDS_MAX_BYTES ((size_t)100 * 1024)

void
whom_put_literal(struct buf *b, struct slice s)
{
	buf_append_char(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\'' || s.p[i] == '\\')
			buf_append_char(b, '\\');
		buf_append_char(b, s.p[i]);
	}
	buf_append_char(b, '\'');
}

static int
read_person(struct admin_call *c, struct whom *w, struct err *e)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 50000000};
	struct json_doc d;
	uint32_t uuid, ids;

	if (json_parse(c->arena, buf_slice(&w->person), &lim, &d, e) < 0)
		return -(int)e->code;
	uuid = json_member(&d, 0, SLICE_LIT("uuid"));
	ids = json_member(&d, 0, SLICE_LIT("distinct_ids"));
	if (uuid == 0 || ids == 0 || d.nodes[uuid].len != UUID_TEXT)
		return err_set(e, ERR_BUG, "a person without uuid or ids");
	memcpy(w->uuid, json_inner(&d, uuid).p, UUID_TEXT);
	for (uint32_t i = json_first(&d, ids); i < d.nodes[ids].next;
		i = d.nodes[i].next) {
		if (w->ids.len > 0)
			buf_append_char(&w->ids, ',');
		whom_put_literal(&w->ids, json_string(&d, i, c->arena));
	}
	return 0;
}

static void
init(struct whom *w)
{
	memset(w, 0, sizeof(*w));
	w->group_index = -1;
	buf_init(&w->person, ADMIN_ANSWER_MAX_BYTES);
	buf_init(&w->ids, IDS_MAX_BYTES);
}

/* An id without a person may have events all the same. */
int
whom_find(struct admin_call *c, struct whom *w, struct err *e)
{
	bool by_uuid = admin_query_flag(c, "by_uuid");
	struct slice id = c->param[1];
	struct uuid u;
	int rc;

	init(w);
	rc = admin_person_text(c, by_uuid ? SLICE_NONE : id,
		by_uuid ? id : SLICE_NONE, &w->team_id, &w->person, e);
	if (rc == 0)
		return read_person(c, w, e);
	if (rc != -ERR_NOT_FOUND || by_uuid || w->team_id == 0)
		return rc;
	person_uuid(w->team_id, id, &u);
	uuid_format(&u, w->uuid);
	whom_put_literal(&w->ids, id);
	return 0;
}

/* The number of a group type; NOT_FOUND. */
static int
find_type(struct admin_call *c, struct whom *w, struct err *e)
{
	const struct json_limits lim = {8, 1000};
	struct buf lines;
	struct slice left;
	int rc;

	buf_init(&lines, 65536);
	rc = admin_group_types_text(c, &w->team_id, &lines, e);
	left = buf_slice(&lines);
	while (rc == 0 && left.len > 0 && w->group_index < 0) {
		const char *end = memchr(left.p, '\n', left.len);
		size_t n = end == NULL ? left.len : (size_t)(end - left.p);
		struct json_doc d;
		int64_t index;

		rc = json_parse(c->arena, slice_of(left.p, n), &lim, &d, e);
		if (rc == 0 &&
			json_string_eq(&d,
				json_member(&d, 0, SLICE_LIT("type")),
				c->param[1]) &&
			json_i64(&d, json_member(&d, 0, SLICE_LIT("index")),
				&index))
			w->group_index = (int)index;
		n += end != NULL;
		left = slice_of(left.p + n, left.len - n);
	}
	buf_fini(&lines);
	if (rc == 0 && w->group_index < 0)
		rc = err_set(e, ERR_NOT_FOUND, "no such type of groups");
	return rc;
}

int
whom_find_group(struct admin_call *c, struct whom *w, struct err *e)
{
	init(w);
	w->group_key = c->param[2];
	return find_type(c, w, e);
}

void
whom_free(struct whom *w)
{
	buf_fini(&w->person);
	buf_fini(&w->ids);
}

/* The columns of groups have the key as it stands in JSON, without its outer
 * quotes (sql/clickhouse/embedded). */
static void
put_group_condition(struct buf *q, const struct whom *w)
{
	struct buf json;

	buf_init(&json, w->group_key.len * 6 + 3);
	json_put_string(&json, w->group_key);
	buf_printf(q, "team_id = %lld AND `$group_%d` IN (",
		(long long)w->team_id, w->group_index);
	whom_put_literal(q, w->group_key);
	buf_append_lit(q, ", ");
	if (json.len >= 2)
		whom_put_literal(q, slice_of(json.p + 1, json.len - 2));
	else
		buf_fail(q);
	buf_append_char(q, ')');
	buf_fini(&json);
}

/* Rows of events that are the person's: written with it, or with one of the
 * ids that are its own by now (spec clickhouse 5). */
void
whom_put_condition(struct buf *q, const struct whom *w)
{
	if (w->group_index >= 0) {
		put_group_condition(q, w);
		return;
	}
	buf_printf(q, "team_id = %lld AND (person_id = '%s' OR distinct_id IN ",
		(long long)w->team_id, w->uuid);
	if (!w->ids.failed)
		buf_printf(q, "(%.*s))", SLICE_FMT(buf_slice(&w->ids)));
	else
		buf_printf(q,
			"(SELECT distinct_id FROM posthog.person_distinct_id2 "
			"WHERE team_id = %lld GROUP BY distinct_id HAVING "
			"argMax(person_id, version) = '%s' AND "
			"argMax(is_deleted, version) = 0))",
			(long long)w->team_id, w->uuid);
}
