#ifndef SLUICE_TESTS_UNIT_CAPTURE_DRY_H
#define SLUICE_TESTS_UNIT_CAPTURE_DRY_H

#include "capture/capture_int.h"

/*
 * From a body to record batches without a server, a project or a store: what an
 * HTTP thread does for the events of a request, and nothing else.
 */
struct dry {
	struct capture c;
	struct capture_conf conf;
	struct capture_scratch s;
	struct arena a;
	struct capture_ctx x;
};

void dry_init(struct dry *d);
void dry_fini(struct dry *d);
/* The records stand in x.job until dry_drop; -1: refused, why is in x.no. */
MUST_CHECK int dry_run(struct dry *d, struct slice body);
void dry_drop(struct dry *d);
/* A batch of n events of about 900 bytes. */
void dry_body(struct buf *b, int n);

#endif
