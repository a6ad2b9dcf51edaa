#ifndef SLUICE_HTTPC_LOAD_BODIES_H
#define SLUICE_HTTPC_LOAD_BODIES_H

#include <stdint.h>

#include "base/err.h"
#include "base/rand.h"
#include "httpc/load.h"
#include "httpc/load_body.h"

/* Compressed bodies, each sent once: of this load, or from a file that several
 * loads read. Inside httpc/ only. */
struct load_body {
	const char *bytes;
	size_t len;
	size_t json_len;
	char uuid[36]; /* of the first event */
};

struct load_bodies {
	struct load_body *items;
	int64_t n;
	char *map; /* of the file, NULL: the bytes are on the heap */
	size_t map_bytes;
};

/* o->max_requests bodies from these templates in turn. What was made is freed
 * by load_bodies_free also after an error. */
MUST_CHECK int load_bodies_make(struct load_bodies *b,
	const struct load_options *o, struct load_template *templates,
	int n_templates, struct rand_state *r, struct load_numbers *numbers,
	struct err *e);
MUST_CHECK int load_bodies_write(
	const struct load_bodies *b, const char *path, struct err *e);
/* At most max of those in the file. */
MUST_CHECK int load_bodies_map(
	struct load_bodies *b, const char *path, int64_t max, struct err *e);
void load_bodies_free(struct load_bodies *b);

#endif
