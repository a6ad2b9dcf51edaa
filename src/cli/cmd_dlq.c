#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pwd.h>

#include "base/file.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"
#include "httpc/httpc.h"

#define BODY_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define EDIT_MAX_BYTES ((size_t)2 * 1024 * 1024)

static const char *const filters[] = {"error", "reason", "project"};

static int
check_filters(struct cli *c)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		const char *v = cli_opt(c, filters[i]);

		if (v != NULL && !utf8_valid(slice_str(v)))
			return cli_usage_error(c,
				"the value of --%s is not "
				"valid UTF-8",
				filters[i]);
	}
	if (cli_opt(c, "project") != NULL &&
		!cli_number(cli_opt(c, "project"), INT64_MIN, INT64_MAX,
			&(int64_t){0}))
		return cli_usage_error(c, "--project: a number is wanted");
	return CLI_DONE;
}

static void
put_query(struct buf *b, const char *name, const char *value)
{
	buf_append_str(b, b->len > 0 && memchr(b->p, '?', b->len) ? "&" : "?");
	buf_printf(b, "%s=", name);
	httpc_put_escaped(b, slice_str(value));
}

static int
put_list_query(struct cli *c, struct buf *b)
{
	static const char *const states[] = {
		"pending", "replayed", "discarded"};
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (cli_opt(c, filters[i]) != NULL)
			put_query(b, filters[i], cli_opt(c, filters[i]));
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (cli_has(c, states[i])) {
			put_query(b, "state", states[i]);
			n++;
		}
	if (n > 1)
		return cli_usage_error(c, "give one of --pending, --replayed "
					  "and --discarded");
	return CLI_DONE;
}

static int
list(struct cli *c, struct buf *path)
{
	static const struct api_column columns[] = {
		{"id", "ID"},
		{"at", "AT"},
		{"project_id", "PROJECT"},
		{"state", "STATE"},
		{"event", "EVENT"},
		{"step", "STEP"},
		{"error", "ERROR"},
		{NULL, NULL},
	};
	static const struct api_column by_error[] = {
		{"count", "COUNT"},
		{"pending", "PENDING"},
		{"project_id", "PROJECT"},
		{"reason", "REASON"},
		{"step", "STEP"},
		{"last_at", "LAST"},
		{"sample_id", "FOR EXAMPLE"},
		{"error", "ERROR"},
		{NULL, NULL},
	};
	struct api_pages pages = {.max = INT64_MAX};
	const char *cursor = cli_opt(c, "cursor");
	struct err e;

	if (cli_opt_i64(c, "max", 1, INT64_MAX, &pages.max, &e) < 0)
		return cli_usage_error(c, "%s", e.text);
	pages.cursor = cursor;
	pages.one_page = cursor != NULL;
	return api_print_pages(c, buf_cstr(path),
		cli_has(c, "by-error") ? by_error : columns, &pages);
}

int
cmd_dlq_list(struct cli *c)
{
	struct buf path;
	int status = check_filters(c);

	if (status != CLI_DONE)
		return status;
	buf_init(&path, 65536);
	buf_append_str(&path,
		cli_has(c, "by-error") ? "/api/v1/dlq/groups" : "/api/v1/dlq");
	status = put_list_query(c, &path);
	if (status == CLI_DONE)
		status = buf_cstr(&path) == NULL
				 ? cli_usage_error(c, "the filter is too long")
				 : list(c, &path);
	buf_fini(&path);
	return status;
}

/* The event alone, as it can be edited. */
static int
print_body(struct cli *c, const char *path)
{
	struct api_doc d;
	struct slice text = SLICE_NONE;
	struct err e;
	uint32_t node;

	if (api_get(c, "GET", path, NULL, &d, &e) < 0)
		return cli_fail(c, &e);
	node = json_member(&d.json, 0, SLICE_LIT("body"));
	if (node != 0 && d.json.nodes[node].type == JSON_OBJECT)
		text = json_raw(&d.json, node);
	if (text.p != NULL) {
		fwrite(text.p, 1, text.len, stdout);
		putchar('\n');
	}
	api_doc_fini(&d);
	if (text.p != NULL)
		return CLI_DONE;
	e = (struct err){.code = ERR_INVALID};
	snprintf(e.text, sizeof(e.text),
		"letter %.60s holds no readable event: see raw_payload of "
		"sluice dlq show, and write the event anew",
		c->args[0]);
	return cli_fail(c, &e);
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
		 : cli_has(c, "body")
			 ? print_body(c, path.p)
			 : api_print_object(c, "GET", path.p, NULL);
	buf_fini(&path);
	return status;
}

static void
put_text(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, slice_str(value));
}

/* Who does it, for the letter's mark. */
static void
put_by(struct buf *b)
{
	const struct passwd *pw = getpwuid(geteuid());
	char uid[32];

	snprintf(uid, sizeof(uid), "uid %ld", (long)geteuid());
	put_text(b, "by",
		pw != NULL && utf8_valid(slice_str(pw->pw_name)) ? pw->pw_name
								 : uid);
}

static void
put_asked(struct cli *c, const struct buf *event, const char *cursor,
	struct buf *b)
{
	const char *project = cli_opt(c, "project");

	buf_append_str(
		b, cli_has(c, "all") ? "{\"all\":true" : "{\"all\":false");
	if (cli_has(c, "again"))
		buf_append_lit(b, ",\"again\":true");
	if (cli_has(c, "discarded"))
		put_text(b, "state", "discarded");
	if (cli_opt(c, "error") != NULL)
		put_text(b, "error", cli_opt(c, "error"));
	if (cli_opt(c, "reason") != NULL)
		put_text(b, "reason", cli_opt(c, "reason"));
	if (project != NULL)
		buf_printf(b, ",\"project\":%s", project);
	if (cursor[0] != '\0')
		put_text(b, "cursor", cursor);
	put_by(b);
	if (event->len > 0) {
		buf_append_lit(b, ",\"event\":");
		json_put_string(b, buf_slice(event));
	}
	buf_append_lit(b, ",\"ids\":[");
	for (int i = 0; i < c->n_args; i++) {
		if (i > 0)
			buf_append_char(b, ',');
		json_put_string(b, slice_str(c->args[i]));
	}
	buf_append_lit(b, "]}");
}

/* Sums over all steps of a command. */
struct sums {
	const char *did; /* replayed or discarded */
	int64_t done, already, failed;
	int64_t not_indexed; /* as of the last answer */
	char why[300]; /* the first that was not done */
	char cursor[128];
};

static int64_t
number_of(struct api_doc *d, const char *name)
{
	int64_t n = 0;

	return cli_number(api_text(d, 0, name), 0, INT64_MAX, &n) ? n : 0;
}

static void
add_answer(struct sums *s, struct api_doc *d)
{
	uint32_t errors = json_member(&d->json, 0, SLICE_LIT("errors"));

	s->done += number_of(d, s->did);
	s->already += number_of(d, "already");
	s->failed += number_of(d, "failed");
	s->not_indexed = number_of(d, "not_indexed");
	if (s->why[0] == '\0' && errors != 0 && d->json.nodes[errors].n > 0) {
		uint32_t first = json_first(&d->json, errors);

		snprintf(s->why, sizeof(s->why), "letter %s: %s",
			api_text(d, first, "id"), api_text(d, first, "error"));
	}
	snprintf(s->cursor, sizeof(s->cursor), "%s", api_text(d, 0, "next"));
}

static int
ask_once(struct cli *c, const struct buf *event, struct sums *s, struct err *e)
{
	struct api_doc d;
	struct buf body;
	int rc;

	buf_init(&body, BODY_MAX_BYTES);
	put_asked(c, event, s->cursor, &body);
	rc = body.failed ? err_set(e, ERR_TOO_BIG, "too many IDs at once")
			 : api_get(c, "POST",
				   strcmp(s->did, "replayed") == 0
					   ? "/api/v1/dlq/replay"
					   : "/api/v1/dlq/discard",
				   &body, &d, e);
	buf_fini(&body);
	if (rc < 0)
		return rc;
	add_answer(s, &d);
	api_doc_fini(&d);
	return 0;
}

/* IDs that were not done are a failure; with --all it is enough that they are
 * done. */
static int
report(struct cli *c, const struct sums *s)
{
	struct err e;

	printf(c->json ? "{\"%s\":%lld,\"already\":%lld,\"failed\":%lld}\n"
		       : "%s %lld, already %lld, failed %lld\n",
		s->did, (long long)s->done, (long long)s->already,
		(long long)s->failed);
	if (s->not_indexed > 0)
		fprintf(stderr,
			"%lld letter(s) were not yet indexed and are left "
			"out: ask again in a moment\n",
			(long long)s->not_indexed);
	if (s->failed == 0 && (s->already == 0 || cli_has(c, "all")))
		return CLI_DONE;
	e = (struct err){.code = ERR_EXISTS};
	snprintf(e.text, sizeof(e.text), "%.230s", s->why);
	return cli_fail(c, &e);
}

static int
run_bulk(struct cli *c, const char *did, const struct buf *event)
{
	struct sums s = {.did = did};
	struct err e;

	do {
		if (ask_once(c, event, &s, &e) < 0) {
			if (s.done > 0)
				(void)report(c, &s);
			return cli_fail(c, &e);
		}
	} while (s.cursor[0] != '\0');
	return report(c, &s);
}

static int
check_asked(struct cli *c)
{
	if (cli_has(c, "all") == (c->n_args > 0))
		return cli_usage_error(c, "give either IDs or --all");
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (cli_opt(c, filters[i]) != NULL && !cli_has(c, "all"))
			return cli_usage_error(
				c, "--%s goes with --all", filters[i]);
	for (int i = 0; i < c->n_args; i++)
		if (!utf8_valid(slice_str(c->args[i])))
			return cli_usage_error(c, "an ID is not valid UTF-8");
	return check_filters(c);
}

static int
read_edit(struct cli *c, struct buf *event, struct err *e)
{
	const char *path = cli_opt(c, "edit");
	int rc = file_read(path, event, e);

	if (rc < 0)
		return rc;
	if (slice_trim(buf_slice(event)).len == 0 ||
		!utf8_valid(buf_slice(event)))
		return err_set(e, ERR_INVALID,
			"%s: the JSON of one event is wanted", path);
	return 0;
}

int
cmd_dlq_replay(struct cli *c)
{
	struct buf event;
	struct err e;
	int status = check_asked(c);

	if (status != CLI_DONE)
		return status;
	if (cli_opt(c, "edit") != NULL && c->n_args != 1)
		return cli_usage_error(c, "--edit goes with one ID");
	if (cli_has(c, "discarded") &&
		!(cli_has(c, "all") && cli_has(c, "again")))
		return cli_usage_error(
			c, "--discarded goes with --all --again");
	buf_init(&event, EDIT_MAX_BYTES);
	if (cli_opt(c, "edit") != NULL && read_edit(c, &event, &e) < 0)
		status = cli_fail(c, &e);
	else
		status = run_bulk(c, "replayed", &event);
	buf_fini(&event);
	return status;
}

int
cmd_dlq_discard(struct cli *c)
{
	const struct buf none = {0};
	int status = check_asked(c);

	return status != CLI_DONE ? status : run_bulk(c, "discarded", &none);
}
