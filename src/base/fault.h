#ifndef SLUICE_BASE_FAULT_H
#define SLUICE_BASE_FAULT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Fault points, for tests: places with a name where a test has the program die,
 * fail or wait. Compiled in by configure --enable-fault-points; otherwise they
 * are nothing.
 *
 * Armed by the environment (SLUICE_FAULT, before the start) and by the file
 * `faults` of the data folder, read anew when a point is passed and the file
 * changed: entries divided by white space or commas, each
 *
 *   POINT:ACTION[:N]   at the N-th pass alone, 1 if it is not said
 *   POINT:ACTION:N+    at the N-th pass and all after
 *
 * Passes of a point are counted from the start of the process, or from the last
 * change of the file. ACTION: kill (SIGKILL to itself), pause (until the file
 * does not name the point any more, at most 60 s), off, or the name of an error
 * (BUSY, UNAVAILABLE, …; `error` is INVALID), with which the point fails. What
 * is done is first written to the file `faults.done`: POINT:ACTION:PASS, a line
 * each. A new file must replace the old one by rename.
 */
#ifdef SLUICE_FAULT_POINTS
/* Names the data folder; before it is called no point acts. @thread main */
void fault_init(const char *data_dir);
/* 0, or the error that is armed. @thread any */
MUST_CHECK int fault_point(const char *name, struct err *e);
/* The point is armed with `off`. */
bool fault_is_off(const char *name);
#else
static inline void
fault_init(const char *data_dir)
{
	(void)data_dir;
}

MUST_CHECK static inline int
fault_point(const char *name, struct err *e)
{
	(void)name;
	(void)e;
	return 0;
}
#endif

#endif
