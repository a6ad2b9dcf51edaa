#ifndef SLUICE_DEFINITION_DEFINITION_INT_H
#define SLUICE_DEFINITION_DEFINITION_INT_H

#include "definition/definition.h"

/* Inside definition/ only. */

/* What a hash is known for, besides being known. */
struct definition_new {
	uint64_t hash; /* 0: free */
	int64_t value;
};

/* The value of a hash; -1: not known. Counts as a use. */
int64_t definition_known_get(struct definition_known *k, uint64_t hash);
void definition_known_put(
	struct definition_known *k, uint64_t hash, int64_t value);

#endif
