#ifndef SLUICE_REMOTE_REMOTE_H
#define SLUICE_REMOTE_REMOTE_H

#include "base/err.h"
#include "http/http.h"

struct team_cache;

/*
 * /array/TOKEN/config, config.js and array.js on the capture port. The app of
 * the routes is the struct remote.
 */
struct remote;

/* library_dir: where static/array.js stands; it is read once, and not served if
 * it is not there. Blocks. @thread main */
MUST_CHECK int remote_new(struct team_cache *teams, const char *library_dir,
	struct remote **out, struct err *e);
void remote_free(struct remote *m); /* NULL allowed; after the server's stop */
extern const struct http_route remote_routes[];

#endif
