#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/limits.h"
#include "http/proxy.h"
#include "tests/unit/http/fixture.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define V4_BLOCK "\xc0\x00\x02\x01\x0a\x00\x00\x01\x30\x39\x01\xbb"
#define V6_BLOCK                                                               \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"                           \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08\x30\x39\x01\xbb"
#define ASK "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n"
#define BYTES(text) text, sizeof(text) - 1

struct good {
	const char *p;
	size_t len;
	enum proxy_result is;
	const char *client; /* NULL: not told */
};

static const struct good good[] = {
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\r\n"), PROXY_V1,
		"192.0.2.1"},
	{BYTES("PROXY TCP6 2001:db8::7 ::1 0 65535\r\n"), PROXY_V1,
		"2001:db8::7"},
	{BYTES("PROXY TCP6 ::ffff:192.0.2.9 ::1 1 2\r\n"), PROXY_V1,
		"192.0.2.9"},
	{BYTES("PROXY UNKNOWN\r\n"), PROXY_V1, NULL},
	{BYTES("PROXY UNKNOWN ffff::f... ??? 65536\r\n"), PROXY_V1, NULL},
	{BYTES(V2 "\x21\x11\0\x0c" V4_BLOCK), PROXY_V2, "192.0.2.1"},
	{BYTES(V2 "\x21\x21\0\x24" V6_BLOCK), PROXY_V2, "2001:db8::7"},
	{BYTES(V2 "\x21\x11\0\x11" V4_BLOCK "\x04\0\x02xy"), PROXY_V2,
		"192.0.2.1"},
	{BYTES(V2 "\x21\x11\0\x0f" V4_BLOCK "\xee\0\0"), PROXY_V2, "192.0.2.1"},
	{BYTES(V2 "\x21\0\0\0"), PROXY_V2, NULL},
	{BYTES(V2 "\x20\0\0\0"), PROXY_LOCAL, NULL},
	{BYTES(V2 "\x20\x11\0\x0c" V4_BLOCK), PROXY_LOCAL, NULL},
	{BYTES(V2 "\x20\xff\0\x03zzz"), PROXY_LOCAL, NULL},
};

static const struct {
	const char *p;
	size_t len;
} bad[] = {
	{BYTES("PROXY \r\n")},
	{BYTES("PROXY TCP4\r\n")},
	{BYTES("PROXY TCP5 192.0.2.1 10.0.0.1 1 2\r\n")},
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n")},
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n")},
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n")},
	{BYTES("PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n")},
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n")},
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 01 2\r\n")},
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 -1 2\r\n")},
	{BYTES("PROXY TCP4 192.0.2.256 10.0.0.1 1 2\r\n")},
	{BYTES("PROXY TCP4 192.0.2.1\0 10.0.0.1 1 2\r\n")},
	{BYTES("PROXY TCP4 ::1 ::1 1 2\r\n")},
	{BYTES("PROXY TCP6 192.0.2.1 192.0.2.1 1 2\r\n")},
	{BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n")},
	{BYTES("PROXY UNKNOWN "
	       "0123456789012345678901234567890123456789012345678901234567890"
	       "12345678901234567890123456789012345\r\n")},
	{BYTES(V2 "\x31\x11\0\x0c" V4_BLOCK)},
	{BYTES(V2 "\x22\x11\0\x0c" V4_BLOCK)},
	{BYTES(V2 "\x21\x12\0\x0c" V4_BLOCK)},
	{BYTES(V2 "\x21\x41\0\x0c" V4_BLOCK)},
	{BYTES(V2 "\x21\x01\0\x0c" V4_BLOCK)},
	{BYTES(V2 "\x21\x11\0\x0b" V4_BLOCK)},
	{BYTES(V2 "\x21\x21\0\x0c" V4_BLOCK)},
	{BYTES(V2 "\x21\x11\0\x0e" V4_BLOCK "\x04\0")},
	{BYTES(V2 "\x21\x11\0\x10" V4_BLOCK "\x04\0\x02x")},
	{BYTES(V2 "\x21\x11\0\x11" V4_BLOCK "\x03\0\x02xy")},
	{BYTES(V2 "\x21\x11\0\x13" V4_BLOCK "\x03\0\x04\1\2\3\4")},
	{BYTES(V2 "\x21\x11\xff\xff" V4_BLOCK)},
};

static void
headers_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct good *g = &good[i];
		struct proxy_header h;
		char text[NET_ADDR_TEXT], more[300];

		for (size_t n = 0; n < g->len; n++)
			assert_int_equal(
				proxy_read(slice_of(g->p, n), &h), PROXY_SHORT);
		memcpy(more, g->p, g->len);
		memcpy(more + g->len, "PROXY ", 6);
		assert_int_equal(
			proxy_read(slice_of(more, g->len + 6), &h), g->is);
		assert_int_equal(h.len, g->len);
		assert_int_equal(h.has_client, g->client != NULL);
		if (g->client == NULL)
			continue;
		(void)net_addr_format(&h.client, text);
		assert_string_equal(text, g->client);
	}
}

static void
malformed_headers_are_not(void **state)
{
	struct proxy_header h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(proxy_read(slice_of(bad[i].p, bad[i].len), &h),
			PROXY_BAD);
	assert_int_equal(
		proxy_read(SLICE_LIT("POST /e HTTP/1.1\r\n"), &h), PROXY_NONE);
	assert_int_equal(proxy_read(SLICE_LIT("\r\nGET"), &h), PROXY_NONE);
	assert_int_equal(proxy_read(SLICE_LIT("\x16\x03\x01"), &h), PROXY_NONE);
}

static void
the_sum_is_verified(void **state)
{
	char in[] = V2 "\x21\x11\0\x17" V4_BLOCK "\x03\0\x04\0\0\0\0"
		       "\xee\0\1z";
	const size_t len = sizeof(in) - 1, at = len - 8;
	uint32_t sum = hash_crc32c(0, in, len);
	struct proxy_header h;

	(void)state;
	for (int i = 0; i < 4; i++)
		in[at + (size_t)i] = (char)(sum >> (24 - 8 * i));
	assert_int_equal(proxy_read(slice_of(in, len), &h), PROXY_V2);
	for (size_t i = 16; i < len; i++) {
		in[i] ^= 1;
		/* A changed type or length is wrong in another way. */
		if (i != at - 3)
			assert_int_equal(
				proxy_read(slice_of(in, len), &h), PROXY_BAD);
		in[i] ^= 1;
	}
}

static enum http_proxy
say_on(void *app, const struct net_addr *peer)
{
	(void)app;
	assert_int_equal(peer->b[0], 127);
	return HTTP_PROXY_ON;
}

static enum http_proxy
say_auto(void *app, const struct net_addr *peer)
{
	(void)app;
	(void)peer;
	return HTTP_PROXY_AUTO;
}

static void
expect_peer(struct client *c, const char *text)
{
	static struct reply r;

	client_read(c, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, text);
}

/* http-6 */
static void
the_named_client_is_the_peer(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.proxy = say_on};
	static struct client c;

	(void)state;
	fixture_start(&f, &o);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char all[400];
		const char *who =
			good[i].client == NULL ? "127.0.0.1" : good[i].client;

		/* In one piece with the request, then byte for byte. */
		memcpy(all, good[i].p, good[i].len);
		memcpy(all + good[i].len, ASK, sizeof(ASK) - 1);
		client_connect(&c, f.port);
		client_send(&c, all, good[i].len + sizeof(ASK) - 1);
		expect_peer(&c, who);
		client_send_text(&c, ASK);
		expect_peer(&c, who);
		client_close(&c);
		client_connect(&c, f.port);
		for (size_t k = 0; k < good[i].len; k++)
			client_send(&c, good[i].p + k, 1);
		client_send_text(&c, ASK);
		expect_peer(&c, who);
		client_close(&c);
	}
	fixture_stop(&f);
}

static void
without_a_header_the_door_stays_shut(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.proxy = say_on};
	static struct client c, waiting;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&waiting, f.port);
	client_send_text(&waiting, "PROXY TCP4 192");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		client_connect(&c, f.port);
		client_send(&c, bad[i].p, bad[i].len);
		client_expect_close(&c);
		client_close(&c);
	}
	client_connect(&c, f.port);
	client_send_text(&c, ASK);
	client_expect_close(&c);
	client_close(&c);
	/* Nobody waits for the slow one, which is served when it is there. */
	client_send_text(&waiting, ".0.2.1 10.0.0.1 1 2\r\n" ASK);
	expect_peer(&waiting, "192.0.2.1");
	client_close(&waiting);
	client_connect(&waiting, f.port);
	client_send_text(&waiting, "PROXY");
	fixture_stop(&f);
	client_expect_close(&waiting);
	client_close(&waiting);
}

static void
a_header_may_be_there(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.proxy = say_auto};
	static struct client c;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	client_send_text(&c, ASK);
	expect_peer(&c, "127.0.0.1");
	/* It belongs to the connection's begin alone. */
	client_send_text(&c, "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n\r\n");
	client_expect_close(&c);
	client_close(&c);
	client_connect(&c, f.port);
	client_send_text(&c, "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n" ASK);
	expect_peer(&c, "192.0.2.1");
	client_close(&c);
	client_connect(&c, f.port);
	client_send_text(&c, "PROXY TCP4 nonsense\r\n" ASK);
	client_expect_close(&c);
	client_close(&c);
	fixture_stop(&f);
}

const struct CMUnitTest http_proxy_tests[] = {
	cmocka_unit_test(headers_are_read),
	cmocka_unit_test(malformed_headers_are_not),
	cmocka_unit_test(the_sum_is_verified),
	cmocka_unit_test(the_named_client_is_the_peer),
	cmocka_unit_test(without_a_header_the_door_stays_shut),
	cmocka_unit_test(a_header_may_be_there),
};
const size_t http_n_proxy_tests =
	sizeof(http_proxy_tests) / sizeof(http_proxy_tests[0]);
