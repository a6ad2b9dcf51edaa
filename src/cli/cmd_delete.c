#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cmd.h"

#define POLL_EVERY_MS 300
#define PATH_MAX_BYTES 16384

/* By --distinct-id, --uuid or the UUID in the argument. */
static int
put_target(struct cli *c, struct buf *path)
{
	const char *project = cli_opt(c, "project");
	const char *id = cli_opt(c, "distinct-id");
	const char *uuid = cli_opt(c, "uuid");

	if (project == NULL)
		return cli_usage_error(c,
			"--project is missing: an ID of sluice project list");
	if ((id != NULL) + (uuid != NULL) + c->n_args != 1)
		return cli_usage_error(
			c, "give either --distinct-id or a person's UUID");
	if (c->n_args > 0)
		uuid = c->args[0];
	buf_append_lit(path, "/api/v1/projects/");
	api_put_path(path, project);
	buf_append_lit(path, "/persons/");
	api_put_path(path, id == NULL ? uuid : id);
	buf_append_str(path, id == NULL ? "?by_uuid=1" : "?by_uuid=0");
	if (cli_has(c, "with-events"))
		buf_append_lit(path, "&with_events=1");
	if (buf_cstr(path) == NULL)
		return cli_usage_error(c, "an argument is too long");
	return CLI_DONE;
}

static bool
is_open(const char *state)
{
	return strcmp(state, "done") != 0 && strcmp(state, "off") != 0;
}

static void
say_progress(struct api_doc *d, uint32_t task, char last[300])
{
	char line[300];

	snprintf(line, sizeof(line), "ClickHouse: %s, %s rows so far%s%s",
		api_text(d, task, "state"), api_text(d, task, "rows"),
		api_text(d, task, "error")[0] == '\0' ? "" : ": ",
		api_text(d, task, "error"));
	if (strcmp(line, last) != 0)
		fprintf(stderr, "%s\n", line);
	memcpy(last, line, sizeof(line));
}

/* The report again and again until the task is done. */
static int
wait_for_task(struct cli *c, struct api_doc *d, struct err *e)
{
	char last[300] = "";

	for (;;) {
		uint32_t task =
			json_member(&d->json, 0, SLICE_LIT("clickhouse"));
		char path[64];
		int rc;

		if (!is_open(api_text(d, task, "state")))
			return 0;
		say_progress(d, task, last);
		poll(NULL, 0, POLL_EVERY_MS);
		snprintf(path, sizeof(path), "/api/v1/erasures/%.20s",
			api_text(d, task, "task"));
		api_doc_fini(d);
		rc = api_get(c, "GET", path, NULL, d, e);
		if (rc < 0)
			return rc;
	}
}

static void
print_report(struct api_doc *d)
{
	uint32_t task = json_member(&d->json, 0, SLICE_LIT("clickhouse"));
	uint32_t rows = json_member(&d->json, 0, SLICE_LIT("remains"));

	printf("person       %s %s\n", api_text(d, 0, "uuid"),
		strcmp(api_text(d, 0, "deleted"), "true") == 0
			? "is deleted"
			: "did not exist");
	printf("distinct ids %s\n", api_text(d, 0, "distinct_ids"));
	printf("ClickHouse   %s, %s rows\n", api_text(d, task, "state"),
		api_text(d, task, "rows"));
	printf("\nWhat remains, and until when:\n");
	for (uint32_t i = json_first(&d->json, rows);
		rows != 0 && i < d->json.nodes[rows].next;
		i = d->json.nodes[i].next)
		printf("  %s (%s): %s%s%s\n", api_text(d, i, "what"),
			api_text(d, i, "where"), api_text(d, i, "until"),
			api_text(d, i, "until")[0] == '\0' ? "" : ", ",
			api_text(d, i, "how"));
}

int
cmd_person_delete(struct cli *c)
{
	bool waits = cli_has(c, "with-events") && !cli_has(c, "no-wait");
	struct api_doc d;
	struct buf path;
	struct err e;
	int status;
	int rc;

	buf_init(&path, PATH_MAX_BYTES);
	status = put_target(c, &path);
	if (status != CLI_DONE) {
		buf_fini(&path);
		return status;
	}
	rc = api_get(c, "DELETE", path.p, NULL, &d, &e);
	buf_fini(&path);
	if (rc == 0 && waits)
		rc = wait_for_task(c, &d, &e);
	if (rc < 0)
		return cli_fail(c, &e);
	if (c->json)
		fwrite(d.text.p, 1, d.text.len, stdout);
	else
		print_report(&d);
	api_doc_fini(&d);
	return CLI_DONE;
}
