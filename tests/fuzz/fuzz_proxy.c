#include "base/limits.h"
#include "fuzz.h"
#include "http/proxy.h"

/*
 * The first bytes of a connection. What was said of them holds however they
 * come in: less of a header is short, more does not change it.
 */
static void
check_whole(struct slice in, enum proxy_result is, const struct proxy_header *h)
{
	struct proxy_header again;

	FUZZ_CHECK(h->len > 0 && h->len <= in.len);
	FUZZ_CHECK(h->len <= LIMIT_PROXY_HEADER_BYTES);
	FUZZ_CHECK(is != PROXY_LOCAL || !h->has_client);
	FUZZ_CHECK(proxy_read(slice_of(in.p, h->len), &again) == is);
	FUZZ_CHECK(again.len == h->len && again.has_client == h->has_client);
	FUZZ_CHECK(memcmp(&again.client, &h->client, sizeof(h->client)) == 0);
	FUZZ_CHECK(
		proxy_read(slice_of(in.p, h->len - 1), &again) == PROXY_SHORT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct slice in = slice_of((const char *)p, len);
	struct proxy_header h, less;
	enum proxy_result is = proxy_read(in, &h);

	switch (is) {
	case PROXY_V1:
	case PROXY_V2:
	case PROXY_LOCAL:
		check_whole(in, is, &h);
		break;
	case PROXY_SHORT:
		for (size_t n = 0; n < len; n++)
			FUZZ_CHECK(proxy_read(slice_of(in.p, n), &less) ==
				   PROXY_SHORT);
		break;
	case PROXY_NONE:
	case PROXY_BAD:
		for (size_t n = 0; n < len && n < 300; n++) {
			enum proxy_result r =
				proxy_read(slice_of(in.p, n), &less);

			FUZZ_CHECK(r == PROXY_SHORT || r == is);
		}
		break;
	}
	return 0;
}
