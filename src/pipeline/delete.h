#ifndef SLUICE_PIPELINE_DELETE_H
#define SLUICE_PIPELINE_DELETE_H

#include "person/person.h"
#include "pipeline/flow.h"
#include "pipeline/out.h"
#include "pipeline/pipeline.h"

/* A person deleted by hand, in either store of persons. */
struct deletion {
	struct store_job job;
	struct pipeline *p;
	struct pipeline_erasure *asked;
	struct arena arena;
	struct buf scratch;
	struct person_set set;
	struct out persons, ids;
};

/* The messages of what x->set says. */
MUST_CHECK int deletion_build(struct deletion *x, struct err *e);
/* Inside a job: appends them, and the record of who asked. */
MUST_CHECK int deletion_append(struct deletion *x, struct store_conn *c,
	pipeline_append_fn *fn, struct err *e);
/* pg_delete.c: the whole of it; UNAVAILABLE if Postgres is away. Blocks. */
MUST_CHECK int deletion_run_pg(struct deletion *x, struct err *e);

#endif
