#include "http/http_int.h"

bool
http_admit(struct http_server *s, const struct http_door *door,
	const struct net_addr *client)
{
	if (door->is_tls &&
		atomic_fetch_add(&s->n_handshakes, 1) >= LIMIT_TLS_HANDSHAKES) {
		atomic_fetch_sub(&s->n_handshakes, 1);
		http_tls_crowded();
		return false;
	}
	(void)client; /* limits per address: libmicrohttpd */
	return atomic_load(&s->n_conns) < s->o.max_connections;
}
