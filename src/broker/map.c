#include "broker/map.h"

#include <string.h>

#include "base/mem.h"

void
broker_map_init(struct map *m)
{
	memset(m, 0, sizeof(*m));
	m->slots = m->first;
	m->n_slots = MAP_FIRST_SLOTS;
}

void
broker_map_fini(struct map *m)
{
	if (m->slots != m->first)
		mem_free(m->slots);
	broker_map_init(m);
}

static void
grow(struct map *m)
{
	size_t n = m->n_slots * 2;
	struct map_node **slots = mem_zalloc(n, sizeof(*slots));

	if (slots == NULL)
		return;
	for (size_t i = 0; i < m->n_slots; i++) {
		struct map_node *next;

		for (struct map_node *x = m->slots[i]; x != NULL; x = next) {
			next = x->next;
			x->next = slots[x->hash & (n - 1)];
			slots[x->hash & (n - 1)] = x;
		}
	}
	if (m->slots != m->first)
		mem_free(m->slots);
	m->slots = slots;
	m->n_slots = n;
}

void
broker_map_put(struct map *m, struct map_node *n, uint64_t hash)
{
	struct map_node **slot;

	if (m->n >= m->n_slots)
		grow(m);
	slot = &m->slots[hash & (m->n_slots - 1)];
	n->hash = hash;
	n->next = *slot;
	*slot = n;
	m->n++;
}

void
broker_map_remove(struct map *m, struct map_node *n)
{
	struct map_node **at = &m->slots[n->hash & (m->n_slots - 1)];

	while (*at != NULL && *at != n)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = n->next;
	n->next = NULL;
	m->n--;
}

struct map_node *
broker_map_get(const struct map *m, uint64_t hash)
{
	struct map_node *n = m->slots[hash & (m->n_slots - 1)];

	while (n != NULL && n->hash != hash)
		n = n->next;
	return n;
}

struct map_node *
broker_map_get_next(const struct map_node *n)
{
	struct map_node *x = n->next;

	while (x != NULL && x->hash != n->hash)
		x = x->next;
	return x;
}

struct map_node *
broker_map_walk(const struct map *m, const struct map_node *after)
{
	size_t i = 0;

	if (after != NULL) {
		if (after->next != NULL)
			return after->next;
		i = (after->hash & (m->n_slots - 1)) + 1;
	}
	for (; i < m->n_slots; i++)
		if (m->slots[i] != NULL)
			return m->slots[i];
	return NULL;
}
