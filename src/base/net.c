#include "base/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static bool
is_number(struct slice s, unsigned max, unsigned *out)
{
	unsigned v = 0;

	if (s.len == 0 || s.len > 5)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s.p[i] - '0');
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

/* An IPv4 address inside IPv6 is the IPv4 address. */
static void
set_v6(struct net_addr *a, const uint8_t b[16])
{
	static const uint8_t mapped[12] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	*a = (struct net_addr){.is_v6 = true};
	if (memcmp(b, mapped, sizeof(mapped)) == 0) {
		a->is_v6 = false;
		memcpy(a->b, b + 12, 4);
	} else {
		memcpy(a->b, b, 16);
	}
}

/* Bytes of text up to c, or all. */
static struct slice
before(struct slice text, char c)
{
	const char *at = text.len == 0 ? NULL : memchr(text.p, c, text.len);

	return at == NULL ? text : slice_of(text.p, (size_t)(at - text.p));
}

static bool
parse_plain(struct slice text, struct net_addr *a)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t b[16];

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	if (strlen(copy) != text.len)
		return false;
	if (inet_pton(AF_INET, copy, b) == 1) {
		*a = (struct net_addr){.is_v6 = false};
		memcpy(a->b, b, 4);
		return true;
	}
	if (inet_pton(AF_INET6, copy, b) != 1)
		return false;
	set_v6(a, b);
	return true;
}

bool
net_addr_parse(struct slice text, struct net_addr *a)
{
	struct slice host;
	unsigned port;

	text = slice_trim(text);
	if (text.len > 0 && text.p[0] == '[') {
		struct slice rest;

		host = before(slice_of(text.p + 1, text.len - 1), ']');
		rest = slice_of(text.p + 1 + host.len, text.len - 1 - host.len);
		if (rest.len == 0)
			return false;
		if (rest.len > 1 &&
			(rest.p[1] != ':' ||
				!is_number(slice_of(rest.p + 2, rest.len - 2),
					65535, &port)))
			return false;
		return parse_plain(before(host, '%'), a);
	}
	host = before(text, ':');
	if (host.len < text.len && memchr(host.p + host.len + 1, ':',
					   text.len - host.len - 1) == NULL)
		return is_number(slice_of(host.p + host.len + 1,
					 text.len - host.len - 1),
			       65535, &port) &&
		       parse_plain(host, a);
	return parse_plain(before(text, '%'), a);
}

void
net_addr_from_sockaddr(const struct sockaddr *sa, struct net_addr *a)
{
	*a = (struct net_addr){.is_v6 = false};
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in =
			(const struct sockaddr_in *)(const void *)sa;

		memcpy(a->b, &in->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 =
			(const struct sockaddr_in6 *)(const void *)sa;

		set_v6(a, in6->sin6_addr.s6_addr);
	}
}

int
net_addr_format(const struct net_addr *a, char out[NET_ADDR_TEXT])
{
	if (inet_ntop(a->is_v6 ? AF_INET6 : AF_INET, a->b, out,
		    NET_ADDR_TEXT) == NULL)
		out[0] = '\0';
	return (int)strlen(out);
}

static void
clear_after(uint8_t *b, int n_bytes, int bits)
{
	for (int i = 0; i < n_bytes; i++) {
		int kept = bits - 8 * i;

		if (kept <= 0)
			b[i] = 0;
		else if (kept < 8)
			b[i] &= (uint8_t)(0xff00 >> kept);
	}
}

void
net_addr_mask(struct net_addr *a, int v4_bits, int v6_bits)
{
	if (a->is_v6)
		clear_after(a->b, 16, v6_bits);
	else
		clear_after(a->b, 4, v4_bits);
}

bool
net_cidr_parse(struct slice text, struct net_cidr *c)
{
	struct net_cidr v;
	struct slice addr;
	unsigned bits;

	text = slice_trim(text);
	addr = before(text, '/');
	if (!parse_plain(addr, &v.addr))
		return false;
	if (addr.len == text.len) {
		bits = v.addr.is_v6 ? 128 : 32;
	} else if (!is_number(slice_of(addr.p + addr.len + 1,
				      text.len - addr.len - 1),
			   v.addr.is_v6 ? 128 : 32, &bits)) {
		return false;
	}
	v.bits = (int)bits;
	net_addr_mask(&v.addr, v.bits, v.bits);
	*c = v;
	return true;
}

bool
net_cidr_contains(const struct net_cidr *c, const struct net_addr *a)
{
	struct net_addr masked = *a;

	if (c->addr.is_v6 != a->is_v6)
		return false;
	net_addr_mask(&masked, c->bits, c->bits);
	return memcmp(masked.b, c->addr.b, a->is_v6 ? 16 : 4) == 0;
}
