#include <stdlib.h>

#include "event/names.h"
#include "person/person_int.h"

/* Of properties that a store refused although their text is under the limit:
 * no form of JSON takes over eight times the bytes of its text. */
#define REFUSED_TRIM_BYTES (LIMIT_PERSON_PROPERTIES_BYTES / 8)

static size_t
row_bound(const struct prop *r)
{
	return r->key.len * 6 + r->value.len + 4;
}

size_t
person_props_bound(const struct props *p)
{
	size_t n = 2;

	for (struct prop *r = props_first(p); r != NULL; r = props_next(p, r))
		n += row_bound(r);
	return n;
}

static void
warn_size(struct apply *a, const struct person *p)
{
	struct event_warning_writer w;

	event_warn_begin(&w, a->w->arena, a->w->scratch, &a->ev->warnings,
		WARN_person_properties_size_violation);
	event_warn_text(&w, "personId", slice_of(p->uuid_text, UUID_TEXT));
	event_warn_text(&w, "distinctId", a->ev->distinct_id);
	event_warn_i64(&w, "teamId", p->team_id);
	event_warn_text(&w, "eventUuid", a->ev->uuid);
	event_warn_text(&w, "message",
		SLICE_LIT("Person properties exceeds size limit and was "
			  "rejected"));
	event_warn_end(&w);
}

/* How often the store would not take the person at earlier tries. */
static int
times_refused(const struct apply *a, const struct person *p)
{
	int n = 0;

	for (struct person_refused *r = a->s->refused; r != NULL; r = r->next)
		n += r->team_id == p->team_id &&
		     memcmp(r->uuid.b, p->uuid.b, sizeof(r->uuid.b)) == 0;
	return n;
}

static size_t
text_bytes(struct apply *a, const struct props *p)
{
	struct slice text = props_text(p, a->s->scratch, a->s->arena);

	return text.p == NULL ? SIZE_MAX : text.len;
}

static int
by_key(const void *x, const void *y)
{
	const struct slice *a = x;
	const struct slice *b = y;

	return slice_cmp(*a, *b);
}

/* Removes properties in name order until the text has at most max bytes. */
static void
trim_to(struct apply *a, struct person *p, size_t bytes, size_t max)
{
	struct props *props = person_props(a->s, p);
	struct slice *names =
		arena_alloc(a->s->arena, (props->n_live + 1) * sizeof(*names));
	uint32_t n = 0;

	if (names == NULL) {
		a->s->failed = true;
		return;
	}
	for (struct prop *r = props_first(props); r != NULL;
		r = props_next(props, r))
		names[n++] = r->key;
	qsort(names, n, sizeof(*names), by_key);
	for (uint32_t i = 0; i < n && bytes > max; i++) {
		struct prop *r = props_get(props, names[i]);

		if ((event_name_flags(names[i], NULL) &
			    (EVENT_NAME_PROTECTED | EVENT_NAME_PERSON)) != 0)
			continue;
		bytes -= r->key.len + r->value.len + 4;
		props_unset(props, names[i]);
	}
	person_props_changed(p);
}

void
person_trim(struct apply *a, struct person *p)
{
	struct props *props = person_props(a->s, p);
	bool is_refused = a->s->refused != NULL && times_refused(a, p) > 0;
	size_t bytes;

	if (!is_refused &&
		person_props_bound(props) <= LIMIT_PERSON_PROPERTIES_BYTES)
		return;
	bytes = text_bytes(a, props);
	if (!is_refused && bytes <= LIMIT_PERSON_PROPERTIES_BYTES)
		return;
	warn_size(a, p);
	trim_to(a, p, bytes,
		is_refused ? REFUSED_TRIM_BYTES
			   : LIMIT_PERSON_PROPERTIES_TRIM_BYTES);
}

bool
person_is_near_limit(
	const struct apply *a, const struct person *p, size_t n_bytes)
{
	return n_bytes > LIMIT_PERSON_PROPERTIES_BYTES ||
	       (a->s->refused != NULL && times_refused(a, p) > 0);
}

bool
person_refuses(struct apply *a, struct person *p, struct props *next)
{
	int n = times_refused(a, p);
	size_t bytes = text_bytes(a, next);
	size_t before = n > 0 ? text_bytes(a, person_props(a->s, p)) : SIZE_MAX;

	if (n > 1) {
		warn_size(a, p);
		trim_to(a, p, before, REFUSED_TRIM_BYTES);
		return true;
	}
	if (bytes <= LIMIT_PERSON_PROPERTIES_BYTES && bytes <= before)
		return false;
	a->refused = next;
	warn_size(a, p);
	return true;
}
