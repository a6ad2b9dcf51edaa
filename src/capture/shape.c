#include "capture/capture_int.h"

#include "base/err.h"
#include "base/json_read.h"

/*
 * The shapes of spec capture 3.1 over one walk of the text: events go into an
 * array of fields, and what the walk saw decides the shape at its end.
 */
struct walk {
	struct capture_ctx *x;
	struct capture_body *b;
	struct json_cursor c;
	struct err e;
	bool no_memory;
	/* of a top-level object */
	struct capture_event self;
	struct slice batch_token, historical, sent_at, wrapped;
	bool has_batch, elements_ok;
};

static struct capture_event *
add_event(struct walk *w)
{
	struct capture_body *b = w->b;

	struct buf *room = &w->x->s->events;

	if (b->n >= CAPTURE_LIGHT_EVENTS && !w->x->on_heavy) {
		w->x->is_heavy = w->x->c != NULL;
		if (w->x->is_heavy)
			return NULL;
	}
	if (b->n >= LIMIT_REQUEST_EVENTS)
		return NULL;
	room->len = b->n * sizeof(*b->events);
	if (buf_reserve(room, sizeof(*b->events)) == NULL)
		return NULL;
	b->events = (struct capture_event *)(void *)room->p;
	b->events[b->n] = (struct capture_event){0};
	return &b->events[b->n++];
}

static char
next_char(struct json_cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' ||
					 *c->at == '\r' || *c->at == '\t'))
		c->at++;
	return c->at < c->end ? *c->at : '\0';
}

static int
read_event(struct walk *w, struct capture_event *ev)
{
	enum json_type type;
	struct slice key, raw;
	bool more, first = true, known;

	if (json_cursor_enter(&w->c, &type, &w->e) != 0)
		return -1;
	for (;; first = false) {
		if (json_cursor_next(&w->c, true, first, &more, &key, &w->e) !=
			0)
			return -1;
		if (!more)
			return 0;
		if (capture_read_field(&w->c, key, ev, &known, &w->e) != 0)
			return -1;
		if (!known && json_cursor_skip(&w->c, &type, &raw, &w->e) != 0)
			return -1;
	}
}

/* The array of events whose bracket is next. */
static int
read_events(struct walk *w)
{
	enum json_type type;
	struct slice key, raw;
	bool more, first = true;

	w->b->n = 0;
	w->elements_ok = true;
	if (json_cursor_enter(&w->c, &type, &w->e) != 0)
		return -1;
	for (;; first = false) {
		struct capture_event *ev;

		if (json_cursor_next(&w->c, false, first, &more, &key, &w->e) !=
			0)
			return -1;
		if (!more)
			return 0;
		if (next_char(&w->c) != '{') {
			w->elements_ok = false;
			if (json_cursor_skip(&w->c, &type, &raw, &w->e) != 0)
				return -1;
			continue;
		}
		ev = add_event(w);
		if (ev == NULL) {
			w->no_memory = true;
			return -1;
		}
		if (read_event(w, ev) != 0)
			return -1;
		if (!capture_raw_is_string(ev->event) ||
			!capture_fields_valid(ev))
			w->elements_ok = false;
	}
}

static int
read_member(struct walk *w, struct slice key)
{
	enum json_type type;
	struct slice raw;
	bool known;

	if (slice_eq_str(key, "batch")) {
		w->has_batch = next_char(&w->c) == '[';
		if (w->has_batch)
			return read_events(w);
		return json_cursor_skip(&w->c, &type, &raw, &w->e);
	}
	if (capture_read_field(&w->c, key, &w->self, &known, &w->e) != 0)
		return -1;
	if (known)
		return 0;
	if (json_cursor_skip(&w->c, &type, &raw, &w->e) != 0)
		return -1;
	if (slice_eq_str(key, "historical_migration"))
		w->historical = raw;
	else if (slice_eq_str(key, "data"))
		w->wrapped = raw;
	return 0;
}

static int
read_object(struct walk *w)
{
	enum json_type type;
	struct slice key;
	bool more, first = true;

	if (json_cursor_enter(&w->c, &type, &w->e) != 0)
		return -1;
	for (;; first = false) {
		if (json_cursor_next(&w->c, true, first, &more, &key, &w->e) !=
			0)
			return -1;
		if (!more)
			return 0;
		if (read_member(w, key) != 0)
			return -1;
	}
}

static int
no_shape(struct capture_ctx *x)
{
	return capture_refuse(x, 400, CAPTURE_REQ_PARSING,
		"failed to parse request: data did not match any variant of "
		"untagged enum RawRequest");
}

static struct slice
text_of(struct walk *w, struct slice raw)
{
	return capture_raw_is_string(raw) ? capture_raw_text(w->x->a, raw)
					  : SLICE_NONE;
}

/* token, else api_key */
static struct slice
object_token(const struct walk *w)
{
	return capture_raw_is_string(w->self.token[0])   ? w->self.token[0]
	       : capture_raw_is_string(w->self.token[2]) ? w->self.token[2]
							 : SLICE_NONE;
}

static bool
is_batch(struct walk *w)
{
	struct slice t = object_token(w);
	bool one_has_token = w->b->fallback_token.p != NULL;

	if (!w->has_batch || !w->elements_ok)
		return false;
	if (w->historical.p != NULL && !capture_raw_is(w->historical, "true") &&
		!capture_raw_is(w->historical, "false"))
		return false;
	if (w->self.sent_at.p != NULL && w->self.sent_at.p[0] != '"' &&
		w->self.sent_at.p[0] != 'n')
		return false;
	if (t.p != NULL)
		return true;
	/* Addition b: the events bring the token. */
	if (w->self.event.p != NULL)
		return false;
	for (uint32_t i = 0; i < w->b->n && !one_has_token; i++) {
		const struct capture_event *ev = &w->b->events[i];

		for (size_t k = 0; k < ARRAY_LEN(ev->token); k++)
			one_has_token |= capture_raw_is_string(ev->token[k]);
		one_has_token |= capture_raw_is_string(ev->p_token);
	}
	return one_has_token || w->x->form_token.len > 0 ||
	       w->x->q.token.len > 0;
}

static int
take_single(struct walk *w, bool is_identify)
{
	struct capture_event *ev;

	w->b->n = 0;
	ev = add_event(w);
	if (ev == NULL)
		return capture_shed(w->x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	*ev = w->self;
	if (is_identify)
		ev->event = SLICE_LIT("\"$identify\"");
	return 0;
}

static int parse_text(struct capture_ctx *x, struct slice text, int level);

/* Addition a: the events stand in the member data. */
static int
unwrap(struct walk *w, int level)
{
	struct capture_ctx *x = w->x;
	struct slice t = object_token(w), inner = w->wrapped;

	if (t.p == NULL && capture_raw_is_string(w->self.token[1]))
		t = w->self.token[1];
	w->b->fallback_token = text_of(w, t);
	w->b->sent_at = text_of(w, w->self.sent_at);
	if (capture_raw_is_string(inner)) {
		inner = capture_raw_text(x->a, inner);
		if (inner.p == NULL || capture_decode_inner(x, inner, &inner))
			return x->no.status != 0 || x->is_heavy ? -1
								: no_shape(x);
	}
	return parse_text(x, inner, level + 1);
}

static int
choose_object(struct walk *w, int level)
{
	struct capture_ctx *x = w->x;
	bool fields_ok = capture_fields_valid(&w->self);

	if (is_batch(w)) {
		struct slice t = object_token(w);

		w->b->is_batch = t.p != NULL;
		w->b->token = text_of(w, t);
		w->b->is_historical = capture_raw_is(w->historical, "true");
		if (w->self.sent_at.p != NULL)
			w->b->sent_at = text_of(w, w->self.sent_at);
		return 0;
	}
	if (capture_raw_is_string(w->self.event) && fields_ok)
		return take_single(w, false);
	if (level == 0 && w->wrapped.p != NULL && w->self.event.p == NULL &&
		!w->has_batch &&
		(w->wrapped.p[0] == '{' || w->wrapped.p[0] == '[' ||
			w->wrapped.p[0] == '"'))
		return unwrap(w, level);
	if (!fields_ok)
		return no_shape(x);
	if ((x->path_flags & PATH_ENGAGE) != 0)
		return take_single(w, true);
	return capture_refuse(x, 400, CAPTURE_REQ_HYDRATION,
		"failed to hydrate events from request: non-engage request "
		"missing event name attribute");
}

static int
bad_json(struct walk *w)
{
	if (w->x->is_heavy)
		return -1;
	if (w->no_memory)
		return capture_refuse(w->x, 413, CAPTURE_OVERSIZE_EVENT,
			"maximum event size exceeded: more than %d events",
			LIMIT_REQUEST_EVENTS);
	return capture_refuse(w->x, 400, CAPTURE_REQ_PARSING,
		"failed to parse request: %.150s", w->e.text);
}

static int
parse_text(struct capture_ctx *x, struct slice text, int level)
{
	struct walk w = {.x = x, .b = &x->body};
	enum json_type type;
	struct slice raw;
	char first;
	int err;

	json_cursor_init(&w.c, text, LIMIT_JSON_DEPTH);
	first = next_char(&w.c);
	if (first == '[')
		err = read_events(&w);
	else if (first == '{')
		err = read_object(&w);
	else
		err = json_cursor_skip(&w.c, &type, &raw, &w.e);
	if (err == 0)
		err = json_cursor_end(&w.c, &w.e);
	if (err != 0)
		return bad_json(&w);
	if (first == '{')
		return choose_object(&w, level);
	if (first != '[' || !w.elements_ok)
		return no_shape(x);
	return 0;
}

int
capture_parse(struct capture_ctx *x)
{
	if (parse_text(x, x->text, 0) != 0)
		return -1;
	if (x->body.n == 0)
		return capture_refuse(
			x, 400, CAPTURE_EMPTY_BATCH, "request holds no event");
	return 0;
}
