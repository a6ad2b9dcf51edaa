#ifndef SLUICE_CLICKHOUSE_PING_H
#define SLUICE_CLICKHOUSE_PING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Asks the child's HTTP interface for /ping now and then without ever blocking:
 * a child that is there and hangs is told from one that works. Used by the
 * supervisor's thread alone.
 */
#define PING_EVERY_NS INT64_C(2000000000)
#define PING_LIMIT_NS INT64_C(4000000000)

struct ping {
	int fd; /* -1: none is under way */
	int64_t asked_at_ns; /* of the last one, answered or not */
	int64_t silent_since_ns; /* 0: the last one was answered */
	int n_missed; /* in a row */
};
void ping_init(struct ping *p);
void ping_fini(struct ping *p);
/* Looks for an answer, gives up on one that is late, asks again when it is
 * time: call it when fd is readable and at least once a second. listen_fd: the
 * socket that the child accepts from. */
void ping_step(struct ping *p, int listen_fd, int64_t now_ns);

#endif
