#ifndef SLUICE_CAPTURE_LIST_H
#define SLUICE_CAPTURE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* A set of the operator's texts `token` and `token:distinct_id`. Zeroed memory
 * is an empty one; read-only once it is made. */
struct capture_list {
	struct slice *slots; /* open addressing, at most half full */
	uint64_t mask;
	char *text;
	uint32_t n;
};

/* Of a comma-separated text. false: no memory. */
bool capture_list_init(struct capture_list *l, const char *text);
void capture_list_fini(struct capture_list *l);
/* Whether the token alone or the pair is in it. */
bool capture_list_has(const struct capture_list *l, struct slice token,
	struct slice distinct_id);

#endif
