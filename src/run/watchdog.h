#ifndef SLUICE_RUN_WATCHDOG_H
#define SLUICE_RUN_WATCHDOG_H

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct daemon;

/*
 * The service manager's watchdog is fed only while capture can commit (run-7):
 * each time a row of spool.db was written by its writer thread and synced. A
 * writer or a disk that hangs starves it, and the manager starts us anew.
 */
enum watchdog_probe { WATCHDOG_IDLE, WATCHDOG_ASKED, WATCHDOG_ANSWERED };
struct watchdog {
	struct store_job job; /* the store's while ASKED */
	int state; /* enum watchdog_probe; atomic: set by the writer, too */
	int result; /* enum err_code; atomic */
	int64_t period_ns; /* 0: nobody waits for it */
	int64_t due_ns;
};
/* After READY. @thread main */
void watchdog_start(struct daemon *d);
/* Asks and feeds; returns for how many ms nothing is to be done, -1: ever. */
int watchdog_turn(struct daemon *d);
/* Writes a row into a file and waits until it is durable. */
MUST_CHECK int watchdog_write(struct store *s, struct err *e);

#endif
