#ifndef SLUICE_RUN_LOCAL_H
#define SLUICE_RUN_LOCAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* The API on the files, while no daemon runs: projects, settings and
 * the audit. Takes the
 * folder's lock for the time of the call. */
struct daemon_options;
MUST_CHECK int local_call(const struct daemon_options *o, const char *method,
	const char *path, struct slice body, struct buf *out, int *status,
	struct err *e);

#endif
