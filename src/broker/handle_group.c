#include "broker/handle.h"

#include "base/mem.h"
#include "broker/group.h"

/* SyncGroup, Heartbeat, LeaveGroup (spec kafka 3.3 to 3.5). */

/* Group, member, instance and generation of Sync, Heartbeat and Commit. */
static enum kerr
check_member(struct broker *b, struct slice group, struct slice member_id,
	struct slice instance_id, int32_t generation, struct member **out)
{
	struct group *g;
	struct member *m;

	if (b->is_stopping)
		return KERR_NOT_COORDINATOR;
	if (group.len == 0)
		return KERR_INVALID_GROUP;
	g = broker_group_find(b, group);
	if (g == NULL)
		return KERR_UNKNOWN_MEMBER;
	m = broker_member_find(g, member_id);
	if (broker_member_is_fenced(g, instance_id, m))
		return KERR_FENCED_INSTANCE;
	if (m == NULL || m->is_pending)
		return KERR_UNKNOWN_MEMBER;
	if (generation != g->generation)
		return KERR_ILLEGAL_GENERATION;
	*out = m;
	return KERR_NONE;
}

static bool
take_assignments(struct group *g, const struct sync_req *req)
{
	const struct sync_assignment *in = req->assignments.items;
	size_t bytes = 0;

	for (struct member *m = g->members; m != NULL; m = m->next) {
		mem_free(m->assignment);
		m->assignment = NULL;
		m->assignment_len = 0;
	}
	for (int32_t i = 0; i < req->assignments.n; i++) {
		struct member *m = broker_member_find(g, in[i].member_id);

		bytes += in[i].assignment.len;
		if (bytes > GROUP_ASSIGNMENTS_MAX)
			return false;
		if (m == NULL || in[i].assignment.len == 0)
			continue;
		mem_free(m->assignment);
		m->assignment =
			mem_dup(in[i].assignment.p, in[i].assignment.len);
		if (m->assignment == NULL)
			return false;
		m->assignment_len = in[i].assignment.len;
	}
	return true;
}

static void
sync_completing(struct broker *b, struct request *r, struct member *m)
{
	struct group *g = m->group;

	broker_sync_park(b, r, m);
	if (g->leader != m || g->is_saving)
		return;
	if (!take_assignments(g, r->body)) {
		broker_group_prepare(b, g); /* answers all syncs */
		return;
	}
	broker_group_save_assignment(b, g);
}

void
broker_handle_sync(struct broker *b, struct request *r)
{
	const struct sync_req *req = r->body;
	struct member *m = NULL;
	enum kerr k = check_member(b, req->group, req->member_id,
		req->instance_id, req->generation, &m);

	if (k == KERR_NONE && ((req->protocol_type.p != NULL &&
				       !slice_eq_str(req->protocol_type,
					       m->group->protocol_type)) ||
				      (req->protocol.p != NULL &&
					      !slice_eq_str(req->protocol,
						      m->group->protocol))))
		k = KERR_INCONSISTENT_PROTOCOL;
	if (k != KERR_NONE) {
		broker_sync_answer(b, r, NULL, k);
		return;
	}
	broker_member_touch(b, m, r);
	switch (m->group->state) {
	case GROUP_EMPTY:
		broker_sync_answer(b, r, NULL, KERR_UNKNOWN_MEMBER);
		break;
	case GROUP_PREPARING:
		broker_sync_answer(b, r, NULL, KERR_REBALANCING);
		break;
	case GROUP_COMPLETING:
		sync_completing(b, r, m);
		break;
	case GROUP_STABLE:
		broker_sync_answer(b, r, m, KERR_NONE);
		break;
	}
}

void
broker_handle_heartbeat(struct broker *b, struct request *r)
{
	const struct heartbeat_req *req = r->body;
	struct member *m = NULL;
	struct heartbeat_resp resp = {0};
	enum kerr k = check_member(b, req->group, req->member_id,
		req->instance_id, req->generation, &m);

	if (k == KERR_NONE) {
		broker_member_touch(b, m, r);
		if (m->group->state == GROUP_PREPARING)
			k = KERR_REBALANCING;
	}
	resp.error = (int16_t)k;
	broker_request_answer(b, r, &resp);
}

static enum kerr
leave_one(struct broker *b, struct group *g, struct slice member_id,
	struct slice instance_id)
{
	struct member *m;

	if (g == NULL)
		return KERR_UNKNOWN_MEMBER;
	m = member_id.len == 0 && instance_id.p != NULL
		    ? broker_member_find_instance(g, instance_id)
		    : broker_member_find(g, member_id);
	if (broker_member_is_fenced(g, instance_id, m))
		return KERR_FENCED_INSTANCE;
	if (m == NULL)
		return KERR_UNKNOWN_MEMBER;
	broker_member_remove(b, m, KERR_UNKNOWN_MEMBER);
	broker_group_member_left(b, g);
	return KERR_NONE;
}

void
broker_handle_leave(struct broker *b, struct request *r)
{
	const struct leave_req *req = r->body;
	const struct leave_member *in = req->members.items;
	struct group *g = broker_group_find(b, req->group);
	struct leave_resp resp = {.members = {NULL, req->members.n}};
	struct leave_member_resp *rows = broker_request_alloc(
		b, r, (size_t)req->members.n + 1, sizeof(*rows));

	if (rows == NULL)
		return;
	resp.members.items = rows;
	if (b->is_stopping)
		resp.error = KERR_NOT_COORDINATOR;
	else if (req->group.len == 0)
		resp.error = KERR_INVALID_GROUP;
	else if (r->version < 3)
		resp.error =
			(int16_t)leave_one(b, g, req->member_id, SLICE_NONE);
	for (int32_t i = 0; i < req->members.n; i++) {
		rows[i].member_id = in[i].member_id;
		rows[i].instance_id = in[i].instance_id;
		rows[i].error = resp.error != 0 ? resp.error
						: (int16_t)leave_one(b, g,
							  in[i].member_id,
							  in[i].instance_id);
	}
	broker_request_answer(b, r, &resp);
}
