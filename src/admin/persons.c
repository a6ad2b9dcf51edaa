#include "admin/person_store.h"
#include "privacy/privacy.h"
#include "team/team.h"

int
admin_persons_begin(struct admin_call *c, int64_t *team_id,
	struct admin_persons *p, struct err *e)
{
	const struct team_snapshot *snap;
	const struct team *team;
	int rc;

	if (c->a->o.state == NULL)
		return admin_persons_open(c->a, p, e); /* says so */
	rc = admin_project(c, &snap, &team, e);
	if (rc < 0)
		return rc;
	*team_id = team->id;
	team_snapshot_unref(snap);
	return admin_persons_open(c->a, p, e);
}

void
admin_put_page(
	struct admin_call *c, struct buf *lines, int64_t next, const char *more)
{
	if (lines->len > 0 && lines->p[lines->len - 1] == '\n')
		lines->len--;
	for (size_t i = 0; i < lines->len; i++)
		if (lines->p[i] == '\n')
			lines->p[i] = ',';
	buf_append_lit(&c->out, "{\"items\":[");
	buf_append_slice(&c->out, buf_slice(lines));
	if (next == 0)
		buf_printf(&c->out, "],\"next\":null%s}\n", more);
	else
		buf_printf(&c->out, "],\"next\":\"%lld\"%s}\n", (long long)next,
			more);
}

static int
list(struct admin_call *c, enum admin_list what, struct err *e)
{
	struct slice type = admin_query(c, "type");
	struct admin_persons p;
	struct buf lines;
	int64_t cursor = 0;
	int64_t limit = 100;
	int64_t team_id;
	int rc = admin_query_i64(c, "cursor", 0, INT64_MAX, &cursor, e);

	if (rc == 0)
		rc = admin_query_i64(c, "limit", 1, ADMIN_PAGE_MAX, &limit, e);
	if (rc == 0)
		rc = admin_persons_begin(c, &team_id, &p, e);
	if (rc < 0)
		return rc;
	buf_init(&lines, ADMIN_ANSWER_MAX_BYTES);
	/* A few persons may be large, so pages are made of small steps. */
	do {
		int64_t step = limit < 20 ? limit : 20;

		if (what == ADMIN_LIST_GROUPS && type.p != NULL)
			rc = admin_persons_groups_of(&p, team_id, type, &cursor,
				(int)step, &lines, e);
		else
			rc = admin_persons_page(&p, what, team_id, &cursor,
				(int)step, &lines, e);
		limit -= step;
	} while (rc == 0 && cursor != 0 && limit > 0 &&
		 lines.len < ADMIN_PAGE_BYTES);
	admin_persons_close(&p);
	if (rc == 0 && lines.failed)
		rc = err_set(e, ERR_TOO_BIG, "the page is too large");
	if (rc == 0)
		admin_put_page(c, &lines, cursor, "");
	buf_fini(&lines);
	return rc;
}

int
admin_person_text(struct admin_call *c, struct slice distinct_id,
	struct slice uuid, int64_t *team_id, struct buf *text, struct err *e)
{
	struct admin_persons p;
	int rc = admin_persons_begin(c, team_id, &p, e);

	if (rc < 0)
		return rc;
	rc = admin_persons_one(&p, *team_id, distinct_id, uuid, text, e);
	admin_persons_close(&p);
	return rc;
}

static int
show_person(struct admin_call *c, struct slice distinct_id, struct slice uuid,
	bool as_list, struct err *e)
{
	struct buf text;
	int64_t team_id;
	int rc;

	buf_init(&text, ADMIN_ANSWER_MAX_BYTES);
	rc = admin_person_text(c, distinct_id, uuid, &team_id, &text, e);
	if (as_list && (rc == 0 || rc == -ERR_NOT_FOUND)) {
		admin_put_page(c, &text, 0, "");
		rc = 0;
	} else if (rc == 0) {
		buf_append_slice(&c->out, buf_slice(&text));
	}
	buf_fini(&text);
	return rc;
}

int
admin_persons_list(struct admin_call *c, struct err *e)
{
	struct slice distinct_id = admin_query(c, "distinct_id");

	if (distinct_id.p != NULL)
		return show_person(c, distinct_id, SLICE_NONE, true, e);
	if (admin_query(c, "property").p != NULL)
		return admin_persons_search(c, e);
	return list(c, ADMIN_LIST_PERSONS, e);
}

int
admin_persons_show(struct admin_call *c, struct err *e)
{
	if (admin_query_flag(c, "by_uuid"))
		return show_person(c, SLICE_NONE, c->param[1], false, e);
	return show_person(c, c->param[1], SLICE_NONE, false, e);
}

int
admin_persons_delete(struct admin_call *c, struct err *e)
{
	bool by_uuid = admin_query_flag(c, "by_uuid");
	struct privacy_request q = {
		.distinct_id = by_uuid ? SLICE_NONE : c->param[1],
		.uuid = by_uuid ? c->param[1] : SLICE_NONE,
		.with_events = admin_query_flag(c, "with_events"),
	};
	const struct team_snapshot *snap;
	const struct team *team;
	int rc;

	if (c->a->o.privacy == NULL)
		return err_set(
			e, ERR_UNAVAILABLE, "persons need the running daemon");
	rc = admin_project(c, &snap, &team, e);
	if (rc < 0)
		return rc;
	q.team_id = team->id;
	team_snapshot_unref(snap);
	return privacy_delete(c->a->o.privacy, &q, &c->out, e);
}

/* How far a deletion is. */
int
admin_erasure(struct admin_call *c, struct err *e)
{
	int64_t task;
	int rc = admin_param_i64(c, 0, "id", &task, e);

	if (rc < 0)
		return rc;
	if (c->a->o.privacy == NULL)
		return err_set(
			e, ERR_UNAVAILABLE, "persons need the running daemon");
	return privacy_report(c->a->o.privacy, task, &c->out, e);
}

int
admin_groups_list(struct admin_call *c, struct err *e)
{
	return list(c, ADMIN_LIST_GROUPS, e);
}

int
admin_groups_show(struct admin_call *c, struct err *e)
{
	struct admin_persons p;
	int64_t team_id;
	int rc = admin_persons_begin(c, &team_id, &p, e);

	if (rc < 0)
		return rc;
	rc = admin_persons_group(
		&p, team_id, c->param[1], c->param[2], &c->out, e);
	admin_persons_close(&p);
	return rc;
}

int
admin_group_types_text(struct admin_call *c, int64_t *team_id,
	struct buf *lines, struct err *e)
{
	struct admin_persons p;
	int rc = admin_persons_begin(c, team_id, &p, e);

	if (rc < 0)
		return rc;
	rc = admin_persons_types(&p, *team_id, lines, e);
	admin_persons_close(&p);
	return rc;
}

int
admin_group_types(struct admin_call *c, struct err *e)
{
	struct buf lines;
	int64_t team_id;
	int rc;

	buf_init(&lines, ADMIN_ANSWER_MAX_BYTES);
	rc = admin_group_types_text(c, &team_id, &lines, e);
	if (rc == 0)
		admin_put_page(c, &lines, 0, "");
	buf_fini(&lines);
	return rc;
}

int
admin_event_definitions(struct admin_call *c, struct err *e)
{
	return list(c, ADMIN_LIST_EVENTS, e);
}

int
admin_property_definitions(struct admin_call *c, struct err *e)
{
	return list(c, ADMIN_LIST_PROPERTIES, e);
}

int
admin_event_properties(struct admin_call *c, struct err *e)
{
	return list(c, ADMIN_LIST_EVENT_PROPERTIES, e);
}
