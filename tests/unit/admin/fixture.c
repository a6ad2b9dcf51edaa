#include "tests/unit/admin/fixture.h"
#include "tests/unit/remove_tree.h"

static struct store *
open_file(struct world *w, enum store_kind kind)
{
	const struct store_options o = {
		.dir = w->dir, .kind = kind, .queue_bytes = 1 << 24};
	struct store *s;
	struct err e;

	assert_int_equal(store_open(&o, &s, &e), 0);
	return s;
}

void
world_open(struct world *w, enum world_files files)
{
	static const char *const none[] = {NULL};
	struct err e;

	snprintf(w->dir, sizeof(w->dir), "/tmp/sluice-admin-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	if (w->conf == NULL)
		assert_int_equal(conf_load(NULL, none, &w->conf, &e), 0);
	w->o.conf = w->conf;
	w->o.data_dir = w->dir;
	w->o.config = open_file(w, STORE_CONFIG);
	if (files == WORLD_CONFIG_SPOOL_STATE) {
		w->o.spool = open_file(w, STORE_SPOOL);
		w->o.state = open_file(w, STORE_STATE);
	}
	assert_int_equal(team_cache_new(w->o.config, &w->o.teams, &e), 0);
	assert_int_equal(admin_new(&w->o, &w->admin, &e), 0);
	buf_init(&w->out, 1 << 26);
}

void
world_close(struct world *w)
{
	buf_fini(&w->out);
	admin_free(w->admin);
	team_cache_free(w->o.teams);
	store_close(w->o.state);
	store_close(w->o.spool);
	store_close(w->o.config);
	conf_free(w->conf);
	remove_tree(w->dir);
}

int
world_set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	world_open(w, WORLD_CONFIG_SPOOL_STATE);
	*state = w;
	return 0;
}

int
world_tear_down(void **state)
{
	struct world *w = *state;

	world_close(w);
	free(w);
	return 0;
}

const char *
ask(struct world *w, int status, const char *method, const char *target,
	const char *body)
{
	buf_reset(&w->out);
	assert_int_equal(admin_request(w->admin, method, target,
				 slice_str(body), &w->out),
		status);
	return buf_cstr(&w->out);
}

void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}
