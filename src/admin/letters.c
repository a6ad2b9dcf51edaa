#include "admin/letters.h"

#include "admin/admin_int.h"
#include "admin/records.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "pipeline/pipeline.h"
#include "store/store.h"
#include "topic/topic.h"

#define ARENA_MAX_BYTES ((size_t)256 * 1024 * 1024)

struct letters {
	struct records *records;
	struct store_conn *spool, *state; /* for the marks */
	struct arena arena; /* of the letter that was given last */
};

int
letters_open(struct admin *a, struct letters **out, struct err *e)
{
	const struct records_options o = {
		topic_defs[TOPIC_DEAD_LETTERS].name,
		-1,
		RECORDS_FROM_START,
		false,
	};
	struct letters *l = mem_new(struct letters);
	int rc;

	if (l == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	arena_init(&l->arena, ARENA_MAX_BYTES);
	rc = store_reader_open(a->o.spool, &l->spool, e);
	if (rc == 0)
		rc = store_reader_open(a->o.state, &l->state, e);
	if (rc == 0)
		rc = records_open(a, &o, &l->records, e);
	if (rc < 0) {
		letters_close(l);
		return rc;
	}
	*out = l;
	return 0;
}

void
letters_close(struct letters *l)
{
	if (l == NULL)
		return;
	records_close(l->records);
	store_reader_close(l->spool);
	store_reader_close(l->state);
	arena_fini(&l->arena);
	mem_free(l);
}

static struct slice
member_text(const struct json_doc *d, const char *name, struct arena *a)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	if (node == 0)
		return SLICE_NONE;
	return d->nodes[node].type == JSON_STRING ? json_string(d, node, a)
						  : json_raw(d, node);
}

static void
read_value(struct letter *l, struct arena *a)
{
	const struct json_limits lim = {16, 10000};
	struct err e;
	uint32_t team;

	if (json_parse(a, l->record.value, &lim, &l->json, &e) < 0 ||
		l->json.nodes[0].type != JSON_OBJECT) {
		l->json.n_nodes = 0;
		return;
	}
	l->id = member_text(&l->json, "id", a);
	l->error = member_text(&l->json, "error", a);
	l->event = member_text(&l->json, "event", a);
	l->distinct_id = member_text(&l->json, "distinct_id", a);
	team = json_member(&l->json, 0, SLICE_LIT("team_id"));
	if (team != 0 && !json_i64(&l->json, team, &l->team_id))
		l->team_id = 0;
}

int
letters_next(struct letters *l, struct letter *out, struct err *e)
{
	int rc;

	*out = (struct letter){0};
	arena_reset(&l->arena);
	rc = records_next(l->records, &out->partition, &out->record, e);
	if (rc <= 0)
		return rc;
	read_value(out, &l->arena);
	if (!batch_header_find(&out->record, "dlq_reason", &out->reason))
		out->reason = SLICE_NONE;
	if (!batch_header_find(&out->record, "dlq_step", &out->step))
		out->step = SLICE_NONE;
	rc = pipeline_letter_replayed_at(
		out->partition == 0 ? l->spool : l->state, out->record.offset,
		&out->replayed_at_us, e);
	return rc < 0 ? rc : 1;
}

static void
put_member(struct buf *b, const char *name, struct slice text)
{
	records_put_text(b, name, text);
	buf_append_char(b, ',');
}

static void
put_time(struct buf *b, const char *name, int64_t at_us)
{
	char text[CLOCK_TEXT_MAX];

	if (at_us == 0) {
		buf_printf(b, "\"%s\":null", name);
		return;
	}
	clock_format(at_us, CLOCK_ISO_MS, text);
	buf_printf(b, "\"%s\":\"%s\"", name, text);
}

/* Where the message was read from; capture's letters come from no topic. */
static void
put_source(struct buf *b, const struct letter *l)
{
	struct slice topic = SLICE_NONE, partition = SLICE_NONE;
	struct slice offset = SLICE_NONE;

	if (!batch_header_find(&l->record, "dlq_topic", &topic) ||
		!batch_header_find(&l->record, "dlq_partition", &partition) ||
		!batch_header_find(&l->record, "dlq_offset", &offset)) {
		buf_append_lit(b, "\"source\":null,");
		return;
	}
	buf_append_lit(b, "\"source\":{");
	put_member(b, "topic", topic);
	put_member(b, "partition", partition);
	records_put_text(b, "offset", offset);
	buf_append_lit(b, "},");
}

void
letter_write_json(
	struct buf *b, const struct letter *l, struct arena *a, bool whole)
{
	buf_append_char(b, '{');
	put_member(b, "id", l->id);
	buf_printf(b, "\"topic\":\"%s\",\"partition\":%d,\"offset\":%lld,",
		topic_defs[TOPIC_DEAD_LETTERS].name, l->partition,
		(long long)l->record.offset);
	put_source(b, l);
	put_member(b, "reason", l->reason);
	put_member(b, "step", l->step);
	put_member(b, "error", l->error);
	buf_printf(b, "\"project_id\":%lld,", (long long)l->team_id);
	put_time(b, "at", l->record.ts_ms * 1000);
	buf_append_char(b, ',');
	put_member(b, "event", l->event);
	put_member(b, "distinct_id", l->distinct_id);
	put_time(b, "replayed_at", l->replayed_at_us);
	if (whole && l->json.n_nodes > 0) {
		buf_append_char(b, ',');
		put_member(b, "event_uuid",
			member_text(&l->json, "event_uuid", a));
		records_put_text(b, "raw_payload",
			member_text(&l->json, "raw_payload", a));
	}
	buf_append_char(b, '}');
}
