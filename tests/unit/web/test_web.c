#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/http.h"
#include "tests/unit/http/client.h"
#include "web/asset.h"
#include "web/web.h"

static struct http_server *server;
static uint16_t port;

static const struct http_route rows[] = {
	{HTTP_GET, "/*", NULL, web_serve},
	{0, NULL, NULL, NULL},
};

static int
start(void **state)
{
	const struct http_routes routes[] = {{rows, NULL}, {NULL, NULL}};
	struct net_listen at;
	struct http_options o = {
		.name = "web",
		.tls_listen_fd = -1,
		.routes = routes,
		.n_threads = 1,
		.max_connections = 16,
		.max_connections_per_address = 16,
		.max_inflight_bytes = 1024 * 1024,
		.request_timeout_ms = 10000,
		.idle_timeout_ms = 10000,
	};
	struct err e;

	(void)state;
	assert_int_equal(net_listen_parse("127.0.0.1:0", &at, &e), 0);
	assert_int_equal(net_listen_tcp(&at, &o.listen_fd, &port, &e), 0);
	return http_start(&o, &server, &e);
}

static int
stop(void **state)
{
	(void)state;
	http_stop(server, clock_mono_ns());
	return 0;
}

static struct reply reply;

static void
get(const char *path, const char *headers)
{
	struct client c;
	char text[1024];

	client_connect(&c, port);
	snprintf(text, sizeof(text),
		"HEAD %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
	client_send_text(&c, text);
	client_read_head(&c, &reply);
	client_close(&c);
}

static void
expect_header(const char *name, const char *value)
{
	const char *got = reply_header(&reply, name);

	assert_non_null(got);
	assert_string_equal(got, value);
}

static const struct web_asset *
a_hashed_file(void)
{
	const struct web_asset *f = web_assets;

	while (f->path != NULL && !f->is_hashed)
		f++;
	return f->path == NULL ? NULL : f;
}

static void
packing_by_accept_encoding(void **state)
{
	static const struct {
		const char *value;
		enum web_packing packing;
	} cases[] = {
		{"", WEB_PLAIN},
		{"gzip", WEB_GZIP},
		{"gzip, deflate, br, zstd", WEB_BROTLI},
		{" gzip ;q=1.0 , br;q=0", WEB_GZIP},
		{"br;q=0.000,gzip;q=0", WEB_PLAIN},
		{"br;q=0.5", WEB_BROTLI},
		{"identity", WEB_PLAIN},
		{",;,br", WEB_BROTLI},
		{"brr", WEB_PLAIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(web_packing_for(slice_str(cases[i].value)),
			cases[i].packing);
}

/* web-1, web-2 */
static void
page_for_browsers_alone(void **state)
{
	(void)state;
	get("/", "");
	assert_int_equal(reply.status, 200);
	get("/persons/a%40b.example", "Accept: text/html,*/*;q=0.8\r\n");
	assert_int_equal(reply.status, 200);
	if (web_is_built()) {
		expect_header("Content-Type", "text/html; charset=utf-8");
		expect_header("Cache-Control", "no-cache");
		expect_header("X-Content-Type-Options", "nosniff");
		assert_non_null(
			strstr(reply_header(&reply, "Content-Security-Policy"),
				"default-src 'none'; script-src 'self';"));
	} else {
		expect_header("Content-Type", "text/plain; charset=utf-8");
	}
	get("/persons", "");
	assert_int_equal(reply.status, 404);
	get("/assets/gone-ABCDEFGH.js", "Accept: text/html\r\n");
	assert_int_equal(reply.status, 404);
	get("/assets/../index.html", "");
	assert_int_equal(reply.status, 404);
}

/* web-3 */
static void
files_are_kept_by_their_name(void **state)
{
	const struct web_asset *f = a_hashed_file();
	char length[32];

	(void)state;
	if (f == NULL) {
		assert_false(web_is_built());
		return;
	}
	get(f->path, "Accept-Encoding: gzip, br\r\n");
	assert_int_equal(reply.status, 200);
	expect_header("Content-Encoding", "br");
	expect_header("Vary", "Accept-Encoding");
	expect_header("Cache-Control", "public, max-age=31536000, immutable");
	get(f->path, "");
	assert_null(reply_header(&reply, "Content-Encoding"));
	snprintf(length, sizeof(length), "%td",
		f->bytes[WEB_PLAIN].end - f->bytes[WEB_PLAIN].begin);
	expect_header("Content-Length", length);
}

static void
known_files_are_not_sent_again(void **state)
{
	char tag[64], headers[256];

	(void)state;
	if (!web_is_built())
		return;
	get("/", "Accept-Encoding: br\r\n");
	snprintf(tag, sizeof(tag), "%s", reply_header(&reply, "ETag"));
	snprintf(headers, sizeof(headers),
		"Accept-Encoding: br\r\nIf-None-Match: W/\"x\", %s\r\n", tag);
	get("/", headers);
	assert_int_equal(reply.status, 304);
	snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", tag);
	get("/", headers);
	assert_int_equal(reply.status, 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packing_by_accept_encoding),
		cmocka_unit_test(page_for_browsers_alone),
		cmocka_unit_test(files_are_kept_by_their_name),
		cmocka_unit_test(known_files_are_not_sent_again),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
