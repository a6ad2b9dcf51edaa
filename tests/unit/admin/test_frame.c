#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/check.h"
#include "store/store.h"
#include "team/team.h"

/* What holds for every route: who may, what is checked, what is described. */
struct world {
	char dir[40];
	struct conf_set *conf;
	struct admin_options o;
	struct admin *admin;
	struct arena arena;
	struct admin_call call;
};

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
set_up(void **state)
{
	static const char *const none[] = {NULL};
	struct world *w = calloc(1, sizeof(*w));
	struct store_options so = {
		.kind = STORE_CONFIG, .queue_bytes = 1 << 24};
	struct err e;

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/sluice-frame-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	so.dir = w->dir;
	assert_int_equal(conf_load(NULL, none, &w->conf, &e), 0);
	w->o.conf = w->conf;
	w->o.data_dir = w->dir;
	assert_int_equal(store_open(&so, &w->o.config, &e), 0);
	assert_int_equal(team_cache_new(w->o.config, &w->o.teams, &e), 0);
	assert_int_equal(admin_new(&w->o, &w->admin, &e), 0);
	arena_init(&w->arena, 1 << 24);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	arena_fini(&w->arena);
	admin_free(w->admin);
	team_cache_free(w->o.teams);
	store_close(w->o.config);
	conf_free(w->conf);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

/* A call by whoever has the role; its answer is in w->call until the next. */
static const char *
ask_as(struct world *w, enum auth_role role, int status, const char *method,
	const char *target, const char *body)
{
	static char text[200000];
	struct admin_call *c = &w->call;

	arena_reset(&w->arena);
	admin_call_init(c, w->admin, &w->arena, slice_str(method),
		slice_str(target), slice_str(body));
	c->who.role = role;
	c->who.door = role == AUTH_OPEN ? AUTH_BY_NOTHING : AUTH_BY_SOCKET;
	admin_dispatch(c);
	if (c->stream != NULL)
		c->stream_free(c->stream_cookie);
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(buf_slice(&c->out)));
	buf_fini(&c->out);
	if (c->status != status)
		fail_msg("%s %s: %d %s", method, target, c->status, text);
	return text;
}

static const char *
ask(struct world *w, int status, const char *method, const char *target,
	const char *body)
{
	return ask_as(w, AUTH_ADMIN, status, method, target, body);
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}

/* The path with something for each of its parameters. */
static void
fill_path(const char *path, char out[200])
{
	char *at = out;

	for (; *path != '\0'; path++) {
		if (*path != ':') {
			*at++ = *path;
			continue;
		}
		*at++ = '1';
		path += strcspn(path, "/") - 1;
	}
	*at = '\0';
}

static void
each_route_has_the_least_role_that_it_names(void **state)
{
	struct world *w = *state;
	char path[200];

	for (const struct admin_route *r = admin_routes; r->path != NULL; r++) {
		fill_path(r->path, path);
		if (r->role == AUTH_OPEN)
			continue;
		has(ask_as(w, AUTH_OPEN, 401, r->method, path, ""),
			"\"code\":\"unauthorized\"");
		if (r->role > AUTH_VIEWER)
			has(ask_as(w, (enum auth_role)(r->role - 1), 403,
				    r->method, path, ""),
				"\"code\":\"forbidden\"");
	}
}

static void
another_method_is_told_which_there_are(void **state)
{
	struct world *w = *state;

	has(ask(w, 405, "PUT", "/api/v1/projects/1", ""),
		"\"code\":\"method_not_allowed\"");
	assert_int_equal(w->call.n_headers, 1);
	assert_string_equal(w->call.headers[0].name, "Allow");
	assert_string_equal(w->call.headers[0].value, "GET, PATCH, DELETE");
	has(ask(w, 404, "GET", "/api/v1/nowhere", ""), "not_found");
	/* A word is meant before a parameter: it is no letter's id. */
	ask(w, 405, "GET", "/api/v1/dlq/replay", "");
	assert_string_equal(w->call.headers[0].value, "POST");
}

static void
queries_are_checked(void **state)
{
	struct world *w = *state;

	has(ask(w, 400, "GET", "/api/v1/dlq?limt=1", ""), "\"field\":\"limt\"");
	has(ask(w, 400, "GET", "/api/v1/projects?limit=1", ""),
		"limit: there is no such parameter\"");
	has(ask(w, 400, "GET", "/api/v1/dlq?limit=0", ""),
		"limit: a whole number from 1 to 1000 is wanted");
	has(ask(w, 400, "GET", "/api/v1/dlq?by_error=maybe", ""),
		"by_error: true or false is wanted");
	has(ask(w, 400, "GET", "/api/v1/trace/1/changes?topic=a&front=1", ""),
		"output: it is missing");
	has(ask(w, 400, "GET", "/api/v1/projects/x", ""), "\"field\":\"id\"");
	/* A long name is cut, but not within a character. */
	has(ask(w, 400, "GET",
		    "/api/v1/"
		    "projects?a%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4"
		    "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%"
		    "A4"
		    "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%"
		    "A4"
		    "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4",
		    ""),
		"\xc3\xa4\"}}");
	has(ask(w, 400, "GET", "/api/v1/projects/0", ""), "\"field\":\"id\"");
}

static void
bodies_are_checked(void **state)
{
	struct world *w = *state;

	has(ask(w, 400, "POST", "/api/v1/projects", ""), "a JSON body");
	has(ask(w, 400, "POST", "/api/v1/projects", "[]"), "a JSON object");
	has(ask(w, 400, "POST", "/api/v1/projects", "{}"),
		"name: it is missing");
	has(ask(w, 400, "POST", "/api/v1/projects",
		    "{\"name\":\"a\",\"tokn\":\"b\"}"),
		"tokn: there is no such field");
	has(ask(w, 400, "POST", "/api/v1/dlq/discard", "{\"ids\":[\"a\",1]}"),
		"\"field\":\"ids[1]\"");
	has(ask(w, 201, "POST", "/api/v1/projects",
		    "{\"name\":\"a\",\"settings\":{}}"),
		"\"id\":1");
}

static void
the_document_names_every_route(void **state)
{
	const struct json_limits lim = {64, 100000};
	struct world *w = *state;
	const char *text =
		ask_as(w, AUTH_OPEN, 200, "GET", "/api/v1/openapi.json", "");
	struct json_doc d;
	struct err e;
	uint32_t paths, n = 0;

	assert_int_equal(
		json_parse(&w->arena, slice_str(text), &lim, &d, &e), 0);
	paths = json_member(&d, 0, SLICE_LIT("paths"));
	assert_int_not_equal(paths, 0);
	for (uint32_t i = json_first(&d, paths); i < d.nodes[paths].next;
		i = d.nodes[i + 1].next)
		n += d.nodes[i + 1].n;
	for (const struct admin_route *r = admin_routes; r->path != NULL; r++)
		n--;
	assert_int_equal(n, 0);
	has(text, "\"/api/v1/projects/{id}/persons/{distinct_id}\":{\"get\"");
	has(text, "{\"name\":\"id\",\"in\":\"path\",\"required\":true,");
	has(text, "\"201\":{");
	has(text, "\"security\":[{\"session\":[],\"csrf\":[]},"
		  "{\"key\":[\"project:write\"]}]");
	assert_null(strstr(text, "\"?"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_route_has_the_least_role_that_it_names),
		cmocka_unit_test(another_method_is_told_which_there_are),
		cmocka_unit_test(queries_are_checked),
		cmocka_unit_test(bodies_are_checked),
		cmocka_unit_test(the_document_names_every_route),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
