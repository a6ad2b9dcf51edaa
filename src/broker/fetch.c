#include "broker/fetch.h"

#include "base/hash.h"
#include "broker/handle.h"
#include "stats/stats.h"
#include "topic/batch.h"

#define RESPONSE_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define RESPONSE_BYTES_SHORT ((size_t)1024 * 1024) /* when memory is short */
#define MEMORY_WAIT_NS (20 * TIMER_MS)
#define VERSION_OF_ZSTD 10

static void step(struct broker *b, struct fetch *f);

void
broker_fetch_free(void *cookie)
{
	struct fetch *f = cookie;

	for (uint32_t i = 0; i < f->n_items; i++)
		buf_fini(&f->items[i].records);
}

static void
set_error(struct fetch *f, struct fetch_item *it, enum kerr k)
{
	it->out->error = (int16_t)k;
	it->is_full = true;
	f->has_error = true;
}

/* A codec that this version's clients may not know. */
static bool
has_zstd(struct slice in)
{
	struct batch_info h;
	struct err e;

	while (in.len > 0 && batch_peek(in, &h, &e) == 0) {
		if ((h.attributes & 7) == BATCH_ZSTD)
			return true;
		in = slice_of(in.p + h.bytes, in.len - h.bytes);
	}
	return false;
}

static void
answer(struct broker *b, struct fetch *f)
{
	size_t charged = 0;

	for (uint32_t i = 0; i < f->n_items; i++) {
		struct fetch_item *it = &f->items[i];

		it->out->high_watermark = it->state.high_watermark;
		it->out->last_stable = it->state.high_watermark;
		it->out->log_start = it->state.log_start;
		it->out->records = buf_slice(&it->records);
		charged += it->records.cap;
		if (f->r->version < VERSION_OF_ZSTD &&
			has_zstd(it->out->records)) {
			it->out->error = KERR_UNSUPPORTED_CODEC;
			it->out->records.len = 0;
		}
	}
	stats_add(STATS_BROKER_FETCHED_BYTES, 0, f->total);
	broker_mem_force(b, charged);
	f->r->charged += charged;
	f->r->max_pieces = f->n_items;
	broker_request_answer(b, f->r, &f->resp);
}

/* One item, on the pool. What does not fit is given back, except the first
 * batch of the whole answer. */
static void
read_item(struct fetch *f, struct fetch_item *it,
	struct store_conn *const *readers)
{
	size_t before = it->records.len;
	size_t room = f->max_bytes > f->total ? f->max_bytes - f->total : 0;
	size_t part_room = it->max_bytes > before ? it->max_bytes - before : 0;
	size_t limit = room < part_room ? room : part_room;
	int64_t next = it->next;

	if (it->is_full || (limit == 0 && f->total > 0)) {
		it->is_full = true;
		return;
	}
	it->result.code = ERR_OK;
	if (store_read(readers[it->part->file_no], it->part->part, it->next,
		    limit, &it->records, &next, &it->result) != 0)
		return;
	if (it->records.failed) {
		buf_reset(&it->records);
		f->total -= before;
		it->result.code = ERR_NO_MEMORY;
		return;
	}
	if (it->records.len - before > limit && f->total > 0) {
		it->records.len = before;
		it->is_full = true;
		return;
	}
	f->total += it->records.len - before;
	it->is_full = next == it->next; /* nothing there: do not ask again */
	it->next = next;
}

/* @thread broker_read */
static void
run_read(struct pool_job *j, struct store_conn *const *readers)
{
	struct fetch *f = (struct fetch *)(void *)j;

	for (uint32_t i = 0; i < f->n_items; i++) {
		struct fetch_item *it = &f->items[i];

		if (it->next < it->state.high_watermark)
			read_item(f, it, readers);
		/* After the read: never below what was read. */
		store_part_state(it->part->part, &it->state);
	}
}

static enum kerr
kerr_of_read(enum err_code code)
{
	if (code == ERR_NOT_FOUND)
		return KERR_OFFSET_OUT_OF_RANGE;
	if (code == ERR_CORRUPT)
		return KERR_CORRUPT;
	return KERR_STORAGE;
}

static bool
is_enough(const struct fetch *f)
{
	return f->total >= f->min_bytes || f->has_error ||
	       f->total >= f->max_bytes || broker_now_ns() >= f->deadline_ns ||
	       f->b->is_stopping;
}

static void
on_read(struct broker *b, struct post *p)
{
	struct fetch *f =
		(struct fetch *)(void *)((char *)p -
					 offsetof(struct fetch, job.done));
	struct request *r = f->r;

	b->n_outside--;
	f->is_reading = false;
	broker_mem_give(b, f->reserved);
	for (uint32_t i = 0; i < f->n_items; i++)
		if (f->items[i].result.code != ERR_OK) {
			set_error(f, &f->items[i],
				kerr_of_read(f->items[i].result.code));
			f->items[i].result.code = ERR_OK;
		}
	if (r->conn != NULL) {
		if (is_enough(f))
			answer(b, f);
		else
			step(b, f);
	}
	broker_request_unref(b, r);
}

static bool
has_records(struct fetch *f)
{
	bool any = false;

	for (uint32_t i = 0; i < f->n_items; i++) {
		struct fetch_item *it = &f->items[i];

		store_part_state(it->part->part, &it->state);
		any |= !it->is_full && it->next < it->state.high_watermark;
	}
	return any;
}

static void
unpark(struct broker *b, struct fetch *f)
{
	if (!f->is_parked)
		return;
	f->is_parked = false;
	broker_timer_stop(&b->timers, &f->r->timer);
	atomic_fetch_sub_explicit(&b->n_parked, 1, memory_order_seq_cst);
	for (uint32_t i = 0; i < f->n_items; i++) {
		struct wait *w = &f->items[i].wait;

		if (w->part == NULL)
			continue;
		if (w->prev != NULL)
			w->prev->next = w->next;
		else
			w->part->waits = w->next;
		if (w->next != NULL)
			w->next->prev = w->prev;
		w->part = NULL;
	}
}

static void
on_deadline(struct broker *b, struct timer *t)
{
	struct request *r = TIMER_OWNER(t, struct request, timer);
	struct fetch *f = r->work;

	unpark(b, f);
	if (broker_now_ns() >= f->deadline_ns)
		answer(b, f);
	else
		step(b, f);
}

static void
abort_fetch(struct broker *b, struct request *r)
{
	unpark(b, r->work);
}

/* Waits for records until the deadline, or for memory. */
static void
park(struct broker *b, struct fetch *f, bool for_memory)
{
	int64_t at_ns = f->deadline_ns;

	f->is_parked = true;
	atomic_fetch_add_explicit(&b->n_parked, 1, memory_order_seq_cst);
	for (uint32_t i = 0; i < f->n_items && !for_memory; i++) {
		struct wait *w = &f->items[i].wait;

		w->request = f->r;
		w->part = f->items[i].part;
		w->prev = NULL;
		w->next = w->part->waits;
		if (w->next != NULL)
			w->next->prev = w;
		w->part->waits = w;
	}
	if (for_memory && broker_now_ns() + MEMORY_WAIT_NS < at_ns)
		at_ns = broker_now_ns() + MEMORY_WAIT_NS;
	f->r->timer.fn = on_deadline;
	broker_timer_set(&b->timers, &f->r->timer, at_ns);
}

/* Most that a read may bring, so that memory is taken before it is used. */
static size_t
expected_bytes(const struct fetch *f)
{
	size_t n = 0;

	for (uint32_t i = 0; i < f->n_items; i++) {
		const struct fetch_item *it = &f->items[i];
		size_t most = (size_t)it->state.bytes;

		if (!it->is_full && it->next < it->state.high_watermark)
			n += most < it->max_bytes ? most : it->max_bytes;
	}
	return n < f->max_bytes ? n : f->max_bytes;
}

/* Large answers only while memory is plenty, so that clients that do not read
 * theirs leave room for others. false: even a short one has to wait. */
static bool
reserve(struct broker *b, struct fetch *f)
{
	size_t cap = b->mem_used > b->mem_max / 4 ? RESPONSE_BYTES_SHORT
						  : RESPONSE_BYTES_MAX;

	if (b->mem_used > b->mem_max + BROKER_SMALL_RESERVE_BYTES)
		return false;
	if (f->max_bytes > cap)
		f->max_bytes = cap;
	f->reserved = expected_bytes(f);
	broker_mem_force(b, f->reserved);
	return true;
}

static void
dispatch(struct broker *b, struct fetch *f)
{
	if (!reserve(b, f)) {
		park(b, f, true);
		return;
	}
	f->is_reading = true;
	f->job.run = run_read;
	f->job.done.fn = on_read;
	if (!broker_pool_put(b, &f->job)) {
		f->is_reading = false;
		broker_mem_give(b, f->reserved);
		answer(b, f);
		return;
	}
	b->n_outside++;
	broker_request_ref(f->r);
}

static void
step(struct broker *b, struct fetch *f)
{
	if (has_records(f)) {
		dispatch(b, f);
		return;
	}
	if (is_enough(f)) {
		answer(b, f);
		return;
	}
	park(b, f, false);
	/* A commit between the look and the parking told nobody. */
	if (has_records(f)) {
		unpark(b, f);
		dispatch(b, f);
	}
}

void
broker_fetch_wake(struct broker *b, struct store_part *sp)
{
	struct map_node *n =
		broker_map_get(&b->store_parts, hash_key(&sp, sizeof(sp)));
	struct wait *w;

	while (n != NULL && MAP_OWNER(n, struct bpart, by_store)->part != sp)
		n = broker_map_get_next(n);
	if (n == NULL)
		return;
	w = MAP_OWNER(n, struct bpart, by_store)->waits;
	while (w != NULL) {
		struct fetch *f = w->request->work;

		w = w->next;
		if (has_records(f)) {
			unpark(b, f);
			dispatch(b, f);
			w = MAP_OWNER(n, struct bpart, by_store)->waits;
		}
	}
}

void
broker_fetch_wake_all(struct broker *b)
{
	for (struct btopic *t = b->all_topics; t != NULL; t = t->next)
		for (int32_t i = 0; i < t->n_parts; i++)
			if (t->parts[i].waits != NULL)
				broker_fetch_wake(b, t->parts[i].part);
}

void
broker_fetch_stop(struct broker *b)
{
	for (struct conn *c = b->conns; c != NULL; c = c->next)
		for (struct request *r = c->first; r != NULL; r = r->next) {
			struct fetch *f = r->work;

			if (r->api->start != broker_handle_fetch ||
				r->state != REQUEST_STARTED || f == NULL ||
				!f->is_parked)
				continue;
			unpark(b, f);
			answer(b, f);
		}
}

void
broker_fetch_begin(struct broker *b, struct fetch *f)
{
	f->r->abort = abort_fetch;
	step(b, f);
}
