#include "capture/capture_int.h"

#include "base/utf8.h"

struct slice
capture_header_text(struct capture_ctx *x, const char *name)
{
	struct slice v = http_header(x->r, name);
	struct buf b;

	if (utf8_valid(v))
		return v;
	buf_init(&b, v.len * 3 + 16);
	utf8_append_lossy(&b, v);
	v = b.failed ? SLICE_NONE : arena_dup_slice(x->a, buf_slice(&b));
	buf_fini(&b);
	return v;
}

/*
 * The client's address (spec capture 6): headers are believed from trusted
 * peers only, and the project's setting is applied before anything is written
 * (capture-4).
 */
static bool
is_trusted(const struct capture_conf *conf, const struct net_addr *peer)
{
	for (int i = 0; i < conf->n_proxies; i++)
		if (net_cidr_contains(&conf->proxies[i], peer))
			return true;
	return false;
}

/* The header of the PROXY protocol is believed from the same peers. */
enum http_proxy
capture_proxy(void *app, const struct net_addr *peer)
{
	const struct capture *c = app;
	const struct capture_conf *conf = atomic_load(&c->conf);

	if (!is_trusted(conf, peer))
		return HTTP_PROXY_OFF;
	switch ((enum conf_proxy_protocol)conf->proxy) {
	case CONF_PROXY_OFF:
		return HTTP_PROXY_OFF;
	case CONF_PROXY_ON:
		return HTTP_PROXY_ON;
	case CONF_PROXY_AUTO:
		return HTTP_PROXY_AUTO;
	}
	return HTTP_PROXY_OFF;
}

static bool
first_in_list(struct slice value, struct net_addr *out)
{
	while (value.len > 0) {
		const char *comma = memchr(value.p, ',', value.len);
		size_t n =
			comma == NULL ? value.len : (size_t)(comma - value.p);

		if (net_addr_parse(slice_trim(slice_of(value.p, n)), out))
			return true;
		n += comma != NULL;
		value = slice_of(value.p + n, value.len - n);
	}
	return false;
}

/* for="[2001:db8::1]:80";proto=https, for=192.0.2.1 */
static bool
first_forwarded(struct slice value, struct net_addr *out)
{
	for (size_t i = 0; i + 4 <= value.len; i++) {
		struct slice v;
		size_t n = 0;

		if (!slice_eq_nocase(
			    slice_of(value.p + i, 4), SLICE_LIT("for=")))
			continue;
		v = slice_of(value.p + i + 4, value.len - i - 4);
		while (n < v.len && v.p[n] != ';' && v.p[n] != ',')
			n++;
		v = slice_trim(slice_of(v.p, n));
		if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"')
			v = slice_of(v.p + 1, v.len - 2);
		if (net_addr_parse(v, out))
			return true;
	}
	return false;
}

static bool
one(struct slice value, struct net_addr *out)
{
	return net_addr_parse(slice_trim(value), out);
}

/* address:port, also where the address is IPv6 without brackets */
static bool
with_port(struct slice value, struct net_addr *out)
{
	value = slice_trim(value);
	for (size_t i = value.len; i > 0; i--)
		if (value.p[i - 1] == ':')
			return net_addr_parse(slice_of(value.p, i - 1), out);
	return net_addr_parse(value, out);
}

static const struct {
	const char *name;
	bool (*read)(struct slice value, struct net_addr *out);
} headers[] = {
	{"X-Forwarded-For", first_in_list},
	{"Forwarded", first_forwarded},
	{"X-Real-Ip", one},
	{"Fly-Client-IP", one},
	{"True-Client-IP", one},
	{"CF-Connecting-IP", one},
	{"CloudFront-Viewer-Address", with_port},
};

int
capture_find_address(struct capture_ctx *x)
{
	struct net_addr a;

	x->ip[0] = '\0';
	if (x->anonymize == TEAM_IP_DROP)
		return 0;
	http_peer(x->r, &a);
	if (is_trusted(x->conf, &a))
		for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
			struct slice v = http_header(x->r, headers[i].name);

			if (v.p != NULL && headers[i].read(v, &a))
				break;
		}
	if (x->anonymize == TEAM_IP_TRUNCATE)
		net_addr_mask(&a, 24, 48);
	net_addr_format(&a, x->ip);
	return 0;
}
