#ifndef SLUICE_BASE_NET_H
#define SLUICE_BASE_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"

#define NET_ADDR_TEXT 48

/* An address without port; IPv4 is kept as v4 (mapped v6 becomes v4). */
struct net_addr {
	bool is_v6;
	uint8_t b[16]; /* v4: first 4 bytes */
};
/* Accepts 1.2.3.4, 1.2.3.4:80, ::1, [::1], [::1]:80, %zone is cut. */
bool net_addr_parse(struct slice text, struct net_addr *a);
void net_addr_from_sockaddr(const struct sockaddr *sa, struct net_addr *a);
/* RFC 5952; NUL-terminated; returns the length. */
int net_addr_format(const struct net_addr *a, char out[NET_ADDR_TEXT]);
/* Keeps the first bits, clears the rest. */
void net_addr_mask(struct net_addr *a, int v4_bits, int v6_bits);

struct net_cidr {
	struct net_addr addr;
	int bits;
};
bool net_cidr_parse(struct slice text, struct net_cidr *c);
bool net_cidr_contains(const struct net_cidr *c, const struct net_addr *a);

/* "127.0.0.1:8000", "[::1]:0", ":8000"; host is NUL-terminated. */
struct net_listen {
	bool is_off; /* the text was "off" */
	bool is_passed; /* it was "passed:NAME": fd is that socket */
	int fd;
	char host[64];
	uint16_t port;
};
/* A socket that is listening already: from now on the text "passed:NAME" means
 * it. INVALID: it is no listening TCP socket. name is borrowed. @thread main,
 * before others start */
MUST_CHECK int net_pass(const char *name, int fd, struct err *e);
MUST_CHECK int net_listen_parse(
	const char *text, struct net_listen *l, struct err *e);
/* A bound, listening, non-blocking, close-on-exec TCP socket; *port is the one
 * that was got. EXISTS when the port is in use, with the address named. */
MUST_CHECK int net_listen_tcp(
	const struct net_listen *l, int *fd, uint16_t *port, struct err *e);

#endif
