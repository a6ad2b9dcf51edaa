#ifndef SLUICE_CAPTURE_CAPTURE_H
#define SLUICE_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The capture port: events from SDKs into the front log. Answers 200 only after
 * the commit. HTTP threads never wait for disk.
 */
struct capture;
struct conf;
struct http_tls;
struct http_routes;
struct store;
struct team_cache;

struct capture_options {
	const struct conf *conf;
	struct http_tls *tls; /* for capture.tls_listen; NULL: it is off */
	struct team_cache *teams;
	/* Partitions are opened by capture_new. What dedupe_of says of it is
	 * asked about events with a client's uuid. */
	struct store *spool;
	/* false while disk limits forbid more (asked at each request). */
	bool (*may_accept)(void *cookie, bool is_recording);
	void *cookie;
};
MUST_CHECK int capture_new(
	const struct capture_options *o, struct capture **out, struct err *e);
/* Opens the listeners; *tls_port 0: that one is off. more: route tables of
 * other folders (flags, remote config) served on the same port, ending with
 * rows NULL; may be NULL. */
MUST_CHECK int capture_start(struct capture *c, const struct http_routes *more,
	uint16_t *port, uint16_t *tls_port, struct err *e);
/* New values of settings that apply on reload. */
void capture_reload(struct capture *c, const struct conf *conf);
void capture_stop(struct capture *c, int64_t deadline_ns);
void capture_free(struct capture *c); /* NULL allowed */

#endif
