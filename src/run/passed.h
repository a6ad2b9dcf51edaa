#ifndef SLUICE_RUN_PASSED_H
#define SLUICE_RUN_PASSED_H

#include "base/err.h"

#define PASSED_MAX 4

/*
 * Sockets that the service manager opened for us (sd_listen_fds(3)), as those
 * of ports below 1024: by name capture, capture-tls or admin. Each stands for
 * the address in capture.listen, capture.tls_listen or admin.listen, whatever
 * that says.
 */
/* Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment; an
 * unknown name, or what is no listening TCP socket, is INVALID. @thread main */
MUST_CHECK int passed_take(struct err *e);
/* What they set, as --set would, in order; NULL past the end. */
const char *passed_setting(int i);

#endif
