#include "broker/handle.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/uuid.h"
#include "broker/group.h"

/* JoinGroup (spec kafka 3.2). */

#define VERSION_OF_MEMBER_ID 4
#define VERSION_OF_SKIP 9

/* "<prefix>-<uuid>", to be freed. */
static char *
new_member_id(struct slice prefix)
{
	char *id = mem_zalloc(1, prefix.len + UUID_TEXT + 2);
	struct uuid u;

	if (id == NULL)
		return NULL;
	if (prefix.len > 0)
		memcpy(id, prefix.p, prefix.len);
	id[prefix.len] = '-';
	uuid_v4(&u);
	uuid_format(&u, id + prefix.len + 1);
	return id;
}

static char *
dup_text(struct slice s)
{
	char *p = mem_zalloc(1, s.len + 1);

	if (p != NULL && s.len > 0)
		memcpy(p, s.p, s.len);
	return p;
}

static enum kerr
check_join(const struct broker *b, const struct join_req *req)
{
	const struct join_protocol *p = req->protocols.items;
	size_t bytes = 0;

	if (b->is_stopping)
		return KERR_NOT_COORDINATOR;
	if (req->group.len == 0 || req->group.len > GROUP_NAME_MAX)
		return KERR_INVALID_GROUP;
	if (req->session_ms < GROUP_SESSION_MS_MIN ||
		req->session_ms > GROUP_SESSION_MS_MAX)
		return KERR_INVALID_SESSION;
	for (int32_t i = 0; i < req->protocols.n; i++)
		bytes += p[i].name.len + p[i].metadata.len;
	if (req->protocol_type.len == 0 || req->protocols.n < 1 ||
		req->protocols.n > GROUP_PROTOCOLS_MAX ||
		bytes > GROUP_METADATA_MAX)
		return KERR_INCONSISTENT_PROTOCOL;
	return KERR_NONE;
}

/* Takes over what the request says of the member. */
static bool
update_member(struct member *m, const struct request *r)
{
	const struct join_req *req = r->body;
	char *client = dup_text(r->client_id);

	if (client == NULL || !broker_member_set_protocols(m, req)) {
		mem_free(client);
		return false;
	}
	mem_free(m->client_id);
	m->client_id = client;
	m->session_ms = req->session_ms;
	m->rebalance_ms =
		req->rebalance_ms < 0 ? req->session_ms : req->rebalance_ms;
	if (m->rebalance_ms > GROUP_SESSION_MS_MAX)
		m->rebalance_ms = GROUP_SESSION_MS_MAX;
	if (r->conn != NULL) {
		m->conn_id = r->conn->id;
		m->host[0] = '/';
		net_addr_format(&r->conn->peer, m->host + 1);
	}
	return true;
}

static bool
set_type(struct group *g, struct slice type)
{
	char *t;

	if (slice_eq_str(type, g->protocol_type))
		return true;
	t = dup_text(type);
	if (t == NULL)
		return false;
	mem_free(g->protocol_type);
	g->protocol_type = t;
	return true;
}

/* A member that waits in the join phase; starts the phase if there is none. */
static void
join_and_park(struct broker *b, struct request *r, struct member *m)
{
	struct group *g = m->group;

	broker_join_park(b, r, m);
	if (g->state != GROUP_PREPARING)
		broker_group_prepare(b, g);
	else
		broker_group_maybe_complete(b, g);
}

static void
join_new(struct broker *b, struct request *r, struct member *m)
{
	const struct join_req *req = r->body;
	struct group *g = m->group;

	if (!update_member(m, r) || !set_type(g, req->protocol_type)) {
		broker_join_refuse(b, r, KERR_NOT_COORDINATOR, req->member_id);
		return;
	}
	if (m->is_pending) {
		m->is_pending = false;
		g->n_pending--;
	}
	if (g->state == GROUP_PREPARING && g->is_initial)
		g->has_new = true;
	join_and_park(b, r, m);
}

static void
join_pending(struct broker *b, struct request *r, struct member *m)
{
	const struct join_req *req = r->body;

	m->session_ms = req->session_ms;
	m->client_id = dup_text(r->client_id);
	broker_member_touch(b, m, r);
	broker_join_refuse(b, r, KERR_MEMBER_ID_REQUIRED, slice_str(m->id));
}

/* A static member came back under a new id (spec kafka 3.2 point 3). */
static void
join_replace(struct broker *b, struct request *r, struct member *m)
{
	const struct join_req *req = r->body;
	struct group *g = m->group;
	char *id = new_member_id(req->instance_id);
	char *old = m->id;
	bool same = broker_member_has_same_protocols(m, req);

	if (id == NULL || !update_member(m, r)) {
		mem_free(id);
		broker_join_refuse(b, r, KERR_NOT_COORDINATOR, req->member_id);
		return;
	}
	if (m->join != NULL)
		broker_join_refuse(
			b, m->join, KERR_FENCED_INSTANCE, slice_str(old));
	if (m->sync != NULL)
		broker_sync_answer(b, m->sync, NULL, KERR_FENCED_INSTANCE);
	m->id = id;
	if (g->state == GROUP_STABLE && same &&
		(g->leader != m || r->version >= VERSION_OF_SKIP)) {
		broker_join_answer(b, r, m, g->leader == m);
		(void)!broker_group_save(b, g, NULL);
	} else {
		join_and_park(b, r, m);
	}
	mem_free(old);
}

static void
join_without_id(struct broker *b, struct request *r, struct group *g)
{
	const struct join_req *req = r->body;
	bool is_static = req->instance_id.p != NULL;
	struct member *m = NULL;

	if (is_static)
		m = broker_member_find_instance(g, req->instance_id);
	if (m != NULL) {
		join_replace(b, r, m);
		return;
	}
	if (g->n_members >= GROUP_MEMBERS_MAX || b->n_members >= MEMBERS_MAX) {
		broker_join_refuse(b, r, KERR_GROUP_FULL, SLICE_LIT(""));
		return;
	}
	m = broker_member_new(b, g,
		new_member_id(is_static ? req->instance_id : r->client_id));
	if (m != NULL && is_static)
		m->instance_id = dup_text(req->instance_id);
	if (m == NULL || (is_static && m->instance_id == NULL)) {
		if (m != NULL)
			broker_member_remove(b, m, KERR_NOT_COORDINATOR);
		broker_join_refuse(b, r, KERR_NOT_COORDINATOR, SLICE_LIT(""));
		return;
	}
	if (!is_static && r->version >= VERSION_OF_MEMBER_ID)
		join_pending(b, r, m);
	else
		join_new(b, r, m);
}

static void
join_known(struct broker *b, struct request *r, struct member *m)
{
	const struct join_req *req = r->body;
	struct group *g = m->group;
	bool same = broker_member_has_same_protocols(m, req);

	if (m->is_pending) {
		join_new(b, r, m);
		return;
	}
	if (g->state == GROUP_COMPLETING && same) {
		broker_join_answer(b, r, m, false);
		return;
	}
	if (g->state == GROUP_STABLE && same && g->leader != m) {
		broker_join_answer(b, r, m, false);
		return;
	}
	if (!update_member(m, r)) {
		broker_join_refuse(b, r, KERR_NOT_COORDINATOR, req->member_id);
		return;
	}
	join_and_park(b, r, m);
}

void
broker_handle_join(struct broker *b, struct request *r)
{
	const struct join_req *req = r->body;
	enum kerr k = check_join(b, req);
	struct group *g = NULL;
	struct member *m = NULL;

	if (k == KERR_NONE) {
		g = req->member_id.len == 0 ? broker_group_make(b, req->group)
					    : broker_group_find(b, req->group);
		if (g == NULL)
			k = req->member_id.len == 0 ? KERR_GROUP_FULL
						    : KERR_UNKNOWN_MEMBER;
	}
	if (k == KERR_NONE && req->member_id.len > 0) {
		m = broker_member_find(g, req->member_id);
		if (broker_member_is_fenced(g, req->instance_id, m))
			k = KERR_FENCED_INSTANCE;
		else if (m == NULL)
			k = KERR_UNKNOWN_MEMBER;
	}
	if (k == KERR_NONE && !broker_group_accepts(g, req))
		k = KERR_INCONSISTENT_PROTOCOL;
	if (k != KERR_NONE)
		broker_join_refuse(b, r, k,
			req->member_id.p == NULL ? SLICE_LIT("")
						 : req->member_id);
	else if (m == NULL)
		join_without_id(b, r, g);
	else
		join_known(b, r, m);
}
