#include "broker/handle.h"

/* ListOffsets and OffsetForLeaderEpoch. Times need reads: the pool's work. */

#define LATEST (-1)
#define EARLIEST (-2)

struct time_item {
	struct bpart *part;
	struct list_offsets_part_resp *out;
	int64_t timestamp;
	struct time_item *next;
};

struct offsets_work {
	struct pool_job job; /* first */
	struct request *r;
	struct list_offsets_resp resp;
	struct time_item *items;
};

/* @thread broker_read */
static void
run_times(struct pool_job *j, struct store_conn *const *readers)
{
	struct offsets_work *w = (struct offsets_work *)(void *)j;

	for (struct time_item *it = w->items; it != NULL; it = it->next) {
		struct err e;

		if (store_offset_for_time(readers[it->part->file_no],
			    it->part->part, it->timestamp, &it->out->offset,
			    &it->out->timestamp, &e) == 0)
			continue;
		it->out->error = KERR_STORAGE;
		it->out->offset = it->out->timestamp = -1;
	}
}

static void
on_times(struct broker *b, struct post *p)
{
	struct offsets_work *w =
		(struct offsets_work *)(void *)((char *)p -
						offsetof(struct offsets_work,
							job.done));
	struct request *r = w->r;

	b->n_outside--;
	for (struct time_item *it = w->items; it != NULL; it = it->next)
		if (it->out->offset < 0) {
			it->out->offset = it->out->timestamp = -1;
			it->out->leader_epoch = -1;
		}
	broker_request_answer(b, r, &w->resp);
	broker_request_unref(b, r);
}

static enum kerr
check_epoch(const struct bpart *p, int32_t epoch)
{
	if (p == NULL)
		return KERR_UNKNOWN_TOPIC;
	return epoch > BROKER_LEADER_EPOCH ? KERR_UNKNOWN_LEADER_EPOCH
					   : KERR_NONE;
}

static bool
take_part(struct broker *b, struct offsets_work *w, struct slice topic,
	const struct list_offsets_part *in, struct list_offsets_part_resp *out)
{
	struct bpart *p = broker_part_find(b, topic, in->index);
	struct store_part_state st;
	struct time_item *it;

	*out = (struct list_offsets_part_resp){.index = in->index,
		.error = (int16_t)check_epoch(p, in->leader_epoch),
		.timestamp = -1,
		.offset = -1,
		.leader_epoch = -1};
	if (out->error != KERR_NONE)
		return true;
	store_part_state(p->part, &st);
	out->leader_epoch = BROKER_LEADER_EPOCH;
	if (in->timestamp == LATEST) {
		out->offset = st.high_watermark;
		return true;
	}
	if (in->timestamp == EARLIEST) {
		out->offset = st.log_start;
		return true;
	}
	if (in->timestamp < 0) {
		out->error = KERR_UNSUPPORTED_VERSION;
		out->leader_epoch = -1;
		return true;
	}
	it = broker_request_alloc(b, w->r, 1, sizeof(*it));
	if (it == NULL)
		return false;
	*it = (struct time_item){p, out, in->timestamp, w->items};
	w->items = it;
	return true;
}

static bool
take_topics(struct broker *b, struct offsets_work *w)
{
	const struct list_offsets_req *req = w->r->body;
	const struct list_offsets_topic *topics = req->topics.items;
	struct list_offsets_topic_resp *out = broker_request_alloc(
		b, w->r, (size_t)req->topics.n + 1, sizeof(*out));

	if (out == NULL)
		return false;
	w->resp.topics = (struct wire_array){out, req->topics.n};
	for (int32_t i = 0; i < req->topics.n; i++) {
		const struct list_offsets_part *parts = topics[i].parts.items;
		struct list_offsets_part_resp *rows = broker_request_alloc(
			b, w->r, (size_t)topics[i].parts.n + 1, sizeof(*rows));

		if (rows == NULL)
			return false;
		out[i].name = topics[i].name;
		out[i].parts = (struct wire_array){rows, topics[i].parts.n};
		for (int32_t p = 0; p < topics[i].parts.n; p++)
			if (!take_part(
				    b, w, topics[i].name, &parts[p], &rows[p]))
				return false;
	}
	return true;
}

void
broker_handle_list_offsets(struct broker *b, struct request *r)
{
	struct offsets_work *w = broker_request_alloc(b, r, 1, sizeof(*w));

	if (w == NULL)
		return;
	w->r = r;
	w->job.run = run_times;
	w->job.done.fn = on_times;
	if (!take_topics(b, w))
		return;
	if (w->items == NULL || !broker_pool_put(b, &w->job)) {
		broker_request_answer(b, r, &w->resp);
		return;
	}
	b->n_outside++;
	broker_request_ref(r);
}

/* Every batch is of epoch 0: it ends at the high watermark. */
static void
fill_epoch(struct broker *b, struct slice topic, const struct epoch_part *in,
	struct epoch_part_resp *out)
{
	struct bpart *p = broker_part_find(b, topic, in->index);
	struct store_part_state st;

	*out = (struct epoch_part_resp){
		.error = (int16_t)check_epoch(p, in->current_epoch),
		.index = in->index,
		.epoch = -1,
		.end_offset = -1};
	if (out->error != KERR_NONE || in->epoch != BROKER_LEADER_EPOCH)
		return;
	store_part_state(p->part, &st);
	out->epoch = BROKER_LEADER_EPOCH;
	out->end_offset = st.high_watermark;
}

void
broker_handle_epoch(struct broker *b, struct request *r)
{
	const struct epoch_req *req = r->body;
	const struct epoch_topic *topics = req->topics.items;
	struct epoch_resp resp = {0};
	struct epoch_topic_resp *out = broker_request_alloc(
		b, r, (size_t)req->topics.n + 1, sizeof(*out));

	if (out == NULL)
		return;
	resp.topics = (struct wire_array){out, req->topics.n};
	for (int32_t i = 0; i < req->topics.n; i++) {
		const struct epoch_part *parts = topics[i].parts.items;
		struct epoch_part_resp *rows = broker_request_alloc(
			b, r, (size_t)topics[i].parts.n + 1, sizeof(*rows));

		if (rows == NULL)
			return;
		out[i].name = topics[i].name;
		out[i].parts = (struct wire_array){rows, topics[i].parts.n};
		for (int32_t p = 0; p < topics[i].parts.n; p++)
			fill_epoch(b, topics[i].name, &parts[p], &rows[p]);
	}
	broker_request_answer(b, r, &resp);
}
