#ifndef SLUICE_CLI_DOCTOR_H
#define SLUICE_CLI_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct cli;
struct conf;

/* What sluice doctor found. The checks follow the way of an event; the first
 * that is not ok is where to begin. */
enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };
struct api_doc;
struct doctor {
	struct cli *c;
	const struct conf *conf;
	bool has_folder, daemon_runs;
	int n_bad; /* FAIL */
};
/* One finding: what was seen, and what to do about it ("": nothing). */
void doctor_find(struct doctor *d, enum doctor_level level, const char *check,
	const char *todo, const char *fmt, ...) PRINTF(5, 6);
/* text: what was found, and if it is bad, what to do. */
void doctor_say(struct doctor *d, const char *check, bool ok, const char *fmt,
	...) PRINTF(4, 5);
/* doctor_door.c: what an SDK meets, from here and by --url and --key. */
void doctor_door(struct doctor *d, struct api_doc *status);
/* doctor_path.c: the hops as the running daemon sees them. */
void doctor_path(struct doctor *d, struct api_doc *status);
/* doctor_host.c: the machine: service, folder, rights, disk, clock, ports. */
void doctor_service(struct doctor *d);
void doctor_clock(struct doctor *d);
bool doctor_folder(struct doctor *d); /* false: nothing can be looked at */
void doctor_ports(struct doctor *d);
void doctor_admin_door(struct doctor *d);
/* The four files: versions, integrity, logs without gaps. */
void doctor_files(struct doctor *d);
/* Reads a whole partition: offsets without gaps, checksums right. Adds the
 * number of its records. */
struct store_conn;
struct store_part;
MUST_CHECK int doctor_check_part(struct store_conn *conn,
	struct store_part *part, int64_t *n_records, struct err *e);

#endif
