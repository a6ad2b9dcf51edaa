#include "admin/admin.h"

#include <string.h>

#include "admin/check.h"
#include "admin/letters.h"
#include "admin/pg_test.h"
#include "auth/auth.h"
#include "base/clock.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "explore/console.h"

#define ARENA_MAX_BYTES ((size_t)64 * 1024 * 1024)

static int64_t
session_idle_h(void *cookie)
{
	return admin_conf(cookie)->admin_session_idle_h;
}

static int64_t
session_max_h(void *cookie)
{
	return admin_conf(cookie)->admin_session_max_h;
}

static int
make_auth(struct admin *a, struct err *e)
{
	const struct auth_options o = {
		.config = a->o.config,
		.idle_h = session_idle_h,
		.max_h = session_max_h,
		.cookie = a,
	};

	return auth_new(&o, &a->auth, e);
}

static int
make_console(struct admin *a, struct err *e)
{
	a->console = console_new();
	return a->console == NULL ? err_set(e, ERR_NO_MEMORY, "no memory") : 0;
}

int
admin_new(const struct admin_options *o, struct admin **out, struct err *e)
{
	struct admin *a = mem_new(struct admin);
	int rc;

	if (a == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	a->o = *o;
	a->started_at_us = clock_now_us();
	a->hosts = conf_values(o->conf)->admin_hosts;
	a->start_conf = o->conf;
	lock_init(&a->settings_change);
	lock_init(&a->lock);
	cond_init(&a->sampler_wake);
	rc = make_auth(a, e);
	if (rc == 0)
		rc = check_new(&a->schemas, e);
	if (rc == 0)
		rc = make_console(a, e);
	if (rc == 0)
		rc = dlq_new(o->spool, o->state, &a->dlq, e);
	if (rc == 0)
		rc = pg_test_new(&a->pg_test, e);
	if (rc == 0)
		rc = letters_watch_new(a, e);
	if (rc != 0) {
		admin_free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void
admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	series_free(a->series);
	letters_watch_free(a);
	dlq_free(a->dlq);
	pg_test_free(a->pg_test);
	console_free(a->console);
	schema_set_free(a->schemas);
	auth_free(a->auth);
	lock_fini(&a->lock);
	lock_fini(&a->settings_change);
	cond_fini(&a->sampler_wake);
	mem_free(a->ports);
	mem_free(a);
}

void
admin_set_ports(struct admin *a, const char *ports_json)
{
	char *copy = mem_strdup(ports_json);

	lock_take(&a->lock);
	mem_free(a->ports);
	a->ports = copy;
	lock_release(&a->lock);
}

void
admin_reload(struct admin *a, const struct conf_set *conf)
{
	__atomic_store_n(&a->o.conf, conf, __ATOMIC_RELEASE);
	__atomic_store_n(
		&a->hosts, conf_values(conf)->admin_hosts, __ATOMIC_RELEASE);
}

int
admin_request(struct admin *a, const char *method, const char *target,
	struct slice body, struct buf *out)
{
	struct admin_call c;
	struct arena arena;

	arena_init(&arena, ARENA_MAX_BYTES);
	admin_call_init(
		&c, a, &arena, slice_str(method), slice_str(target), body);
	admin_dispatch(&c);
	if (c.stream != NULL)
		c.stream_free(c.stream_cookie);
	buf_append_slice(out, buf_slice(&c.out));
	buf_fini(&c.out);
	arena_fini(&arena);
	return c.status;
}
