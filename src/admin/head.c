#include "admin/head.h"

#include "conf/conf.h"
#include "http/http.h"

#define NETWORK_MAX 64
#define HOST_MAX 256

static struct slice
keep(struct http_request *r, const char *name)
{
	struct slice v = http_header(r, name);

	return v.p == NULL || v.len == 0 ? v
					 : arena_dup_slice(http_arena(r), v);
}

void
head_read(struct http_request *r, struct head *out)
{
	*out = (struct head){
		.is_unix = http_peer_is_unix(r),
		.is_tls = http_is_tls(r),
	};
	if (out->is_unix) {
		out->has_uid = http_peer_uid(r, &out->uid);
		return;
	}
	http_peer(r, &out->peer);
	out->cookie = keep(r, "Cookie");
	out->authorization = keep(r, "Authorization");
	out->csrf = keep(r, "X-CSRF-Token");
	out->origin = keep(r, "Origin");
	out->host = keep(r, "Host");
	out->agent = keep(r, "User-Agent");
	out->forwarded_for = keep(r, "X-Forwarded-For");
	out->forwarded_proto = keep(r, "X-Forwarded-Proto");
	out->content_type = keep(r, "Content-Type");
	out->fetch_site = keep(r, "Sec-Fetch-Site");
}

/* Cuts the part before the next sep off rest. */
static struct slice
cut_before(struct slice *rest, char sep)
{
	const char *at =
		rest->len == 0 ? NULL : memchr(rest->p, sep, rest->len);
	size_t n = at == NULL ? rest->len : (size_t)(at - rest->p);
	struct slice part = slice_of(rest->p, n);

	n += at != NULL;
	*rest = slice_of(rest->p + n, rest->len - n);
	return slice_trim(part);
}

/* The last of a list with commas; rest is what stands before it. */
static struct slice
cut_last(struct slice *rest)
{
	size_t n = rest->len;
	struct slice last;

	while (n > 0 && rest->p[n - 1] != ',')
		n--;
	last = slice_of(rest->p + n, rest->len - n);
	*rest = slice_of(rest->p, n == 0 ? 0 : n - 1);
	return slice_trim(last);
}

struct slice
head_session(const struct head *h)
{
	struct slice rest = h->cookie;

	while (rest.len > 0) {
		struct slice pair = cut_before(&rest, ';');
		struct slice name = cut_before(&pair, '=');

		if (slice_eq_str(name, HEAD_COOKIE))
			return pair;
	}
	return SLICE_NONE;
}

struct slice
head_bearer(const struct head *h)
{
	struct slice rest = h->authorization;
	struct slice scheme = cut_before(&rest, ' ');

	if (!slice_eq_nocase(scheme, SLICE_LIT("Bearer")))
		return SLICE_NONE;
	return slice_trim(rest);
}

static bool
is_trusted(const struct net_addr *a, const char *proxies)
{
	const char *at = proxies;
	char word[NETWORK_MAX];
	struct net_cidr net;

	while (conf_list_next(&at, word, sizeof(word)))
		if (net_cidr_parse(slice_str(word), &net) &&
			net_cidr_contains(&net, a))
			return true;
	return false;
}

/* From the right: each was written by the one right of it, and the first that
 * is not trusted may have written what stands left of it. */
void
head_client(const struct head *h, const char *proxies, struct net_addr *out)
{
	struct slice rest = h->forwarded_for;

	*out = h->peer;
	while (rest.len > 0 && is_trusted(out, proxies)) {
		struct net_addr next;

		if (!net_addr_parse(cut_last(&rest), &next))
			return;
		*out = next;
	}
}

bool
head_is_https(const struct head *h, const char *proxies)
{
	struct slice rest = h->forwarded_proto;

	if (h->is_tls)
		return true;
	return rest.len > 0 && is_trusted(&h->peer, proxies) &&
	       slice_eq_nocase(cut_last(&rest), SLICE_LIT("https"));
}

/* "https://host:port" -> "host:port" */
static struct slice
authority(struct slice origin)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (slice_starts(origin, slice_str(schemes[i])))
			return slice_of(origin.p + n, origin.len - n);
	}
	return SLICE_NONE;
}

/* The name without its port. */
static struct slice
name_of(struct slice host)
{
	for (size_t i = host.len; i > 0; i--) {
		if (host.p[i - 1] == ']')
			break;
		if (host.p[i - 1] == ':')
			return slice_of(host.p, i - 1);
	}
	return host;
}

bool
head_origin_is_own(const struct head *h, const char *hosts)
{
	struct slice from = authority(h->origin);
	const char *at = hosts;
	char word[HOST_MAX];

	if (h->fetch_site.p != NULL &&
		slice_eq_str(h->fetch_site, "cross-site"))
		return false;
	if (h->origin.p == NULL)
		return true;
	if (from.len == 0)
		return false;
	if (slice_eq_nocase(from, h->host))
		return true;
	/* A proxy may have asked under another name than the browser did. */
	while (conf_list_next(&at, word, sizeof(word)))
		if (slice_eq_nocase(name_of(from), slice_str(word)))
			return true;
	return false;
}
