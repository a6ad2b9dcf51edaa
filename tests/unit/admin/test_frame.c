#include "admin/check.h"
#include "tests/unit/admin/fixture.h"

/* What holds for every route: who may, what is checked, what is described. */
struct frame {
	struct world world;
	struct arena arena;
	struct admin_call call;
};

static int
set_up(void **state)
{
	struct frame *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	world_open(&f->world, WORLD_CONFIG);
	arena_init(&f->arena, 1 << 24);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct frame *f = *state;

	arena_fini(&f->arena);
	world_close(&f->world);
	free(f);
	return 0;
}

/* A call by whoever has the role; its answer is in f->call until the next. */
static const char *
ask_as(struct frame *f, enum auth_role role, int status, const char *method,
	const char *target, const char *body)
{
	static char text[200000];
	struct admin_call *c = &f->call;

	arena_reset(&f->arena);
	admin_call_init(c, f->world.admin, &f->arena, slice_str(method),
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
ask_admin(struct frame *f, int status, const char *method, const char *target,
	const char *body)
{
	return ask_as(f, AUTH_ADMIN, status, method, target, body);
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
	struct frame *f = *state;
	char path[200];

	for (const struct admin_route *r = admin_routes; r->path != NULL; r++) {
		fill_path(r->path, path);
		if (r->role == AUTH_OPEN)
			continue;
		has(ask_as(f, AUTH_OPEN, 401, r->method, path, ""),
			"\"code\":\"unauthorized\"");
		if (r->role > AUTH_VIEWER)
			has(ask_as(f, (enum auth_role)(r->role - 1), 403,
				    r->method, path, ""),
				"\"code\":\"forbidden\"");
	}
}

static void
another_method_is_told_which_there_are(void **state)
{
	struct frame *f = *state;

	has(ask_admin(f, 405, "PUT", "/api/v1/projects/1", ""),
		"\"code\":\"method_not_allowed\"");
	assert_int_equal(f->call.n_headers, 1);
	assert_string_equal(f->call.headers[0].name, "Allow");
	assert_string_equal(f->call.headers[0].value, "GET, PATCH, DELETE");
	has(ask_admin(f, 404, "GET", "/api/v1/nowhere", ""), "not_found");
	/* A word is meant before a parameter: it is no letter's id. */
	ask_admin(f, 405, "GET", "/api/v1/dlq/replay", "");
	assert_string_equal(f->call.headers[0].value, "POST");
}

static void
queries_are_checked(void **state)
{
	struct frame *f = *state;

	has(ask_admin(f, 400, "GET", "/api/v1/dlq?limt=1", ""),
		"\"field\":\"limt\"");
	has(ask_admin(f, 400, "GET", "/api/v1/projects?limit=1", ""),
		"limit: there is no such parameter\"");
	has(ask_admin(f, 400, "GET", "/api/v1/dlq?limit=0", ""),
		"limit: a whole number from 1 to 1000 is wanted");
	has(ask_admin(f, 400, "GET", "/api/v1/dlq?by_error=maybe", ""),
		"by_error: true or false is wanted");
	has(ask_admin(f, 400, "GET", "/api/v1/trace/1/changes?topic=a&front=1",
		    ""),
		"output: it is missing");
	has(ask_admin(f, 400, "GET", "/api/v1/projects/x", ""),
		"\"field\":\"id\"");
	/* A long name is cut, but not within a character. */
	has(ask_admin(f, 400, "GET",
		    "/api/v1/"
		    "projects?a%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4"
		    "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%"
		    "A4"
		    "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%"
		    "A4"
		    "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4",
		    ""),
		"\xc3\xa4\"}}");
	has(ask_admin(f, 400, "GET", "/api/v1/projects/0", ""),
		"\"field\":\"id\"");
}

static void
bodies_are_checked(void **state)
{
	struct frame *f = *state;

	has(ask_admin(f, 400, "POST", "/api/v1/projects", ""), "a JSON body");
	has(ask_admin(f, 400, "POST", "/api/v1/projects", "[]"),
		"a JSON object");
	has(ask_admin(f, 400, "POST", "/api/v1/projects", "{}"),
		"name: it is missing");
	has(ask_admin(f, 400, "POST", "/api/v1/projects",
		    "{\"name\":\"a\",\"tokn\":\"b\"}"),
		"tokn: there is no such field");
	has(ask_admin(f, 400, "POST", "/api/v1/dlq/discard",
		    "{\"ids\":[\"a\",1]}"),
		"\"field\":\"ids[1]\"");
	has(ask_admin(f, 201, "POST", "/api/v1/projects",
		    "{\"name\":\"a\",\"settings\":{}}"),
		"\"id\":1");
}

static void
the_document_names_every_route(void **state)
{
	const struct json_limits lim = {64, 100000};
	struct frame *f = *state;
	const char *text =
		ask_as(f, AUTH_OPEN, 200, "GET", "/api/v1/openapi.json", "");
	struct json_doc d;
	struct err e;
	uint32_t paths, n = 0;

	assert_int_equal(
		json_parse(&f->arena, slice_str(text), &lim, &d, &e), 0);
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
