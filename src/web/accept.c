#include <string.h>

#include "web/asset.h"

/* Cuts what stands before the separator off rest, without blanks around it. */
static struct slice
next_token(struct slice *rest, char separator)
{
	const char *at =
		rest->len == 0 ? NULL : memchr(rest->p, separator, rest->len);
	size_t n = at == NULL ? rest->len : (size_t)(at - rest->p);
	struct slice token = slice_trim(slice_of(rest->p, n));

	if (at != NULL)
		n++;
	rest->p += n;
	rest->len -= n;
	return token;
}

/* "q=0", "q=0.000": what bears it is refused. */
static bool
is_refused(struct slice parameter)
{
	if (parameter.len < 3 || (parameter.p[0] | 32) != 'q' ||
		parameter.p[1] != '=')
		return false;
	for (size_t i = 2; i < parameter.len; i++)
		if (parameter.p[i] != '0' && parameter.p[i] != '.')
			return false;
	return true;
}

enum web_packing
web_packing_for(struct slice accept_encoding)
{
	struct slice rest = accept_encoding;
	bool may[WEB_N_PACKINGS] = {false, false, true};

	while (rest.len > 0) {
		struct slice item = next_token(&rest, ',');
		struct slice name = next_token(&item, ';');
		bool good = !is_refused(next_token(&item, ';'));

		if (slice_eq_str(name, "br"))
			may[WEB_BROTLI] = good;
		else if (slice_eq_str(name, "gzip"))
			may[WEB_GZIP] = good;
	}
	if (may[WEB_BROTLI])
		return WEB_BROTLI;
	return may[WEB_GZIP] ? WEB_GZIP : WEB_PLAIN;
}
