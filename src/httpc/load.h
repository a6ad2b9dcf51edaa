#ifndef SLUICE_HTTPC_LOAD_H
#define SLUICE_HTTPC_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A load generator for the capture port: keep-alive connections on one thread,
 * every event with a uuid of its own and varied values. Bench use only.
 */
#define LOAD_MIX 50
#define LOAD_MIX_FRESH 4
#define LOAD_MIX_MERGES 1

struct load_options {
	uint16_t port; /* on 127.0.0.1 */
	const char *token;
	int n_connections;
	int events_per_request; /* 1: POST /e/, else /batch/ */
	bool is_gzip; /* bodies are compressed before the clock starts */
	const char *bodies; /* is_gzip: the file that load_save made */
	int event_bytes; /* about; at least 700 */
	int64_t n_persons; /* distinct ids user-00000000 … */
	int identify_percent; /* of events are $identify with $set */
	double seconds; /* longest time; 0: until max_requests */
	int64_t max_requests; /* 0: no bound (not with is_gzip) */
	double events_per_s; /* open-loop rate; 0: as fast as answers come */
	uint64_t seed;
	/* Of each 50 events 35 are of persons that are known, 10 set a property
	 * of one, 4 are of new persons (fresh-00000000 ...), 1 merges two
	 * persons. events_per_request is a multiple of LOAD_MIX. */
	bool is_mixed;
	int64_t first_fresh; /* number of the first new person */
	int64_t first_merge; /* merges there were before */
	int64_t n_merges_max; /* ever: a tenth of n_persons is kept for them;
				 are there more, new persons are merged */
	/* Called for each answer, may be NULL: when it was sent and answered
	 * (clock_mono_ns) and the first uuid of the request (36 bytes). */
	void (*on_answer)(void *cookie, const char *uuid, int64_t sent_ns,
		int64_t answered_ns, int status);
	void *cookie;
};

struct load_result {
	int64_t n_requests; /* answered */
	int64_t n_ok, n_events_ok; /* answered 200, and events in them */
	int64_t n_refused, n_broken; /* other statuses; connections lost */
	int last_bad_status;
	int n_unanswered; /* when it gave up, 15 s after its end */
	double seconds;
	double p50_ms, p90_ms, p99_ms, max_ms;
	int64_t json_bytes, wire_bytes; /* bodies of what was answered */
};

/* Blocks until done. UNAVAILABLE: no connection could be made. */
MUST_CHECK int load_run(
	const struct load_options *o, struct load_result *out, struct err *e);
/* Writes max_requests compressed bodies, so that several loads can send the
 * same and none of them waits for their making. */
MUST_CHECK int load_save(
	const struct load_options *o, const char *path, struct err *e);

#endif
