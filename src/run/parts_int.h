#ifndef SLUICE_RUN_PARTS_INT_H
#define SLUICE_RUN_PARTS_INT_H

#include <stdint.h>

#include "base/err.h"

/*
 * Between the files that the table of parts is made of. Starting and stopping
 * are called by the main thread, in the order of the table.
 */

struct daemon;

/* When a port is taken: which setting to change. Other codes stay. */
MUST_CHECK int part_name_port(int rc, const char *setting, struct err *e);
/* A moment in so many ms, or the end of the stop if that comes before. */
int64_t part_within(const struct daemon *d, int64_t ms);

/* parts_files.c: what lies in the folder or in Postgres, and its disk. */
MUST_CHECK int part_start_folder(struct daemon *d, struct err *e);
void part_stop_folder(struct daemon *d);
MUST_CHECK int part_start_config(struct daemon *d, struct err *e);
void part_stop_config(struct daemon *d);
MUST_CHECK int part_start_spool(struct daemon *d, struct err *e);
void part_stop_spool(struct daemon *d);
MUST_CHECK int part_start_state(struct daemon *d, struct err *e);
void part_stop_state(struct daemon *d);
MUST_CHECK int part_start_broker_db(struct daemon *d, struct err *e);
void part_stop_broker_db(struct daemon *d);
MUST_CHECK int part_start_postgres(struct daemon *d, struct err *e);
void part_stop_postgres(struct daemon *d);
void part_stop_teams(struct daemon *d);
MUST_CHECK int part_start_teams(struct daemon *d, struct err *e);
MUST_CHECK int part_start_disk(struct daemon *d, struct err *e);
void part_stop_disk(struct daemon *d);

/* parts_doors.c: what others speak to: capture and admin. */
MUST_CHECK int part_start_tls(struct daemon *d, struct err *e);
void part_stop_tls(struct daemon *d);
MUST_CHECK int part_start_capture(struct daemon *d, struct err *e);
void part_stop_capture(struct daemon *d);
void part_stop_admin(struct daemon *d);
MUST_CHECK int part_start_admin(struct daemon *d, struct err *e);

#endif
