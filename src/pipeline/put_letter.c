#include "pipeline/put.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "dlq/letter.h"
#include "topic/topic.h"

#define NIL_UUID "00000000-0000-0000-0000-000000000000"
#define N_LETTER_HEADERS 6

static const char *const reason_names[] = {
	[LETTER_UNKNOWN_TOKEN] = "unknown_token",
	[LETTER_STEP_FAILED] = "step_failed",
	[LETTER_TOO_LARGE] = "message_too_large",
	[LETTER_MERGE_LIMIT] = "merge_limit",
};

void
put_warning(struct out *o, int64_t team_id, const char *type,
	struct slice details, const struct put_clock *k)
{
	struct buf *b = out_begin(o, 0);

	buf_append_lit(b, "{\"team_id\":");
	buf_append_i64(b, team_id);
	buf_append_lit(b, ",\"type\":\"");
	buf_append_str(b, type);
	buf_append_lit(b, "\",\"source\":\"plugin-server\",\"details\":\"");
	json_put_nested(b, details);
	buf_append_lit(b, "\",\"timestamp\":\"");
	buf_append_str(b, k->event);
	buf_append_lit(b, "\"}");
	out_end(o, SLICE_NONE, NULL, 0);
}

/* Bytes that may be no UTF-8 (they come from headers or a broken message). */
static void
put_any_text(
	struct buf *b, const char *name, struct slice s, struct buf *scratch)
{
	buf_append_char(b, ',');
	json_put_string(b, slice_str(name));
	buf_append_char(b, ':');
	if (utf8_valid(s)) {
		json_put_string(b, s);
		return;
	}
	buf_reset(scratch);
	utf8_append_lossy(scratch, s);
	json_put_string(b, buf_slice(scratch));
}

static struct slice
letter_uuid(const struct item *it)
{
	struct slice uuid = it->is_read ? it->ev.uuid : it->uuid;
	struct uuid ignored;

	return uuid_parse(uuid, &ignored) ? uuid : SLICE_LIT(NIL_UUID);
}

static void
put_times(struct buf *b, const struct item *it, const struct put_clock *k)
{
	char now[CLOCK_TEXT_MAX];

	clock_format(it->is_read ? it->ev.now_us : it->rec.ts_ms * 1000,
		CLOCK_SECOND, now);
	buf_append_lit(b, ",\"elements_chain\":\"\",\"ip\":\"\","
			  "\"site_url\":\"\",\"created_at\":\"");
	buf_append_str(b, k->second);
	buf_append_lit(b, "\",\"error_timestamp\":\"");
	buf_append_str(b, k->second);
	buf_append_lit(b, "\",\"now\":\"");
	buf_append_str(b, now);
	buf_append_lit(b, "\"");
}

static void
put_why(struct buf *b, const struct item *it, struct buf *scratch)
{
	struct slice error = it->error;

	if (error.p == NULL)
		error = slice_str(reason_names[it->reason]);
	buf_append_lit(b, ",\"error_location\":\"plugin_server_ingest_event:");
	buf_append_str(b, it->step);
	buf_append_lit(b, "\",\"error\":\"Event ingestion failed. Error: ");
	buf_reset(scratch);
	utf8_append_lossy(scratch, error);
	json_put_escaped(b, buf_slice(scratch));
	buf_append_lit(b, "\"");
}

/* The message as it was, so that one replay serves every letter. */
static void
put_raw(struct buf *b, struct slice value, struct buf *scratch)
{
	bool is_text = utf8_valid(value);

	buf_append_lit(b, ",\"raw_payload\":");
	if (is_text) {
		json_put_string(b, value);
	} else {
		buf_reset(scratch);
		base64_encode(value, scratch);
		json_put_string(b, buf_slice(scratch));
	}
	buf_append_lit(b, ",\"tags\":[\"plugin_server\",\"ingest_event\"");
	if (!is_text)
		buf_append_lit(b, ",\"base64\"");
	buf_append_lit(b, "]");
}

static void
put_letter_value(struct buf *b, const struct item *it,
	const struct put_clock *k, struct buf *scratch)
{
	struct uuid id;
	char id_text[UUID_TEXT];

	uuid_v7(&id, k->us);
	uuid_format(&id, id_text);
	buf_append_lit(b, "{\"id\":\"");
	buf_append(b, id_text, UUID_TEXT);
	buf_append_lit(b, "\",\"event_uuid\":\"");
	buf_append_slice(b, letter_uuid(it));
	buf_append_lit(b, "\"");
	put_any_text(b, "event", it->is_read ? it->ev.name : it->name, scratch);
	put_any_text(b, "distinct_id",
		it->is_read ? it->ev.distinct_id : it->distinct_id, scratch);
	put_any_text(b, "token", it->token, scratch);
	buf_append_lit(b, ",\"properties\":\"");
	buf_reset(scratch);
	if (it->is_read)
		event_write_properties(&it->ev, scratch);
	else
		buf_append_lit(scratch, "{}");
	json_put_nested(b, buf_slice(scratch));
	buf_append_lit(b, "\",\"team_id\":");
	buf_append_i64(b, it->team_id);
	put_times(b, it, k);
	put_why(b, it, scratch);
	put_raw(b, it->rec.value, scratch);
	buf_append_lit(b, "}");
}

/* The message's own headers, without those of a letter it was before, but for
 * what tells that it was one. */
static uint32_t
copy_headers(const struct item *it, struct batch_header_kv *out)
{
	struct slice left = it->rec.headers;
	uint32_t n = 0;

	for (uint32_t i = 0; i < it->rec.n_headers; i++) {
		if (!batch_header_next(&left, &out[n]))
			break;
		if (!letter_is_own_header(out[n].key) ||
			slice_eq_str(out[n].key, LETTER_REPLAY_OF) ||
			slice_eq_str(out[n].key, LETTER_ATTEMPTS))
			n++;
	}
	return n;
}

void
put_letter(struct out *o, const struct item *it, const struct input *from,
	const struct put_clock *k, struct buf *scratch, struct arena *a)
{
	struct batch_header_kv *h = arena_zalloc(
		a, it->rec.n_headers + N_LETTER_HEADERS, sizeof(*h));
	char partition[16], offset[24];
	uint32_t n;

	if (h == NULL) {
		o->b.failed = true; /* so that out_finish tells */
		return;
	}
	snprintf(partition, sizeof(partition), "%d", from->partition);
	snprintf(offset, sizeof(offset), "%lld", (long long)it->rec.offset);
	n = copy_headers(it, h);
	h[n++] = (struct batch_header_kv){
		SLICE_LIT("dlq_reason"), slice_str(reason_names[it->reason])};
	h[n++] = (struct batch_header_kv){
		SLICE_LIT("dlq_step"), slice_str(it->step)};
	h[n++] = (struct batch_header_kv){
		SLICE_LIT("dlq_timestamp"), slice_str(k->iso)};
	h[n++] = (struct batch_header_kv){SLICE_LIT("dlq_topic"),
		slice_str(topic_defs[from->topic].name)};
	h[n++] = (struct batch_header_kv){
		SLICE_LIT("dlq_partition"), slice_str(partition)};
	h[n++] = (struct batch_header_kv){
		SLICE_LIT("dlq_offset"), slice_str(offset)};
	put_letter_value(out_begin(o, UUID_TEXT), it, k, scratch);
	out_end(o, letter_uuid(it), h, n);
}
