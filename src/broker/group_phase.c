#include "broker/group.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

/* Parked requests point to their member and back; whoever ends one unlinks
 * both. */
static void
unpark(struct request *r)
{
	struct member *m = r->work;

	if (m != NULL && m->join == r)
		m->join = NULL;
	if (m != NULL && m->sync == r)
		m->sync = NULL;
	r->work = NULL;
	r->abort = NULL;
}

static void
abort_parked(struct broker *b, struct request *r)
{
	struct member *m = r->work;

	(void)b;
	/* Its connection is gone; it is not: from now on its session runs,
	 * in the local ClickHouse's groups for a second (spec kafka 3.5). */
	if (m != NULL && m->join == r)
		broker_timer_set(&b->timers, &m->session,
			broker_now_ns() + m->session_ms * TIMER_MS);
	unpark(r);
}

void
broker_join_park(struct broker *b, struct request *r, struct member *m)
{
	if (m->join != NULL)
		broker_join_refuse(
			b, m->join, KERR_NOT_COORDINATOR, slice_str(m->id));
	m->join = r;
	r->work = m;
	r->abort = abort_parked;
	/* A parked join stands for heartbeats. */
	broker_timer_set(&b->timers, &m->session,
		broker_now_ns() + GROUP_NEW_JOIN_MS * TIMER_MS);
}

void
broker_sync_park(struct broker *b, struct request *r, struct member *m)
{
	if (m->sync != NULL)
		broker_sync_answer(b, m->sync, NULL, KERR_NOT_COORDINATOR);
	m->sync = r;
	r->work = m;
	r->abort = abort_parked;
}

void
broker_join_refuse(struct broker *b, struct request *r, enum kerr k,
	struct slice member_id)
{
	struct join_resp resp = {.error = (int16_t)k,
		.generation = -1,
		.protocol = SLICE_LIT(""),
		.leader = SLICE_LIT(""),
		.member_id = member_id};

	if (r->version >= 7)
		resp.protocol = SLICE_NONE;
	unpark(r);
	broker_request_answer(b, r, &resp);
}

void
broker_join_answer(struct broker *b, struct request *r, struct member *m,
	bool skip_assignment)
{
	struct group *g = m->group;
	bool is_leader = g->leader == m;
	struct join_member *rows = NULL;
	struct join_resp resp = {.generation = g->generation,
		.protocol_type = slice_str(g->protocol_type),
		.protocol = slice_str(g->protocol),
		.leader = slice_str(g->leader == NULL ? "" : g->leader->id),
		.skip_assignment = skip_assignment,
		.member_id = slice_str(m->id)};

	unpark(r);
	if (is_leader) {
		rows = broker_request_alloc(
			b, r, (size_t)g->n_members + 1, sizeof(*rows));
		if (rows == NULL)
			return;
		resp.members.items = rows;
		for (struct member *o = g->members; o != NULL; o = o->next) {
			if (o->is_pending)
				continue;
			rows[resp.members.n++] = (struct join_member){
				slice_str(o->id), slice_str(o->instance_id),
				broker_member_metadata(o, g->protocol)};
		}
	}
	broker_member_touch(b, m, r);
	broker_request_answer(b, r, &resp);
}

void
broker_sync_answer(struct broker *b, struct request *r, const struct member *m,
	enum kerr k)
{
	struct sync_resp resp = {
		.error = (int16_t)k, .assignment = SLICE_LIT("")};

	unpark(r);
	if (m != NULL && k == KERR_NONE) {
		resp.protocol_type = slice_str(m->group->protocol_type);
		resp.protocol = slice_str(m->group->protocol);
		if (m->assignment_len > 0)
			resp.assignment =
				slice_of(m->assignment, m->assignment_len);
	}
	broker_request_answer(b, r, &resp);
}

static void
answer_syncs(struct broker *b, struct group *g, enum kerr k)
{
	for (struct member *m = g->members; m != NULL; m = m->next)
		if (m->sync != NULL) {
			struct request *r = m->sync;

			broker_member_touch(b, m, r);
			broker_sync_answer(b, r, m, k);
		}
}

static int64_t
longest_rebalance_ms(const struct group *g)
{
	int64_t ms = GROUP_SESSION_MS_MIN;

	for (const struct member *m = g->members; m != NULL; m = m->next)
		if (!m->is_pending && m->rebalance_ms > ms)
			ms = m->rebalance_ms;
	return ms;
}

static bool
supports(const struct member *m, struct slice name)
{
	for (uint32_t i = 0; i < m->n_protocols; i++)
		if (slice_eq(m->protocols[i].name, name))
			return true;
	return false;
}

static bool
all_support(const struct group *g, struct slice name)
{
	for (const struct member *m = g->members; m != NULL; m = m->next)
		if (!m->is_pending && !supports(m, name))
			return false;
	return true;
}

/* The member's first protocol that all others know. */
static struct slice
vote(const struct group *g, const struct member *m)
{
	for (uint32_t i = 0; i < m->n_protocols; i++)
		if (all_support(g, m->protocols[i].name))
			return m->protocols[i].name;
	return SLICE_NONE;
}

static struct slice
choose_protocol(const struct group *g)
{
	struct slice best = SLICE_NONE;
	uint32_t best_n = 0;

	for (const struct member *m = g->members; m != NULL; m = m->next) {
		struct slice name = m->is_pending ? SLICE_NONE : vote(g, m);
		uint32_t n = 0;

		if (name.p == NULL || slice_eq(name, best))
			continue;
		for (const struct member *o = g->members; o != NULL;
			o = o->next)
			if (!o->is_pending && slice_eq(vote(g, o), name))
				n++;
		if (n > best_n) {
			best = name;
			best_n = n;
		}
	}
	return best;
}

static void
become_empty(struct broker *b, struct group *g)
{
	broker_timer_stop(&b->timers, &g->phase);
	g->state = GROUP_EMPTY;
	g->generation++;
	g->leader = NULL;
	g->protocol[0] = '\0';
	g->changed_at_us = clock_now_us();
	/* If this is lost the next start finds members that expire. */
	(void)!broker_group_save(b, g, NULL);
}

static void
on_sync_timeout(struct broker *b, struct timer *t)
{
	struct group *g = TIMER_OWNER(t, struct group, phase);
	struct member *next;

	for (struct member *m = g->members; m != NULL; m = next) {
		next = m->next;
		if (!m->is_pending && m->sync == NULL)
			broker_member_remove(b, m, KERR_UNKNOWN_MEMBER);
	}
	broker_group_prepare(b, g);
}

static void
begin_completing(struct broker *b, struct group *g)
{
	struct slice name = choose_protocol(g);
	char *protocol = mem_zalloc(1, name.len + 1);

	if (protocol != NULL) {
		if (name.len > 0)
			memcpy(protocol, name.p, name.len);
		mem_free(g->protocol);
		g->protocol = protocol;
	}
	g->generation++;
	g->state = GROUP_COMPLETING;
	g->changed_at_us = clock_now_us();
	log_info("broker_group_joined",
		"group=%s generation=%d members=%u protocol=%s", log_q(g->name),
		g->generation, g->n_members - g->n_pending, log_q(g->protocol));
	for (struct member *m = g->members; m != NULL; m = m->next) {
		if (m->join != NULL)
			broker_join_answer(b, m->join, m, false);
	}
	g->phase.fn = on_sync_timeout;
	broker_timer_set(&b->timers, &g->phase,
		broker_now_ns() + longest_rebalance_ms(g) * TIMER_MS);
}

static void on_join_timeout(struct broker *b, struct timer *t);

/* Ends the join phase: who did not come back is out, unless it is static. */
static void
complete_join(struct broker *b, struct group *g)
{
	struct member *next, *leader = NULL;

	for (struct member *m = g->members; m != NULL; m = next) {
		next = m->next;
		if (!m->is_pending && m->join == NULL && m->instance_id == NULL)
			broker_member_remove(b, m, KERR_UNKNOWN_MEMBER);
	}
	g->is_initial = false;
	if (g->n_members == g->n_pending) {
		become_empty(b, g);
		return;
	}
	for (struct member *m = g->members; m != NULL && leader == NULL;
		m = m->next)
		if (m->join != NULL)
			leader = m;
	if (leader == NULL) { /* only static members, none came: wait on */
		broker_timer_set(&b->timers, &g->phase,
			broker_now_ns() + longest_rebalance_ms(g) * TIMER_MS);
		return;
	}
	if (g->leader == NULL || g->leader->join == NULL)
		g->leader = leader;
	begin_completing(b, g);
}

static void
on_join_timeout(struct broker *b, struct timer *t)
{
	struct group *g = TIMER_OWNER(t, struct group, phase);
	int64_t now_ns = broker_now_ns();

	if (g->is_initial && g->has_new && now_ns < g->initial_end_ns) {
		int64_t at_ns = now_ns + GROUP_INITIAL_MS * TIMER_MS;

		g->has_new = false;
		broker_timer_set(&b->timers, t,
			at_ns < g->initial_end_ns ? at_ns : g->initial_end_ns);
		return;
	}
	complete_join(b, g);
}

void
broker_group_maybe_complete(struct broker *b, struct group *g)
{
	if (g->state != GROUP_PREPARING || g->is_initial || g->n_pending > 0)
		return;
	for (const struct member *m = g->members; m != NULL; m = m->next)
		if (m->join == NULL)
			return;
	complete_join(b, g);
}

void
broker_group_prepare(struct broker *b, struct group *g)
{
	int64_t now_ns = broker_now_ns();
	int64_t ms = longest_rebalance_ms(g);

	if (g->state == GROUP_COMPLETING)
		answer_syncs(b, g, KERR_REBALANCING);
	g->is_saving = false;
	g->is_initial = g->state == GROUP_EMPTY;
	g->has_new = false;
	g->state = GROUP_PREPARING;
	g->initial_end_ns = now_ns + ms * TIMER_MS;
	g->phase.fn = on_join_timeout;
	if (g->is_initial)
		ms = GROUP_INITIAL_MS;
	broker_timer_set(&b->timers, &g->phase, now_ns + ms * TIMER_MS);
	broker_group_maybe_complete(b, g);
}

void
broker_group_member_left(struct broker *b, struct group *g)
{
	switch (g->state) {
	case GROUP_EMPTY:
		break;
	case GROUP_PREPARING:
		if (g->n_members == g->n_pending && !g->is_initial)
			become_empty(b, g);
		else
			broker_group_maybe_complete(b, g);
		break;
	case GROUP_COMPLETING:
	case GROUP_STABLE:
		broker_group_prepare(b, g);
		break;
	}
}

static void
on_saved(struct broker *b, struct group *g, int32_t generation, bool ok)
{
	if (g->state != GROUP_COMPLETING || g->generation != generation ||
		!g->is_saving)
		return;
	g->is_saving = false;
	if (!ok) {
		answer_syncs(b, g, KERR_NOT_COORDINATOR);
		broker_group_prepare(b, g);
		return;
	}
	broker_timer_stop(&b->timers, &g->phase);
	g->state = GROUP_STABLE;
	answer_syncs(b, g, KERR_NONE);
}

void
broker_group_save_assignment(struct broker *b, struct group *g)
{
	g->is_saving = true;
	if (!broker_group_save(b, g, on_saved))
		on_saved(b, g, g->generation, false);
}
