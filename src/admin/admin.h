#ifndef SLUICE_ADMIN_ADMIN_H
#define SLUICE_ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * The JSON API, /metrics and /_ready. It runs on the unix socket of the data
 * folder and on the admin port; a command without a daemon calls it in process.
 */
struct admin;
struct broker;
struct canary;
struct capture;
struct clickhouse;
struct conf_set;
struct conf_stored;
struct http_tls;
struct net_listen;
struct pg;
struct pipeline;
struct privacy;
struct store;
struct team_cache;

/* What the disk guard knows. */
struct admin_disk {
	int64_t free_bytes, total_bytes;
	int64_t reserve_bytes; /* below this events are refused */
	int64_t ballast_bytes; /* as on disk now */
	bool events_refused, recordings_refused;
	char reason[200]; /* why, "" if not */
};

/* What the settings made in the admin are tried and used by. */
struct admin_settings {
	/* All settings there would be with these rows; as the start would check
	 * them, cross-checks included. @thread any */
	int (*try_rows)(void *cookie, const struct conf_stored *rows, int n,
		struct conf_set **out, struct err *e);
	/* Those saved are read and used now; waits. NULL: no daemon runs. */
	int (*use)(void *cookie, struct err *e);
	void *cookie;
};

/* Parts that are absent (their role is off, or no daemon runs) are NULL. */
struct admin_options {
	const struct conf_set *conf;
	const char *data_dir;
	struct store *config, *spool, *state, *broker_db;
	struct team_cache *teams;
	struct broker *broker;
	struct pipeline *pipeline;
	struct capture *capture;
	struct clickhouse *clickhouse;
	struct privacy *privacy;
	struct canary *canary;
	struct pg *pg; /* NULL: persons are in state.db */
	struct http_tls *tls; /* NULL: capture has no TLS */
	struct http_tls *admin_tls; /* NULL: the admin port has none */
	const struct admin_settings *settings; /* NULL: not to be changed */
	void (*disk)(void *cookie, struct admin_disk *out);
	void *cookie;
};

MUST_CHECK int admin_new(
	const struct admin_options *o, struct admin **out, struct err *e);
/* Serves the API on unix_fd (owned after), and, unless tcp is NULL or off,
 * what is open to all on that address. */
MUST_CHECK int admin_start(struct admin *a, int unix_fd,
	const struct net_listen *tcp, uint16_t *port, struct err *e);
/* Ports for status: the text of ports.json, copied. */
void admin_set_ports(struct admin *a, const char *ports_json);
/* The link by which the first administrator is made, while there is no user;
 * NUL-terminated, "" when there is none. After set_ports. */
MUST_CHECK int admin_setup_link(
	struct admin *a, char *out, size_t size, struct err *e);
/* What is wrong with how the admin port can be reached; NULL: nothing. */
const char *admin_warning(const struct admin *a);
/* The set must stay valid until the next reload or free. */
void admin_reload(struct admin *a, const struct conf_set *conf);
void admin_stop(struct admin *a, int64_t deadline_ns);
void admin_free(struct admin *a); /* NULL allowed */

/* A request in process: the body of the answer goes to out, the HTTP status is
 * returned. target has the query. */
int admin_request(struct admin *a, const char *method, const char *target,
	struct slice body, struct buf *out);

/* The description of the API (OpenAPI 3.1), as it is served. */
MUST_CHECK int admin_openapi_text(struct buf *out, struct err *e);

#endif
