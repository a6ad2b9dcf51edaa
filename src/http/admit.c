#include "http/http_int.h"

bool
http_admit(struct http_server *s, const struct net_addr *client)
{
	(void)client; /* limits per address: libmicrohttpd */
	return atomic_load(&s->n_conns) < s->o.max_connections;
}
