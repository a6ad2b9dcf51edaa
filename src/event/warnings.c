#include "event/warnings.h"

#include "base/json_write.h"
#include "event/props.h"

#define ERROR EVENT_SEVERITY_ERROR
#define WARN EVENT_SEVERITY_WARN
#define INFO EVENT_SEVERITY_INFO
const struct event_warning_row event_warning_rows[EVENT_N_WARNINGS] = {
#define WARNING(id, category, severity, always, key, help)                     \
	{#id, category, severity, always, help},
#include "event/warnings.def"
#undef WARNING
};

void
event_warn_begin(struct event_warning_writer *w, struct arena *a,
	struct buf *scratch, struct event_warnings *list,
	enum event_warning_type type)
{
	*w = (struct event_warning_writer){.arena = a,
		.scratch = scratch,
		.list = list,
		.type = type,
		.key = SLICE_LIT("")};
	buf_reset(scratch);
	buf_append_char(scratch, '{');
	w->first = true;
}

static void
put_name(struct event_warning_writer *w, const char *name)
{
	if (!w->first)
		buf_append_char(w->scratch, ',');
	w->first = false;
	json_put_string(w->scratch, slice_str(name));
	buf_append_char(w->scratch, ':');
}

void
event_warn_text(
	struct event_warning_writer *w, const char *name, struct slice text)
{
	put_name(w, name);
	if (text.p == NULL)
		buf_append_lit(w->scratch, "null");
	else
		props_put_string(w->scratch, text);
}

void
event_warn_i64(struct event_warning_writer *w, const char *name, int64_t v)
{
	put_name(w, name);
	buf_append_i64(w->scratch, v);
}

void
event_warn_json(
	struct event_warning_writer *w, const char *name, struct slice json)
{
	put_name(w, name);
	if (json.p == NULL)
		buf_append_lit(w->scratch, "null");
	else
		buf_append_slice(w->scratch, json);
}

void
event_warn_end(struct event_warning_writer *w)
{
	struct event_warning *x;

	buf_append_char(w->scratch, '}');
	if (w->scratch->failed)
		return;
	x = arena_new(w->arena, struct event_warning);
	if (x == NULL)
		return;
	x->type = w->type;
	x->key = w->key;
	x->details = arena_dup_slice(w->arena, buf_slice(w->scratch));
	if (x->details.p == NULL)
		return;
	if (w->list->tail == NULL)
		w->list->tail = &w->list->first;
	*w->list->tail = x;
	w->list->tail = &x->next;
	w->list->n++;
}
