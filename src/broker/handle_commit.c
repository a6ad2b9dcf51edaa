#include "broker/handle.h"

#include "base/clock.h"
#include "broker/group.h"

/* OffsetCommit and OffsetFetch (spec kafka 3.7). A commit is answered after it
 * is durable, and only then seen by OffsetFetch (broker-2). */

#define METADATA_MAX 4096

struct commit_row {
	struct group_offset v;
	struct slice metadata;
	struct commit_part_resp *out;
	struct bpart *part;
	struct commit_row *next;
};

struct commit_work {
	struct broker_job job; /* first */
	struct request *r;
	struct commit_resp resp;
	struct commit_row *rows;
	struct slice group;
};

static int
run_commit(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct commit_work *w = (struct commit_work *)(void *)j;
	struct store_stmt *st;
	int r = 0;

	for (struct commit_row *row = w->rows; row != NULL && r == 0;
		row = row->next) {
		r = sql_get(c, &broker_sql, BROKER_SQL_OFFSET_PUT, &st, e);
		if (r != 0)
			return r;
		sql_bind_text(st, 1, w->group);
		sql_bind_i64(st, 2, row->v.topic);
		sql_bind_i64(st, 3, row->v.idx);
		sql_bind_i64(st, 4, row->v.offset);
		sql_bind_i64(st, 5, row->v.epoch);
		sql_bind_text(st, 6, row->metadata);
		sql_bind_i64(st, 7, row->v.committed_at_us);
		r = sql_run(st, e);
	}
	return r;
}

static enum kerr
kerr_of_commit(enum err_code code)
{
	if (code == ERR_OK)
		return KERR_NONE;
	if (code == ERR_BUSY || code == ERR_TIMEOUT)
		return KERR_TIMED_OUT;
	return KERR_NOT_COORDINATOR;
}

static void
apply(struct broker *b, struct commit_work *w, enum kerr k)
{
	struct group *g = broker_group_find(b, w->group);

	for (struct commit_row *row = w->rows; row != NULL; row = row->next) {
		row->out->error = (int16_t)k;
		if (k != KERR_NONE || g == NULL)
			continue;
		if (!broker_offset_set(g, &row->v, row->metadata))
			row->out->error = KERR_NOT_COORDINATOR;
		else
			broker_offset_floor(b, g, row->part, row->v.offset);
	}
}

static void
on_committed(struct broker *b, struct broker_job *j)
{
	struct commit_work *w = (struct commit_work *)(void *)j;
	struct request *r = w->r;

	apply(b, w, kerr_of_commit(j->result.code));
	broker_request_answer(b, r, &w->resp);
	broker_request_unref(b, r);
}

static enum kerr
check_simple(struct broker *b, const struct commit_req *req)
{
	struct group *g = broker_group_find(b, req->group);

	/* A consumer without membership, or an admin's reset. */
	if (g != NULL && g->state != GROUP_EMPTY && g->protocol_type[0] != '\0')
		return KERR_UNKNOWN_MEMBER;
	return g != NULL || broker_group_make(b, req->group) != NULL
		       ? KERR_NONE
		       : KERR_NOT_COORDINATOR;
}

static enum kerr
check_commit(struct broker *b, const struct request *r)
{
	const struct commit_req *req = r->body;
	struct group *g = broker_group_find(b, req->group);
	struct member *m;

	if (b->is_stopping)
		return KERR_NOT_COORDINATOR;
	if (req->generation < 0 && req->member_id.len == 0)
		return check_simple(b, req);
	m = g == NULL ? NULL : broker_member_find(g, req->member_id);
	if (g != NULL && req->instance_id.p != NULL) {
		struct member *i =
			broker_member_find_instance(g, req->instance_id);

		if (i != NULL && i != m)
			return KERR_FENCED_INSTANCE;
	}
	if (m == NULL || m->is_pending)
		return KERR_UNKNOWN_MEMBER;
	if (req->generation != g->generation)
		return KERR_ILLEGAL_GENERATION;
	if (g->state == GROUP_COMPLETING)
		return KERR_REBALANCING;
	if (m->join == NULL)
		broker_member_touch(b, m, r);
	return KERR_NONE;
}

static bool
add_row(struct broker *b, struct commit_work *w, struct bpart *p,
	const struct commit_part *in, struct commit_part_resp *out)
{
	struct commit_row *row = broker_request_alloc(b, w->r, 1, sizeof(*row));

	if (row == NULL)
		return false;
	row->v = (struct group_offset){.topic = p->topic->row,
		.idx = p->idx,
		.offset = in->offset,
		.epoch = in->leader_epoch,
		.committed_at_us = clock_now_us()};
	row->metadata = in->metadata.p == NULL ? SLICE_LIT("") : in->metadata;
	row->out = out;
	row->part = p;
	row->next = w->rows;
	w->rows = row;
	w->job.job.bytes += 128 + row->metadata.len;
	return true;
}

static bool
take_topic(struct broker *b, struct commit_work *w,
	const struct commit_topic *in, struct commit_topic_resp *out,
	enum kerr k)
{
	const struct commit_part *parts = in->parts.items;
	struct commit_part_resp *rows = broker_request_alloc(
		b, w->r, (size_t)in->parts.n + 1, sizeof(*rows));

	if (rows == NULL)
		return false;
	out->name = in->name;
	out->parts = (struct wire_array){rows, in->parts.n};
	for (int32_t i = 0; i < in->parts.n; i++) {
		struct bpart *p = broker_part_find(b, in->name, parts[i].index);

		rows[i].index = parts[i].index;
		rows[i].error = (int16_t)k;
		if (k != KERR_NONE)
			continue;
		if (p == NULL)
			rows[i].error = KERR_UNKNOWN_TOPIC;
		else if (parts[i].metadata.len > METADATA_MAX)
			rows[i].error = KERR_METADATA_TOO_LARGE;
		else if (!add_row(b, w, p, &parts[i], &rows[i]))
			return false;
	}
	return true;
}

void
broker_handle_commit(struct broker *b, struct request *r)
{
	const struct commit_req *req = r->body;
	const struct commit_topic *topics = req->topics.items;
	struct commit_work *w = broker_request_alloc(b, r, 1, sizeof(*w));
	struct commit_topic_resp *out = broker_request_alloc(
		b, r, (size_t)req->topics.n + 1, sizeof(*out));
	enum kerr k = check_commit(b, r);
	struct err e = {0};

	if (w == NULL || out == NULL)
		return;
	w->r = r;
	w->group = req->group;
	w->resp.topics = (struct wire_array){out, req->topics.n};
	for (int32_t i = 0; i < req->topics.n; i++)
		if (!take_topic(b, w, &topics[i], &out[i], k))
			return;
	if (w->rows == NULL) {
		broker_request_answer(b, r, &w->resp);
		return;
	}
	w->job.job.run = run_commit;
	w->job.finish = on_committed;
	if (broker_job_submit(b, b->files[TOPIC_BROKER], &w->job, &e) != 0) {
		apply(b, w, kerr_of_commit(e.code));
		broker_request_answer(b, r, &w->resp);
		return;
	}
	broker_request_ref(r);
}

static void
fill_part(struct broker *b, const struct group *g, struct slice topic,
	int32_t idx, struct offset_fetch_part_resp *out)
{
	struct btopic *t = broker_topic_find(b, topic);
	struct group_offset *o =
		t == NULL || g == NULL || t->state != TOPIC_LIVE
			? NULL
			: broker_offset_find(g, t->row, idx);

	*out = (struct offset_fetch_part_resp){.index = idx,
		.offset = -1,
		.leader_epoch = -1,
		.metadata = SLICE_LIT("")};
	if (o == NULL)
		return;
	out->offset = o->offset;
	out->leader_epoch = o->epoch;
	out->metadata = slice_str(o->metadata);
}

static bool
fetch_asked(struct broker *b, struct request *r, const struct group *g,
	const struct wire_array *in, struct wire_array *out)
{
	const struct offset_fetch_topic *topics = in->items;
	struct offset_fetch_topic_resp *rows =
		broker_request_alloc(b, r, (size_t)in->n + 1, sizeof(*rows));

	if (rows == NULL)
		return false;
	*out = (struct wire_array){rows, in->n};
	for (int32_t i = 0; i < in->n; i++) {
		const int32_t *idx = topics[i].parts.items;
		int32_t n = topics[i].parts.n;
		struct offset_fetch_part_resp *parts = broker_request_alloc(
			b, r, (size_t)n + 1, sizeof(*parts));

		if (parts == NULL)
			return false;
		rows[i].name = topics[i].name;
		rows[i].parts = (struct wire_array){parts, n};
		for (int32_t p = 0; p < n; p++)
			fill_part(b, g, topics[i].name, idx[p], &parts[p]);
	}
	return true;
}

static int32_t
count_committed(const struct group *g, const struct btopic *t)
{
	int32_t n = 0;

	for (int32_t i = 0; i < t->n_parts; i++)
		if (broker_offset_find(g, t->row, i) != NULL)
			n++;
	return n;
}

static bool
fetch_all(struct broker *b, struct request *r, const struct group *g,
	struct wire_array *out)
{
	struct offset_fetch_topic_resp *rows = broker_request_alloc(
		b, r, (size_t)b->n_topics + 1, sizeof(*rows));

	if (rows == NULL)
		return false;
	*out = (struct wire_array){rows, 0};
	for (struct btopic *t = b->all_topics; t != NULL && g != NULL;
		t = t->next) {
		int32_t n = t->state == TOPIC_LIVE ? count_committed(g, t) : 0;
		struct offset_fetch_part_resp *parts;

		if (n == 0)
			continue;
		parts = broker_request_alloc(b, r, (size_t)n, sizeof(*parts));
		if (parts == NULL)
			return false;
		rows[out->n].name = slice_str(t->name);
		rows[out->n++].parts = (struct wire_array){parts, n};
		n = 0;
		for (int32_t i = 0; i < t->n_parts; i++)
			if (broker_offset_find(g, t->row, i) != NULL)
				fill_part(b, g, slice_str(t->name), i,
					&parts[n++]);
	}
	return true;
}

static bool
fetch_topics(struct broker *b, struct request *r, struct slice group,
	const struct wire_array *in, struct wire_array *out)
{
	const struct group *g = broker_group_find(b, group);

	/* Version 1 has no null: an empty list asks for nothing there. */
	return in->n < 0 ? fetch_all(b, r, g, out)
			 : fetch_asked(b, r, g, in, out);
}

void
broker_handle_offset_fetch(struct broker *b, struct request *r)
{
	const struct offset_fetch_req *req = r->body;
	const struct offset_fetch_group *groups = req->groups.items;
	struct offset_fetch_resp resp = {0};
	struct offset_fetch_group_resp *out = broker_request_alloc(
		b, r, (size_t)req->groups.n + 1, sizeof(*out));

	if (out == NULL)
		return;
	if (r->version < 8 &&
		!fetch_topics(b, r, req->group, &req->topics, &resp.topics))
		return;
	resp.groups = (struct wire_array){out, req->groups.n};
	for (int32_t i = 0; i < req->groups.n; i++) {
		out[i].group = groups[i].group;
		if (!fetch_topics(b, r, groups[i].group, &groups[i].topics,
			    &out[i].topics))
			return;
	}
	if (b->is_stopping)
		resp.error = KERR_NOT_COORDINATOR;
	broker_request_answer(b, r, &resp);
}
