#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "cli/api.h"
#include "cli/cmd.h"

/*
 * Where an event was seen: asks for the window of time it came in, searches the
 * logs there piece by piece, and if it is not there all logs, newest first, up
 * to a bound.
 */
#define BOUND_RECORDS INT64_C(20000000)
#define TEXT_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define PROGRESS_NS INT64_C(1000000000)

struct trace {
	struct cli *c;
	const char *uuid;
	bool is_full;
	struct buf places; /* items, divided by commas */
	int n_places;
	bool is_captured, has_output;
	int64_t n_records;
	bool is_complete;
	int64_t said_at_ns;
};

static int64_t
number(struct api_doc *d, const char *name)
{
	uint32_t node = json_member(&d->json, 0, slice_str(name));
	int64_t v;

	return node != 0 && json_i64(&d->json, node, &v) ? v : -1;
}

static void
say_progress(struct trace *t, const char *topic)
{
	int64_t now_ns = clock_mono_ns();

	if (now_ns - t->said_at_ns < PROGRESS_NS || !isatty(STDERR_FILENO))
		return;
	t->said_at_ns = now_ns;
	fprintf(stderr, "\r%lld records searched, now in %-45s",
		(long long)t->n_records, topic);
}

static void
keep_places(struct trace *t, struct api_doc *d)
{
	uint32_t items = json_member(&d->json, 0, SLICE_LIT("items"));

	for (uint32_t i = json_first(&d->json, items);
		items != 0 && i < d->json.nodes[items].next;
		i = d->json.nodes[i].next) {
		const char *kind = api_text(d, i, "kind");

		if (t->n_places++ > 0)
			buf_append_char(&t->places, ',');
		buf_append_slice(&t->places, json_raw(&d->json, i));
		t->is_captured |= strcmp(kind, "capture") == 0;
		t->has_output |= strcmp(kind, "output") == 0;
	}
}

static void
put_path(struct trace *t, struct buf *path, int64_t from_ms, int64_t to_ms,
	const char *cursor)
{
	buf_reset(path);
	buf_append_lit(path, "/api/v1/trace/");
	api_put_path(path, t->uuid);
	buf_printf(path, "/places?full=%d", t->is_full ? 1 : 0);
	if (from_ms >= 0)
		buf_printf(path, "&from_ms=%lld", (long long)from_ms);
	if (to_ms >= 0)
		buf_printf(path, "&to_ms=%lld", (long long)to_ms);
	if (cursor[0] != '\0')
		buf_printf(path, "&cursor=%s", cursor);
}

/* All pages of one search. */
static int
search(struct trace *t, int64_t from_ms, int64_t to_ms, struct err *e)
{
	char cursor[64] = "";
	struct buf path;
	int rc = 0;

	buf_init(&path, 4096);
	t->is_complete = true;
	do {
		struct api_doc d;

		put_path(t, &path, from_ms, to_ms, cursor);
		rc = buf_cstr(&path) == NULL
			     ? err_set(e, ERR_TOO_BIG, "the uuid is too long")
			     : api_get(t->c, "GET", path.p, NULL, &d, e);
		if (rc < 0)
			break;
		keep_places(t, &d);
		t->n_records += number(&d, "records");
		say_progress(t, api_text(&d, 0, "topic"));
		snprintf(cursor, sizeof(cursor), "%s", api_text(&d, 0, "next"));
		api_doc_fini(&d);
		if (!t->is_full && t->n_records >= BOUND_RECORDS &&
			cursor[0] != '\0') {
			t->is_complete = false;
			break;
		}
	} while (cursor[0] != '\0');
	if (t->said_at_ns != 0 && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	buf_fini(&path);
	return rc;
}

/* The window first; all logs when it was not in it, or with --full. */
static int
find(struct trace *t, struct buf *out, struct err *e)
{
	int64_t from_ms, to_ms;
	struct api_doc d;
	struct buf path;
	int rc;

	buf_init(&path, 4096);
	buf_append_lit(&path, "/api/v1/trace/");
	api_put_path(&path, t->uuid);
	rc = buf_cstr(&path) == NULL
		     ? err_set(e, ERR_TOO_BIG, "the uuid is too long")
		     : api_get(t->c, "GET", path.p, NULL, &d, e);
	buf_fini(&path);
	if (rc < 0)
		return rc;
	from_ms = number(&d, "from_ms");
	to_ms = number(&d, "to_ms");
	buf_append_lit(out, "{\"uuid\":");
	json_put_string(out, slice_str(api_text(&d, 0, "uuid")));
	buf_append_lit(out, ",\"clickhouse\":");
	buf_append_slice(
		out, json_raw(&d.json,
			     json_member(&d.json, 0, SLICE_LIT("clickhouse"))));
	api_doc_fini(&d);
	if (!t->is_full && from_ms >= 0)
		rc = search(t, from_ms, to_ms, e);
	if (rc == 0 && !t->is_captured && !t->has_output) {
		buf_reset(&t->places);
		t->n_places = 0;
		rc = search(t, -1, -1, e);
	}
	return rc;
}

static uint32_t
first_of(struct api_doc *d, const char *kind)
{
	uint32_t places = json_member(&d->json, 0, SLICE_LIT("places"));

	for (uint32_t i = json_first(&d->json, places);
		i < d->json.nodes[places].next; i = d->json.nodes[i].next)
		if (strcmp(api_text(d, i, "kind"), kind) == 0)
			return i;
	return 0;
}

static int
put_changes(struct trace *t, struct api_doc *d, struct buf *out, struct err *e)
{
	uint32_t front = first_of(d, "capture");
	uint32_t row = first_of(d, "output");
	struct api_doc answer;
	struct buf path;
	int rc;

	if (front == 0 || row == 0) {
		buf_append_lit(out, "null");
		return 0;
	}
	buf_init(&path, 4096);
	buf_append_lit(&path, "/api/v1/trace/");
	api_put_path(&path, t->uuid);
	buf_printf(&path, "/changes?topic=%s&partition=%s&front=%s&output=%s",
		api_text(d, front, "topic"), api_text(d, front, "partition"),
		api_text(d, front, "offset"), api_text(d, row, "offset"));
	rc = buf_cstr(&path) == NULL
		     ? err_set(e, ERR_TOO_BIG, "the uuid is too long")
		     : api_get(t->c, "GET", path.p, NULL, &answer, e);
	buf_fini(&path);
	if (rc < 0)
		return rc;
	buf_append_slice(
		out, json_raw(&answer.json,
			     json_member(&answer.json, 0, SLICE_LIT("items"))));
	api_doc_fini(&answer);
	return 0;
}

/* The person of the event, and who has its distinct id by now. */
static void
put_person(struct trace *t, struct api_doc *d, struct buf *out)
{
	uint32_t row = first_of(d, "output");
	struct api_doc now;
	struct buf path;
	struct err e;

	if (row == 0) {
		buf_append_lit(out, "null");
		return;
	}
	buf_append_lit(out, "{\"id\":");
	json_put_string(out, slice_str(api_text(d, row, "person_id")));
	buf_append_lit(out, ",\"mode\":");
	json_put_string(out, slice_str(api_text(d, row, "person_mode")));
	buf_init(&path, 32768);
	buf_printf(&path, "/api/v1/projects/%s/persons/",
		api_text(d, row, "team_id"));
	api_put_path(&path, api_text(d, row, "distinct_id"));
	buf_append_lit(out, ",\"now\":");
	if (buf_cstr(&path) == NULL ||
		api_get(t->c, "GET", path.p, NULL, &now, &e) < 0) {
		buf_append_lit(out, "null}");
	} else {
		json_put_string(out, slice_str(api_text(&now, 0, "uuid")));
		buf_append_char(out, '}');
		api_doc_fini(&now);
	}
	buf_fini(&path);
}

/* Lays out what is in the text so far, closed by a brace. */
static int
lay_out(struct buf *text, struct api_doc *d, struct err *e)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 1000000};
	int rc;

	buf_init(&d->text, TEXT_MAX_BYTES);
	arena_init(&d->arena, 2 * TEXT_MAX_BYTES);
	buf_append_slice(&d->text, buf_slice(text));
	buf_append_char(&d->text, '}');
	if (d->text.failed || text->failed)
		rc = err_set(e, ERR_TOO_BIG, "there are too many places");
	else
		rc = json_parse(
			&d->arena, buf_slice(&d->text), &lim, &d->json, e);
	if (rc < 0)
		api_doc_fini(d);
	return rc;
}

static int
complete(struct trace *t, struct buf *out, struct api_doc *d, struct err *e)
{
	struct api_doc found;
	int rc;

	buf_append_lit(out, ",\"places\":[");
	buf_append_slice(out, buf_slice(&t->places));
	buf_printf(out, "],\"records_searched\":%lld,\"is_complete\":%s",
		(long long)t->n_records, t->is_complete ? "true" : "false");
	rc = lay_out(out, &found, e);
	if (rc < 0)
		return rc;
	buf_append_lit(out, ",\"person\":");
	put_person(t, &found, out);
	buf_append_lit(out, ",\"changes\":");
	rc = put_changes(t, &found, out, e);
	api_doc_fini(&found);
	return rc < 0 ? rc : lay_out(out, d, e);
}

static void
print_place(struct api_doc *d, uint32_t i)
{
	static const char *const shown[] = {"project_id", "event",
		"distinct_id", "timestamp", "type", "details", "id", "version",
		"reason", "step", "error", "replayed_at", NULL};

	printf("%-10s %s/%s/%s", api_text(d, i, "kind"),
		api_text(d, i, "topic"), api_text(d, i, "partition"),
		api_text(d, i, "offset"));
	for (int k = 0; shown[k] != NULL; k++)
		if (api_text(d, i, shown[k])[0] != '\0')
			printf("  %s=%s", shown[k], api_text(d, i, shown[k]));
	putchar('\n');
}

static void
print_rows(struct api_doc *d, const char *name)
{
	uint32_t rows = json_member(&d->json, 0, slice_str(name));

	if (rows == 0 || d->json.nodes[rows].type != JSON_ARRAY)
		return;
	for (uint32_t i = json_first(&d->json, rows);
		i < d->json.nodes[rows].next; i = d->json.nodes[i].next) {
		if (strcmp(name, "places") == 0)
			print_place(d, i);
		else
			printf("  %-10s %-8s %s  %s%s%s\n",
				api_text(d, i, "step"),
				api_text(d, i, "change"),
				api_text(d, i, "member"),
				api_text(d, i, "from"),
				strcmp(api_text(d, i, "change"), "changed") == 0
					? " -> "
					: "",
				api_text(d, i, "to"));
	}
}

static void
print_trace(struct api_doc *d)
{
	uint32_t ch = json_member(&d->json, 0, SLICE_LIT("clickhouse"));
	uint32_t person = json_member(&d->json, 0, SLICE_LIT("person"));

	print_rows(d, "places");
	if (d->json.nodes[person].type == JSON_OBJECT)
		printf("person     %s  mode=%s  now=%s\n",
			api_text(d, person, "id"), api_text(d, person, "mode"),
			api_text(d, person, "now"));
	if (api_text(d, ch, "error")[0] != '\0')
		printf("clickhouse not asked: %s\n", api_text(d, ch, "error"));
	else
		printf("clickhouse %s row(s)  since=%s\n",
			api_text(d, ch, "rows"), api_text(d, ch, "since"));
	printf("\nWhat was changed on the way:\n");
	print_rows(d, "changes");
}

static int
answer(struct trace *t, struct buf *out, struct err *e)
{
	struct api_doc d;
	uint32_t ch;
	bool has_rows;
	int rc = find(t, out, e);

	if (rc == 0)
		rc = complete(t, out, &d, e);
	if (rc < 0)
		return rc;
	ch = json_member(&d.json, 0, SLICE_LIT("clickhouse"));
	has_rows = api_text(&d, ch, "rows")[0] > '0';
	if (t->c->json)
		printf("%.*s\n", SLICE_FMT(buf_slice(&d.text)));
	else if (t->n_places > 0 || has_rows)
		print_trace(&d);
	api_doc_fini(&d);
	if (t->n_places > 0 || has_rows)
		return 0;
	return err_set(e, ERR_NOT_FOUND, "no event %.40s in %lld records%s",
		t->uuid, (long long)t->n_records,
		t->is_complete ? ", which are all that are kept"
			       : ": --full searches all");
}

int
cmd_trace(struct cli *c)
{
	struct trace t = {
		.c = c, .uuid = c->args[0], .is_full = cli_has(c, "full")};
	struct buf out;
	struct err e;
	int rc;

	buf_init(&t.places, TEXT_MAX_BYTES);
	buf_init(&out, TEXT_MAX_BYTES);
	rc = answer(&t, &out, &e);
	buf_fini(&t.places);
	buf_fini(&out);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}
