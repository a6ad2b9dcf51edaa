#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/api.h"
#include "cli/doctor.h"

#define HOUR_S 3600
#define WEEK_S (7 * 24 * HOUR_S)
#define LIST_MAX 400

static int64_t
number(struct api_doc *doc, uint32_t object, const char *name)
{
	int64_t v = 0;

	(void)cli_number(api_text(doc, object, name), INT64_MIN, INT64_MAX, &v);
	return v;
}

static uint32_t
member(struct api_doc *doc, const char *name)
{
	return json_member(&doc->json, 0, slice_str(name));
}

struct reasons {
	char list[LIST_MAX];
	size_t len;
	int64_t total;
};

static void
add_reason(struct reasons *r, const char *name, int64_t n)
{
	int wrote;

	if (n == 0 || r->len >= sizeof(r->list))
		return;
	wrote = snprintf(r->list + r->len, sizeof(r->list) - r->len,
		"%s%s %lld", r->len == 0 ? "" : ", ", name, (long long)n);
	r->len += wrote < 0 ? 0 : (size_t)wrote;
	r->total += n;
}

/* The members of an object of numbers. */
static void
add_object(struct api_doc *doc, const char *name, struct reasons *r)
{
	uint32_t o = member(doc, name);

	for (uint32_t i = json_first(&doc->json, o);
		o != 0 && i < doc->json.nodes[o].next;
		i = doc->json.nodes[i + 1].next) {
		struct slice key = json_string(&doc->json, i, &doc->arena);
		char text[64];

		snprintf(text, sizeof(text), "%.*s",
			key.len > 60 ? 60 : (int)key.len, key.p);
		add_reason(r, text, number(doc, o, text));
	}
}

static int64_t
sum_of(struct api_doc *doc, uint32_t values)
{
	int64_t sum = 0;

	for (uint32_t i = json_first(&doc->json, values);
		i < doc->json.nodes[values].next; i = doc->json.nodes[i].next) {
		struct slice raw = json_raw(&doc->json, i);
		char text[32];
		int64_t v;

		snprintf(text, sizeof(text), "%.*s",
			raw.len > 30 ? 30 : (int)strcspn(raw.p, ".,]} \n"),
			raw.p);
		if (cli_number(text, 0, INT64_MAX, &v))
			sum += v;
	}
	return sum;
}

/* From what is kept of the last day. */
static void
add_series(struct doctor *d, struct reasons *r)
{
	long long from = (long long)(clock_now_us() / 1000000 - HOUR_S);
	char path[80];
	struct api_doc doc;
	struct err e;
	uint32_t items;

	snprintf(path, sizeof(path), "/api/v1/series?step=60&from=%lld", from);
	if (api_get(d->c, "GET", path, NULL, &doc, &e) < 0)
		return;
	items = member(&doc, "items");
	for (uint32_t i = json_first(&doc.json, items);
		items != 0 && i < doc.json.nodes[items].next;
		i = doc.json.nodes[i].next) {
		const char *name = api_text(&doc, i, "name");
		uint32_t values =
			json_member(&doc.json, i, SLICE_LIT("values"));

		if (strncmp(name, "refused.", 8) == 0 && values != 0)
			add_reason(r, name + 8, sum_of(&doc, values));
	}
	api_doc_fini(&doc);
}

static void
check_refused(struct doctor *d, struct api_doc *status)
{
	struct reasons r = {"", 0, 0}, wrong = {"", 0, 0};

	/* A daemon that is younger than that counted all of it itself. */
	if (number(status, 0, "uptime_s") <= HOUR_S)
		add_object(status, "refused", &r);
	else
		add_series(d, &r);
	if (r.total == 0)
		doctor_say(d, "refused", true,
			"no request for overload in the last hour");
	else
		doctor_find(d, DOCTOR_WARN, "refused",
			"docs/overload.md says what each reason asks for",
			"%lld requests in the last hour: %s",
			(long long)r.total, r.list);
	add_object(status, "wrong", &wrong);
	if (wrong.total == 0)
		doctor_say(d, "wrong requests", true, "none since the start");
	else
		doctor_find(d, DOCTOR_WARN, "wrong requests",
			strstr(wrong.list, "unknown_token") != NULL
				? "compare the key in the SDK with sluice "
				  "project list --json"
				: "see the SDK's own log; docs/capture.md has "
				  "what is wanted",
			"%lld since the start: %s", (long long)wrong.total,
			wrong.list);
}

static void
check_hops(struct doctor *d, struct api_doc *status)
{
	uint32_t hops = member(status, "hops");

	for (uint32_t i = json_first(&status->json, hops);
		hops != 0 && i < status->json.nodes[hops].next;
		i = status->json.nodes[i].next) {
		const char *state = api_text(status, i, "state");
		char check[40];

		snprintf(check, sizeof(check), "hop %.30s",
			api_text(status, i, "name"));
		if (strcmp(state, "off") == 0)
			continue;
		doctor_find(d,
			strcmp(state, "ok") == 0        ? DOCTOR_OK
			: strcmp(state, "stopped") == 0 ? DOCTOR_FAIL
							: DOCTOR_WARN,
			check, api_text(status, i, "do"),
			"%s, %s %s a second, %s records wait, the oldest for "
			"%s s%s%s",
			state, api_text(status, i, "rate"),
			api_text(status, i, "unit"),
			api_text(status, i, "lag_records"),
			api_text(status, i, "lag_s"),
			api_text(status, i, "error")[0] == '\0' ? "" : ": ",
			api_text(status, i, "error"));
	}
}

static void
check_letters(struct doctor *d, struct api_doc *status)
{
	uint32_t o = member(status, "dead_letters");
	int64_t pending = o == 0 ? 0 : number(status, o, "pending");

	if (pending == 0)
		doctor_say(d, "dead letters", true, "none waits for you");
	else
		doctor_find(d, DOCTOR_WARN, "dead letters",
			"sluice dlq list --by-error, mend what is wrong, then "
			"sluice dlq replay --all",
			"%lld events could not be processed and are kept; most "
			"of all: %s",
			(long long)pending, api_text(status, o, "top_error"));
}

static void
check_children(struct doctor *d, struct api_doc *status)
{
	uint32_t list = member(status, "children");
	uint32_t child;
	const char *state;
	enum doctor_level level = DOCTOR_FAIL;

	if (list == 0 || status->json.nodes[list].n == 0)
		return;
	child = json_first(&status->json, list);
	state = api_text(status, child, "state");
	if (strcmp(state, "ready") == 0 || strcmp(state, "off") == 0)
		level = DOCTOR_OK;
	else if (strcmp(state, "starting") == 0)
		level = DOCTOR_WARN;
	doctor_find(d, level, "clickhouse",
		strcmp(state, "no_library") == 0
			? "install the package sluice-clickhouse, or set "
			  "clickhouse.library"
		: level == DOCTOR_OK ? ""
				     : "see its lines in the log: journalctl "
				       "-u sluice",
		"%s %s, started anew %s times %s", state,
		api_text(status, child, "version"),
		api_text(status, child, "restarts"),
		api_text(status, child, "text"));
}

static void
check_forecast(struct doctor *d, struct api_doc *status)
{
	uint32_t o = member(status, "forecast");
	int64_t full_in_s = 0;

	if (o == 0 || !cli_number(api_text(status, o, "full_in_s"), 0,
			      INT64_MAX, &full_in_s))
		return;
	if (full_in_s < WEEK_S)
		doctor_find(d, DOCTOR_WARN, "disk forecast",
			"add space, or lower spool.max_bytes, output.max_bytes "
			"or their retention",
			"full in about %lld hours at this rate",
			(long long)(full_in_s / HOUR_S));
	else
		doctor_say(d, "disk forecast", true,
			"full in about %lld days at this rate",
			(long long)(full_in_s / (24 * HOUR_S)));
}

static void
check_canary(struct doctor *d, struct api_doc *status)
{
	uint32_t o = member(status, "canary");
	const char *broken;

	if (o == 0 || status->json.nodes[o].type != JSON_OBJECT)
		return;
	if (strcmp(api_text(status, o, "sent_at"), "null") == 0) {
		doctor_say(d, "canary", true,
			"Sluice's own event was not sent yet, or is off");
		return;
	}
	broken = api_text(status, o, "broken");
	if (broken[0] == '\0' || strcmp(broken, "null") == 0)
		doctor_say(
			d, "canary", true, "Sluice's own event comes through");
	else
		doctor_find(d, DOCTOR_FAIL, "canary",
			"see the check of that hop above",
			"Sluice's own event did not come through %s: %s",
			broken, api_text(status, o, "error"));
}

void
doctor_path(struct doctor *d, struct api_doc *status)
{
	check_refused(d, status);
	check_hops(d, status);
	check_letters(d, status);
	check_children(d, status);
	check_canary(d, status);
	check_forecast(d, status);
}
