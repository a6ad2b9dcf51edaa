#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cmd.h"
#include "httpc/httpc.h"

#define PATH_MAX_BYTES 1024

static int
put_path(struct cli *c, struct buf *b, struct err *e)
{
	static const char *const times[] = {"from", "to"};

	buf_append_lit(b, "/api/v1/audit?lines=1");
	if (cli_has(c, "recount"))
		buf_append_lit(b, "&recount=1");
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		const char *t = cli_opt(c, times[i]);

		if (t == NULL)
			continue;
		buf_printf(b, "&%s=", times[i]);
		httpc_put_escaped(b, slice_str(t));
	}
	return buf_cstr(b) == NULL
		       ? err_set(e, ERR_INVALID, "the times are too long")
		       : 0;
}

static uint32_t
member(const struct api_doc *d, const char *name)
{
	return json_member(&d->json, 0, slice_str(name));
}

static int
length(const struct api_doc *d, uint32_t array)
{
	int n = 0;

	if (array == 0)
		return 0;
	for (uint32_t i = json_first(&d->json, array);
		i < d->json.nodes[array].next; i = d->json.nodes[i].next)
		n++;
	return n;
}

static void
print_sums(struct api_doc *d)
{
	uint32_t lines = member(d, "lines");

	if (length(d, lines) == 0)
		return;
	printf("%-20s  %-8s  %-15s  %12s  %s\n", "MINUTE", "PROJECT", "HOP",
		"COUNT", "CHECKSUM");
	for (uint32_t i = json_first(&d->json, lines);
		i < d->json.nodes[lines].next; i = d->json.nodes[i].next) {
		const char *project = api_text(d, i, "project_id");

		printf("%-20s  %-8s  %-15s  %12s  %s\n",
			api_text(d, i, "minute"),
			strcmp(project, "-1") == 0 ? "canary" : project,
			api_text(d, i, "hop"), api_text(d, i, "count"),
			api_text(d, i, "checksum"));
	}
}

static void
print_texts(struct api_doc *d, const char *name, const char *what,
	const char *inner)
{
	uint32_t list = member(d, name);

	if (list == 0)
		return;
	for (uint32_t i = json_first(&d->json, list);
		i < d->json.nodes[list].next; i = d->json.nodes[i].next) {
		struct slice s = inner == NULL
					 ? json_string(&d->json, i, &d->arena)
					 : slice_str(api_text(d, i, inner));

		printf("%s: %.*s\n", what, SLICE_FMT(s));
	}
}

static void
print_report(struct api_doc *d)
{
	print_sums(d);
	printf("in flight: %s not yet read by the app server, %s not yet by "
	       "ClickHouse\n",
		api_text(d, 0, "unread"), api_text(d, 0, "unseen"));
	printf("ClickHouse: %s\n", api_text(d, 0, "clickhouse"));
	print_texts(d, "notes", "note", NULL);
	print_texts(d, "differences", "difference", "text");
}

int
cmd_audit(struct cli *c)
{
	struct buf path;
	struct api_doc d;
	struct err e;
	int n, rc;

	buf_init(&path, PATH_MAX_BYTES);
	rc = put_path(c, &path, &e);
	if (rc == 0)
		rc = api_get(c, "GET", path.p, NULL, &d, &e);
	buf_fini(&path);
	if (rc < 0)
		return cli_fail(c, &e);
	n = length(&d, member(&d, "differences"));
	if (c->json)
		printf("%.*s\n", SLICE_FMT(json_raw(&d.json, 0)));
	else
		print_report(&d);
	api_doc_fini(&d);
	if (n == 0)
		return CLI_DONE;
	ERR_IGNORE(err_set(&e, ERR_CORRUPT,
			   "%d difference%s between hops: what to do is in "
			   "docs/audit.md",
			   n, n == 1 ? "" : "s"),
		"printed below");
	return cli_fail(c, &e);
}
