#include "pipeline/step.h"

#include "base/json_read.h"
#include "base/limits.h"
#include "pipeline/pipeline_int.h"
#include "team/team.h"

/*
 * Record -> event and project (ingestion spec 1.1 steps 1, 4 and 5). The value
 * is a JSON object; its member `data` is the JSON text of the event. Members of
 * the outer object win over those of data; a message without data is the event.
 */
enum member {
	M_DATA,
	M_DISTINCT_ID,
	M_EVENT,
	M_HISTORICAL,
	M_IP,
	M_IS_COOKIELESS,
	M_NOW,
	M_SENT_AT,
	M_TEAM_ID,
	M_TIMESTAMP,
	M_TOKEN,
	M_UUID,
	N_MEMBERS
};
static const struct slice member_names[N_MEMBERS] = {
	[M_DATA] = {"data", 4},
	[M_DISTINCT_ID] = {"distinct_id", 11},
	[M_EVENT] = {"event", 5},
	[M_HISTORICAL] = {"historical_migration", 20},
	[M_IP] = {"ip", 2},
	[M_IS_COOKIELESS] = {"is_cookieless_mode", 18},
	[M_NOW] = {"now", 3},
	[M_SENT_AT] = {"sent_at", 7},
	[M_TEAM_ID] = {"team_id", 7},
	[M_TIMESTAMP] = {"timestamp", 9},
	[M_TOKEN] = {"token", 5},
	[M_UUID] = {"uuid", 4},
};

/* A member found: in which document; node 0: absent or null. */
struct found {
	const struct json_doc *d;
	uint32_t node;
};

struct message {
	struct json_doc outer, inner;
	const struct json_doc *event; /* outer or inner */
	struct found m[N_MEMBERS];
};

static const struct json_limits limits = {
	/* Capture's limit is for the request; the event stands deeper there. */
	.max_depth = LIMIT_JSON_DEPTH + 2,
	.max_nodes = LIMIT_EVENT_NODES,
};

/* Notes the members of an object that are not found yet; the last of one name
 * counts. */
static void
find_members(struct message *msg, const struct json_doc *d, bool is_outer)
{
	uint32_t end = d->nodes[0].next;
	struct found own[N_MEMBERS] = {0};

	for (uint32_t i = json_first(d, 0); i < end; i = d->nodes[i + 1].next) {
		struct slice key = json_inner(d, i);

		for (int k = 0; k < N_MEMBERS; k++)
			if (slice_eq(key, member_names[k]))
				own[k] = (struct found){d, i + 1};
	}
	for (int k = 0; k < N_MEMBERS; k++) {
		bool is_null = own[k].d == NULL ||
			       d->nodes[own[k].node].type == JSON_NULL;

		/* timestamp of data is the client's: event_read looks there. */
		if (!is_null && msg->m[k].d == NULL &&
			(is_outer || k != M_TIMESTAMP))
			msg->m[k] = own[k];
	}
}

static int
parse_object(
	struct arena *a, struct slice text, struct json_doc *d, struct err *e)
{
	int r = json_parse(a, text, &limits, d, e);

	if (r == 0 && d->nodes[0].type != JSON_OBJECT)
		r = err_set(e, ERR_INVALID, "the message is no JSON object");
	return r;
}

static int
parse_message(
	struct message *msg, struct slice value, struct arena *a, struct err *e)
{
	struct found data;
	struct slice text;
	int r = parse_object(a, value, &msg->outer, e);

	if (r != 0)
		return r;
	find_members(msg, &msg->outer, true);
	data = msg->m[M_DATA];
	if (data.d == NULL) {
		/* Its timestamp is the client's, not one that capture made. */
		msg->m[M_TIMESTAMP].d = NULL;
		msg->event = &msg->outer;
		return 0;
	}
	if (data.d->nodes[data.node].type != JSON_STRING)
		return err_set(e, ERR_INVALID, "data is no string");
	text = json_string(data.d, data.node, a);
	if (text.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for an event");
	r = parse_object(a, text, &msg->inner, e);
	if (r != 0)
		return err_prefix(e, "data");
	find_members(msg, &msg->inner, false);
	msg->event = &msg->inner;
	return 0;
}

/* Text of a string, JSON text of anything else; p NULL: absent. */
static struct slice
member_text(const struct message *msg, enum member k, struct arena *a)
{
	struct found f = msg->m[k];

	if (f.d == NULL)
		return SLICE_NONE;
	if (f.d->nodes[f.node].type == JSON_STRING)
		return json_string(f.d, f.node, a);
	return json_raw(f.d, f.node);
}

static struct slice
event_member_text(
	const struct message *msg, enum member k, bool js, struct event_work *w)
{
	struct found f = msg->m[k];

	return f.d == NULL ? SLICE_NONE : event_text(f.d, f.node, js, w);
}

static bool
member_is_true(const struct message *msg, enum member k)
{
	struct found f = msg->m[k];

	return f.d != NULL && f.d->nodes[f.node].type == JSON_TRUE;
}

static bool
header_is_true(const struct batch_record_view *rec, const char *name)
{
	struct slice v;

	return rec->n_headers > 0 && batch_header_find(rec, name, &v) &&
	       slice_eq_str(v, "true");
}

static void
read_source(struct event_source *src, const struct message *msg,
	const struct batch_record_view *rec, struct event_work *w)
{
	*src = (struct event_source){
		.uuid = event_member_text(msg, M_UUID, false, w),
		.distinct_id = event_member_text(msg, M_DISTINCT_ID, true, w),
		.name = event_member_text(msg, M_EVENT, false, w),
		.ip = member_text(msg, M_IP, w->arena),
		.now = member_text(msg, M_NOW, w->arena),
		.fallback_now_us = rec->ts_ms * 1000,
		.sent_at = member_text(msg, M_SENT_AT, w->arena),
		.timestamp = member_text(msg, M_TIMESTAMP, w->arena),
		.historical = member_is_true(msg, M_HISTORICAL) ||
			      header_is_true(rec, "historical_migration"),
		.force_personless =
			header_is_true(rec, "force_disable_person_processing"),
		.is_cookieless = member_is_true(msg, M_IS_COOKIELESS),
		.doc = msg->event,
		.object = 0,
	};
	if (rec->n_headers == 0 || !batch_header_find(rec, "sent_at_invalid",
					   &src->sent_at_invalid))
		src->sent_at_invalid = SLICE_NONE;
}

/* By the token; by team_id only if there is none (spec 2.1). */
static const struct team *
find_team(
	const struct range *r, const struct item *it, const struct message *msg)
{
	struct found f = msg->m[M_TEAM_ID];
	int64_t id;

	if (it->token.p != NULL && it->token.len > 0)
		return team_by_record_token(r->b->teams, it->token);
	if (f.d != NULL && f.d->nodes[f.node].type == JSON_NUMBER &&
		json_i64(f.d, f.node, &id))
		return team_by_id(r->b->teams, id);
	return NULL;
}

/* The rules of a project, made once per range as long as they are few. NULL:
 * no memory. */
static const struct event_rules *
rules_of(struct range *r, const struct team *t)
{
	const struct event_rules **slot =
		&r->rules[(uint64_t)t->id % PIPELINE_RULES_CACHED];
	struct event_rules *rules;

	if (*slot != NULL && (*slot)->team_id == t->id)
		return *slot;
	rules = arena_new(&r->arena, struct event_rules);
	if (rules == NULL)
		return NULL;
	rules->team_id = t->id;
	rules->project_id = t->project_id;
	switch (t->anonymize) {
	case TEAM_IP_KEEP:
		rules->ip = EVENT_IP_KEEP;
		break;
	case TEAM_IP_DROP:
		rules->ip = EVENT_IP_DROP;
		break;
	case TEAM_IP_TRUNCATE:
		rules->ip = EVENT_IP_TRUNCATE;
		break;
	}
	rules->person_opt_out = t->person_processing_opt_out;
	rules->heatmaps_refused = t->heatmaps_refused;
	rules->person_update_all = t->person_update_all;
	rules->flag_called_personless = t->flag_called_personless;
	rules->person_last_seen = t->person_last_seen;
	rules->drop_older_than_s = t->drop_older_than_s;
	*slot = rules;
	return rules;
}

/* What the headers tell, for letters of messages that cannot be read. */
static void
take_headers(struct item *it)
{
	const struct batch_record_view *rec = &it->rec;

	if (!batch_header_find(rec, "token", &it->token))
		it->token = SLICE_NONE;
	if (!batch_header_find(rec, "uuid", &it->uuid))
		it->uuid = SLICE_NONE;
	if (!batch_header_find(rec, "distinct_id", &it->distinct_id))
		it->distinct_id = SLICE_NONE;
	if (!batch_header_find(rec, "event", &it->name))
		it->name = SLICE_NONE;
}

int
pipeline_decode_item(struct range *r, struct item *it, struct err *e)
{
	static const struct event_rules no_rules;
	const struct event_rules *rules = &no_rules;
	struct message *msg = arena_new(&r->arena, struct message);
	struct event_source src;
	const struct team *team;
	int rc;

	if (msg == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for an event");
	if (it->rec.value.p == NULL)
		return err_set(e, ERR_INVALID, "the record has no value");
	rc = parse_message(msg, it->rec.value, &r->arena, e);
	if (rc != 0)
		return rc;
	read_source(&src, msg, &it->rec, &r->work);
	it->token = member_text(msg, M_TOKEN, &r->arena);
	it->uuid = src.uuid;
	it->distinct_id = src.distinct_id;
	it->name = src.name;
	team = find_team(r, it, msg);
	if (team != NULL) {
		rules = rules_of(r, team);
		it->team_id = team->id;
	}
	if (rules == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for an event");
	if (src.name.p == NULL)
		return err_set(e, ERR_INVALID, "the event has no name");
	if (src.distinct_id.p == NULL)
		return err_set(e, ERR_INVALID, "the event has no distinct_id");
	rc = event_read(&it->ev, rules, &src, &r->work, e);
	it->is_read = rc == 0;
	if (rc == 0)
		rc = step_fault(it, "decode", e);
	if (rc == 0 && team == NULL) {
		struct err none = {.text = "no project has the event's key"};

		pipeline_item_kill(
			it, &r->arena, LETTER_UNKNOWN_TOKEN, "decode", &none);
	}
	return rc;
}

static void
decode_range(struct range *r)
{
	for (int i = r->from; i < r->to; i++) {
		struct item *it = &r->b->items[i];
		struct err e;

		if (pipeline_decode_item(r, it, &e) == 0 ||
			pipeline_decode_item(r, it, &e) == 0)
			continue;
		if (!pipeline_err_is_final(r->b, &e)) {
			r->failed = e;
			return;
		}
		if (it->token.p == NULL && it->uuid.p == NULL)
			take_headers(it);
		pipeline_item_kill(
			it, &r->arena, LETTER_STEP_FAILED, "decode", &e);
	}
}

int
step_decode(struct pipeline_batch *b, struct err *e)
{
	return pipeline_batch_each_range(b, decode_range, e);
}
