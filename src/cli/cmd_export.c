#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cmd.h"

/*
 * One person's data as one JSON document, written page by page: the document of
 * the store with the events as its last member, null without a ClickHouse.
 */
#define PATH_MAX_BYTES 32768

struct export
{
	struct cli *c;
	FILE *to;
	bool has_events;
	long long n_events;
};

static int
put_path(struct cli *c, const char *tail, const char *cursor, struct buf *path)
{
	const char *project = cli_opt(c, "project");
	const char *id = cli_opt(c, "distinct-id");
	const char *uuid = c->n_args > 0 ? c->args[0] : cli_opt(c, "uuid");

	if (project == NULL)
		return cli_usage_error(c,
			"--project is missing: an ID of sluice project list");
	if ((id == NULL) == (uuid == NULL))
		return cli_usage_error(
			c, "give either --distinct-id or a person's UUID");
	buf_append_lit(path, "/api/v1/projects/");
	api_put_path(path, project);
	buf_append_lit(path, "/persons/");
	api_put_path(path, id == NULL ? uuid : id);
	buf_append_str(path, tail);
	buf_append_str(path, id == NULL ? "?by_uuid=1" : "?by_uuid=0");
	if (cursor[0] != '\0') {
		buf_append_lit(path, "&cursor=");
		api_put_path(path, cursor);
	}
	if (buf_cstr(path) == NULL)
		return cli_usage_error(c, "an argument is too long");
	return CLI_DONE;
}

static int
check_written(struct export *x, struct err *e)
{
	if (fflush(x->to) != 0 || ferror(x->to))
		return err_sys(e, ERR_IO, "the file could not be written");
	return 0;
}

/* All but the closing brace, which follows the events. */
static int
put_head(struct export *x, const char *path, struct err *e)
{
	struct api_doc d;
	struct slice text;
	int rc = api_get(x->c, "GET", path, NULL, &d, e);

	if (rc < 0)
		return rc;
	text = json_raw(&d.json, 0);
	x->has_events = strcmp(api_text(&d, 0, "has_clickhouse"), "true") == 0;
	fwrite(text.p, 1, text.len - 1, x->to);
	fputs(x->has_events ? ",\"events\":[" : ",\"events\":null", x->to);
	if (!x->has_events)
		fputs("ClickHouse is off: no events are in the export\n",
			stderr);
	api_doc_fini(&d);
	return check_written(x, e);
}

static int
put_page(struct export *x, const char *path, char cursor[128], struct err *e)
{
	struct api_doc d;
	uint32_t items;
	int rc = api_get(x->c, "GET", path, NULL, &d, e);

	if (rc < 0)
		return rc;
	items = json_member(&d.json, 0, SLICE_LIT("items"));
	for (uint32_t i = json_first(&d.json, items);
		items != 0 && i < d.json.nodes[items].next;
		i = d.json.nodes[i].next) {
		struct slice row = json_raw(&d.json, i);

		fputs(x->n_events++ == 0 ? "\n" : ",\n", x->to);
		fwrite(row.p, 1, row.len, x->to);
	}
	snprintf(cursor, 128, "%s", api_text(&d, 0, "next"));
	api_doc_fini(&d);
	return check_written(x, e);
}

static int
put_all(struct export *x, struct buf *path, int *status, struct err *e)
{
	char cursor[128] = "";
	int rc;

	*status = put_path(x->c, "/export", "", path);
	if (*status != CLI_DONE)
		return 0;
	rc = put_head(x, path->p, e);
	while (rc == 0 && x->has_events) {
		buf_reset(path);
		*status = put_path(x->c, "/events", cursor, path);
		if (*status != CLI_DONE)
			return 0;
		rc = put_page(x, path->p, cursor, e);
		if (cursor[0] == '\0')
			break;
	}
	if (rc < 0)
		return rc;
	fputs(x->has_events ? "\n]}\n" : "}\n", x->to);
	return check_written(x, e);
}

/* The file is whole or not there: it is made under another name first. */
static int
open_out(struct export *x, const char *file, struct buf *part, struct err *e)
{
	x->to = stdout;
	if (file == NULL)
		return 0;
	buf_printf(part, "%s.part", file);
	if (buf_cstr(part) == NULL)
		return err_set(e, ERR_TOO_BIG, "the file's name is too long");
	umask(077);
	x->to = fopen(part->p, "w");
	if (x->to == NULL)
		return err_sys(e, ERR_IO, "%.180s", part->p);
	return 0;
}

static int
close_out(struct export *x, const char *file, const struct buf *part, int rc,
	struct err *e)
{
	if (x->to == stdout || x->to == NULL)
		return rc;
	if (rc == 0 && fsync(fileno(x->to)) != 0)
		rc = err_sys(e, ERR_IO, "%.180s", part->p);
	if (fclose(x->to) != 0 && rc == 0)
		rc = err_sys(e, ERR_IO, "%.180s", part->p);
	if (rc == 0 && link(part->p, file) != 0)
		rc = err_sys(e, errno == EEXIST ? ERR_EXISTS : ERR_IO, "%.180s",
			file);
	unlink(part->p);
	return rc;
}

int
cmd_person_export(struct cli *c)
{
	struct export x = {.c = c};
	const char *file = cli_opt(c, "out");
	struct buf path, part;
	int status = CLI_DONE;
	struct err e;
	int rc;

	buf_init(&path, PATH_MAX_BYTES);
	buf_init(&part, 4096);
	rc = open_out(&x, file, &part, &e);
	if (rc == 0)
		rc = put_all(&x, &path, &status, &e);
	if (status != CLI_DONE)
		ERR_IGNORE(close_out(&x, file, &part, -1, &e),
			"wrong usage was said");
	else
		rc = close_out(&x, file, &part, rc, &e);
	if (status == CLI_DONE && rc == 0 && file != NULL)
		fprintf(stderr, "%s: %lld events\n", file, x.n_events);
	buf_fini(&path);
	buf_fini(&part);
	if (status != CLI_DONE)
		return status;
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}
