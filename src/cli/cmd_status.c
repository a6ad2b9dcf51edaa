#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"

#define POLL_EVERY_MS 50
#define QUERY_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* What is behind and what to do, before all numbers. */
static void
print_behind(struct api_doc *d)
{
	uint32_t rows = json_member(&d->json, 0, SLICE_LIT("behind"));

	for (uint32_t i = json_first(&d->json, rows);
		rows != 0 && i < d->json.nodes[rows].next;
		i = d->json.nodes[i].next) {
		printf("behind       %s: %s\n", api_text(d, i, "hop"),
			api_text(d, i, "why"));
		printf("what to do   %s\n", api_text(d, i, "do"));
	}
}

/* Nothing while there is nothing to do. */
static void
print_letters(struct api_doc *d)
{
	uint32_t letters = json_member(&d->json, 0, SLICE_LIT("dead_letters"));
	uint32_t rows = letters == 0 ? 0
				     : json_member(&d->json, letters,
					       SLICE_LIT("alerts"));

	for (uint32_t i = json_first(&d->json, rows);
		rows != 0 && i < d->json.nodes[rows].next;
		i = d->json.nodes[i].next) {
		printf("dead letters %s\n", api_text(d, i, "text"));
		printf("what to do   %s\n", api_text(d, i, "do"));
	}
}

/* Only while some wait. */
static void
print_waiting(struct api_doc *d)
{
	uint32_t pg = json_member(&d->json, 0, SLICE_LIT("postgres"));

	if (pg == 0 || d->json.nodes[pg].type != JSON_OBJECT ||
		strcmp(api_text(d, pg, "letters_waiting"), "0") == 0)
		return;
	printf("postgres     %s; %s events (%s bytes) of keys that were not "
	       "known while it was away wait to be put back\n",
		api_text(d, pg, "state"), api_text(d, pg, "letters_waiting"),
		api_text(d, pg, "letters_waiting_bytes"));
}

static void
print_certificate(struct api_doc *d, uint32_t object, const char *of)
{
	uint32_t tls = json_member(&d->json, object, SLICE_LIT("tls"));

	if (tls == 0 || d->json.nodes[tls].type != JSON_OBJECT)
		return;
	printf("certificate  %sof %s expires %s, in %s days\n", of,
		api_text(d, tls, "names"), api_text(d, tls, "expires_at"),
		api_text(d, tls, "days_left"));
	if (api_text(d, tls, "warning")[0] != '\0')
		printf("warning      %s %s\n", api_text(d, tls, "warning"),
			api_text(d, tls, "error"));
}

static void
print_tls(struct api_doc *d)
{
	uint32_t admin = json_member(&d->json, 0, SLICE_LIT("admin"));

	print_certificate(d, 0, "");
	if (admin == 0 || d->json.nodes[admin].type != JSON_OBJECT)
		return;
	print_certificate(d, admin, "of the admin ");
	if (api_text(d, admin, "warning")[0] != '\0')
		printf("warning      %s\n", api_text(d, admin, "warning"));
}

static void
print_hops(struct api_doc *d)
{
	uint32_t hops = json_member(&d->json, 0, SLICE_LIT("hops"));

	printf("\n%-12s %-9s %12s %-9s %12s %10s  %s\n", "HOP", "STATE",
		"RATE/S", "", "LAG RECORDS", "LAG S", "LAST ERROR");
	for (uint32_t i = json_first(&d->json, hops);
		hops != 0 && i < d->json.nodes[hops].next;
		i = d->json.nodes[i].next) {
		uint32_t last =
			json_member(&d->json, i, SLICE_LIT("last_error"));

		if (last != 0 && d->json.nodes[last].type != JSON_OBJECT)
			last = 0;
		printf("%-12s %-9s %12s %-9s %12s %10s  %s%s%s\n",
			api_text(d, i, "name"), api_text(d, i, "state"),
			api_text(d, i, "rate"), api_text(d, i, "unit"),
			api_text(d, i, "lag_records"), api_text(d, i, "lag_s"),
			last == 0 ? "" : api_text(d, last, "at"),
			last == 0 ? "" : " ",
			last == 0 ? "" : api_text(d, last, "text"));
	}
}

static void
print_rest(struct api_doc *d)
{
	uint32_t disk = json_member(&d->json, 0, SLICE_LIT("disk"));
	uint32_t children = json_member(&d->json, 0, SLICE_LIT("children"));
	uint32_t canary = json_member(&d->json, 0, SLICE_LIT("canary"));
	uint32_t copies = json_member(&d->json, 0, SLICE_LIT("duplicates"));

	printf("\ndisk         %s of %s bytes free, ballast %s bytes\n",
		api_text(d, disk, "free_bytes"),
		api_text(d, disk, "total_bytes"),
		api_text(d, disk, "ballast_bytes"));
	printf("copies       %s not stored since the start, %s events "
	       "remembered\n",
		api_text(d, copies, "dropped"),
		api_text(d, copies, "remembered"));
	if (canary != 0 && d->json.nodes[canary].type == JSON_OBJECT)
		printf("canary       every %s s, last %s %s\n",
			api_text(d, canary, "interval_s"),
			api_text(d, canary, "sent_at"),
			api_text(d, canary, "error"));
	if (strcmp(api_text(d, 0, "refused"), "{}") != 0)
		printf("refused      %s (docs/overload.md)\n",
			api_text(d, 0, "refused"));
	for (uint32_t i = json_first(&d->json, children);
		children != 0 && i < d->json.nodes[children].next;
		i = d->json.nodes[i].next)
		printf("%-12s %s %s pid %s, restarts %s %s\n",
			api_text(d, i, "name"), api_text(d, i, "state"),
			api_text(d, i, "version"), api_text(d, i, "pid"),
			api_text(d, i, "restarts"), api_text(d, i, "text"));
}

int
cmd_status(struct cli *c)
{
	struct api_doc d;
	struct err e;

	if (c->json)
		return api_print_object(c, "GET", "/api/v1/status", NULL);
	if (api_get(c, "GET", "/api/v1/status", NULL, &d, &e) < 0)
		return cli_fail(c, &e);
	printf("Sluice %s on %s, pid %s, up %s s\n", api_text(&d, 0, "version"),
		api_text(&d, 0, "data"), api_text(&d, 0, "pid"),
		api_text(&d, 0, "uptime_s"));
	printf("roles        %s\nports        %s\n", api_text(&d, 0, "roles"),
		api_text(&d, 0, "ports"));
	printf("ready        %s %s\n", api_text(&d, 0, "ready"),
		strcmp(api_text(&d, 0, "missing"), "[]") == 0
			? ""
			: api_text(&d, 0, "missing"));
	print_tls(&d);
	print_behind(&d);
	print_letters(&d);
	print_waiting(&d);
	print_hops(&d);
	print_rest(&d);
	api_doc_fini(&d);
	return CLI_DONE;
}

/* Asks until the member is true. */
static int
wait_for(struct cli *c, const char *path, const char *member,
	const char *details, bool may_start, int64_t deadline_ns, struct err *e)
{
	char why[400] = "no daemon runs";

	for (;;) {
		struct api_doc d;
		int rc = api_get(c, "GET", path, NULL, &d, e);

		if (rc == 0) {
			bool yes = strcmp(api_text(&d, 0, member), "true") == 0;

			snprintf(why, sizeof(why), "%s",
				api_text(&d, 0, details));
			api_doc_fini(&d);
			if (yes)
				return 0;
		} else if (!may_start) {
			return rc;
		} else {
			snprintf(why, sizeof(why), "%s", e->text);
		}
		if (clock_mono_ns() >= deadline_ns)
			return err_set(e, ERR_TIMEOUT, "not %s in time: %.180s",
				member, why);
		poll(NULL, 0, POLL_EVERY_MS);
	}
}

int
cmd_wait(struct cli *c)
{
	int64_t timeout_s = 60;
	int64_t deadline_ns;
	struct err e;
	int rc = cli_opt_i64(c, "timeout-s", 0, 1000000, &timeout_s, &e);

	if (rc < 0)
		return cli_usage_error(c, "%s", e.text);
	deadline_ns = clock_mono_ns() + timeout_s * 1000000000;
	if (cli_has(c, "ready") || !cli_has(c, "drained"))
		rc = wait_for(c, "/api/v1/ready", "ready", "missing", true,
			deadline_ns, &e);
	if (rc == 0 && cli_has(c, "drained"))
		rc = wait_for(c, "/api/v1/drained", "drained", "waiting", false,
			deadline_ns, &e);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}

static int
read_stdin(struct buf *b, struct err *e)
{
	for (;;) {
		char *p = buf_reserve(b, 65536);
		size_t n;

		if (p == NULL)
			return err_set(e, ERR_TOO_BIG,
				"the query is over %zu bytes", QUERY_MAX_BYTES);
		n = fread(p, 1, 65536, stdin);
		if (n == 0)
			return 0;
		b->len += n;
	}
}

static int
put_query(struct cli *c, struct buf *query, struct buf *body, struct err *e)
{
	const char *format = cli_opt(c, "format");

	if (c->n_args > 0 && strcmp(c->args[0], "-") != 0)
		buf_append_str(query, c->args[0]);
	else if (read_stdin(query, e) < 0)
		return -(int)e->code;
	if (format == NULL)
		format = c->json                 ? "JSONEachRow"
			 : isatty(STDOUT_FILENO) ? "PrettyCompact"
						 : "TSV";
	if (query->failed || !utf8_valid(buf_slice(query)) ||
		!utf8_valid(slice_str(format)))
		return err_set(
			e, ERR_INVALID, "the query is too long or not UTF-8");
	buf_append_lit(body, "{\"query\":");
	json_put_string(body, buf_slice(query));
	buf_append_lit(body, ",\"format\":");
	json_put_string(body, slice_str(format));
	buf_append_char(body, '}');
	return body->failed ? err_set(e, ERR_TOO_BIG, "the query is too long")
			    : 0;
}

int
cmd_sql(struct cli *c)
{
	struct buf query, body, out;
	struct err e;
	int rc;

	buf_init(&query, QUERY_MAX_BYTES);
	buf_init(&body, 2 * QUERY_MAX_BYTES);
	buf_init(&out, API_ANSWER_MAX_BYTES);
	rc = put_query(c, &query, &body, &e);
	if (rc == 0)
		rc = api_call(c, "POST", "/api/v1/sql", &body, &out, &e);
	if (rc == 0)
		fwrite(out.p, 1, out.len, stdout);
	buf_fini(&query);
	buf_fini(&body);
	buf_fini(&out);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}
