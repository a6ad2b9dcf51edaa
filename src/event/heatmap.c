#include "event/heatmap.h"

#include <math.h>

#include "base/limits.h"
#include "event/names.h"

#define SCALE 16
#define COORDINATE_MAX 1e15

static const struct json_limits limits = {JSON_DEPTH_MAX, 1u << 20};

/* Rows are made by this, in order. */
struct extract {
	struct event *ev;
	struct event_work *w;
	struct event_heatmap_row **tail;
	const struct json_doc *d;
};

/* Half up, toward +infinity. */
static int64_t
scaled(double v)
{
	return (int64_t)floor(v / SCALE + 0.5);
}

static bool
number_in_range(const struct json_doc *d, uint32_t node, double *out)
{
	if (node == 0 || d->nodes[node].type != JSON_NUMBER)
		return false;
	*out = json_double(d, node);
	return fabs(*out) < COORDINATE_MAX;
}

static bool
number_of(const struct event *ev, const char *name, double *out)
{
	const struct prop *r = props_get(&ev->props, slice_str(name));
	struct json_doc d;
	struct err e;

	return r != NULL &&
	       json_parse(ev->arena, r->value, &limits, &d, &e) == 0 &&
	       d.nodes[0].type == JSON_NUMBER &&
	       fabs(*out = json_double(&d, 0)) < COORDINATE_MAX;
}

static void
add_row(struct extract *x, struct slice url, struct slice type, double px,
	double py, bool fixed)
{
	struct event_heatmap_row *row =
		arena_new(x->w->arena, struct event_heatmap_row);

	if (row == NULL || url.p == NULL || type.p == NULL) {
		x->ev->props.failed = true;
		return;
	}
	row->type = type;
	row->current_url = url;
	row->x = scaled(px);
	row->y = scaled(py);
	row->target_fixed = fixed;
	*x->tail = row;
	x->tail = &row->next;
}

static void
warn(struct extract *x, enum event_warning_type type)
{
	struct event_warning_writer y;

	event_warn_begin(
		&y, x->w->arena, x->w->scratch, &x->ev->warnings, type);
	y.key = x->ev->heatmap_session_id;
	event_warn_text(&y, "eventUuid", x->ev->uuid);
	event_warn_text(&y, "sessionId", x->ev->heatmap_session_id);
	event_warn_end(&y);
}

static void
add_item(struct extract *x, struct slice url, uint32_t item)
{
	const struct json_doc *d = x->d;
	uint32_t type = 0, fixed = 0;
	double px, py;

	if (d->nodes[item].type == JSON_OBJECT) {
		type = json_member(d, item, SLICE_LIT("type"));
		fixed = json_member(d, item, SLICE_LIT("target_fixed"));
	}
	if (type == 0 || d->nodes[type].type != JSON_STRING ||
		d->nodes[type].len == 0 || fixed == 0 ||
		(d->nodes[fixed].type != JSON_TRUE &&
			d->nodes[fixed].type != JSON_FALSE) ||
		!number_in_range(
			d, json_member(d, item, SLICE_LIT("x")), &px) ||
		!number_in_range(d, json_member(d, item, SLICE_LIT("y")), &py))
		return;
	add_row(x, url, json_string(d, type, x->w->arena), px, py,
		d->nodes[fixed].type == JSON_TRUE);
}

static void
add_pages(struct extract *x)
{
	const struct json_doc *d = x->d;

	for (uint32_t i = json_first(d, 0); i < d->nodes[0].next;
		i = d->nodes[i + 1].next) {
		struct slice url = json_string(d, i, x->w->arena);
		uint32_t list = i + 1;

		if (url.len == 0) {
			warn(x, WARN_rejecting_heatmap_data_with_invalid_url);
			continue;
		}
		if (d->nodes[list].type != JSON_ARRAY) {
			warn(x, WARN_rejecting_heatmap_data_with_invalid_items);
			continue;
		}
		for (uint32_t j = json_first(d, list); j < d->nodes[list].next;
			j = d->nodes[j].next)
			add_item(x, url, j);
	}
}

/* url with its path replaced; p NULL if it is no absolute URL. */
static struct slice
with_path(struct slice url, struct slice path, struct arena *a)
{
	const char *end = url.p + url.len, *p, *tail;
	const char *host = memmem(url.p, url.len, "://", 3);
	size_t head, slash;
	char *out;

	if (host == NULL)
		return SLICE_NONE;
	for (p = host + 3; p < end && strchr("/?#", *p) == NULL; p++)
		;
	for (tail = p; tail < end && *tail != '?' && *tail != '#'; tail++)
		;
	head = (size_t)(p - url.p);
	slash = path.len > 0 && path.p[0] == '/' ? 0 : 1;
	out = arena_alloc(a, url.len + path.len + 1);
	if (out == NULL)
		return SLICE_NONE;
	memcpy(out, url.p, head);
	memcpy(out + head, "/", slash);
	memcpy(out + head + slash, path.p, path.len);
	memcpy(out + head + slash + path.len, tail, (size_t)(end - tail));
	return slice_of(out, head + slash + path.len + (size_t)(end - tail));
}

static struct slice
truthy_text(const struct event *ev, const char *name)
{
	const struct prop *r = props_get(&ev->props, slice_str(name));

	return r == NULL || props_value_falsy(r->value)
		       ? SLICE_NONE
		       : props_value_js_text(r->value, ev->arena);
}

/* How far the page before was scrolled, as one more row. */
static void
add_scroll_depth(struct extract *x)
{
	struct slice path = truthy_text(x->ev, "$prev_pageview_pathname");
	struct slice url = truthy_text(x->ev, "$current_url");
	double depth;

	if (path.p == NULL || url.p == NULL ||
		!number_of(x->ev, "$prev_pageview_max_scroll", &depth))
		return;
	url = with_path(url, path, x->w->arena);
	if (url.p != NULL)
		add_row(x, url, SLICE_LIT("scrolldepth"), 0, depth, false);
}

void
event_heatmap_extract(struct event *ev, struct event_work *w)
{
	const struct prop *r = props_get_lit(&ev->props, "$heatmap_data");
	struct extract x = {ev, w, &ev->heatmap, NULL};
	struct json_doc d;
	double width, height;
	struct err e;

	ev->heatmap = NULL;
	ev->heatmap_session_id = truthy_text(ev, "$session_id");
	if (ev->heatmap_session_id.p == NULL)
		ev->heatmap_session_id = SLICE_LIT("");
	if (r != NULL && !props_value_falsy(r->value) &&
		!props_value_is_object(r->value)) {
		warn(&x, WARN_invalid_heatmap_data);
		r = NULL;
	}
	if (!number_of(ev, "$viewport_width", &width) ||
		!number_of(ev, "$viewport_height", &height) ||
		event_id_illegal(ev->distinct_id))
		return;
	ev->viewport_width = scaled(width);
	ev->viewport_height = scaled(height);
	if (r != NULL && props_value_is_object(r->value)) {
		if (json_parse(w->arena, r->value, &limits, &d, &e) != 0) {
			ev->props.failed = true;
			return;
		}
		x.d = &d;
		add_pages(&x);
	}
	add_scroll_depth(&x);
}
