#ifndef SLUICE_CLI_DOCTOR_H
#define SLUICE_CLI_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

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
/* Reads a whole partition: offsets without gaps, checksums right. Adds the
 * number of its records. */
struct store_conn;
struct store_part;
MUST_CHECK int doctor_check_part(struct store_conn *conn,
	struct store_part *part, int64_t *n_records, struct err *e);

#endif
