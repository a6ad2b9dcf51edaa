#include "broker/group.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

static const char *const state_names[] = {[GROUP_EMPTY] = "Empty",
	[GROUP_PREPARING] = "PreparingRebalance",
	[GROUP_COMPLETING] = "CompletingRebalance",
	[GROUP_STABLE] = "Stable"};

const char *
broker_group_state_name(const struct group *g)
{
	return state_names[g->state];
}

struct group *
broker_group_find(struct broker *b, struct slice name)
{
	struct map_node *n =
		broker_map_get(&b->groups, hash_key(name.p, name.len));

	for (; n != NULL; n = broker_map_get_next(n)) {
		struct group *g = MAP_OWNER(n, struct group, by_name);

		if (slice_eq_str(name, g->name))
			return g;
	}
	return NULL;
}

static char *
dup_text(struct slice s)
{
	char *p = mem_zalloc(1, s.len + 1);

	if (p != NULL && s.len > 0)
		memcpy(p, s.p, s.len);
	return p;
}

static bool
is_local_name(const struct broker *b, const char *name)
{
	if (b->conf->clickhouse_mode != CONF_CH_EMBEDDED)
		return false;
	for (int i = 0; i < TOPIC_N; i++)
		if (conf_list_has(topic_defs[i].groups, name))
			return true;
	return false;
}

static void
free_offsets(struct group *g)
{
	struct map_node *n;

	while ((n = broker_map_walk(&g->offsets, NULL)) != NULL) {
		struct group_offset *o =
			MAP_OWNER(n, struct group_offset, node);

		broker_map_remove(&g->offsets, n);
		mem_free(o->metadata);
		mem_free(o);
	}
	broker_map_fini(&g->offsets);
}

static void
free_group(struct group *g)
{
	free_offsets(g);
	mem_free(g->protocol_type);
	mem_free(g->protocol);
	mem_free(g->name);
	mem_free(g);
}

struct group *
broker_group_make(struct broker *b, struct slice name)
{
	struct group *g = broker_group_find(b, name);

	if (g != NULL)
		return g;
	if (b->n_groups >= GROUPS_MAX || name.len > GROUP_NAME_MAX)
		return NULL;
	g = mem_new(struct group);
	if (g == NULL)
		return NULL;
	broker_map_init(&g->offsets);
	g->name = dup_text(name);
	g->protocol_type = mem_strdup("");
	g->protocol = mem_strdup("");
	if (g->name == NULL || g->protocol_type == NULL ||
		g->protocol == NULL) {
		free_group(g);
		return NULL;
	}
	g->last = &g->members;
	g->is_local = is_local_name(b, g->name);
	g->changed_at_us = clock_now_us();
	broker_map_put(&b->groups, &g->by_name, hash_key(name.p, name.len));
	b->n_groups++;
	return g;
}

void
broker_group_free_all(struct broker *b)
{
	struct map_node *n;

	while ((n = broker_map_walk(&b->groups, NULL)) != NULL) {
		struct group *g = MAP_OWNER(n, struct group, by_name);

		while (g->members != NULL)
			broker_member_remove(
				b, g->members, KERR_NOT_COORDINATOR);
		broker_map_remove(&b->groups, n);
		free_group(g);
	}
	broker_map_fini(&b->groups);
}

struct member *
broker_member_find(struct group *g, struct slice id)
{
	struct member *m = g->members;

	while (m != NULL && !slice_eq_str(id, m->id))
		m = m->next;
	return m;
}

struct member *
broker_member_find_instance(struct group *g, struct slice id)
{
	struct member *m = g->members;

	while (m != NULL &&
		(m->instance_id == NULL || !slice_eq_str(id, m->instance_id)))
		m = m->next;
	return m;
}

bool
broker_member_is_fenced(
	struct group *g, struct slice instance_id, const struct member *m)
{
	struct member *i;

	if (instance_id.p == NULL)
		return false;
	i = broker_member_find_instance(g, instance_id);
	return i != NULL && i != m;
}

static void
on_session(struct broker *b, struct timer *t)
{
	struct member *m = TIMER_OWNER(t, struct member, session);
	struct group *g = m->group;

	log_info("broker_member_expired", "group=%s member=%s generation=%d",
		log_q(g->name), log_q(m->id), g->generation);
	broker_member_remove(b, m, KERR_UNKNOWN_MEMBER);
	broker_group_member_left(b, g);
	/* Nobody ever came back for the id that was given out. */
	if (g->n_members == 0 && g->generation == 0 && g->offsets.n == 0 &&
		g->state == GROUP_EMPTY) {
		broker_map_remove(&b->groups, &g->by_name);
		b->n_groups--;
		free_group(g);
	}
}

struct member *
broker_member_new(struct broker *b, struct group *g, char *id)
{
	struct member *m;

	if (id == NULL)
		return NULL;
	m = mem_new(struct member);
	if (m == NULL) {
		mem_free(id);
		return NULL;
	}
	m->id = id;
	m->group = g;
	m->is_pending = true;
	m->session.fn = on_session;
	*g->last = m;
	g->last = &m->next;
	g->n_members++;
	g->n_pending++;
	b->n_members++;
	return m;
}

bool
broker_member_set_protocols(struct member *m, const struct join_req *req)
{
	const struct join_protocol *in = req->protocols.items;
	size_t n = (size_t)req->protocols.n, bytes = n * sizeof(*m->protocols);
	struct member_protocol *block;
	char *at;

	for (size_t i = 0; i < n; i++)
		bytes += in[i].name.len + in[i].metadata.len;
	block = mem_alloc(bytes);
	if (block == NULL)
		return false;
	at = (char *)(block + n);
	for (size_t i = 0; i < n; i++) {
		memcpy(at, in[i].name.p, in[i].name.len);
		block[i].name = slice_of(at, in[i].name.len);
		at += in[i].name.len;
		memcpy(at, in[i].metadata.p, in[i].metadata.len);
		block[i].metadata = slice_of(at, in[i].metadata.len);
		at += in[i].metadata.len;
	}
	mem_free(m->protocols);
	m->protocols = block;
	m->n_protocols = (uint32_t)n;
	return true;
}

struct slice
broker_member_metadata(const struct member *m, const char *protocol)
{
	for (uint32_t i = 0; i < m->n_protocols; i++)
		if (slice_eq_str(m->protocols[i].name, protocol))
			return m->protocols[i].metadata;
	return SLICE_LIT("");
}

bool
broker_member_has_same_protocols(
	const struct member *m, const struct join_req *req)
{
	const struct join_protocol *in = req->protocols.items;

	if ((uint32_t)req->protocols.n != m->n_protocols)
		return false;
	for (uint32_t i = 0; i < m->n_protocols; i++)
		if (!slice_eq(m->protocols[i].name, in[i].name) ||
			!slice_eq(m->protocols[i].metadata, in[i].metadata))
			return false;
	return true;
}

bool
broker_group_accepts(const struct group *g, const struct join_req *req)
{
	const struct join_protocol *in = req->protocols.items;

	if (g->n_members == g->n_pending)
		return true;
	if (!slice_eq_str(req->protocol_type, g->protocol_type))
		return false;
	for (int32_t i = 0; i < req->protocols.n; i++) {
		bool by_all = true;

		for (const struct member *m = g->members; m != NULL && by_all;
			m = m->next) {
			bool has = m->is_pending;

			for (uint32_t k = 0; k < m->n_protocols && !has; k++)
				has = slice_eq(
					m->protocols[k].name, in[i].name);
			by_all = has;
		}
		if (by_all)
			return true;
	}
	return false;
}

void
broker_member_touch(struct broker *b, struct member *m, const struct request *r)
{
	if (r != NULL && r->conn != NULL)
		m->conn_id = r->conn->id;
	if (m->join == NULL) /* else the parked join stands for it */
		broker_timer_set(&b->timers, &m->session,
			broker_now_ns() + m->session_ms * TIMER_MS);
}

void
broker_member_remove(struct broker *b, struct member *m, enum kerr k)
{
	struct group *g = m->group;
	struct member **at = &g->members;

	if (m->join != NULL)
		broker_join_refuse(b, m->join, k, slice_str(m->id));
	if (m->sync != NULL)
		broker_sync_answer(b, m->sync, NULL, k);
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (m->next == NULL)
		g->last = at;
	if (g->leader == m)
		g->leader = NULL;
	g->n_members--;
	g->n_pending -= m->is_pending ? 1 : 0;
	b->n_members--;
	broker_timer_stop(&b->timers, &m->session);
	mem_free(m->id);
	mem_free(m->instance_id);
	mem_free(m->client_id);
	mem_free(m->protocols);
	mem_free(m->assignment);
	mem_free(m);
}

void
broker_group_conn_closed(struct broker *b, uint64_t conn_id)
{
	struct map_node *n = NULL;

	while ((n = broker_map_walk(&b->groups, n)) != NULL) {
		struct group *g = MAP_OWNER(n, struct group, by_name);

		for (struct member *m = g->members; m != NULL && g->is_local;
			m = m->next)
			if (m->conn_id == conn_id)
				broker_timer_set(&b->timers, &m->session,
					broker_now_ns() +
						GROUP_GONE_MS * TIMER_MS);
	}
}

void
broker_group_stop(struct broker *b)
{
	struct map_node *n = NULL;

	while ((n = broker_map_walk(&b->groups, n)) != NULL) {
		struct group *g = MAP_OWNER(n, struct group, by_name);

		for (struct member *m = g->members; m != NULL; m = m->next) {
			if (m->join != NULL)
				broker_join_refuse(b, m->join,
					KERR_NOT_COORDINATOR, slice_str(m->id));
			if (m->sync != NULL && !g->is_saving)
				broker_sync_answer(
					b, m->sync, NULL, KERR_NOT_COORDINATOR);
		}
	}
}
