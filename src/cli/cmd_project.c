#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"

#define BODY_MAX_BYTES 65536
#define PATH_MAX_BYTES 4096

/* "name=value" pairs as the members of an object of strings. */
static int
put_pairs(struct cli *c, struct buf *b, const char *const *pairs, int n)
{
	buf_append_lit(b, "\"settings\":{");
	for (int i = 0; i < n; i++) {
		const char *equals = strchr(pairs[i], '=');

		if (equals == NULL || equals == pairs[i])
			return cli_usage_error(c,
				"'%s': a setting is given as name=value",
				pairs[i]);
		if (!utf8_valid(slice_str(pairs[i])))
			return cli_usage_error(
				c, "a setting is not valid UTF-8");
		if (i > 0)
			buf_append_char(b, ',');
		json_put_string(
			b, slice_of(pairs[i], (size_t)(equals - pairs[i])));
		buf_append_char(b, ':');
		json_put_string(b, slice_str(equals + 1));
	}
	buf_append_char(b, '}');
	return CLI_DONE;
}

static int
put_create(struct cli *c, struct buf *b, const char *name, const char *token)
{
	const char *pairs[CLI_OPTIONS_MAX];
	int n = 0;
	int status;

	for (int i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].name, "set") == 0)
			pairs[n++] = c->given[i].value;
	buf_append_lit(b, "{\"name\":");
	json_put_string(b, slice_str(name));
	if (token != NULL) {
		buf_append_lit(b, ",\"api_token\":");
		json_put_string(b, slice_str(token));
	}
	buf_append_char(b, ',');
	status = put_pairs(c, b, pairs, n);
	buf_append_char(b, '}');
	return status;
}

int
cmd_project_create(struct cli *c)
{
	const char *name = cli_opt(c, "name");
	const char *token = cli_opt(c, "token");
	struct buf b;
	int status;

	if (name == NULL || name[0] == '\0')
		return cli_usage_error(c, "--name is missing");
	if (!utf8_valid(slice_str(name)) ||
		(token != NULL && !utf8_valid(slice_str(token))))
		return cli_usage_error(c, "name or token is not valid UTF-8");
	buf_init(&b, BODY_MAX_BYTES);
	status = put_create(c, &b, name, token);
	if (status == CLI_DONE)
		status = api_print_object(c, "POST", "/api/v1/projects", &b);
	buf_fini(&b);
	return status;
}

int
cmd_project_list(struct cli *c)
{
	static const struct api_column columns[] = {
		{"id", "ID"},
		{"name", "NAME"},
		{"api_token", "KEY"},
		{NULL, NULL},
	};

	return api_print_list(c, "/api/v1/projects", columns);
}

/* A request on the project named by the first argument. */
static int
on_project(struct cli *c, const char *method, const char *tail,
	const struct buf *body)
{
	struct buf path;
	int status;

	buf_init(&path, PATH_MAX_BYTES);
	buf_append_lit(&path, "/api/v1/projects/");
	api_put_path(&path, c->args[0]);
	buf_append_str(&path, tail);
	status = buf_cstr(&path) == NULL
			 ? cli_usage_error(c, "the ID is too long")
			 : api_print_object(c, method, path.p, body);
	buf_fini(&path);
	return status;
}

int
cmd_project_show(struct cli *c)
{
	return on_project(c, "GET", "", NULL);
}

int
cmd_project_set(struct cli *c)
{
	struct buf b;
	int status;

	buf_init(&b, BODY_MAX_BYTES);
	buf_append_char(&b, '{');
	status = put_pairs(c, &b, c->args + 1, c->n_args - 1);
	buf_append_char(&b, '}');
	if (status == CLI_DONE)
		status = on_project(c, "PATCH", "", &b);
	buf_fini(&b);
	return status;
}

int
cmd_project_rotate_token(struct cli *c)
{
	return on_project(c, "POST", "/rotate-token", NULL);
}

int
cmd_project_delete(struct cli *c)
{
	return on_project(c, "DELETE", "", NULL);
}
