#ifndef SLUICE_HTTP_PROXY_H
#define SLUICE_HTTP_PROXY_H

#include "base/net.h"
#include "base/slice.h"

/*
 * Reader of the PROXY protocol's header, versions 1 and 2: what a proxy that
 * passes bytes on says of its client before the first of them. Pure.
 */
enum proxy_result {
	PROXY_SHORT, /* nothing wrong so far; the rest is not there yet */
	PROXY_NONE, /* these bytes begin no such header */
	PROXY_BAD, /* they do, and it is malformed or too long */
	PROXY_V1, /* client is filled unless has_client is false */
	PROXY_V2,
	PROXY_LOCAL, /* v2: the proxy itself speaks, as for a health check */
};

struct proxy_header {
	size_t len; /* bytes of the header, where there is one */
	bool has_client; /* false: the client's address is not told */
	struct net_addr client;
	uint16_t client_port;
};
/* in: the first bytes of the connection, as many as are there. out is filled
 * for V1, V2 and LOCAL. A checksum that is there is verified. */
enum proxy_result proxy_read(struct slice in, struct proxy_header *out);

#endif
