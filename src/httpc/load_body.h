#ifndef SLUICE_HTTPC_LOAD_BODY_H
#define SLUICE_HTTPC_LOAD_BODY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "httpc/load.h"

/* Request bodies of the load generator. Inside httpc/ only. */
enum load_kind { LOAD_KNOWN, LOAD_UPDATE, LOAD_FRESH, LOAD_MERGE };

struct load_patch {
	enum load_kind kind;
	uint32_t uuid; /* where its 36 characters stand */
	uint32_t person; /* where the 8 digits of the distinct id stand */
	uint32_t value; /* 8 digits of what is set; of who is merged */
};

/* What was given out so far; of one load. */
struct load_numbers {
	int64_t fresh, merge;
	int64_t n_swallowed; /* persons kept for merges; 0: fresh ones are */
	int64_t stride; /* spreads them */
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
void load_numbers_init(struct load_numbers *n, const struct load_options *o);
/* Writes new uuids and persons into the template's text. */
void load_template_fill(struct load_template *t, const struct load_options *o,
	struct rand_state *r, struct load_numbers *n);
void load_template_free(struct load_template *t);

#endif
