#include "broker/group.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

/* Committed offsets in memory, and the retention floors that follow them. */

static uint64_t
hash_offset(int64_t topic, int32_t idx)
{
	int64_t key[2] = {topic, idx};

	return hash_key(key, sizeof(key));
}

struct group_offset *
broker_offset_find(const struct group *g, int64_t topic, int32_t idx)
{
	struct map_node *n =
		broker_map_get(&g->offsets, hash_offset(topic, idx));

	for (; n != NULL; n = broker_map_get_next(n)) {
		struct group_offset *o =
			MAP_OWNER(n, struct group_offset, node);

		if (o->topic == topic && o->idx == idx)
			return o;
	}
	return NULL;
}

bool
broker_offset_set(
	struct group *g, const struct group_offset *v, struct slice metadata)
{
	struct group_offset *o = broker_offset_find(g, v->topic, v->idx);
	char *meta = mem_zalloc(1, metadata.len + 1);

	if (meta == NULL)
		return false;
	if (metadata.len > 0)
		memcpy(meta, metadata.p, metadata.len);
	if (o == NULL) {
		o = mem_new(struct group_offset);
		if (o == NULL) {
			mem_free(meta);
			return false;
		}
		o->topic = v->topic;
		o->idx = v->idx;
		broker_map_put(
			&g->offsets, &o->node, hash_offset(v->topic, v->idx));
	}
	mem_free(o->metadata);
	o->metadata = meta;
	o->offset = v->offset;
	o->epoch = v->epoch;
	o->committed_at_us = v->committed_at_us;
	return true;
}

void
broker_offsets_forget_topic(struct broker *b, int64_t topic)
{
	struct map_node *n = NULL;

	while ((n = broker_map_walk(&b->groups, n)) != NULL) {
		struct group *g = MAP_OWNER(n, struct group, by_name);
		struct map_node *x = broker_map_walk(&g->offsets, NULL);

		while (x != NULL) {
			struct group_offset *o =
				MAP_OWNER(x, struct group_offset, node);

			x = broker_map_walk(&g->offsets, x);
			if (o->topic != topic)
				continue;
			broker_map_remove(&g->offsets, &o->node);
			mem_free(o->metadata);
			mem_free(o);
		}
	}
}

/* Which floor a group of the local ClickHouse moves: by its place in the
 * topic's list; STORE_N_FLOORS if none. */
static enum store_floor
floor_of(const struct btopic *t, const char *group)
{
	static const enum store_floor slots[] = {
		STORE_FLOOR_CLICKHOUSE, STORE_FLOOR_CLICKHOUSE2};
	const char *at = t->own == TOPIC_N ? "" : topic_defs[t->own].groups;
	char name[GROUP_NAME_MAX + 1];

	for (size_t i = 0;
		i < ARRAY_LEN(slots) && conf_list_next(&at, name, sizeof(name));
		i++)
		if (strcmp(name, group) == 0)
			return slots[i];
	return STORE_N_FLOORS;
}

void
broker_offset_floor(struct broker *b, const struct group *g, struct bpart *p,
	int64_t offset)
{
	enum store_floor slot;

	(void)b;
	if (!g->is_local || p->part == NULL)
		return;
	slot = floor_of(p->topic, g->name);
	if (slot != STORE_N_FLOORS)
		store_part_set_floor(p->part, slot, offset);
}

/* Before any retention runs: what the local ClickHouse never read counts from
 * the start (broker-7). */
void
broker_offset_floors_init(struct broker *b)
{
	if (b->conf->clickhouse_mode != CONF_CH_EMBEDDED)
		return;
	for (struct btopic *t = b->all_topics; t != NULL; t = t->next) {
		const char *at =
			t->own == TOPIC_N ? "" : topic_defs[t->own].groups;
		char name[GROUP_NAME_MAX + 1];

		while (conf_list_next(&at, name, sizeof(name)))
			for (int32_t i = 0; i < t->n_parts; i++)
				if (t->parts[i].part != NULL)
					store_part_set_floor(t->parts[i].part,
						floor_of(t, name), 0);
	}
}
