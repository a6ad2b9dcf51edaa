#include "base/utf8.h"
#include "event/normalise.h"
#include "fuzz.h"
#include "person/person.h"

/*
 * A message's bytes as an event: read, checked, brought to normal form and
 * applied to persons that nobody knows yet. Whatever comes in, what would be
 * stored is JSON without NUL and lone surrogates (event-1), and a second event
 * of the same text finds the person of the first.
 */
static const struct json_limits limits = {LIMIT_JSON_DEPTH, LIMIT_EVENT_NODES};

struct fuzz_case {
	struct arena arena;
	struct buf scratch, out;
	struct event_rules rules;
	struct event_work work;
	struct person_set set;
};

static void
check_object(struct fuzz_case *x, struct slice text)
{
	struct json_doc d;
	struct err e;

	FUZZ_CHECK(json_parse(&x->arena, text, &limits, &d, &e) == 0);
	FUZZ_CHECK(d.nodes[0].type == JSON_OBJECT);
	FUZZ_CHECK((d.nodes[0].flags & JSON_DEEP_NUL) == 0);
}

static bool
make_event(struct fuzz_case *x, const struct json_doc *d, struct event *ev)
{
	struct event_source src = {.uuid = SLICE_LIT("0190f000-0000-7000-8000-"
						     "00000000a006"),
		.fallback_now_us = INT64_C(1767225600000000),
		.doc = d};
	uint32_t id = json_member(d, 0, SLICE_LIT("distinct_id"));
	uint32_t name = json_member(d, 0, SLICE_LIT("event"));
	uint32_t ip = json_member(d, 0, SLICE_LIT("ip"));
	struct err e;

	if (id != 0)
		src.distinct_id = event_text(d, id, true, &x->work);
	if (name != 0)
		src.name = event_text(d, name, false, &x->work);
	if (ip != 0)
		src.ip = event_text(d, ip, false, &x->work);
	return event_read(ev, &x->rules, &src, &x->work, &e) == 0;
}

static void
check_event(struct fuzz_case *x, const struct event *ev)
{
	FUZZ_CHECK(!ev->props.failed);
	buf_reset(&x->out);
	event_write_properties(ev, &x->out);
	FUZZ_CHECK(!x->out.failed);
	check_object(x, buf_slice(&x->out));
	FUZZ_CHECK(utf8_valid(ev->elements_chain));
	FUZZ_CHECK(utf8_valid(ev->name));
	FUZZ_CHECK(ev->timestamp_us % 1000 == 0);
	for (struct event_warning *w = ev->warnings.first; w != NULL;
		w = w->next)
		check_object(x, w->details);
}

/* What a store does, one in which nothing stands. */
static void
load(struct person_set *s)
{
	for (struct person_team *t = s->teams; t != NULL; t = t->next)
		if (t->want_types && t->types == NULL)
			FUZZ_CHECK(
				person_put_types(s, t, t->project_id) != NULL);
}

static void
apply(struct fuzz_case *x, struct event *ev, struct person_result *r)
{
	struct err e;

	FUZZ_CHECK(person_want(&x->set, ev, &e) == 0);
	load(&x->set);
	FUZZ_CHECK(person_apply(&x->set, ev, &x->work, r, &e) == 0);
	buf_reset(&x->out);
	person_put_properties(r, &x->out);
	FUZZ_CHECK(!x->out.failed);
	check_object(x, buf_slice(&x->out));
	check_event(x, ev);
}

static void
run(struct fuzz_case *x, struct slice text)
{
	struct event ev[2];
	struct person_result r[2];
	struct json_doc d;
	struct err e;

	if (json_parse(&x->arena, text, &limits, &d, &e) != 0)
		return;
	for (int i = 0; i < 2; i++) {
		enum event_next next;

		if (!make_event(x, &d, &ev[i]))
			return;
		next = event_check(&ev[i], &x->work);
		if (next == EVENT_GO)
			next = event_normalise(&ev[i], &x->work);
		check_event(x, &ev[i]);
		if (next != EVENT_GO || ev[i].kind == EVENT_HEATMAP)
			return;
		apply(x, &ev[i], &r[i]);
	}
	FUZZ_CHECK(slice_eq(r[0].uuid, r[1].uuid));
	FUZZ_CHECK(person_write_all(&x->set, &e) == 0);
	for (struct person *p = x->set.persons_changed; p != NULL;
		p = p->next_changed)
		check_object(x, person_message_properties(p));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct fuzz_case x = {.rules = {.team_id = 1, .project_id = 1}};
	struct slice text = slice_of((const char *)p, len);
	int64_t at_us = 0;
	struct err e;

	arena_init(&x.arena, 1u << 30);
	buf_init(&x.scratch, 64u << 20);
	buf_init(&x.out, 64u << 20);
	x.work = (struct event_work){&x.arena, &x.scratch};
	if (event_time_parse(text, &at_us))
		FUZZ_CHECK(at_us % 1000 == 0);
	FUZZ_CHECK(person_set_init(&x.set, &x.arena, &x.scratch, &e) == 0);
	run(&x, text);
	buf_fini(&x.out);
	buf_fini(&x.scratch);
	arena_fini(&x.arena);
	return 0;
}
