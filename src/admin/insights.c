#include "explore/insight.h"

#include "admin/admin_int.h"
#include "base/json_write.h"
#include "team/team.h"

#define PLAIN_MAX_BYTES 65536

static struct slice
text_of(struct admin_call *c, const char *name)
{
	uint32_t node = json_member(&c->json, 0, slice_str(name));

	if (node == 0 || c->json.nodes[node].type != JSON_STRING)
		return SLICE_LIT("");
	return json_string(&c->json, node, c->arena);
}

static int64_t
number_of(struct admin_call *c, const char *name, int64_t otherwise)
{
	uint32_t node = json_member(&c->json, 0, slice_str(name));
	int64_t n;

	return node != 0 && json_i64(&c->json, node, &n) ? n : otherwise;
}

/* The schema of the body has checked the words. */
static int
word_of(struct admin_call *c, const char *name, const char *const *words, int n)
{
	int i = insight_word(words, n, text_of(c, name));

	return i < 0 ? 0 : i;
}

static void
read_steps(struct admin_call *c, struct insight *i)
{
	uint32_t list = json_member(&c->json, 0, SLICE_LIT("steps"));

	if (list == 0 || c->json.nodes[list].type != JSON_ARRAY)
		return;
	for (uint32_t n = json_first(&c->json, list);
		n < c->json.nodes[list].next && i->n_steps < INSIGHT_STEPS_MAX;
		n = c->json.nodes[n].next)
		if (c->json.nodes[n].type == JSON_STRING)
			i->steps[i->n_steps++] =
				json_string(&c->json, n, c->arena);
}

static void
read_insight(struct admin_call *c, struct insight *i)
{
	i->kind = (enum insight_kind)word_of(
		c, "kind", insight_kinds, INSIGHT_N_KINDS);
	i->from_s = number_of(c, "from", -1);
	i->to_s = number_of(c, "to", -1);
	i->interval = INSIGHT_DAY;
	if (text_of(c, "interval").len > 0)
		i->interval = (enum insight_interval)word_of(
			c, "interval", insight_intervals, INSIGHT_N_INTERVALS);
	i->is_users = slice_eq_str(text_of(c, "measure"), "users");
	i->event = text_of(c, "event");
	i->return_event = text_of(c, "return_event");
	i->breakdown = (enum insight_breakdown)word_of(
		c, "breakdown", insight_breakdowns, INSIGHT_N_BREAKDOWNS);
	i->property = text_of(c, "property");
	i->window_h = number_of(c, "window_h", 336);
	i->top = (enum insight_top)word_of(
		c, "top", insight_tops, INSIGHT_N_TOPS);
	i->limit = number_of(c, "limit", 20);
	read_steps(c, i);
}

/* Where the project's days begin. */
static struct slice
timezone_of(struct admin_call *c, const struct team *t)
{
	const struct json_limits lim = {16, 10000};
	const char *text = arena_strndup(c->arena, slice_str(t->settings_json));
	struct json_doc d;
	struct err e;
	uint32_t node;

	if (text == NULL ||
		json_parse(c->arena, slice_str(text), &lim, &d, &e) < 0)
		return SLICE_LIT("UTC");
	node = json_member(&d, 0, SLICE_LIT("timezone"));
	if (node == 0 || d.nodes[node].type != JSON_STRING)
		return SLICE_LIT("UTC");
	return json_string(&d, node, c->arena);
}

static int
run(struct admin_call *c, const struct insight *i, struct err *e)
{
	struct insight_query q;
	struct buf more, plain;
	int rc = insight_write(i, c->arena, &q, e);

	buf_init(&plain, PLAIN_MAX_BYTES);
	buf_init(&more, (size_t)PLAIN_MAX_BYTES * 6);
	if (rc == 0)
		rc = insight_write_plain(i, &plain, e);
	buf_append_lit(&more, ",\"sql\":");
	json_put_string(&more, buf_slice(&plain));
	buf_append_lit(&more, ",\"timezone\":");
	json_put_string(&more, i->timezone);
	if (rc == 0 && buf_cstr(&q.text) == NULL)
		rc = err_set(e, ERR_NO_MEMORY, "no memory");
	if (rc == 0)
		rc = admin_ask_console(
			c, q.text.p, q.params, q.n_params, buf_slice(&more), e);
	buf_fini(&q.text);
	buf_fini(&plain);
	buf_fini(&more);
	return rc;
}

int
admin_insights(struct admin_call *c, struct err *e)
{
	const struct team_snapshot *snap;
	const struct team *team;
	const char *field = "";
	struct insight i = {0};
	int rc = admin_need_body(c, e);

	c->is_no_change = true;
	if (rc == 0)
		rc = admin_project(c, &snap, &team, e);
	if (rc < 0)
		return rc;
	i.team_id = team->id;
	i.timezone = timezone_of(c, team);
	team_snapshot_unref(snap);
	read_insight(c, &i);
	rc = insight_check(&i, &field, e);
	if (rc < 0) {
		char text[sizeof(e->text)];

		memcpy(text, e->text, sizeof(text));
		return admin_invalid(c, e, field, "%s", text);
	}
	return run(c, &i, e);
}
