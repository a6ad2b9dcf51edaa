#include "broker/handle.h"

#include "broker/fetch.h"

/* Fetch: from the request to the items that fetch.c reads. */

#define WAIT_MS_MAX 60000
#define RECORDS_BYTES_MAX ((size_t)128 * 1024 * 1024)
#define VERSION_OF_IDS 13

static struct btopic *
topic_of(struct broker *b, const struct request *r, const struct fetch_topic *t)
{
	if (r->version >= VERSION_OF_IDS)
		return broker_topic_find_id(b, &t->id);
	return broker_topic_find(b, t->name);
}

static enum kerr
check_part(struct broker *b, const struct request *r,
	const struct fetch_topic *t, const struct fetch_part *in,
	struct fetch_item *it)
{
	struct btopic *topic = topic_of(b, r, t);

	if (topic == NULL || topic->state != TOPIC_LIVE)
		return r->version >= VERSION_OF_IDS ? KERR_UNKNOWN_TOPIC_ID
						    : KERR_UNKNOWN_TOPIC;
	if (in->index < 0 || in->index >= topic->n_parts)
		return KERR_UNKNOWN_TOPIC;
	if (in->leader_epoch > BROKER_LEADER_EPOCH)
		return KERR_UNKNOWN_LEADER_EPOCH;
	it->part = &topic->parts[in->index];
	store_part_state(it->part->part, &it->state);
	if (in->offset < it->state.log_start ||
		in->offset > it->state.high_watermark)
		return KERR_OFFSET_OUT_OF_RANGE;
	it->next = in->offset;
	it->max_bytes = in->max_bytes < 0 ? 0 : (size_t)in->max_bytes;
	return KERR_NONE;
}

/* The answer's row of one partition, and its item unless it has an error. */
static void
add_part(struct broker *b, struct fetch *f, const struct fetch_topic *t,
	const struct fetch_part *in, struct fetch_part_resp *out)
{
	const struct fetch_req *req = f->r->body;
	struct fetch_item *it = &f->items[f->n_items];
	enum kerr k;

	*out = (struct fetch_part_resp){.index = in->index,
		.high_watermark = -1,
		.last_stable = -1,
		.log_start = -1,
		.aborted = {NULL, req->isolation == 1 ? 0 : -1},
		.preferred_replica = -1,
		.records = SLICE_LIT("")};
	k = check_part(b, f->r, t, in, it);
	if (k == KERR_NONE) {
		it->out = out;
		buf_init(&it->records, RECORDS_BYTES_MAX);
		f->n_items++;
		return;
	}
	out->error = (int16_t)k;
	f->has_error = true;
	if (k == KERR_OFFSET_OUT_OF_RANGE) {
		out->high_watermark = it->state.high_watermark;
		out->last_stable = it->state.high_watermark;
		out->log_start = it->state.log_start;
	}
	*it = (struct fetch_item){0};
}

static bool
add_topics(struct broker *b, struct fetch *f)
{
	const struct fetch_req *req = f->r->body;
	const struct fetch_topic *topics = req->topics.items;
	struct fetch_topic_resp *out = broker_request_alloc(
		b, f->r, (size_t)req->topics.n + 1, sizeof(*out));
	size_t n = 1;

	for (int32_t i = 0; i < req->topics.n; i++)
		n += (size_t)topics[i].parts.n;
	f->items = broker_request_alloc(b, f->r, n, sizeof(*f->items));
	if (out == NULL || f->items == NULL ||
		arena_on_free(&f->r->arena, broker_fetch_free, f) != 0)
		return false;
	f->resp.topics = (struct wire_array){out, req->topics.n};
	for (int32_t i = 0; i < req->topics.n; i++) {
		const struct fetch_part *parts = topics[i].parts.items;
		struct fetch_part_resp *rows = broker_request_alloc(
			b, f->r, (size_t)topics[i].parts.n + 1, sizeof(*rows));

		if (rows == NULL)
			return false;
		out[i].name = topics[i].name;
		out[i].id = topics[i].id;
		out[i].parts = (struct wire_array){rows, topics[i].parts.n};
		for (int32_t p = 0; p < topics[i].parts.n; p++)
			add_part(b, f, &topics[i], &parts[p], &rows[p]);
	}
	return true;
}

void
broker_handle_fetch(struct broker *b, struct request *r)
{
	const struct fetch_req *req = r->body;
	struct fetch *f = broker_request_alloc(b, r, 1, sizeof(*f));
	int64_t wait_ms = req->max_wait_ms;

	if (f == NULL)
		return;
	if (req->replica >= 0) {
		broker_request_fail(b, r, "a follower asks: not served");
		return;
	}
	r->work = f;
	f->b = b;
	f->r = r;
	if (req->session_id != 0 && req->session_epoch > 0) {
		/* Sessions are never given out (spec kafka 4.5). */
		f->resp.error = KERR_FETCH_SESSION_UNKNOWN;
		broker_request_answer(b, r, &f->resp);
		return;
	}
	wait_ms = wait_ms < 0 ? 0 : wait_ms;
	wait_ms = wait_ms > WAIT_MS_MAX ? WAIT_MS_MAX : wait_ms;
	f->deadline_ns = broker_now_ns() + wait_ms * TIMER_MS;
	f->min_bytes = req->min_bytes < 0 ? 0 : (size_t)req->min_bytes;
	f->max_bytes = req->max_bytes < 0 ? 0 : (size_t)req->max_bytes;
	if (!add_topics(b, f)) {
		broker_request_fail(b, r, "no memory for a Fetch");
		return;
	}
	if (f->n_items == 0)
		f->has_error = true; /* nothing to wait for */
	broker_fetch_begin(b, f);
}
