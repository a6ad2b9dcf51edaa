#ifndef SLUICE_CANARY_CANARY_H
#define SLUICE_CANARY_CANARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * One event a minute (canary.interval_s) of an own internal project, appended
 * to the front log as capture does, and looked for at each hop after that.
 */
struct canary;
struct broker;
struct clickhouse;
struct conf;
struct store;

/* Parts that are absent are NULL; then their hops are not watched. */
struct canary_options {
	const struct conf *conf;
	struct store *spool, *state;
	struct broker *broker;
	struct clickhouse *clickhouse;
	bool has_ingest; /* the app server runs here */
	bool (*may_accept)(void *cookie, bool is_recording); /* the disk */
	void *cookie;
};
MUST_CHECK int canary_start(
	const struct canary_options *o, struct canary **out, struct err *e);
void canary_reload(struct canary *c, const struct conf *conf);
/* Before its stores and parts end; NULL allowed. */
void canary_stop(struct canary *c);

/* In the order of the way; labels of CANARY_HOP. */
enum canary_hop {
	CANARY_CAPTURE, /* the front log took it */
	CANARY_INGEST, /* its row is in the output log */
	CANARY_CLICKHOUSE, /* its row is in ClickHouse */
	CANARY_N_HOPS
};
extern const char *const canary_hop_names[CANARY_N_HOPS];

struct canary_state {
	int64_t interval_s; /* 0: off */
	int64_t sent_at_us; /* the canary that is looked at; 0: none yet */
	struct {
		bool is_watched;
		int64_t seen_at_us; /* of the last one seen there; 0: none */
		double latency_s; /* from sending, of that one */
	} hops[CANARY_N_HOPS];
	enum canary_hop broken; /* the first hop where it is late or lost;
				   CANARY_N_HOPS: none */
	char text[240]; /* what is wrong there, "" if nothing */
};
/* c NULL: off. @thread any */
void canary_state(struct canary *c, struct canary_state *out);

#endif
