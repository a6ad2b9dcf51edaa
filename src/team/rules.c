#include <stdlib.h>

#include "base/json_read.h"
#include "team/team_int.h"

/*
 * The project settings event_restrictions and quotas as structures in the
 * snapshot's arena.
 */
#define RULES_MAX 1000
#define NAMES_MAX 100000

static const char *const type_names[TEAM_N_RESTRICTIONS] = {
	"drop_event_from_ingestion",
	"force_overflow_from_ingestion",
	"redirect_to_dlq",
	"skip_person_processing",
	"redirect_to_topic",
};
static const char *const pipeline_names[TEAM_N_PIPELINES] = {
	"analytics", "session_recordings", "ai", "errortracking"};
static const char *const filter_names[TEAM_N_FILTERS] = {
	"distinct_ids", "session_ids", "event_names", "event_uuids"};
const char *const team_kind_names[TEAM_N_KINDS] = {
	"events", "recordings", "exceptions", "surveys", "llm_events"};

struct reading {
	const struct json_doc *d;
	struct arena *a;
	struct err *e;
};

/* Index of the string's text in the list; -1. */
static int
word(const struct reading *r, uint32_t node, const char *const *list, int n)
{
	if (r->d->nodes[node].type != JSON_STRING)
		return -1;
	for (int i = 0; i < n; i++)
		if (json_string_eq(r->d, node, slice_str(list[i])))
			return i;
	return -1;
}

static int
compare(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->len == 0 ? 0 : memcmp(x->p, y->p, x->len);
}

static int
bad(struct reading *r, const char *what, const char *want)
{
	return err_set(
		r->e, ERR_INVALID, "event_restrictions: %s %s", what, want);
}

static int
read_names(struct reading *r, uint32_t list, const char *name,
	struct team_names *out)
{
	const struct json_node *n = &r->d->nodes[list];
	struct slice *names;

	if (n->type == JSON_NULL)
		return 0;
	if (n->type != JSON_ARRAY || n->n > NAMES_MAX)
		return bad(r, name, "is an array of texts");
	names = arena_zalloc(r->a, n->n + 1, sizeof(*names));
	if (names == NULL)
		return err_set(r->e, ERR_NO_MEMORY, "restrictions");
	for (uint32_t i = json_first(r->d, list); i < n->next;
		i = r->d->nodes[i].next) {
		struct slice s = SLICE_NONE;

		if (r->d->nodes[i].type == JSON_STRING)
			s = arena_dup_slice(r->a, json_string(r->d, i, r->a));
		if (s.len == 0)
			return bad(r, name, "is an array of texts");
		names[out->n++] = s;
	}
	out->names = names;
	qsort(names, out->n, sizeof(*names), compare);
	return 0;
}

static int
read_pipelines(struct reading *r, uint32_t list, unsigned *out)
{
	const struct json_node *n = &r->d->nodes[list];

	if (n->type == JSON_NULL)
		return 0;
	if (n->type != JSON_ARRAY)
		return bad(r, "pipelines", "is an array");
	if (n->n > 0)
		*out = 0;
	for (uint32_t i = json_first(r->d, list); i < n->next;
		i = r->d->nodes[i].next) {
		int k = word(r, i, pipeline_names, TEAM_N_PIPELINES);

		if (k < 0)
			return bad(r, "pipelines",
				"are analytics, session_recordings, ai, "
				"errortracking");
		*out |= 1u << k;
	}
	return 0;
}

/* Capture writes these; for the last no one here reads it. */
static int
read_topic(struct reading *r, uint32_t args, struct team_rule *rule)
{
	static const enum topic_id allowed[] = {TOPIC_INGESTION,
		TOPIC_INGESTION_OVERFLOW, TOPIC_INGESTION_HISTORICAL,
		TOPIC_INGESTION_REDIRECTED};
	uint32_t n = args == 0 || r->d->nodes[args].type != JSON_OBJECT
			     ? 0
			     : json_member(r->d, args, SLICE_LIT("topic"));

	for (size_t i = 0; i < ARRAY_LEN(allowed) && n != 0; i++)
		if (word(r, n, &topic_defs[allowed[i]].name, 1) == 0) {
			rule->topic = allowed[i];
			return 0;
		}
	return bad(r, "args.topic",
		"is events_plugin_ingestion_redirected, or "
		"events_plugin_ingestion, _overflow, _historical");
}

static int
read_rule(struct reading *r, uint32_t object, struct team_rule *rule)
{
	uint32_t type = 0, args = 0, end = r->d->nodes[object].next;
	int k, err = 0;

	if (r->d->nodes[object].type != JSON_OBJECT)
		return bad(r, "each element", "is an object");
	rule->pipelines = (1u << TEAM_N_PIPELINES) - 1;
	for (uint32_t i = json_first(r->d, object); i < end && err == 0;
		i = r->d->nodes[i + 1].next) {
		k = word(r, i, filter_names, TEAM_N_FILTERS);
		if (k >= 0)
			err = read_names(
				r, i + 1, filter_names[k], &rule->filters[k]);
		else if (json_string_eq(r->d, i, SLICE_LIT("pipelines")))
			err = read_pipelines(r, i + 1, &rule->pipelines);
		else if (json_string_eq(r->d, i, SLICE_LIT("restriction_type")))
			type = i + 1;
		else if (json_string_eq(r->d, i, SLICE_LIT("args")))
			args = i + 1;
	}
	if (err != 0)
		return err;
	k = type == 0 ? -1 : word(r, type, type_names, TEAM_N_RESTRICTIONS);
	if (k < 0)
		return bad(r, "restriction_type",
			"is drop_event_from_ingestion, "
			"force_overflow_from_ingestion, redirect_to_dlq, "
			"skip_person_processing or redirect_to_topic");
	rule->type = (enum team_restriction)k;
	rule->topic = TOPIC_N;
	return rule->type == TEAM_TO_TOPIC ? read_topic(r, args, rule) : 0;
}

int
team_rules_read(struct arena *a, const char *text,
	const struct team_rules **out, struct err *e)
{
	struct json_limits lim = {32, 1000000};
	struct team_rules *rules = arena_new(a, struct team_rules);
	struct team_rule *list;
	struct json_doc d;
	struct reading r = {&d, a, e};
	int err;

	*out = NULL;
	if (rules == NULL)
		return err_set(e, ERR_NO_MEMORY, "restrictions");
	err = json_parse(a, slice_str(text), &lim, &d, e);
	if (err != 0 || d.nodes[0].type == JSON_NULL)
		return err;
	if (d.nodes[0].type != JSON_ARRAY || d.nodes[0].n > RULES_MAX)
		return bad(&r, "the value", "is an array of at most 1000");
	list = arena_zalloc(a, d.nodes[0].n + 1, sizeof(*list));
	if (list == NULL)
		return err_set(e, ERR_NO_MEMORY, "restrictions");
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i].next) {
		err = read_rule(&r, i, &list[rules->n]);
		if (err != 0)
			return err;
		rules->n++;
	}
	rules->rules = list;
	if (rules->n > 0)
		*out = rules;
	return 0;
}

int
team_quotas_read(struct arena *a, const char *text,
	const struct team_quotas **out, struct err *e)
{
	struct json_limits lim = {4, 100};
	struct team_quotas *q = arena_new(a, struct team_quotas);
	struct json_doc d;
	struct reading r = {&d, a, e};
	int err;

	*out = NULL;
	if (q == NULL)
		return err_set(e, ERR_NO_MEMORY, "quotas");
	for (int i = 0; i < TEAM_N_KINDS; i++)
		q->per_month[i] = -1;
	err = json_parse(a, slice_str(text), &lim, &d, e);
	if (err != 0 || d.nodes[0].type == JSON_NULL)
		return err;
	if (d.nodes[0].type != JSON_OBJECT)
		return err_set(e, ERR_INVALID, "quotas: an object is wanted");
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i + 1].next) {
		int k = word(&r, i, team_kind_names, TEAM_N_KINDS);
		int64_t n;

		if (k >= 0 && d.nodes[i + 1].type == JSON_NULL)
			continue;
		if (k < 0 || d.nodes[i + 1].type != JSON_NUMBER ||
			!json_i64(&d, i + 1, &n) || n < 0)
			return err_set(e, ERR_INVALID,
				"quotas: events, recordings, exceptions, "
				"surveys and llm_events have whole numbers "
				"from 0");
		q->per_month[k] = n;
		*out = q;
	}
	return 0;
}

static bool
has_name(const struct team_names *f, struct slice s)
{
	if (f->n == 0)
		return true;
	return s.len > 0 &&
	       bsearch(&s, f->names, f->n, sizeof(s), compare) != NULL;
}

unsigned
team_rules_apply(const struct team_rules *r, enum team_pipeline p,
	const struct slice by[TEAM_N_FILTERS], enum topic_id *topic)
{
	unsigned all = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct team_rule *rule = &r->rules[i];
		bool matches = (rule->pipelines & 1u << p) != 0;

		for (int k = 0; k < TEAM_N_FILTERS && matches; k++)
			matches = has_name(&rule->filters[k], by[k]);
		if (!matches)
			continue;
		if (rule->type == TEAM_TO_TOPIC &&
			(all & 1u << TEAM_TO_TOPIC) == 0)
			*topic = rule->topic;
		all |= 1u << rule->type;
	}
	return all;
}
