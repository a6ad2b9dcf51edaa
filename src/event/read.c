#include "event/normalise.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "event/normalise_int.h"

static unsigned
hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return v;
}

/* Text between the quotes: lone surrogates stay as their escape followed by a
 * backslash, NUL becomes U+FFFD. */
static void
put_odd_text(struct buf *out, const struct json_doc *d, uint32_t node)
{
	struct slice s = json_inner(d, node);
	const char *p = s.p, *end = s.p + s.len, *from = p;

	while (p < end) {
		unsigned u = 0;
		size_t n = 2;

		if (*p != '\\') {
			p++;
			continue;
		}
		if (p[1] == 'u') {
			n = 6;
			u = hex4(p + 2);
			if (u >= 0xd800 && u < 0xdc00 && end - p >= 12 &&
				p[6] == '\\' && p[7] == 'u' &&
				hex4(p + 8) >= 0xdc00 && hex4(p + 8) < 0xe000) {
				p += 12;
				continue;
			}
		}
		if (n == 6 && (u == 0 || (u >= 0xd800 && u < 0xe000))) {
			json_unescape(slice_of(from, (size_t)(p - from)), out);
			if (u == 0)
				buf_append_lit(out, "\xef\xbf\xbd");
			else
				buf_printf(out, "\\u%04x\\", u);
			from = p + n;
		}
		p += n;
	}
	json_unescape(slice_of(from, (size_t)(end - from)), out);
}

struct slice
event_text(
	const struct json_doc *d, uint32_t node, bool js, struct event_work *w)
{
	const struct json_node *n = &d->nodes[node];
	struct props_work pw = {w->arena, w->scratch, LIMIT_JSON_DEPTH, false};

	if (n->type != JSON_STRING)
		return js ? props_value_js_text(json_raw(d, node), w->arena)
			  : props_value(d, node, &pw);
	if ((n->flags & (JSON_NUL | JSON_LONE)) == 0)
		return json_string(d, node, w->arena);
	buf_reset(w->scratch);
	put_odd_text(w->scratch, d, node);
	return w->scratch->failed
		       ? SLICE_NONE
		       : arena_dup_slice(w->arena, buf_slice(w->scratch));
}

/* The nodes of $set, $set_once and $unset in properties, and of a chain whose
 * lone surrogates the row keeps (3.2); 0: none. */
struct person_nodes {
	uint32_t set, set_once, unset, chain;
};

static void
read_properties(struct event *ev, const struct json_doc *d, uint32_t node,
	struct props_work *pw, struct person_nodes *at)
{
	const struct json_node *o = &d->nodes[node];

	props_reserve(&ev->props, o->n + 4);
	for (uint32_t i = json_first(d, node); i < o->next;
		i = d->nodes[i + 1].next) {
		struct slice key = props_key(d, i, pw);

		if (key.len >= 4 && key.p[0] == '$') {
			if (slice_eq(key, SLICE_LIT("$set"))) {
				at->set = i + 1;
				continue;
			}
			if (slice_eq(key, SLICE_LIT("$set_once"))) {
				at->set_once = i + 1;
				continue;
			}
			if (slice_eq(key, SLICE_LIT("$unset"))) {
				at->unset = i + 1;
				continue;
			}
		}
		if ((d->nodes[i + 1].flags & JSON_LONE) != 0 &&
			slice_eq(key, SLICE_LIT("$elements_chain")))
			at->chain = i + 1;
		props_set(&ev->props, key, props_value(d, i + 1, pw));
	}
}

/* Objects only; the top-level one over that of properties. */
static void
merge_objects(struct props *p, bool *has, const struct json_doc *d,
	uint32_t inner, uint32_t outer, struct props_work *pw)
{
	uint32_t nodes[2] = {inner, outer};

	for (int i = 0; i < 2; i++) {
		if (nodes[i] == 0 || d->nodes[nodes[i]].type != JSON_OBJECT)
			continue;
		*has = true;
		props_add_object(p, d, nodes[i], pw);
	}
}

/* Appends the names an $unset value holds, as JSON strings. */
static void
put_names(struct buf *out, const struct json_doc *d, uint32_t node, bool *first)
{
	const struct json_node *v = &d->nodes[node];
	uint32_t i = json_first(d, node);

	if (v->type != JSON_ARRAY && v->type != JSON_OBJECT)
		return;
	while (i < v->next) {
		if (d->nodes[i].type == JSON_STRING) {
			if (!*first)
				buf_append_char(out, ',');
			*first = false;
			json_put_value(out, d, i, 1, NULL);
		}
		i = d->nodes[v->type == JSON_OBJECT ? i + 1 : i].next;
	}
}

static void
read_unset(struct event *ev, const struct json_doc *d, uint32_t inner,
	uint32_t outer, struct props_work *pw)
{
	bool first = true;

	if (outer == 0 || (d->nodes[outer].type != JSON_ARRAY &&
				  d->nodes[outer].type != JSON_OBJECT)) {
		if (inner != 0)
			ev->unset = props_value(d, inner, pw);
		return;
	}
	buf_reset(pw->scratch);
	buf_append_char(pw->scratch, '[');
	if (inner != 0)
		put_names(pw->scratch, d, inner, &first);
	put_names(pw->scratch, d, outer, &first);
	buf_append_char(pw->scratch, ']');
	ev->unset = arena_dup_slice(pw->arena, buf_slice(pw->scratch));
	if (pw->scratch->failed || ev->unset.p == NULL)
		ev->props.failed = true;
}

static void
read_times(
	struct event *ev, const struct event_source *src, struct event_work *w)
{
	if (src->now.p == NULL || !event_time_parse(src->now, &ev->now_us))
		ev->now_us = src->fallback_now_us;
	event_time_read(src->doc, src->object, w->arena, &ev->time_in);
	ev->time_in.now_us = ev->now_us;
	ev->time_in.sent_at = src->sent_at;
	event_time_compute(&ev->time_in, &ev->time);
	if (src->timestamp.p == NULL ||
		!event_time_parse(src->timestamp, &ev->timestamp_us))
		ev->timestamp_us = ev->time.at_us;
	if (src->sent_at.len > 0) {
		ev->sent_at = src->sent_at;
		props_set_string(
			&ev->props, SLICE_LIT("$sent_at"), src->sent_at);
	}
	ev->sent_at_invalid = src->sent_at_invalid;
}

static void
lower_session_id(struct event *ev, struct event_work *w)
{
	struct prop *r = props_get_lit(&ev->props, "$session_id");
	struct uuid u;
	char *p;

	if (r == NULL || r->value.len != UUID_TEXT + 2 ||
		!uuid_parse(slice_of(r->value.p + 1, UUID_TEXT), &u))
		return;
	p = arena_alloc(w->arena, UUID_TEXT + 2);
	if (p == NULL) {
		ev->props.failed = true;
		return;
	}
	p[0] = p[UUID_TEXT + 1] = '"';
	uuid_format(&u, p + 1);
	r->value = slice_of(p, UUID_TEXT + 2);
}

static void
read_ip(struct event *ev, const struct event_source *src)
{
	const struct prop *r;

	ev->ip = src->ip.len > 0 ? src->ip : SLICE_NONE;
	if (ev->ip.p != NULL) {
		r = props_get_lit(&ev->props, "$ip");
		if (r == NULL || props_value_falsy(r->value))
			props_set_string(&ev->props, SLICE_LIT("$ip"), ev->ip);
	}
	event_anonymise(ev);
}

static void
read_members(
	struct event *ev, const struct event_source *src, struct event_work *w)
{
	const struct json_doc *d = src->doc;
	uint32_t o = src->object;
	uint32_t node = json_member(d, o, SLICE_LIT("properties"));
	struct props_work pw = {
		w->arena, w->scratch, LIMIT_PROPERTIES_DEPTH - 1, false};
	struct person_nodes at = {0};

	props_init(&ev->props, w->arena);
	props_init(&ev->set, w->arena);
	props_init(&ev->set_once, w->arena);
	if (node != 0 && d->nodes[node].type == JSON_OBJECT)
		read_properties(ev, d, node, &pw, &at);
	if (at.chain != 0)
		ev->elements_chain = event_text(d, at.chain, false, w);
	pw.max_depth--;
	merge_objects(&ev->set, &ev->has_set, d, at.set,
		json_member(d, o, SLICE_LIT("$set")), &pw);
	merge_objects(&ev->set_once, &ev->has_set_once, d, at.set_once,
		json_member(d, o, SLICE_LIT("$set_once")), &pw);
	read_unset(
		ev, d, at.unset, json_member(d, o, SLICE_LIT("$unset")), &pw);
	if (pw.cut) {
		struct event_warning_writer x;

		event_warn_of(&x, ev, w, WARN_properties_too_deep);
		event_warn_end(&x);
	}
}

int
event_read(struct event *ev, const struct event_rules *rules,
	const struct event_source *src, struct event_work *w, struct err *e)
{
	if (src->doc->nodes[src->object].type != JSON_OBJECT)
		return err_set(e, ERR_INVALID, "event is not a JSON object");
	*ev = (struct event){.arena = w->arena,
		.rules = rules,
		.uuid = src->uuid,
		.name = src->name.p == NULL ? SLICE_LIT("") : src->name,
		.distinct_id = src->distinct_id,
		.historical = src->historical,
		.force_personless = src->force_personless,
		.is_cookieless = src->is_cookieless,
		.elements_chain = SLICE_LIT("")};
	ev->kind = event_kind_of(ev->name);
	read_members(ev, src, w);
	read_times(ev, src, w);
	lower_session_id(ev, w);
	read_ip(ev, src);
	if (ev->props.failed || ev->set.failed || ev->set_once.failed)
		return err_set(e, ERR_NO_MEMORY, "no memory for an event");
	return 0;
}
