#include "base/mem.h"
#include "definition/definition_int.h"

/*
 * Hashes in sets of eight places; in each set those used longest ago go first
 * (definition-3).
 * A hash of 64 bits stands for its name: two names of one hash among all that
 * is known are not to be expected, and would cost one missing row.
 */
#define WAYS 8
#define SETS 8192 /* a power of two */

struct place {
	uint64_t hash; /* 0: free */
	int64_t value;
};

struct definition_known {
	struct place places[SETS][WAYS]; /* in each set the latest used first */
};

int
definition_known_new(struct definition_known **out, struct err *e)
{
	struct definition_known *k = mem_new(struct definition_known);

	if (k == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for definitions");
	*out = k;
	return 0;
}

void
definition_known_free(struct definition_known *k)
{
	mem_free(k);
}

static struct place *
set_of(struct definition_known *k, uint64_t hash)
{
	return k->places[hash >> 32 & (SETS - 1)];
}

/* The place moves to the front of its set. */
static void
move_up(struct place *set, int i, struct place p)
{
	for (; i > 0; i--)
		set[i] = set[i - 1];
	set[0] = p;
}

int64_t
definition_known_get(struct definition_known *k, uint64_t hash)
{
	struct place *set = set_of(k, hash);

	for (int i = 0; i < WAYS; i++) {
		if (set[i].hash != hash)
			continue;
		move_up(set, i, set[i]);
		return set[0].value;
	}
	return -1;
}

void
definition_known_put(struct definition_known *k, uint64_t hash, int64_t value)
{
	struct place *set = set_of(k, hash);
	int i = 0;

	while (i < WAYS - 1 && set[i].hash != hash)
		i++;
	move_up(set, i, (struct place){hash, value});
}
