#ifndef SLUICE_RUN_PARTS_H
#define SLUICE_RUN_PARTS_H

#include "base/err.h"

struct daemon;

/*
 * What the daemon is made of, in the order of starting; stopped in reverse. A
 * part whose role is not set is left out. needs: names of earlier parts.
 * deadline_ms: a stop that takes longer is logged.
 */
struct part {
	const char *name;
	const char *role; /* NULL: always */
	const char *needs;
	int deadline_ms;
	int (*start)(struct daemon *d, struct err *e);
	void (*stop)(struct daemon *d);
};
extern const struct part daemon_parts[];

#endif
