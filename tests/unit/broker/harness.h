#ifndef SLUICE_TEST_BROKER_HARNESS_H
#define SLUICE_TEST_BROKER_HARNESS_H

#include "broker/int.h"

/*
 * A broker on real stores in a temporary folder, without its net thread: the
 * test makes its rounds. Used by unit tests and by the fuzz target; a failure
 * of the harness itself ends the process.
 */
struct harness {
	char dir[256];
	struct conf_set *conf;
	struct store *stores[BROKER_N_FILES];
	struct broker *b;
};

/* set: NULL-ended "key=value". */
void harness_open(struct harness *h, const char *const *set);
/* Closes and opens again on the same folder. */
void harness_reopen(struct harness *h, const char *const *set);
void harness_close(struct harness *h); /* and removes the folder */
/* A connection whose other end is *peer. */
struct conn *harness_connect(struct harness *h, int *peer);
void harness_feed(struct harness *h, struct conn *c, const void *p, size_t n);
void harness_round(struct harness *h);
/* For another thread's post, at most so long. */
void harness_wait(struct harness *h, int ms);
/* Rounds until no work is in other threads. */
void harness_settle(struct harness *h);
/* Sends req and waits for the answer, which is read into resp; what it points
 * to lives in a. The connection must be idle. */
void harness_call(struct harness *h, struct conn *c, int peer, int16_t key,
	int16_t version, const void *req, void *resp, struct arena *a);

#endif
