#ifndef SLUICE_BROKER_MAP_H
#define SLUICE_BROKER_MAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * An intrusive hash table; the caller hashes and compares. Putting never fails:
 * without memory the table only stays at its size. Sizes are bounded by what
 * the owner admits (topics, groups, offsets).
 */
struct map_node {
	struct map_node *next;
	uint64_t hash;
};
#define MAP_FIRST_SLOTS 8
struct map {
	struct map_node **slots;
	size_t n_slots, n;
	struct map_node *first[MAP_FIRST_SLOTS];
};
#define MAP_OWNER(node, type, member)                                          \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

void broker_map_init(struct map *m); /* m does not move after */
void broker_map_fini(struct map *m); /* the nodes are the owner's */
void broker_map_put(struct map *m, struct map_node *n, uint64_t hash);
void broker_map_remove(struct map *m, struct map_node *n);
/* First node of this hash, then the others of the same; NULL at the end. */
struct map_node *broker_map_get(const struct map *m, uint64_t hash);
struct map_node *broker_map_get_next(const struct map_node *n);
/* All nodes, in no order; after == NULL: the first. */
struct map_node *broker_map_walk(
	const struct map *m, const struct map_node *after);

#endif
