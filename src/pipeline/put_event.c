#include "pipeline/put.h"

#include "base/json_write.h"
#include "topic/topic.h"

/* Key and headers of a record besides its value, at most. */
#define RECORD_ROOM 4096

void
put_clock_init(struct put_clock *k, int64_t us)
{
	k->us = us;
	clock_format(us, CLOCK_EVENT, k->event);
	clock_format(us, CLOCK_SECOND, k->second);
	clock_format(us, CLOCK_ISO_MS, k->iso);
}

static void
put_time(struct buf *b, int64_t us, enum clock_format f)
{
	char text[CLOCK_TEXT_MAX];
	int n = clock_format(us, f, text);

	buf_append(b, text, (size_t)n);
}

/* JSON text as the content of a string. */
static void
put_properties(struct buf *b, const struct event *ev, struct buf *scratch)
{
	buf_reset(scratch);
	event_write_properties(ev, scratch);
	json_put_nested(b, buf_slice(scratch));
	if (scratch->failed)
		b->failed = true;
}

static void
put_person_part(
	struct buf *b, const struct person_result *p, struct buf *scratch)
{
	buf_append_lit(b, ",\"person_id\":\"");
	buf_append_slice(b, p->uuid);
	buf_append_lit(b, "\",\"person_properties\":\"");
	if (p->properties.p != NULL) {
		json_put_nested(b, p->properties);
	} else {
		buf_reset(scratch);
		person_put_properties(p, scratch);
		json_put_nested(b, buf_slice(scratch));
		b->failed |= scratch->failed;
	}
	buf_append_lit(b, "\",\"person_created_at\":\"");
	put_time(b, p->created_at_us, CLOCK_SECOND);
	buf_append_lit(b, "\",\"person_mode\":\"");
	buf_append_str(b, event_mode_names[p->mode]);
	buf_append_lit(b, "\"");
}

static void
put_event_value(struct buf *b, const struct item *it, const struct put_clock *k,
	struct buf *scratch)
{
	const struct event *ev = &it->ev;

	buf_append_lit(b, "{\"uuid\":");
	json_put_string(b, ev->uuid);
	buf_append_lit(b, ",\"event\":");
	json_put_string(b, ev->name);
	buf_append_lit(b, ",\"properties\":\"");
	put_properties(b, ev, scratch);
	buf_append_lit(b, "\",\"timestamp\":\"");
	put_time(b, ev->timestamp_us, CLOCK_EVENT);
	buf_append_lit(b, "\",\"team_id\":");
	buf_append_i64(b, ev->rules->team_id);
	buf_append_lit(b, ",\"project_id\":");
	buf_append_i64(b, ev->rules->project_id);
	buf_append_lit(b, ",\"distinct_id\":");
	json_put_string(b, ev->distinct_id);
	buf_append_lit(b, ",\"elements_chain\":");
	json_put_string(b, ev->elements_chain);
	buf_append_lit(b, ",\"created_at\":\"");
	buf_append_str(b, k->event);
	buf_append_lit(b, "\",\"captured_at\":\"");
	put_time(b, ev->now_us, CLOCK_EVENT);
	buf_append_lit(b, "\"");
	put_person_part(b, &it->person, scratch);
	if (ev->historical)
		buf_append_lit(b, ",\"historical_migration\":true");
	buf_append_lit(b, "}");
}

int
put_event(struct out *o, const struct item *it, const struct put_clock *k,
	struct buf *scratch, struct err *e)
{
	const struct event *ev = &it->ev;
	size_t max = (size_t)topic_defs[TOPIC_EVENTS].max_message_bytes -
		     RECORD_ROOM;
	struct buf *b = out_begin(o, ev->distinct_id.len + 24);

	put_event_value(b, it, k, scratch);
	if (out_value_len(o) > max) {
		size_t len = out_value_len(o);

		out_cancel(o);
		return err_set(e, ERR_TOO_BIG,
			"the event's row of %zu bytes is over %zu", len, max);
	}
	buf_reset(scratch);
	buf_append_i64(scratch, ev->rules->team_id);
	buf_append_char(scratch, ':');
	buf_append_slice(scratch, ev->distinct_id);
	/* The time of receipt: what is counted per minute is found again. */
	out_end_at(o, it->rec.ts_ms, buf_slice(scratch), NULL, 0);
	return 0;
}

static void
put_heatmap_value(struct buf *b, const struct event *ev,
	const struct event_heatmap_row *row)
{
	buf_append_lit(b, "{\"session_id\":");
	json_put_string(b, ev->heatmap_session_id);
	buf_append_lit(b, ",\"team_id\":");
	buf_append_i64(b, ev->rules->team_id);
	buf_append_lit(b, ",\"distinct_id\":");
	json_put_string(b, ev->distinct_id);
	buf_append_lit(b, ",\"timestamp\":\"");
	put_time(b, ev->timestamp_us, CLOCK_EVENT);
	buf_append_lit(b, "\",\"type\":");
	json_put_string(b, row->type);
	buf_append_lit(b, ",\"x\":");
	buf_append_i64(b, row->x);
	buf_append_lit(b, ",\"y\":");
	buf_append_i64(b, row->y);
	buf_append_lit(b, ",\"scale_factor\":16,\"viewport_width\":");
	buf_append_i64(b, ev->viewport_width);
	buf_append_lit(b, ",\"viewport_height\":");
	buf_append_i64(b, ev->viewport_height);
	buf_append_str(b, row->target_fixed
				  ? ",\"pointer_target_fixed\":true"
				  : ",\"pointer_target_fixed\":false");
	buf_append_lit(b, ",\"current_url\":");
	json_put_string(b, row->current_url);
	buf_append_lit(b, "}");
}

void
put_heatmap(struct out *o, const struct event *ev)
{
	const struct event_heatmap_row *row;

	for (row = ev->heatmap; row != NULL; row = row->next) {
		put_heatmap_value(out_begin(o, ev->uuid.len), ev, row);
		out_end(o, ev->uuid, NULL, 0);
	}
}
