#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"

#define BODY_MAX_BYTES ((size_t)8 * 1024 * 1024)

int
cmd_dlq_list(struct cli *c)
{
	static const struct api_column columns[] = {
		{"id", "ID"},
		{"at", "AT"},
		{"project_id", "PROJECT"},
		{"event", "EVENT"},
		{"step", "STEP"},
		{"replayed_at", "REPLAYED"},
		{"error", "ERROR"},
		{NULL, NULL},
	};
	static const struct api_column by_error[] = {
		{"count", "COUNT"},
		{"step", "STEP"},
		{"error", "ERROR"},
		{NULL, NULL},
	};

	if (cli_has(c, "by-error"))
		return api_print_list(c, "/api/v1/dlq?by_error=1", by_error);
	return api_print_list(c, "/api/v1/dlq", columns);
}

int
cmd_dlq_show(struct cli *c)
{
	struct buf path;
	int status;

	buf_init(&path, 4096);
	buf_append_lit(&path, "/api/v1/dlq/");
	api_put_path(&path, c->args[0]);
	status = buf_cstr(&path) == NULL
			 ? cli_usage_error(c, "the ID is too long")
			 : api_print_object(c, "GET", path.p, NULL);
	buf_fini(&path);
	return status;
}

static void
put_replay(struct cli *c, struct buf *b)
{
	const char *error = cli_opt(c, "error");

	buf_append_str(
		b, cli_has(c, "all") ? "{\"all\":true" : "{\"all\":false");
	buf_append_str(b,
		cli_has(c, "again") ? ",\"again\":true" : ",\"again\":false");
	if (error != NULL) {
		buf_append_lit(b, ",\"error\":");
		json_put_string(b, slice_str(error));
	}
	buf_append_lit(b, ",\"ids\":[");
	for (int i = 0; i < c->n_args; i++) {
		if (i > 0)
			buf_append_char(b, ',');
		json_put_string(b, slice_str(c->args[i]));
	}
	buf_append_lit(b, "]}");
}

int
cmd_dlq_replay(struct cli *c)
{
	const char *error = cli_opt(c, "error");
	struct buf b;
	int status;

	if (cli_has(c, "all") == (c->n_args > 0))
		return cli_usage_error(c, "give either IDs or --all");
	if (error != NULL && !cli_has(c, "all"))
		return cli_usage_error(c, "--error goes with --all");
	for (int i = 0; i < c->n_args; i++)
		if (!utf8_valid(slice_str(c->args[i])))
			return cli_usage_error(c, "an ID is not valid UTF-8");
	if (error != NULL && !utf8_valid(slice_str(error)))
		return cli_usage_error(c, "the error is not valid UTF-8");
	buf_init(&b, BODY_MAX_BYTES);
	put_replay(c, &b);
	status = api_print_object(c, "POST", "/api/v1/dlq-replay", &b);
	buf_fini(&b);
	return status;
}
