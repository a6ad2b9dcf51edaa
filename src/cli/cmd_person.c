#include <string.h>

#include "cli/api.h"
#include "cli/cmd.h"

#define PATH_MAX_BYTES 16384

/* /api/v1/projects/<--project><tail> */
static int
begin_path(struct cli *c, struct buf *path, const char *tail)
{
	const char *project = cli_opt(c, "project");

	buf_init(path, PATH_MAX_BYTES);
	if (project == NULL)
		return cli_usage_error(c,
			"--project is missing: an ID of sluice project list");
	buf_append_lit(path, "/api/v1/projects/");
	api_put_path(path, project);
	buf_append_str(path, tail);
	return CLI_DONE;
}

static int
list(struct cli *c, struct buf *path, const struct api_column *columns)
{
	int status = buf_cstr(path) == NULL
			     ? cli_usage_error(c, "an argument is too long")
			     : api_print_list(c, path->p, columns);

	buf_fini(path);
	return status;
}

static int
answer(struct cli *c, struct buf *path, const char *method)
{
	int status = buf_cstr(path) == NULL
			     ? cli_usage_error(c, "an argument is too long")
			     : api_print_object(c, method, path->p, NULL);

	buf_fini(path);
	return status;
}

int
cmd_person_list(struct cli *c)
{
	static const struct api_column columns[] = {
		{"uuid", "UUID"},
		{"is_identified", "IDENTIFIED"},
		{"version", "VERSION"},
		{"distinct_ids", "DISTINCT IDS"},
		{NULL, NULL},
	};
	const char *id = cli_opt(c, "distinct-id");
	struct buf path;
	int status = begin_path(c, &path, "/persons");

	if (status != CLI_DONE)
		return status;
	if (id != NULL) {
		buf_append_lit(&path, "?distinct_id=");
		api_put_path(&path, id);
	}
	return list(c, &path, columns);
}

/* By --distinct-id or by the UUID in the argument. */
static int
one_person(struct cli *c, const char *method)
{
	const char *id = cli_opt(c, "distinct-id");
	struct buf path;
	int status;

	if ((id == NULL) == (c->n_args == 0))
		return cli_usage_error(
			c, "give either --distinct-id or a person's UUID");
	status = begin_path(c, &path, "/persons/");
	if (status != CLI_DONE)
		return status;
	api_put_path(&path, id == NULL ? c->args[0] : id);
	if (id == NULL)
		buf_append_lit(&path, "?by_uuid=1");
	return answer(c, &path, method);
}

int
cmd_person_show(struct cli *c)
{
	return one_person(c, "GET");
}

int
cmd_group_list(struct cli *c)
{
	static const struct api_column columns[] = {
		{"type", "TYPE"},
		{"key", "KEY"},
		{"version", "VERSION"},
		{"properties", "PROPERTIES"},
		{NULL, NULL},
	};
	struct buf path;
	int status = begin_path(c, &path, "/groups");

	return status == CLI_DONE ? list(c, &path, columns) : status;
}

int
cmd_group_show(struct cli *c)
{
	struct buf path;
	int status = begin_path(c, &path, "/groups/");

	if (status != CLI_DONE)
		return status;
	api_put_path(&path, c->args[0]);
	buf_append_char(&path, '/');
	api_put_path(&path, c->args[1]);
	return answer(c, &path, "GET");
}

int
cmd_group_types(struct cli *c)
{
	static const struct api_column columns[] = {
		{"index", "INDEX"},
		{"type", "TYPE"},
		{NULL, NULL},
	};
	struct buf path;
	int status = begin_path(c, &path, "/group-types");

	return status == CLI_DONE ? list(c, &path, columns) : status;
}

int
cmd_definition_events(struct cli *c)
{
	static const struct api_column columns[] = {
		{"name", "NAME"},
		{"created_at", "FIRST SEEN"},
		{"last_seen_at", "LAST SEEN"},
		{NULL, NULL},
	};
	struct buf path;
	int status = begin_path(c, &path, "/event-definitions");

	return status == CLI_DONE ? list(c, &path, columns) : status;
}

int
cmd_definition_properties(struct cli *c)
{
	static const struct api_column columns[] = {
		{"name", "NAME"},
		{"type", "OF"},
		{"group_type_index", "GROUP TYPE"},
		{"property_type", "TYPE"},
		{NULL, NULL},
	};
	struct buf path;
	int status = begin_path(c, &path, "/property-definitions");

	return status == CLI_DONE ? list(c, &path, columns) : status;
}

int
cmd_definition_event_properties(struct cli *c)
{
	static const struct api_column columns[] = {
		{"event", "EVENT"},
		{"property", "PROPERTY"},
		{NULL, NULL},
	};
	struct buf path;
	int status = begin_path(c, &path, "/event-properties");

	return status == CLI_DONE ? list(c, &path, columns) : status;
}
