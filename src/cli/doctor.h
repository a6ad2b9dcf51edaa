#ifndef SLUICE_CLI_DOCTOR_H
#define SLUICE_CLI_DOCTOR_H

#include <stdbool.h>

#include "base/attr.h"

struct cli;
struct conf;

/* What sluice doctor found; each check is one line. */
struct doctor {
	struct cli *c;
	const struct conf *conf;
	bool daemon_runs;
	int n_bad;
};
/* text: what was found, and if it is bad, what to do. */
void doctor_say(struct doctor *d, const char *check, bool ok, const char *fmt,
	...) PRINTF(4, 5);
/* The four files: versions, integrity, logs without gaps. */
void doctor_files(struct doctor *d);

#endif
