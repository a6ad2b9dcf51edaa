#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/team/fixture.h"

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "store: %s\n", why->text);
	abort();
}

void
fixture_open(struct fixture *f)
{
	struct store_options o = {.dir = f->dir,
		.kind = STORE_CONFIG,
		.queue_bytes = 1 << 20,
		.on_fatal = on_fatal};
	struct err e;

	assert_int_equal(store_open(&o, &f->config, &e), 0);
	assert_int_equal(team_cache_new(f->config, &f->c, &e), 0);
}

void
fixture_close(struct fixture *f)
{
	team_cache_free(f->c);
	store_close(f->config);
}

int
fixture_set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){.dir = "/tmp/test_team_XXXXXX"};
	assert_non_null(mkdtemp(f.dir));
	fixture_open(&f);
	*state = &f;
	return 0;
}

int
fixture_tear_down(void **state)
{
	static const char *const names[] = {
		"config.db", "config.db-wal", "config.db-shm"};
	struct fixture *f = *state;
	char path[128];

	fixture_close(f);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	rmdir(f->dir);
	clock_test_set_us(0);
	return 0;
}
