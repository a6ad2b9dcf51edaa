#ifndef SLUICE_CLI_CLIENT_H
#define SLUICE_CLI_CLIENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * Asks the daemon over DIR/sluice.sock. NOT_FOUND: no daemon listens there.
 */
/* Gives the answer's body to fn in pieces; false breaks off, which is no
 * error. *status is the answer's. */
typedef bool client_sink(void *cookie, int status, struct slice piece);
MUST_CHECK int client_request(const char *dir, const char *method,
	const char *path, struct slice body, client_sink *fn, void *cookie,
	int *status, struct err *e);
/* Whole answer into out. */
MUST_CHECK int client_call(const char *dir, const char *method,
	const char *path, struct slice body, struct buf *out, int *status,
	struct err *e);

#endif
