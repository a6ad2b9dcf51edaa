#include "base/clock.h"
#include "http/http_int.h"
#include "stats/stats.h"

/*
 * One connection's handshake. libmicrohttpd runs it on the connection's HTTP
 * thread; we give the pair, the tickets and the deadline.
 */

/* Indexes of the label list TLS_HANDSHAKE. */
enum handshake_label { LABEL_OK, LABEL_BROKEN_OFF, LABEL_LATE, LABEL_CROWDED };

static void
count(enum handshake_label label)
{
	stats_add(STATS_TLS_HANDSHAKES, (int)label, 1);
}

static struct http_conn *
conn_of(gnutls_session_t session)
{
	struct MHD_Connection *mc = gnutls_session_get_ptr(session);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/* From now on the head's time runs. */
static int
on_finished(gnutls_session_t session, unsigned type, unsigned when,
	unsigned incoming, const gnutls_datum_t *msg)
{
	struct http_conn *c = conn_of(session);

	(void)type;
	(void)when;
	(void)msg;
	if (c == NULL || !incoming || !atomic_exchange(&c->is_shaking, false))
		return 0;
	atomic_fetch_sub(&c->s->n_handshakes, 1);
	atomic_store(&c->head_deadline_ns,
		clock_mono_ns() + c->s->o.request_timeout_ms * 1000000);
	count(LABEL_OK);
	return 0;
}

void
http_tls_begin(struct http_conn *c, struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info == NULL ? NULL : info->tls_session;
	int64_t deadline = c->began_ns + HTTP_HANDSHAKE_NS;

	if (session == NULL)
		return;
	c->session = session;
	c->pair = http_tls_cert(c->s->o.tls);
	atomic_store(&c->is_shaking, true);
	if (deadline < atomic_load(&c->head_deadline_ns))
		atomic_store(&c->head_deadline_ns, deadline);
	/* Without tickets every connection has a whole handshake: no harm. */
	(void)gnutls_session_ticket_enable_server(
		session, &c->pair->ticket_key);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED,
		GNUTLS_HOOK_POST, on_finished);
}

void
http_tls_end(struct http_conn *c)
{
	if (c->session == NULL)
		return;
	if (atomic_exchange(&c->is_shaking, false)) {
		atomic_fetch_sub(&c->s->n_handshakes, 1);
		count(LABEL_BROKEN_OFF);
	}
	http_cert_unref(c->pair);
}

void
http_tls_late(struct http_conn *c)
{
	if (c->session == NULL || !atomic_exchange(&c->is_shaking, false))
		return;
	atomic_fetch_sub(&c->s->n_handshakes, 1);
	count(LABEL_LATE);
}

void
http_tls_crowded(void)
{
	count(LABEL_CROWDED);
}

int
http_tls_choose(gnutls_session_t session,
	const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certs,
	unsigned int *n_certs, gnutls_ocsp_data_st **ocsp, unsigned int *n_ocsp,
	gnutls_privkey_t *key, unsigned int *flags)
{
	struct http_conn *c = conn_of(session);

	(void)info;
	if (c == NULL || c->pair == NULL)
		return -1;
	/* Borrowed: the connection holds it until it is closed (http-8). */
	*certs = c->pair->chain;
	*n_certs = c->pair->n_chain;
	*key = c->pair->key;
	*ocsp = NULL;
	*n_ocsp = 0;
	*flags = 0;
	return 0;
}
