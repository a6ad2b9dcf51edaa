#include "tests/unit/clickhouse/tests.h"

#include "base/clock.h"
#include "base/net.h"
#include "base/thread.h"
#include "base/zip.h"
#include "clickhouse/host.h"
#include "httpc/httpc.h"
#include "tests/unit/clickhouse/fake_lib.h"

/* The HTTP interface over a library that is none; also for the sanitizers,
 * which the real one does not bear. */
struct fixture {
	struct host_engine engine;
	struct host_http *http;
	uint16_t port;
};

static void
start(struct fixture *f)
{
	struct net_listen l = {.host = "127.0.0.1"};
	struct host_args a = {
		.dir = "/d",
		.hosts = "ch.example",
		.memory_max_bytes = 1000000000,
	};
	struct err e;

	memset(&fake, 0, sizeof(fake));
	assert_int_equal(net_listen_tcp(&l, &a.listen_fd, &f->port, &e), 0);
	assert_int_equal(host_engine_start(&f->engine, &a, &fake_lib, &e), 0);
	assert_int_equal(host_http_start(&f->engine, &a, &f->http, &e), 0);
	fake.prepared[0] = '\0';
}

/* Everything that the queries took has been given back. */
static void
stop(struct fixture *f)
{
	int64_t deadline = clock_mono_ns() + INT64_C(10000000000);

	assert_true(host_http_stop(f->http, deadline));
	host_engine_stop(&f->engine);
	assert_int_equal(atomic_load(&fake.connections), 0);
	assert_int_equal(atomic_load(&fake.results), 0);
	assert_int_equal(atomic_load(&fake.inserts), 0);
}

static int
ask(struct fixture *f, const char *params, struct slice body,
	const char *header, struct httpc_answer *a)
{
	const char *headers[] = {header, NULL};
	char url[512];
	struct httpc_request q = {
		.url = url,
		.body = body,
		.headers = headers,
		.timeout_ms = 20000,
		.max_body_bytes = 100000000,
	};
	struct err e;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", f->port, params);
	return httpc_do(&q, a, &e);
}

static void
expect(struct fixture *f, const char *params, const char *body, int status,
	const char *text)
{
	struct httpc_answer a;

	assert_int_equal(ask(f, params, slice_str(body), NULL, &a), 0);
	assert_int_equal(a.status, status);
	assert_true(slice_starts(buf_slice(&a.body), slice_str(text)));
	httpc_answer_fini(&a);
}

void
queries_go_their_ways(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	expect(&f, "", "SELECT 1", 200, "SELECT 1");
	expect(&f, "", "SHOW x", 200, "SHOW x");
	expect(&f, "?query=SELECT", "5", 200, "SELECT\n5");
	expect(&f, "", "SELECT bad", 400, "Code: 62.");
	expect(&f, "", "SHOW bad", 400, "Code: 62.");
	expect(&f, "", "SELECT 1; SELECT 2", 400, "Code: 62.");
	expect(&f, "", " -- nothing", 400, "Code: 62.");
	expect(&f, "", "SELECT 1 INTO OUTFILE 'x'", 500, "Code: 345.");
	expect(&f, "", "INSERT INTO t FROM INFILE 'x'", 501, "Code: 48.");
	expect(&f, "?a-b=1", "SELECT 1", 400, "Code: 36.");
	expect(&f, "?compress=1", "SELECT 1", 501, "Code: 48.");
	expect(&f, "nothing", "SELECT 1", 404, "There is no");
	stop(&f);
}

/* clickhouse-6 */
void
settings_are_quoted_and_set_first(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	expect(&f, "?database=a%60b&x=1&y=%27%5C", "SELECT 1", 200, "SELECT 1");
	assert_string_equal(
		fake.prepared, "USE `a\\`b`\nSET `x` = '1', `y` = '\\'\\\\'\n");
	fake.prepared[0] = '\0';
	expect(&f, "?database=bad", "SELECT 1", 400, "Code: 62.");
	assert_string_equal(fake.prepared, "USE `bad`\n");
	stop(&f);
}

/* clickhouse-7 */
void
inserts_hand_over_their_data(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	expect(&f, "", "INSERT INTO t VALUES (1); x", 200, "");
	assert_string_equal(fake.inserted, "(1); x");
	expect(&f, "?query=INSERT+INTO+t+FORMAT+CSV", "1\n\n2", 200, "");
	assert_string_equal(fake.inserted, "1\n\n2");
	expect(&f, "?query=INSERT+INTO+t+FORMAT+CSV+0", "1", 200, "");
	assert_string_equal(fake.inserted, "0\n1");
	expect(&f, "?query=INSERT+INTO+bad+FORMAT+CSV", "1", 400, "Code: 62.");
	expect(&f, "?query=INSERT+INTO+t+FORMAT+CSV", "bad", 400, "Code: 62.");
	stop(&f);
}

/* clickhouse-8 */
void
large_results_stream_whole_or_break_off(void **state)
{
	struct httpc_answer a;
	struct buf plain;
	struct fixture f;
	struct err e;

	(void)state;
	start(&f);
	assert_int_equal(
		ask(&f, "", SLICE_LIT("SELECT stream 30"), NULL, &a), 0);
	assert_int_equal(a.body.len, 30 * FAKE_PIECE_BYTES);
	httpc_answer_fini(&a);
	assert_int_equal(ask(&f, "?enable_http_compression=1",
				 SLICE_LIT("SELECT stream 30"),
				 "Accept-Encoding: br, gzip;q=1", &a),
		0);
	buf_init(&plain, 100000000);
	assert_int_equal(zip_gunzip(buf_slice(&a.body), &plain, &e), 0);
	assert_int_equal(plain.len, 30 * FAKE_PIECE_BYTES);
	buf_fini(&plain);
	httpc_answer_fini(&a);
	assert_int_equal(
		ask(&f, "", SLICE_LIT("SELECT stream 9 broken"), NULL, &a),
		-ERR_UNSURE);
	assert_int_equal(
		ask(&f, "", SLICE_LIT("SELECT stream 1 broken"), NULL, &a), 0);
	assert_int_equal(a.status, 400);
	httpc_answer_fini(&a);
	stop(&f);
}

static bool
take_none(void *cookie, int status, struct slice piece)
{
	(void)cookie;
	(void)status;
	(void)piece;
	return false;
}

void
a_client_that_leaves_cancels_its_stream(void **state)
{
	struct httpc_request q = {
		.body = SLICE_LIT("SELECT stream 1000000"),
		.on_body = take_none,
	};
	struct httpc_answer a;
	struct fixture f;
	char url[64];
	struct err e;

	(void)state;
	start(&f);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", f.port);
	q.url = url;
	assert_int_equal(httpc_do(&q, &a, &e), -ERR_STOPPING);
	stop(&f); /* which would wait for the worker in vain */
	assert_int_equal(atomic_load(&fake.cancelled), 1);
}

void
foreign_hosts_and_pages_are_refused(void **state)
{
	static const struct {
		const char *header;
		int status;
	} rows[] = {
		{"Host: evil.example", 403},
		{"Host: ch.example:1", 200},
		{"Host: localhost", 200},
		{"Origin: http://evil.example", 403},
		{"Origin: null", 403},
		{"Origin: https://ch.example:3000", 200},
		{"Origin: http://[::1]:3000", 200},
		{"Origin: http://127.0.0.1", 200},
		{"Origin: http://127.0.0.1.evil.example", 403},
		{"Content-Type: multipart/form-data; boundary=x", 501},
		{"Content-Encoding: br", 501},
		{"Content-Encoding: gzip", 400},
	};
	struct httpc_answer a;
	struct fixture f;

	(void)state;
	start(&f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(
			ask(&f, "", SLICE_LIT("SELECT 1"), rows[i].header, &a),
			0);
		assert_int_equal(a.status, rows[i].status);
		httpc_answer_fini(&a);
	}
	stop(&f);
}
