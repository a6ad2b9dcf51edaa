#include "make_event.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

static const struct json_limits limits = {LIMIT_JSON_DEPTH, LIMIT_EVENT_NODES};

static void
must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "make_event: %s\n", e->text);
	abort();
}

void
make_init(struct make *m)
{
	*m = (struct make){.rules = {.team_id = 1, .project_id = 1}};
	arena_init(&m->arena, 256u << 20);
	buf_init(&m->scratch, 64u << 20);
	buf_init(&m->out, 64u << 20);
	m->work = (struct event_work){&m->arena, &m->scratch};
}

void
make_fini(struct make *m)
{
	buf_fini(&m->out);
	buf_fini(&m->scratch);
	arena_fini(&m->arena);
}

struct slice
make_parse(struct make *m, const char *json, struct json_doc *d)
{
	struct slice text = arena_dup_slice(&m->arena, slice_str(json));
	struct err e;

	must(json_parse(&m->arena, text, &limits, d, &e), &e);
	return text;
}

static struct slice
text_of(struct make *m, const struct json_doc *d, const char *name, bool js)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	return node == 0 ? SLICE_NONE : event_text(d, node, js, &m->work);
}

struct event *
make_read(struct make *m, const char *json)
{
	struct json_doc *d = arena_new(&m->arena, struct json_doc);
	struct event *ev = arena_new(&m->arena, struct event);
	struct event_source src = {.fallback_now_us = MAKE_NOW_US, .doc = d};
	struct err e;

	make_parse(m, json, d);
	src.uuid = text_of(m, d, "uuid", false);
	if (src.uuid.p == NULL)
		src.uuid = SLICE_LIT(MAKE_UUID);
	src.distinct_id = text_of(m, d, "distinct_id", true);
	src.name = text_of(m, d, "event", false);
	src.ip = text_of(m, d, "ip", false);
	src.now = text_of(m, d, "now", false);
	src.sent_at = text_of(m, d, "sent_at", false);
	must(event_read(ev, &m->rules, &src, &m->work, &e), &e);
	return ev;
}

struct event *
make_event(struct make *m, const char *json, enum event_next *next)
{
	struct event *ev = make_read(m, json);

	*next = event_check(ev, &m->work);
	if (*next == EVENT_GO)
		*next = event_normalise(ev, &m->work);
	return ev;
}

void
make_of_team(struct make *m, struct event *ev, int64_t team_id)
{
	struct event_rules *rules = arena_new(&m->arena, struct event_rules);

	*rules = m->rules;
	rules->team_id = team_id;
	ev->rules = rules;
}

const char *
make_properties(struct make *m, const struct event *ev)
{
	buf_reset(&m->out);
	event_write_properties(ev, &m->out);
	return buf_cstr(&m->out);
}

const char *
make_warnings(struct make *m, const struct event *ev)
{
	buf_reset(&m->out);
	for (struct event_warning *w = ev->warnings.first; w != NULL;
		w = w->next) {
		if (m->out.len > 0)
			buf_append_char(&m->out, ',');
		buf_append_str(&m->out, event_warning_rows[w->type].name);
	}
	return buf_cstr(&m->out);
}
