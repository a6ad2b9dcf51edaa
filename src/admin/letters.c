#include "admin/letters.h"

#include <string.h>

#include "admin/records.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "dlq/edit.h"
#include "dlq/letter.h"
#include "topic/topic.h"

static void
put_member(struct buf *b, const char *name, struct slice text)
{
	records_put_text(b, name, text);
	buf_append_char(b, ',');
}

void
letters_put_time(struct buf *b, const char *name, int64_t at_us)
{
	char text[CLOCK_TEXT_MAX];

	if (at_us == 0) {
		buf_printf(b, "\"%s\":null", name);
		return;
	}
	clock_format(at_us, CLOCK_ISO_MS, text);
	buf_printf(b, "\"%s\":\"%s\"", name, text);
}

/* A letter without an id is named by its place. */
void
letters_put_id(struct buf *b, const struct dlq_row *row)
{
	char id[UUID_TEXT];

	if (row->has_id) {
		uuid_format(&row->id, id);
		json_put_string(b, slice_of(id, UUID_TEXT));
	} else {
		buf_printf(b, "\"%d-%lld\"", row->partition,
			(long long)row->offset);
	}
}

/* Where the message was read from; capture's letters come from no topic. */
static void
put_source(struct buf *b, const struct batch_record_view *rec)
{
	struct slice topic = SLICE_NONE, partition = SLICE_NONE;
	struct slice offset = SLICE_NONE;

	if (!batch_header_find(rec, "dlq_topic", &topic) ||
		!batch_header_find(rec, "dlq_partition", &partition) ||
		!batch_header_find(rec, "dlq_offset", &offset)) {
		buf_append_lit(b, "\"source\":null,");
		return;
	}
	buf_append_lit(b, "\"source\":{");
	put_member(b, "topic", topic);
	put_member(b, "partition", partition);
	records_put_text(b, "offset", offset);
	buf_append_lit(b, "},");
}

static void
put_mark(struct buf *b, const struct dlq_row *row)
{
	const struct dlq_mark *m = &row->mark;

	buf_printf(b, "\"state\":\"%s\",", dlq_state_names[row->state]);
	letters_put_time(b, "replayed_at", m->replayed_at_us);
	buf_append_char(b, ',');
	letters_put_time(b, "discarded_at", m->discarded_at_us);
	buf_printf(b, ",\"replays\":%lld,\"edited\":%s,\"by\":",
		(long long)m->replays, m->edits > 0 ? "true" : "false");
	if (m->who[0] == '\0')
		buf_append_lit(b, "null");
	else
		json_put_string(b, slice_str(m->who));
}

/* The letter that this one's message was put back from. */
static void
put_chain(struct buf *b, const struct batch_record_view *rec)
{
	struct slice of = SLICE_NONE;

	if (!batch_header_find(rec, LETTER_REPLAY_OF, &of))
		of = SLICE_NONE;
	buf_printf(b, ",\"attempts\":%lld,", (long long)letter_attempts(rec));
	records_put_text(b, "replay_of", of);
}

static void
put_headers(struct buf *b, const struct batch_record_view *rec)
{
	struct slice left = rec->headers;
	struct batch_header_kv kv;
	bool first = true;

	buf_append_lit(b, ",\"headers\":{");
	for (uint32_t i = 0; i < rec->n_headers; i++) {
		if (!batch_header_next(&left, &kv))
			break;
		if (!utf8_valid(kv.key))
			continue;
		if (!first)
			buf_append_char(b, ',');
		first = false;
		json_put_string(b, kv.key);
		buf_append_char(b, ':');
		if (kv.value.p != NULL && utf8_valid(kv.value))
			json_put_string(b, kv.value);
		else
			buf_append_lit(b, "null");
	}
	buf_append_char(b, '}');
}

/* The original bytes, and the event in them if it can be read. */
static void
put_message(struct buf *b, const struct letter *l,
	const struct batch_record_view *rec, struct arena *a)
{
	struct letter_message m;
	struct slice event = SLICE_NONE;
	struct err e;

	buf_append_char(b, ',');
	put_member(b, "event_uuid", letter_member(l, "event_uuid", a));
	put_member(b, "token", letter_member(l, "token", a));
	if (letter_message(rec, a, &m, &e) == 0) {
		records_put_text(b, "raw_payload", m.value);
		event = letter_event(&m, a);
	} else {
		records_put_text(
			b, "raw_payload", letter_member(l, "raw_payload", a));
	}
	buf_append_lit(b, ",\"body\":");
	if (event.p == NULL)
		buf_append_lit(b, "null");
	else
		buf_append_slice(b, event);
	put_headers(b, rec);
}

void
letters_put(struct buf *b, const struct dlq_row *row,
	const struct batch_record_view *rec, struct arena *a, bool whole)
{
	struct letter l;

	letter_read(rec, a, &l);
	buf_append_lit(b, "{\"id\":");
	letters_put_id(b, row);
	buf_printf(b, ",\"topic\":\"%s\",\"partition\":%d,\"offset\":%lld,",
		topic_defs[TOPIC_DEAD_LETTERS].name, row->partition,
		(long long)row->offset);
	put_source(b, rec);
	if (row->mark.reason[0] != '\0') {
		l.reason = slice_str(row->mark.reason);
		l.error = slice_str(row->mark.error);
	}
	put_member(b, "reason", l.reason);
	put_member(b, "step", l.step);
	put_member(b, "error", l.error);
	buf_printf(b, "\"project_id\":%lld,", (long long)l.team_id);
	letters_put_time(b, "at", rec->ts_ms * 1000);
	buf_append_char(b, ',');
	put_member(b, "event", l.event);
	put_member(b, "distinct_id", l.distinct_id);
	put_mark(b, row);
	put_chain(b, rec);
	if (whole)
		put_message(b, &l, rec, a);
	buf_append_char(b, '}');
}
