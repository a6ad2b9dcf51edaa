#ifndef SLUICE_RUN_DATADIR_H
#define SLUICE_RUN_DATADIR_H

#include <stddef.h>

#include "base/err.h"

/* The data folder: of mode 0700 and ours, one daemon at a time. */
#define DATADIR_SOCKET_MAX 64

MUST_CHECK int datadir_prepare(const char *dir, struct err *e);
/* EXISTS names the other's pid. */
MUST_CHECK int datadir_lock(const char *dir, int *fd, struct err *e);
/* ports.json; text is replaced as a whole. */
MUST_CHECK int datadir_write_ports(
	const char *dir, const char *text, size_t len, struct err *e);
/* ports.json and the socket. */
void datadir_remove_ports(const char *dir);
/* A listening unix socket DIR/sluice.sock of mode 0600. */
MUST_CHECK int datadir_listen(const char *dir, int *fd, struct err *e);
/* The socket's path by way of its folder's descriptor, so that the length of
 * the folder's path does not matter. */
void datadir_socket_path(int dir_fd, char out[DATADIR_SOCKET_MAX]);

#endif
