#include <stdio.h>
#include <stdlib.h>

#include "admin/door.h"
#include "base/json_write.h"

#define SETUP_URL_MAX 512

/* How the admin port can be reached, and what is wrong with that. */

static bool
is_loopback(const char *host)
{
	static const struct net_cidr loopback[] = {
		{{false, {127}}, 8},
		{{true, {[15] = 1}}, 128},
	};
	struct net_addr a;

	if (slice_eq_nocase(slice_str(host), SLICE_LIT("localhost")))
		return true;
	return net_addr_parse(slice_str(host), &a) &&
	       (net_cidr_contains(&loopback[0], &a) ||
		       net_cidr_contains(&loopback[1], &a));
}

/* What it listens on now, which a reload does not change. */
static const struct conf *
started_with(const struct admin *a)
{
	return conf_values(a->start_conf);
}

bool
door_is_bare(const struct admin *a)
{
	struct net_listen l;
	struct err e;

	if (started_with(a)->admin_tls_cert[0] != '\0' ||
		net_listen_parse(started_with(a)->admin_listen, &l, &e) < 0)
		return false;
	return !l.is_off && !is_loopback(l.host);
}

void
door_put_warnings(struct admin *a, struct buf *out)
{
	buf_append_lit(out, "\"warnings\":[");
	if (door_is_bare(a)) {
		buf_append_lit(out, "{\"code\":\"no_tls\",\"message\":");
		json_put_string(out, slice_str(DOOR_BARE_TEXT));
		buf_append_char(out, '}');
	}
	buf_append_char(out, ']');
}

const char *
admin_warning(const struct admin *a)
{
	return door_is_bare(a) ? DOOR_BARE_TEXT : NULL;
}

/* The port that was got; 0: no daemon runs. */
static int
port_in_use(struct admin *a)
{
	const char *at;
	int port = 0;

	lock_take(&a->lock);
	at = a->ports == NULL ? NULL : strstr(a->ports, "\"admin\":");
	if (at != NULL)
		port = (int)strtol(at + strlen("\"admin\":"), NULL, 10);
	lock_release(&a->lock);
	return port;
}

/* A name for it that a browser on this machine, or the one of admin.hosts, can
 * use. */
static void
host_for(const struct conf *c, const struct net_listen *l, char *out,
	size_t size)
{
	const char *at = c->admin_hosts;
	bool is_any = l->host[0] == '\0' || strcmp(l->host, "0.0.0.0") == 0 ||
		      strcmp(l->host, "::") == 0;

	if (!is_loopback(l->host) && conf_list_next(&at, out, size))
		return;
	if (is_any)
		snprintf(out, size, "127.0.0.1");
	else
		snprintf(out, size,
			strchr(l->host, ':') == NULL ? "%s" : "[%s]", l->host);
}

/* false: there is no admin port. */
static bool
setup_url(struct admin *a, const char *token, char *out, size_t size)
{
	const struct conf *c = started_with(a);
	char host[256];
	struct net_listen l;
	struct err e;
	int port = port_in_use(a);

	if (net_listen_parse(c->admin_listen, &l, &e) < 0 || l.is_off ||
		!conf_list_has(c->roles, "admin"))
		return false;
	host_for(c, &l, host, sizeof(host));
	snprintf(out, size, "%s://%s:%d/setup#%s",
		c->admin_tls_cert[0] == '\0' ? "http" : "https", host,
		port == 0 ? l.port : port, token);
	return true;
}

void
admin_put_setup_url(struct admin *a, const char *token, struct buf *out)
{
	char url[SETUP_URL_MAX];

	if (setup_url(a, token, url, sizeof(url)))
		json_put_string(out, slice_str(url));
	else
		buf_append_lit(out, "null");
}

int
admin_setup_link(struct admin *a, char *out, size_t size, struct err *e)
{
	char token[AUTH_TOKEN_MAX];
	int64_t expires_at_us;
	bool needed = false;
	int rc = auth_setup_needed(a->auth, &needed, e);

	out[0] = '\0';
	if (rc < 0 || !needed ||
		!conf_list_has(started_with(a)->roles, "admin"))
		return rc;
	rc = auth_setup_token(a->auth, token, &expires_at_us, e);
	if (rc == 0 && !setup_url(a, token, out, size))
		out[0] = '\0';
	return rc;
}
