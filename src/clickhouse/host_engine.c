#include "clickhouse/host.h"

#include <stdio.h>

#include "base/limits.h"

#define N_ARGS 4

static struct chdb_handle **
connect_one(struct host_engine *g)
{
	static char name[] = "clickhouse", level[] = "--log-level=warning";
	char *argv[N_ARGS + 1] = {
		name, g->path_arg, g->config_arg, level, NULL};

	return g->lib->connect(N_ARGS, argv);
}

int
host_engine_connect(
	struct host_engine *g, struct chdb_handle ***out, struct err *e)
{
	struct chdb_handle **c = connect_one(g);

	if (c == NULL || *c == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"libchdb makes no connection: see the log folder");
	*out = c;
	return 0;
}

int
host_engine_start(struct host_engine *g, const struct host_args *a,
	const struct chdb *lib, struct err *e)
{
	struct buf b;
	int r;

	g->lib = lib;
	g->main = NULL;
	snprintf(g->path_arg, sizeof(g->path_arg), "--path=%s/store", a->dir);
	snprintf(g->config_arg, sizeof(g->config_arg),
		"--config-file=%s/config.xml", a->dir);
	lib->set_signal_handlers_enabled(0);
	r = host_engine_connect(g, &g->main, e);
	if (r != 0)
		return err_prefix(e, "cannot open %.100s/store", a->dir);
	buf_init(&b, sizeof(g->version) - 1);
	r = host_engine_run(
		g, SLICE_LIT("SELECT version() FORMAT TSVRaw"), &b, e);
	if (r == 0)
		snprintf(g->version, sizeof(g->version), "%.*s",
			SLICE_FMT(slice_trim(buf_slice(&b))));
	buf_fini(&b);
	return r;
}

void
host_engine_stop(struct host_engine *g)
{
	if (g->main != NULL)
		g->lib->close_conn(g->main);
	g->main = NULL;
}

int
host_engine_run(
	struct host_engine *g, struct slice sql, struct buf *out, struct err *e)
{
	const struct chdb *lib = g->lib;
	struct chdb_result *res =
		lib->query_n(*g->main, sql.p, sql.len, "TSV", 3);
	const char *text;
	int r = 0;

	if (res == NULL)
		return err_set(e, ERR_UNAVAILABLE, "libchdb gave no result");
	text = lib->result_error(res);
	if (text != NULL)
		r = err_set(e, ERR_INVALID, "%.200s", text);
	else if (out != NULL)
		buf_append(
			out, lib->result_buffer(res), lib->result_length(res));
	lib->destroy_query_result(res);
	return r;
}
