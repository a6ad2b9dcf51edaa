#ifndef SLUICE_HTTPC_LOAD_BODY_H
#define SLUICE_HTTPC_LOAD_BODY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "httpc/load.h"

/* Request bodies of the load generator. Inside httpc/ only. */
struct load_patch {
	uint32_t uuid; /* where its 36 characters stand */
	uint32_t person; /* where the 8 digits of the distinct id stand */
};

struct load_template {
	char *text;
	size_t len;
	struct load_patch *patches; /* one an event */
	int n;
};

/* A body with events_per_request events; uuids and persons are set by fill. */
MUST_CHECK int load_template_make(struct load_template *t,
	const struct load_options *o, struct rand_state *r, struct err *e);
/* Writes new uuids and persons into the template's text. */
void load_template_fill(struct load_template *t, const struct load_options *o,
	struct rand_state *r);
void load_template_free(struct load_template *t);

#endif
