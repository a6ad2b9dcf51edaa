#include "pipeline/put.h"

#include "base/json_write.h"
#include "topic/topic.h"

#define RECORD_ROOM 4096

static bool
end_if_fits(struct out *o, enum topic_id topic, struct slice key)
{
	if (out_value_len(o) + key.len + RECORD_ROOM >
		(size_t)topic_defs[topic].max_message_bytes) {
		out_cancel(o);
		return false;
	}
	out_end(o, key, NULL, 0);
	return true;
}

static void
put_second(struct buf *b, int64_t us)
{
	char text[CLOCK_TEXT_MAX];
	int n = clock_format(us, CLOCK_SECOND, text);

	buf_append(b, text, (size_t)n);
}

bool
put_person(struct out *o, const struct person *p, struct buf *scratch)
{
	struct slice uuid = slice_of(p->uuid_text, UUID_TEXT);
	struct buf *b = out_begin(o, UUID_TEXT + 24);

	buf_append_lit(b, "{\"id\":\"");
	buf_append_slice(b, uuid);
	buf_append_lit(b, "\",\"created_at\":\"");
	put_second(b, p->created_at_us);
	buf_append_lit(b, "\",\"team_id\":");
	buf_append_i64(b, p->team_id);
	buf_append_lit(b, ",\"properties\":\"");
	json_put_nested(b, person_message_properties(p));
	buf_append_lit(b, "\",\"is_identified\":");
	buf_append_char(b, p->is_identified ? '1' : '0');
	buf_append_lit(b, ",\"is_deleted\":");
	buf_append_char(b, p->is_deleted ? '1' : '0');
	buf_append_lit(b, ",\"version\":");
	buf_append_i64(b, person_message_version(p));
	if (p->has_last_seen) {
		buf_append_lit(b, ",\"last_seen_at\":\"");
		put_second(b, p->last_seen_at_us);
		buf_append_char(b, '"');
	}
	buf_append_lit(b, "}");
	buf_reset(scratch);
	buf_append_i64(scratch, p->team_id);
	buf_append_char(scratch, ':');
	buf_append_slice(scratch, uuid);
	return end_if_fits(o, TOPIC_PERSON, buf_slice(scratch));
}

void
put_person_id(struct out *o, const struct person_id *d, struct buf *scratch)
{
	struct buf *b = out_begin(o, d->id.len + 24);

	buf_append_lit(b, "{\"distinct_id\":");
	json_put_string(b, d->id);
	buf_append_lit(b, ",\"person_id\":\"");
	buf_append(b, d->person->uuid_text, UUID_TEXT);
	buf_append_lit(b, "\",\"team_id\":");
	buf_append_i64(b, d->team_id);
	buf_append_lit(b, ",\"version\":");
	buf_append_i64(b, person_id_message_version(d));
	buf_append_lit(b, ",\"is_deleted\":");
	buf_append_char(b, d->is_deleted ? '1' : '0');
	buf_append_lit(b, "}");
	buf_reset(scratch);
	buf_append_i64(scratch, d->team_id);
	buf_append_char(scratch, ':');
	buf_append_slice(scratch, d->id);
	out_end(o, buf_slice(scratch), NULL, 0);
}

bool
put_group(struct out *o, const struct person_group *g, struct buf *scratch)
{
	struct buf *b = out_begin(o, g->key.len + 24);

	buf_append_lit(b, "{\"group_type_index\":");
	buf_append_i64(b, g->type_index);
	buf_append_lit(b, ",\"group_key\":");
	json_put_string(b, g->key);
	buf_append_lit(b, ",\"team_id\":");
	buf_append_i64(b, g->team_id);
	buf_append_lit(b, ",\"group_properties\":\"");
	json_put_nested(b, person_group_properties(g));
	buf_append_lit(b, "\",\"created_at\":\"");
	put_second(b, g->created_at_us);
	buf_append_lit(b, "\",\"version\":");
	buf_append_i64(b, g->version);
	buf_append_lit(b, "}");
	buf_reset(scratch);
	buf_append_i64(scratch, g->team_id);
	buf_append_char(scratch, ':');
	buf_append_i64(scratch, g->type_index);
	buf_append_char(scratch, ':');
	buf_append_slice(scratch, g->key);
	return end_if_fits(o, TOPIC_GROUPS, buf_slice(scratch));
}
