#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/zip.h"
#include "flag/flag_int.h"
#include "remote/remote.h"
#include "store/store.h"
#include "tests/unit/http/client.h"

struct fixture {
	char dir[64];
	struct store *config;
	struct team_cache *teams;
	struct flag_app app;
	struct remote *remote;
	struct http_server *s;
	uint16_t port;
	int64_t id;
};

static struct fixture f;
static struct client c;
static struct reply r;

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "store: %s\n", why->text);
	abort();
}

static void
write_bundle(void)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/static", f.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/static/array.js", f.dir);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs("bundle();", out);
	fclose(out);
}

static int
set_up(void **state)
{
	struct store_options so = {.dir = f.dir,
		.kind = STORE_CONFIG,
		.queue_bytes = 1 << 20,
		.on_fatal = on_fatal};
	struct http_options o = {.name = "flag",
		.n_threads = 1,
		.max_connections = 10,
		.max_connections_per_address = 10,
		.max_inflight_bytes = 1 << 24,
		.request_timeout_ms = 10000,
		.idle_timeout_ms = 10000};
	struct net_listen l = {.host = "127.0.0.1"};
	struct http_routes routes[3] = {{flag_routes, &f.app}};
	struct err e;

	(void)state;
	f = (struct fixture){.dir = "/tmp/test_flag_XXXXXX"};
	assert_non_null(mkdtemp(f.dir));
	write_bundle();
	assert_int_equal(store_open(&so, &f.config, &e), 0);
	assert_int_equal(team_cache_new(f.config, &f.teams, &e), 0);
	assert_int_equal(
		team_create(f.teams, "p", "phc_flags", NULL, &f.id, &e), 0);
	assert_int_equal(remote_new(f.teams, f.dir, &f.remote, &e), 0);
	f.app.teams = f.teams;
	routes[1] = (struct http_routes){remote_routes, f.remote};
	o.routes = routes;
	assert_int_equal(net_listen_tcp(&l, &o.listen_fd, &f.port, &e), 0);
	assert_int_equal(http_start(&o, &f.s, &e), 0);
	client_connect(&c, f.port);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"config.db", "config.db-wal",
		"config.db-shm", "static/array.js"};
	char path[128];

	(void)state;
	client_close(&c);
	http_stop(f.s, clock_mono_ns() + 1000000000);
	remote_free(f.remote);
	team_cache_free(f.teams);
	store_close(f.config);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", f.dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/static", f.dir);
	rmdir(path);
	rmdir(f.dir);
	return 0;
}

static void
set(const char *setting)
{
	const char *const all[] = {setting, NULL};
	struct err e;

	assert_int_equal(team_set(f.teams, f.id, all, &e), 0);
}

static void
ask(const char *method, const char *path, const char *headers,
	struct slice body)
{
	char head[1000];

	snprintf(head, sizeof(head),
		"%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n",
		method, path, headers, body.len);
	client_send_text(&c, head);
	client_send(&c, body.p, body.len);
	client_read(&c, &r);
	r.body[r.n_body] = '\0';
}

static void
post(const char *path, const char *body)
{
	ask("POST", path, "Content-Type: application/json\r\n",
		slice_str(body));
}

/* The raw JSON of a member of the answer, "" if absent. */
static const char *
member(const char *name)
{
	static char text[4000];
	struct json_limits lim = {20, 10000};
	struct json_doc d;
	struct arena a;
	struct err e;
	uint32_t n;

	arena_init(&a, 1 << 20);
	assert_int_equal(
		json_parse(&a, slice_of(r.body, r.n_body), &lim, &d, &e), 0);
	n = json_member(&d, 0, slice_str(name));
	snprintf(text, sizeof(text), "%.*s",
		n == 0 ? 0 : (int)json_raw(&d, n).len,
		n == 0 ? "" : json_raw(&d, n).p);
	arena_fini(&a);
	return text;
}

#define BODY "{\"token\":\"phc_flags\",\"distinct_id\":\"u\"}"

static void
formats_follow_route_and_version(void **state)
{
	static const struct {
		const char *path, *flags, *features, *config;
	} cases[] = {
		{"/flags/?v=2", "{}", "", ""},
		{"/flags?v=9", "{}", "", ""},
		{"/flags/?v=1", "", "{}", ""},
		{"/flags/?v=x", "", "{}", ""},
		{"/flags/", "{}", "", "false"},
		{"/flags/?v=", "{}", "", "false"},
		{"/flags/?config=true", "", "{}", "false"},
		{"/flags/?v=2&config=true", "{}", "", "false"},
		{"/decide/", "", "[]", "false"},
		{"/decide?v=1", "", "[]", "false"},
		{"/decide/?v=2", "", "{}", "false"},
		{"/decide/?v=3", "", "{}", "false"},
		{"/decide/?v=4", "{}", "", "false"},
		{"/decide/?v=4&config=false", "{}", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		post(cases[i].path, BODY);
		assert_int_equal(r.status, 200);
		assert_string_equal(member("flags"), cases[i].flags);
		assert_string_equal(member("featureFlags"), cases[i].features);
		assert_string_equal(member("hasFeatureFlags"), cases[i].config);
		assert_int_equal(strlen(member("requestId")), 38);
		assert_true(strlen(member("evaluatedAt")) == 13);
	}
}

/* flag-1 */
static void
errors_have_their_status_and_code(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *text;
	} cases[] = {
		{"{\"distinct_id\":\"u\"}", 401, "not_authenticated"},
		{"{\"token\":\"\",\"distinct_id\":\"u\"}", 401,
			"not_authenticated"},
		{"{\"token\":\"phc_x\",\"distinct_id\":\"u\"}", 401,
			"authentication_failed"},
		{"{\"token\":\"phc_flags\"}", 400,
			"The distinct_id field is missing"},
		{"{\"token\":\"phc_flags\",\"distinct_id\":null}", 400,
			"The distinct_id field is missing"},
		{"{\"token\":\"phc_flags\",\"disable_flags\":true}", 200,
			"\"flags\":{}"},
		{"{\"api_key\":\"phc_flags\",\"distinct_id\":12.5}", 200, ""},
		{"{\"$token\":\"phc_flags\",\"$distinct_id\":\"\"}", 200, ""},
		{"{\"token\":\"phc_flags\",\"distinct_id\":\"u\","
		 "\"person_properties\":{\"a\":[NaN,-Infinity,\"NaN\"]}}",
			200, ""},
		{"{\"token\":\"phc_flags\",\"distinct_id\":\"\xff\"}", 200, ""},
		{"{nonsense", 400, "Failed to decode request: invalid JSON"},
		{"[]", 400, "Failed to decode request: invalid JSON"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		post("/flags/?v=2", cases[i].body);
		assert_int_equal(r.status, cases[i].status);
		assert_non_null(strstr(r.body, cases[i].text));
	}
	ask("POST", "/flags/?v=2&compression=zip", "", SLICE_LIT(BODY));
	assert_int_equal(r.status, 400);
	ask("POST", "/flags/?v=2", "Content-Type: text/html\r\n",
		SLICE_LIT(BODY));
	assert_int_equal(r.status, 400);
	assert_non_null(strstr(r.body, "unsupported content type: text/html"));
}

static void
encodings_are_undone(void **state)
{
	struct buf z, b, form;
	struct err e;

	(void)state;
	buf_init(&z, 10000);
	buf_init(&b, 10000);
	buf_init(&form, 10000);
	assert_int_equal(zip_gzip(SLICE_LIT(BODY), 6, &z, &e), 0);
	ask("POST", "/flags/?v=2&compression=gzip-js", "", buf_slice(&z));
	assert_int_equal(r.status, 200);
	ask("POST", "/flags/?v=2", "Content-Type: text/plain\r\n",
		buf_slice(&z));
	assert_int_equal(r.status, 200);
	base64_encode(SLICE_LIT(BODY "  "), &b);
	ask("POST", "/flags/?v=2&compression=base64", "", buf_slice(&b));
	assert_int_equal(r.status, 200);
	buf_append_lit(&form, "data=");
	for (size_t i = 0; i < b.len; i++)
		buf_printf(&form, b.p[i] == '=' ? "%%3D" : "%c", b.p[i]);
	ask("POST", "/decide/?v=3",
		"Content-Type: application/x-www-form-urlencoded; "
		"charset=UTF-8\r\n",
		buf_slice(&form));
	assert_int_equal(r.status, 200);
	ask("POST", "/decide/?v=3&compression=gzip",
		"Content-Type: application/x-www-form-urlencoded\r\n",
		buf_slice(&form));
	assert_int_equal(r.status, 400);
	ask("POST", "/flags/?compression=gzip", "", SLICE_LIT("not gzip"));
	assert_int_equal(r.status, 400);
	assert_non_null(strstr(r.body, "gzip decompression failed"));
	buf_fini(&z);
	buf_fini(&b);
	buf_fini(&form);
}

static void
other_methods_are_answered(void **state)
{
	(void)state;
	ask("GET", "/flags?v=2", "", SLICE_NONE);
	assert_int_equal(r.status, 200);
	assert_string_equal(member("flags"), "{}");
	assert_string_equal(member("isAuthenticated"), "false");
	ask("OPTIONS", "/decide/", "", SLICE_NONE);
	assert_int_equal(r.status, 204);
	assert_string_equal(
		reply_header(&r, "Allow"), "GET, POST, OPTIONS, HEAD");
	ask("OPTIONS", "/decide/", "Access-Control-Request-Method: POST\r\n",
		SLICE_NONE);
	assert_int_equal(r.status, 200);
	ask("PUT", "/flags/", "", SLICE_NONE);
	assert_int_equal(r.status, 405);
}

/* flag-2 */
static void
settings_drive_remote_config(void **state)
{
	(void)state;
	ask("GET", "/array/phc_flags/config", "", SLICE_NONE);
	assert_int_equal(r.status, 200);
	assert_string_equal(member("hasFeatureFlags"), "false");
	assert_string_equal(member("sessionRecording"), "false");
	assert_string_equal(member("capturePerformance"), "false");
	assert_string_equal(member("siteApps"), "[]");
	assert_string_equal(member("toolbarParams"), "");
	assert_string_equal(member("token"), "\"phc_flags\"");
	set("session_recording_opt_in=true");
	set("session_recording_sample_rate=0.50");
	set("session_recording_linked_flag={\"key\":\"k\",\"variant\":\"v\"}");
	set("session_replay_config={\"record_canvas\":true}");
	set("autocapture_web_vitals_opt_in=true");
	set("logs_settings={\"captureConsoleLogs\":true}");
	ask("GET", "/array/phc_flags/config", "", SLICE_NONE);
	assert_string_equal(member("sessionRecording"),
		"{\"endpoint\":\"/s/\",\"consoleLogRecordingEnabled\":false,"
		"\"recorderVersion\":\"v2\",\"sampleRate\":\"0.5\","
		"\"minimumDurationMilliseconds\":null,"
		"\"linkedFlag\":{\"flag\":\"k\",\"variant\":\"v\"},"
		"\"networkPayloadCapture\":null,\"masking\":null,"
		"\"urlTriggers\":[],\"urlBlocklist\":[],\"eventTriggers\":[],"
		"\"triggerMatchType\":null,\"scriptConfig\":null,"
		"\"recordCanvas\":true,\"canvasFps\":3,"
		"\"canvasQuality\":\"0.4\",\"version\":1}");
	assert_string_equal(member("capturePerformance"),
		"{\"network_timing\":false,\"web_vitals\":true,"
		"\"web_vitals_allowed_metrics\":null}");
	assert_string_equal(member("logs"), "{\"captureConsoleLogs\":true}");
}

static void
recording_domains_are_kept_to(void **state)
{
	static const struct {
		const char *header;
		bool allowed;
	} cases[] = {
		{"", true},
		{"Origin: https://app.example.com:8080\r\n", true},
		{"Origin: https://a.b.example.com\r\n", true},
		{"Origin: https://example.com\r\n", false},
		{"Origin: https://evilexample.com\r\n", false},
		{"Origin: http://exact.example\r\n", true},
		{"Referer: https://other.example/x\r\n", false},
	};

	(void)state;
	set("session_recording_opt_in=true");
	set("recording_domains=[\"https://*.example.com\","
	    "\"https://exact.example\"]");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ask("GET", "/array/phc_flags/config", cases[i].header,
			SLICE_NONE);
		assert_int_equal(r.status, 200);
		assert_int_equal(
			strcmp(member("sessionRecording"), "false") != 0,
			cases[i].allowed);
	}
}

/* remote-1, remote-2 */
static void
scripts_are_cached_by_their_bytes(void **state)
{
	char etag[200], condition[300];

	(void)state;
	ask("GET", "/array/phc_flags/config.js", "", SLICE_NONE);
	assert_int_equal(r.status, 200);
	assert_string_equal(
		reply_header(&r, "Content-Type"), "application/javascript");
	assert_string_equal(
		reply_header(&r, "Cache-Control"), "public, max-age=300");
	assert_string_equal(reply_header(&r, "Vary"), "Origin, Referer");
	assert_non_null(
		strstr(r.body, "window._POSTHOG_REMOTE_CONFIG['phc_flags']"));
	assert_null(strstr(r.body, "\"siteApps\""));
	snprintf(etag, sizeof(etag), "%s", reply_header(&r, "ETag"));
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", etag);
	ask("GET", "/array/phc_flags/config.js", condition, SLICE_NONE);
	assert_int_equal(r.status, 304);
	set("heatmaps_opt_in=true");
	ask("GET", "/array/phc_flags/config.js", condition, SLICE_NONE);
	assert_int_equal(r.status, 200);
	ask("GET", "/array/phc_flags/array.js", "", SLICE_NONE);
	assert_int_equal(r.status, 200);
	assert_memory_equal(r.body, "bundle();\n(function", 19);
}

static void
unknown_tokens_have_no_config(void **state)
{
	(void)state;
	ask("GET", "/array/phc_other/config", "", SLICE_NONE);
	assert_int_equal(r.status, 404);
	ask("GET", "/array/bad%20token/config", "", SLICE_NONE);
	assert_int_equal(r.status, 400);
	assert_string_equal(r.body, "Invalid token");
	ask("GET", "/array/phc_flags/other.js", "", SLICE_NONE);
	assert_int_equal(r.status, 404);
	ask("GET", "/array/phc_flags", "", SLICE_NONE);
	assert_int_equal(r.status, 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(formats_follow_route_and_version),
		TEST(errors_have_their_status_and_code),
		TEST(encodings_are_undone),
		TEST(other_methods_are_answered),
		TEST(settings_drive_remote_config),
		TEST(recording_domains_are_kept_to),
		TEST(scripts_are_cached_by_their_bytes),
		TEST(unknown_tokens_have_no_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
