#include "broker/group.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "topic/wire.h"

/*
 * Groups and offsets in broker.db. grp.members, members back to back, integers
 * big-endian, a length of 0xffffffff is null:
 *
 *   u32 length, member id; u32 length, instance id; u32 length, client id;
 *   u32 length, host; i32 session ms; i32 rebalance ms;
 *   u32 length, metadata of the group's protocol; u32 length, assignment
 *
 * A group is written when its assignment is known and when it becomes empty;
 * so a generation that clients acted on never comes back lower (broker-6).
 */
#define MEMBERS_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define NULL_LENGTH UINT32_MAX
#define GRACE_AFTER_START_MS 2000 /* local members whose child may be gone */

struct group_save {
	struct broker_job job; /* first */
	char *name, *protocol_type, *protocol, *leader;
	int32_t generation;
	enum group_state state;
	struct buf members;
	void (*finish)(
		struct broker *b, struct group *g, int32_t generation, bool ok);
};

static void
put_u32(struct buf *b, uint32_t v)
{
	char t[4];

	wire_put_u32(t, v);
	buf_append(b, t, 4);
}

static void
put_slice(struct buf *b, struct slice s)
{
	put_u32(b, s.p == NULL ? NULL_LENGTH : (uint32_t)s.len);
	buf_append_slice(b, s);
}

static void
pack_members(struct buf *out, const struct group *g)
{
	for (const struct member *m = g->members; m != NULL; m = m->next) {
		if (m->is_pending)
			continue;
		put_slice(out, slice_str(m->id));
		put_slice(out, slice_str(m->instance_id));
		put_slice(out, slice_str(m->client_id));
		put_slice(out, slice_str(m->host));
		put_u32(out, (uint32_t)m->session_ms);
		put_u32(out, (uint32_t)m->rebalance_ms);
		put_slice(out, broker_member_metadata(m, g->protocol));
		put_slice(out, slice_of(m->assignment, m->assignment_len));
	}
}

static void
free_save(struct group_save *s)
{
	mem_free(s->name);
	mem_free(s->protocol_type);
	mem_free(s->protocol);
	mem_free(s->leader);
	buf_fini(&s->members);
	mem_free(s);
}

static int
run_save(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct group_save *s = (struct group_save *)(void *)j;
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_GROUP_PUT, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(s->name));
	sql_bind_i64(st, 2, s->state);
	sql_bind_i64(st, 3, s->generation);
	sql_bind_text(st, 4, slice_str(s->protocol_type));
	sql_bind_text(st, 5, slice_str(s->protocol));
	sql_bind_text(st, 6, slice_str(s->leader));
	sql_bind_blob(st, 7,
		s->members.len == 0 ? SLICE_LIT("") : buf_slice(&s->members));
	sql_bind_i64(st, 8, clock_now_us());
	return sql_run(st, e);
}

static void
on_saved(struct broker *b, struct broker_job *j)
{
	struct group_save *s = (struct group_save *)(void *)j;
	struct group *g = broker_group_find(b, slice_str(s->name));
	bool ok = j->result.code == ERR_OK;

	if (!ok)
		log_error("broker_group_not_saved", "group=%s text=%s",
			log_q(s->name), log_q(j->result.text));
	if (g != NULL && s->finish != NULL)
		s->finish(b, g, s->generation, ok);
	free_save(s);
}

bool
broker_group_save(struct broker *b, struct group *g,
	void (*finish)(struct broker *, struct group *, int32_t, bool))
{
	struct group_save *s = mem_new(struct group_save);
	struct err e;

	if (s == NULL)
		return false;
	buf_init(&s->members, MEMBERS_BYTES_MAX);
	s->name = mem_strdup(g->name);
	s->protocol_type = mem_strdup(g->protocol_type);
	s->protocol = mem_strdup(g->protocol);
	s->leader = mem_strdup(g->leader == NULL ? "" : g->leader->id);
	s->generation = g->generation;
	/* On disk a group that is being assigned is stable: the row is only
	 * acted on once it is committed. */
	s->state = g->state == GROUP_EMPTY ? GROUP_EMPTY : GROUP_STABLE;
	s->finish = finish;
	pack_members(&s->members, g);
	s->job.job.run = run_save;
	s->job.job.bytes = 256 + s->members.len;
	s->job.finish = on_saved;
	if (s->name == NULL || s->protocol_type == NULL ||
		s->protocol == NULL || s->leader == NULL || s->members.failed ||
		broker_job_submit(b, b->files[TOPIC_BROKER], &s->job, &e) !=
			0) {
		free_save(s);
		return false;
	}
	return true;
}

struct unpacker {
	const char *p, *end;
	bool failed;
};

static uint32_t
get_u32(struct unpacker *u)
{
	uint32_t v;

	if (u->failed || u->end - u->p < 4) {
		u->failed = true;
		return 0;
	}
	v = wire_get_u32(u->p);
	u->p += 4;
	return v;
}

static struct slice
get_slice(struct unpacker *u)
{
	uint32_t n = get_u32(u);
	struct slice s;

	if (n == NULL_LENGTH || u->failed)
		return SLICE_NONE;
	if (n > (size_t)(u->end - u->p)) {
		u->failed = true;
		return SLICE_NONE;
	}
	s = slice_of(u->p, n);
	u->p += n;
	return s;
}

static char *
dup_slice(struct slice s)
{
	char *p = s.p == NULL ? NULL : mem_zalloc(1, s.len + 1);

	if (p != NULL)
		memcpy(p, s.p, s.len);
	return p;
}

static bool
unpack_member(struct broker *b, struct group *g, struct unpacker *u)
{
	struct slice id = get_slice(u), instance = get_slice(u);
	struct slice client = get_slice(u), host = get_slice(u);
	int32_t session_ms = (int32_t)get_u32(u);
	int32_t rebalance_ms = (int32_t)get_u32(u);
	struct slice metadata = get_slice(u), assignment = get_slice(u);
	struct join_protocol proto = {slice_str(g->protocol),
		metadata.p == NULL ? SLICE_LIT("") : metadata};
	struct join_req req = {.protocols = {&proto, 1}};
	struct member *m;

	if (u->failed || id.p == NULL)
		return false;
	m = broker_member_new(b, g, dup_slice(id));
	if (m == NULL)
		return false;
	m->is_pending = false;
	g->n_pending--;
	m->instance_id = dup_slice(instance);
	m->client_id = dup_slice(client);
	if (host.len < sizeof(m->host) && host.p != NULL)
		memcpy(m->host, host.p, host.len);
	m->session_ms = session_ms;
	m->rebalance_ms = rebalance_ms;
	m->assignment = dup_slice(assignment);
	m->assignment_len = m->assignment == NULL ? 0 : assignment.len;
	broker_member_touch(b, m, NULL);
	if (g->is_local)
		broker_timer_set(&b->timers, &m->session,
			broker_now_ns() + GRACE_AFTER_START_MS * TIMER_MS);
	return broker_member_set_protocols(m, &req);
}

static bool
set_text(char **at, struct slice s)
{
	char *p = dup_slice(s.p == NULL ? SLICE_LIT("") : s);

	if (p == NULL)
		return false;
	mem_free(*at);
	*at = p;
	return true;
}

static int
load_group(struct broker *b, struct store_stmt *st, struct err *e)
{
	struct slice members = sql_col_blob(st, 6);
	struct unpacker u = {members.p, members.p + members.len, false};
	struct group *g = broker_group_make(b, sql_col_text(st, 0));

	if (g == NULL || !set_text(&g->protocol_type, sql_col_text(st, 3)) ||
		!set_text(&g->protocol, sql_col_text(st, 4)))
		return err_set(e, ERR_NO_MEMORY, "no memory for the groups");
	g->generation = (int32_t)sql_col_i64(st, 2);
	g->changed_at_us = sql_col_i64(st, 7);
	while (u.p < u.end)
		if (!unpack_member(b, g, &u))
			return err_set(e, ERR_CORRUPT,
				"broker.db: group %s has malformed members",
				g->name);
	g->leader = broker_member_find(g, sql_col_text(st, 5));
	if (g->leader == NULL)
		g->leader = g->members;
	g->state = g->n_members == 0 ? GROUP_EMPTY : GROUP_STABLE;
	return 0;
}

static int
load_offset(struct broker *b, struct store_stmt *st, struct err *e)
{
	struct group *g = broker_group_make(b, sql_col_text(st, 0));
	struct group_offset v = {.topic = sql_col_i64(st, 1),
		.idx = (int32_t)sql_col_i64(st, 2),
		.offset = sql_col_i64(st, 3),
		.epoch = (int32_t)sql_col_i64(st, 4),
		.committed_at_us = sql_col_i64(st, 6)};

	if (g == NULL || !broker_offset_set(g, &v, sql_col_text(st, 5)))
		return err_set(e, ERR_NO_MEMORY, "no memory for the offsets");
	for (struct btopic *t = b->all_topics; t != NULL; t = t->next)
		if (t->row == v.topic && v.idx < t->n_parts)
			broker_offset_floor(b, g, &t->parts[v.idx], v.offset);
	return 0;
}

struct load_job {
	struct store_job job;
	struct broker *b;
};

static int
run_load(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct broker *b = ((struct load_job *)(void *)j)->b;
	int r = broker_load_rows(b, c, BROKER_SQL_GROUP_ALL, load_group, e);

	return r != 0 ? r
		      : broker_load_rows(
				b, c, BROKER_SQL_OFFSET_ALL, load_offset, e);
}

int
broker_groups_load(struct broker *b, struct err *e)
{
	struct load_job j = {.job = {.bytes = 64, .run = run_load}, .b = b};

	broker_offset_floors_init(b);
	return store_call(b->files[TOPIC_BROKER], &j.job, e);
}
