#include <string.h>

#include "base/hash.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "live/live_int.h"

#define SHOWN_MAX 800 /* bytes of a text in the list */

const struct live_source live_sources[LIVE_SOURCES] = {
	{TOPIC_INGESTION, 0, LIVE_CAPTURED, 768 * 1024},
	{TOPIC_INGESTION, 1, LIVE_CAPTURED, 256 * 1024},
	{TOPIC_INGESTION_OVERFLOW, 0, LIVE_CAPTURED, 256 * 1024},
	{TOPIC_INGESTION_HISTORICAL, 0, LIVE_CAPTURED, 256 * 1024},
	{TOPIC_EVENTS, 0, LIVE_PROCESSED, 1536 * 1024},
	{TOPIC_DEAD_LETTERS, 0, LIVE_LETTER, 256 * 1024},
	{TOPIC_DEAD_LETTERS, 1, LIVE_LETTER, 256 * 1024},
};

static struct slice
text_of(const struct json_doc *d, const char *name, struct arena *a)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	return node != 0 && d->nodes[node].type == JSON_STRING
		       ? json_string(d, node, a)
		       : SLICE_NONE;
}

static int64_t
number_of(const struct json_doc *d, const char *name)
{
	uint32_t node = json_member(d, 0, slice_str(name));
	int64_t v = 0;

	return node != 0 && json_i64(d, node, &v) ? v : 0;
}

static bool
parse(const struct batch_record_view *rec, struct arena *a, struct json_doc *d)
{
	const struct json_limits lim = {8, 20000};
	struct err e;

	return rec->value.p != NULL &&
	       json_parse(a, rec->value, &lim, d, &e) == 0 &&
	       d->nodes[0].type == JSON_OBJECT;
}

/* Its headers say all that the list shows. */
static bool
read_captured(struct live_item *it, const struct batch_record_view *rec)
{
	return batch_header_find(rec, "uuid", &it->uuid) &&
	       batch_header_find(rec, "event", &it->event) &&
	       batch_header_find(rec, "distinct_id", &it->distinct_id);
}

/* The app server writes the uuid first; the rest is read when it is asked for
 * (live_item_read_rest). */
static bool
read_processed(struct live_item *it, const struct batch_record_view *rec)
{
	static const char begin[] = "{\"uuid\":\"";

	if (!slice_starts(rec->value, slice_str(begin)) ||
		rec->value.len < sizeof(begin) - 1 + UUID_TEXT)
		return false;
	it->uuid = slice_of(rec->value.p + sizeof(begin) - 1, UUID_TEXT);
	return true;
}

static bool
read_letter(struct live_item *it, const struct batch_record_view *rec,
	struct arena *a)
{
	struct json_doc d;

	if (!parse(rec, a, &d))
		return false;
	it->uuid = text_of(&d, "event_uuid", a);
	it->event = text_of(&d, "event", a);
	it->distinct_id = text_of(&d, "distinct_id", a);
	it->error = text_of(&d, "error", a);
	it->team_id = number_of(&d, "team_id");
	return it->uuid.p != NULL;
}

bool
live_item_read(struct live_item *it, const struct live_source *src,
	const struct batch_record_view *rec, struct arena *a)
{
	bool is_one = false;
	struct uuid u;

	*it = (struct live_item){
		.source = src,
		.offset = rec->offset,
		.at_ms = rec->ts_ms,
		.value = rec->value,
	};
	switch (src->kind) {
	case LIVE_CAPTURED:
		is_one = read_captured(it, rec);
		break;
	case LIVE_PROCESSED:
		is_one = read_processed(it, rec);
		break;
	case LIVE_LETTER:
		is_one = read_letter(it, rec, a);
		break;
	}
	if (!is_one || !uuid_parse(it->uuid, &u))
		return false;
	it->hash = hash_xx64(it->uuid.p, it->uuid.len);
	return true;
}

void
live_item_read_rest(struct live_item *it, const struct batch_record_view *rec,
	struct arena *a)
{
	struct json_doc d;

	if (it->source->kind != LIVE_PROCESSED || !parse(rec, a, &d))
		return;
	it->team_id = number_of(&d, "team_id");
	it->person_id = text_of(&d, "person_id", a);
	it->person_mode = text_of(&d, "person_mode", a);
}

struct slice
live_item_token(const struct batch_record_view *rec)
{
	struct slice token = SLICE_NONE;

	if (!batch_header_find(rec, "token", &token))
		return SLICE_NONE;
	return token;
}

/* A captured message has the event as JSON in JSON; a letter has it deeper. */
struct slice
live_item_properties(const struct live_item *it)
{
	static const char begin[] = "\"data\":\"", end[] = "\",\"now\":";
	struct slice v = it->value;
	const char *p;

	if (it->source->kind != LIVE_CAPTURED || v.p == NULL)
		return v;
	p = memmem(v.p, v.len, begin, sizeof(begin) - 1);
	if (p == NULL)
		return v;
	v = slice_of(p + sizeof(begin) - 1,
		v.len - (size_t)(p + sizeof(begin) - 1 - v.p));
	p = memmem(v.p, v.len, end, sizeof(end) - 1);
	if (p != NULL)
		v.len = (size_t)(p - v.p);
	return v;
}

static void
put_text(struct buf *b, const char *name, struct slice text)
{
	struct buf clean;

	buf_printf(b, ",\"%s\":", name);
	if (text.p == NULL) {
		buf_append_lit(b, "null");
		return;
	}
	if (text.len > SHOWN_MAX)
		text.len = SHOWN_MAX;
	buf_init(&clean, SHOWN_MAX * 3);
	utf8_append_lossy(&clean, text);
	json_put_string(b, buf_slice(&clean));
	buf_fini(&clean);
}

/* What has passed before is told without the time. */
static void
put_seen(struct buf *b, int64_t seen_ms)
{
	if (seen_ms < 0)
		buf_append_lit(b, ",\"seen_ms\":null");
	else
		buf_printf(b, ",\"seen_ms\":%lld", (long long)seen_ms);
}

void
live_item_put(struct buf *b, const struct live_item *it, int64_t seen_ms)
{
	const struct live_source *src = it->source;

	buf_printf(b,
		"{\"uuid\":\"%.36s\",\"project_id\":%lld,\"at_ms\":%lld,"
		"\"state\":\"%s\",\"topic\":\"%s\","
		"\"partition\":%d,\"offset\":%lld,\"bytes\":%zu",
		it->uuid.p, (long long)it->team_id, (long long)it->at_ms,
		src->kind == LIVE_LETTER ? "dead_letter" : "captured",
		topic_defs[src->topic].name, src->partition,
		(long long)it->offset, it->value.len);
	put_seen(b, seen_ms);
	put_text(b, "event", it->event);
	put_text(b, "distinct_id", it->distinct_id);
	put_text(b, "error", it->error);
	buf_append_char(b, '}');
}

void
live_state_put(struct buf *b, const struct live_item *it, int64_t seen_ms)
{
	buf_printf(b,
		"{\"uuid\":\"%.36s\",\"project_id\":%lld,"
		"\"state\":\"%s\",\"offset\":%lld",
		it->uuid.p, (long long)it->team_id,
		it->source->kind == LIVE_LETTER ? "dead_letter" : "processed",
		(long long)it->offset);
	put_seen(b, seen_ms);
	put_text(b, "person_id", it->person_id);
	put_text(b, "person_mode", it->person_mode);
	put_text(b, "error", it->error);
	buf_append_char(b, '}');
}
