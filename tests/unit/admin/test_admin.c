#include "admin/admin_int.h"
#include "tests/unit/admin/fixture.h"

/* Projects, errors, warnings and the trail of changes. */

static void
projects_are_made_changed_and_deleted(void **state)
{
	struct world *w = *state;
	const char *made = ask(w, 201, "POST", "/api/v1/projects",
		"{\"name\":\"a \\\"b\\\"\",\"settings\":{\"anonymize_ips\":"
		"\"true\",\"timezone\":\"Europe/Paris\"}}");

	has(made, "\"id\":1,");
	has(made, "\"name\":\"a \\\"b\\\"\"");
	has(made, "\"anonymize_ips\":true");
	has(made, "\"timezone\":\"Europe/Paris\"");
	has(ask(w, 200, "PATCH", "/api/v1/projects/1",
		    "{\"settings\":{\"anonymize_ips\":false}}"),
		"\"anonymize_ips\":false");
	has(ask(w, 200, "GET", "/api/v1/projects", ""),
		"{\"items\":[{\"id\":1");
	has(ask(w, 200, "DELETE", "/api/v1/projects/1", ""),
		"\"deleted\":true");
	has(ask(w, 404, "GET", "/api/v1/projects/1", ""), "\"not_found\"");
}

static void
errors_have_a_code_a_message_and_the_field(void **state)
{
	struct world *w = *state;

	/* admin-2 */
	has(ask(w, 404, "GET", "/api/v1/nowhere", ""),
		"{\"error\":{\"code\":\"not_found\",\"message\":\"");
	has(ask(w, 404, "GET", "/api/v1/projects/", ""), "not_found");
	has(ask(w, 405, "PUT", "/api/v1/projects", ""), "method_not");
	has(ask(w, 400, "POST", "/api/v1/projects", ""), "invalid");
	has(ask(w, 400, "POST", "/api/v1/projects", "{"), "body");
	has(ask(w, 400, "POST", "/api/v1/projects", "[]"), "object");
	/* No body where none is needed, but not one of blanks. */
	has(ask(w, 400, "POST", "/api/v1/projects/1/rotate-token", "\r "),
		"body");
	has(ask(w, 400, "POST", "/api/v1/projects", "{\"name\":7}"),
		"\"field\":\"name\"");
	has(ask(w, 400, "POST", "/api/v1/projects",
		    "{\"name\":\"x\",\"settings\":{\"colour\":\"red\"}}"),
		"colour");
	has(ask(w, 400, "GET", "/api/v1/projects/x", ""), "\"field\":\"id\"");
	has(ask(w, 503, "GET", "/api/v1/status", ""), "unavailable");
	has(ask(w, 503, "POST", "/api/v1/sql", "{\"query\":\"SELECT 1\"}"),
		"ClickHouse is off");
}

static void
routes_are_told_apart_by_method_and_parameter(void **state)
{
	struct world *w = *state;
	const struct admin_route *r;
	struct admin_call c;
	struct arena a;
	struct err e;

	arena_init(&a, 1 << 20);
	admin_call_init(&c, w->admin, &a, SLICE_LIT("GET"),
		SLICE_LIT("/api/v1/projects/7/groups/a%2Fb/c%20d?x=1%202&y"),
		SLICE_NONE);
	assert_int_equal(admin_route_find(&c, &r, &e), 0);
	assert_ptr_equal(r->fn, admin_groups_show);
	assert_true(slice_eq_str(c.param[0], "7"));
	assert_true(slice_eq_str(c.param[1], "a/b"));
	assert_true(slice_eq_str(c.param[2], "c d"));
	assert_true(slice_eq_str(admin_query(&c, "x"), "1 2"));
	assert_true(admin_query_flag(&c, "y"));
	assert_null(admin_query(&c, "z").p);
	buf_fini(&c.out);
	arena_fini(&a);
	for (r = admin_routes; r[1].path != NULL; r++)
		assert_true(strcmp(r->path, r[1].path) <= 0);
}

/* admin_new with this setting, and what GET /api/v1/session then warns of. */
static void
session_with(
	struct world *w, const char *listen, const char *cert, bool has_warning)
{
	const char *const set[] = {listen, cert, NULL};
	struct conf_set *conf;
	struct err e;

	admin_free(w->admin);
	assert_int_equal(conf_load(NULL, set, &conf, &e), 0);
	w->o.conf = conf;
	assert_int_equal(admin_new(&w->o, &w->admin, &e), 0);
	has(ask(w, 200, "GET", "/api/v1/session", ""),
		has_warning ? "\"warnings\":[{\"code\":\"no_tls\""
			    : "\"warnings\":[]");
	assert_int_equal(admin_warning(w->admin) != NULL, has_warning);
	conf_free(w->conf);
	w->conf = conf;
}

static void
an_open_port_without_tls_is_warned_of(void **state)
{
	struct world *w = *state;
	const char *none = "admin.tls_cert=", *cert = "admin.tls_cert=/x.pem";

	session_with(w, "admin.listen=127.0.0.1:8001", none, false);
	session_with(w, "admin.listen=0.0.0.0:8001", none, true);
	session_with(w, "admin.listen=192.0.2.1:8001", none, true);
	session_with(w, "admin.listen=:8001", none, true);
	session_with(w, "admin.listen=[::1]:8001", none, false);
	session_with(w, "admin.listen=off", none, false);
	session_with(w, "admin.listen=0.0.0.0:8001", cert, false);
}

/* admin-8, admin-9 */
static void
changes_are_in_the_trail_without_secrets(void **state)
{
	struct world *w = *state;
	const char *text;

	ask(w, 201, "POST", "/api/v1/users",
		"{\"email\":\"a@b\",\"name\":\"a\",\"role\":\"admin\","
		"\"password\":\"correct horse battery\"}");
	ask(w, 400, "POST", "/api/v1/users",
		"{\"email\":\"b\",\"name\":\"b\",\"role\":\"admin\","
		"\"password\":\"correct horse battery\"}");
	ask(w, 201, "POST", "/api/v1/projects",
		"{\"name\":\"p\",\"api_token\":\"phc_of_mine\",\"settings\":"
		"{\"timezone\":\"UTC\"}}");
	ask(w, 200, "GET", "/api/v1/users", "");
	text = ask(w, 200, "GET", "/api/v1/audit-trail", "");
	has(text, "{\"items\":[{\"id\":2,");
	has(text, "\"action\":\"POST /projects\"");
	has(text, "\"target\":\"/projects/1\"");
	has(text, "\"detail\":{\"name\":\"p\",\"api_token\":\"***\","
		  "\"settings\":{\"timezone\":\"UTC\"}}");
	has(text, "\"how\":\"files\"");
	has(text, "\"password\":\"***\"");
	assert_null(strstr(text, "correct horse"));
	assert_null(strstr(text, "phc_of_mine"));
	has(ask(w, 200, "GET", "/api/v1/audit-trail?limit=1", ""),
		"\"next\":\"2\"}");
	has(ask(w, 200, "GET", "/api/v1/audit-trail?cursor=2", ""),
		"\"target\":\"/users/1\"");
}

static void
settings_say_where_they_come_from(void **state)
{
	has(ask(*state, 200, "GET", "/api/v1/config", ""),
		"{\"name\":\"log.level\",\"value\":\"info\",\"source\":");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(projects_are_made_changed_and_deleted),
		IN_WORLD(errors_have_a_code_a_message_and_the_field),
		IN_WORLD(routes_are_told_apart_by_method_and_parameter),
		IN_WORLD(settings_say_where_they_come_from),
		IN_WORLD(an_open_port_without_tls_is_warned_of),
		IN_WORLD(changes_are_in_the_trail_without_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
