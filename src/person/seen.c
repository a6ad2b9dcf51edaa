#include "base/clock.h"
#include "person/person_int.h"

#define HOUR_US (INT64_C(3600) * 1000000)

static int64_t
hour_of(int64_t us)
{
	int64_t rest = us % HOUR_US;

	return us - (rest < 0 ? rest + HOUR_US : rest);
}

bool
person_see(struct person *p, int64_t at_us)
{
	if (p->has_last_seen && p->last_seen_at_us >= at_us)
		return false;
	p->has_last_seen = true;
	p->last_seen_at_us = at_us;
	return true;
}

void
person_see_first(const struct apply *a, struct person *p)
{
	if (a->ev->rules->person_last_seen)
		person_see(p, hour_of(a->ev->timestamp_us));
}

bool
person_see_event(const struct apply *a, struct person *p)
{
	const struct prop *r;

	if (!a->ev->rules->person_last_seen)
		return false;
	r = props_get_lit(&a->ev->props, "$update_person_last_seen_at");
	return (r == NULL || !slice_eq(r->value, SLICE_LIT("false"))) &&
	       person_see(p, hour_of(a->ev->timestamp_us));
}

void
person_note_origins(struct apply *a, struct person *p)
{
	const struct event *ev = a->ev;
	const struct {
		const struct props *from;
		struct slice name;
	} parts[2] = {{&ev->set_once, {"\"set_once\"", 10}},
		{&ev->set, {"\"set\"", 5}}};
	char text[CLOCK_TEXT_MAX + 2] = "\"";
	struct props times, operations;
	struct slice at;
	int n = clock_format(ev->timestamp_us, CLOCK_ISO_MS, text + 1);

	text[n + 1] = '"';
	at = arena_dup_slice(a->s->arena, slice_of(text, (size_t)n + 2));
	props_init(&times, a->s->arena);
	props_init(&operations, a->s->arena);
	for (int i = 0; i < 2; i++) {
		for (struct prop *r = props_first(parts[i].from); r != NULL;
			r = props_next(parts[i].from, r)) {
			props_set(&times, r->key, at);
			props_set(&operations, r->key, parts[i].name);
		}
	}
	p->origin_times = props_text(&times, a->s->scratch, a->s->arena);
	p->origin_operations =
		props_text(&operations, a->s->scratch, a->s->arena);
	if (times.failed || operations.failed || p->origin_times.p == NULL ||
		p->origin_operations.p == NULL)
		a->s->failed = true;
}
