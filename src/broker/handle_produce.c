#include "broker/handle.h"

#include "base/clock.h"
#include "base/log.h"
#include "broker/catalog.h"
#include "broker/produce.h"
#include "stats/stats.h"

#define VERSION_MIN 3 /* older ones carry old message sets */
#define RETRY_NS (5 * TIMER_MS)
#define TIMEOUT_MS_MAX 600000

struct produce_work {
	struct produce_resp resp;
	uint32_t n_left;
	bool has_error;
	int16_t acks;
};

static void
finish(struct broker *b, struct request *r, struct produce_work *w)
{
	if (r->state == REQUEST_ANSWERED)
		return;
	if (w->acks != 0) {
		broker_request_answer(b, r, &w->resp);
		return;
	}
	if (w->has_error) {
		broker_request_fail(b, r, "a Produce without acks failed");
		return;
	}
	broker_request_answer_none(b, r);
}

static enum kerr
outcome(const struct append *a)
{
	if (a->result.code == ERR_OK || a->kerr != KERR_NONE)
		return a->kerr;
	return broker_kerr_of(a->result.code);
}

static void
complete(struct broker *b, struct append *a)
{
	struct request *r = a->r;
	struct produce_work *w = r->work;
	enum kerr k = outcome(a);

	if (k == KERR_NONE) {
		struct store_part_state st;

		store_part_state(a->part->part, &st);
		a->out->base_offset = a->sa.base_offset;
		a->out->log_append_time = a->append_time_ms;
		a->out->log_start = st.log_start;
		stats_add(STATS_BROKER_PRODUCED_BYTES, 0, a->sa.len);
	} else {
		w->has_error = true;
	}
	a->out->error = (int16_t)k;
	if (--w->n_left == 0)
		finish(b, r, w);
	broker_request_unref(b, r);
}

static void
on_post(struct broker *b, struct post *p)
{
	struct append *a =
		(struct append *)(void *)((char *)p -
					  offsetof(struct append, post));

	b->n_outside--;
	complete(b, a);
}

/* @thread store */
static void
on_done(struct store_job *j, const struct err *result)
{
	struct append *a = (struct append *)(void *)j;

	a->result = *result;
	broker_post(a->b, &a->post);
}

/* false: the queue is full. */
static bool
submit(struct broker *b, struct append *a)
{
	struct err e = {0};
	int r;

	if (a->pid >= 0)
		r = store_submit(a->part->file, &a->sa.job, &e);
	else
		r = store_submit_append(a->part->file, &a->sa, &e);
	if (r == -ERR_BUSY)
		return false;
	if (r == 0) {
		b->n_outside++;
		return true;
	}
	a->result = e;
	complete(b, a);
	return true;
}

static void
on_retry(struct broker *b, struct timer *t)
{
	struct append *a;

	while ((a = b->retry) != NULL) {
		struct append *next = a->next;

		if (a->r->state == REQUEST_ANSWERED || a->r->conn == NULL) {
			/* Given up meanwhile: nothing was done. */
			b->retry = next;
			broker_request_unref(b, a->r);
			continue;
		}
		if (!submit(b, a))
			break;
		b->retry = next;
	}
	if (b->retry == NULL)
		b->retry_last = &b->retry;
	if (b->retry != NULL)
		broker_timer_set(&b->timers, t, broker_now_ns() + RETRY_NS);
}

static void
submit_in_order(struct broker *b, struct append *a)
{
	if (b->retry == NULL && submit(b, a))
		return;
	a->next = NULL;
	*b->retry_last = a;
	b->retry_last = &a->next;
	if (!broker_timer_is_on(&b->retry_timer)) {
		b->retry_timer.fn = on_retry;
		broker_timer_set(&b->timers, &b->retry_timer,
			broker_now_ns() + RETRY_NS);
	}
}

static void
on_timeout(struct broker *b, struct timer *t)
{
	struct request *r = TIMER_OWNER(t, struct request, timer);
	struct produce_work *w = r->work;

	/* What is still under way keeps the code it was given at first. */
	w->has_error = true;
	finish(b, r, w);
}

static enum kerr
find_part(struct broker *b, struct slice name, int32_t idx, struct bpart **out,
	const char **why)
{
	struct bpart *p = broker_part_find(b, name, idx);

	if (p == NULL)
		return KERR_UNKNOWN_TOPIC;
	*why = "this topic is Sluice's own: see kafka.allow_produce";
	if (!broker_topic_is_writable(b, p->topic))
		return KERR_TOPIC_DENIED;
	*why = "the partition is named twice";
	if (p->produce_serial == b->produce_serial)
		return KERR_INVALID_REQUEST;
	*why = "kafka.max_bytes is reached";
	if (b->is_full && p->file_no == TOPIC_BROKER)
		return KERR_STORAGE;
	p->produce_serial = b->produce_serial;
	*out = p;
	*why = NULL;
	return KERR_NONE;
}

static enum kerr
begin_part(struct broker *b, struct request *r, const struct produce_topic *t,
	const struct produce_part *in, struct append *a, const char **why)
{
	const struct produce_req *req = r->body;
	struct batch_info h;
	struct bpart *p;
	enum kerr k;

	*why = "Produce 0 to 2 (old message sets) is not served";
	if (r->version < VERSION_MIN)
		return KERR_UNSUPPORTED_VERSION;
	*why = "acks is -1, 0 or 1";
	if (req->acks < -1 || req->acks > 1)
		return KERR_INVALID_ACKS;
	*why = NULL;
	k = find_part(b, t->name, in->index, &p, why);
	if (k == KERR_NONE)
		k = broker_produce_check(p->topic, r->version,
			req->transactional_id.p != NULL, in->records, &h, why);
	if (k != KERR_NONE)
		return k;
	a->sa = (struct store_append){
		.job = {.bytes = in->records.len, .done = on_done},
		.part = p->part,
		/* The frame is ours to write to. */
		.batches = r->frame + (in->records.p - r->frame),
		.len = in->records.len,
		.n_records = h.n_records,
		.max_ts_ms = h.max_ts};
	a->part = p;
	a->pid = h.producer_id;
	a->epoch = h.producer_epoch;
	a->first_seq = h.base_sequence;
	a->append_time_ms = -1;
	if (p->topic->log_append_time) {
		a->append_time_ms = clock_now_us() / 1000;
		a->sa.max_ts_ms = a->append_time_ms;
		broker_produce_stamp(
			a->sa.batches, a->sa.len, a->append_time_ms);
	}
	if (a->pid >= 0)
		a->sa.job.run = broker_producer_run;
	return KERR_NONE;
}

/* One partition: its answer's row, and its append if it is good. */
static bool
take_part(struct broker *b, struct request *r, const struct produce_topic *t,
	const struct produce_part *in, struct produce_part_resp *out)
{
	struct produce_work *w = r->work;
	struct append *a = broker_request_alloc(b, r, 1, sizeof(*a));
	const char *why = NULL;
	enum kerr k;

	if (a == NULL)
		return false;
	*out = (struct produce_part_resp){.index = in->index,
		.base_offset = -1,
		.log_append_time = -1,
		.log_start = -1};
	k = begin_part(b, r, t, in, a, &why);
	if (k != KERR_NONE) {
		out->error = (int16_t)k;
		out->message = slice_str(why);
		w->has_error = true;
		return true;
	}
	a->b = b;
	a->r = r;
	a->out = out;
	a->post.fn = on_post;
	out->error = KERR_TIMED_OUT; /* until it is known */
	w->n_left++;
	broker_request_ref(r);
	submit_in_order(b, a);
	return true;
}

static bool
take_topic(struct broker *b, struct request *r, const struct produce_topic *in,
	struct produce_topic_resp *out)
{
	const struct produce_part *parts = in->parts.items;
	struct produce_part_resp *rows = broker_request_alloc(
		b, r, (size_t)in->parts.n + 1, sizeof(*rows));

	if (rows == NULL)
		return false;
	out->name = in->name;
	out->parts = (struct wire_array){rows, in->parts.n};
	for (int32_t i = 0; i < in->parts.n; i++)
		if (!take_part(b, r, in, &parts[i], &rows[i]))
			return false;
	return true;
}

void
broker_handle_produce(struct broker *b, struct request *r)
{
	const struct produce_req *req = r->body;
	const struct produce_topic *topics = req->topics.items;
	struct produce_work *w = broker_request_alloc(b, r, 1, sizeof(*w));
	struct produce_topic_resp *out = broker_request_alloc(
		b, r, (size_t)req->topics.n + 1, sizeof(*out));
	int64_t timeout_ms = req->timeout_ms;

	if (w == NULL || out == NULL)
		return;
	r->work = w;
	w->acks = req->acks;
	w->resp.topics = (struct wire_array){out, req->topics.n};
	w->n_left = 1; /* so that none finishes before all have begun */
	b->produce_serial++;
	for (int32_t i = 0; i < req->topics.n; i++)
		if (!take_topic(b, r, &topics[i], &out[i]))
			break;
	if (--w->n_left == 0) {
		finish(b, r, w);
		return;
	}
	if (timeout_ms < 1 || timeout_ms > TIMEOUT_MS_MAX)
		timeout_ms = TIMEOUT_MS_MAX;
	r->timer.fn = on_timeout;
	broker_timer_set(
		&b->timers, &r->timer, broker_now_ns() + timeout_ms * TIMER_MS);
}
