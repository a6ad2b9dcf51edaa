#ifndef SLUICE_PIPELINE_PUT_BACK_H
#define SLUICE_PIPELINE_PUT_BACK_H

#include "base/err.h"

/*
 * Events of a key that could not be asked for while Postgres was away are dead
 * letters (spec capture 9). They go back to their log by themselves, in their
 * order, once Postgres has said whose the key is; those of a key that is
 * nobody's stay, with that reason (pipeline-14).
 */
struct put_back;
struct store;
struct team_cache;

/* Learns which letters wait, before capture takes events; then a thread puts
 * them back. Needs no app server. *out NULL where projects are in config.db. */
MUST_CHECK int put_back_start(struct team_cache *teams, struct store *spool,
	struct put_back **out, struct err *e);
/* Before the app server is freed. NULL allowed. */
void put_back_stop(struct put_back *p);
#endif
