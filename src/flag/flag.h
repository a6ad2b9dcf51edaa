#ifndef SLUICE_FLAG_FLAG_H
#define SLUICE_FLAG_FLAG_H

#include "http/http.h"

struct buf;
struct team;
struct team_cache;

/*
 * /flags and /decide on the capture port, and the fields of remote config.
 * Projects have no flag definitions yet, so every answer is that of a project
 * without flags. The app of the routes is a struct flag_app that outlives the
 * server.
 */
struct flag_app {
	struct team_cache *teams;
};
extern const struct http_route flag_routes[];

enum flag_config_part {
	FLAG_CONFIG_SITE_APPS = 1, /* siteApps, not wanted inside config.js */
	FLAG_CONFIG_FLAGS_ONLY = 2, /* the fields of /flags and /decide alone */
};
/*
 * Members of remote config (spec flags 1.8) without the braces around them,
 * beginning with "token". r: its Origin and Referer decide on recording
 * domains.
 */
void flag_config_write(struct http_request *r, const struct team *t,
	unsigned parts, struct buf *out);

#endif
