#include "pipeline/batch.h"

#include "base/clock.h"
#include "base/limits.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/pool.h"
#include "team/team.h"

#define READ_PIECE (256 * 1024)
#define READ_MAX ((size_t)512 * 1024 * 1024)
#define SCRATCH_MAX ((size_t)64 * 1024 * 1024)
/*
 * Memory of a whole batch; one that needs more is done in smaller ones. An
 * event of a browser takes some 15 KB, so this is for events that multiply: a
 * person with large properties stands in every row. A batch of one event may
 * have four times as much.
 */
#define EVENTS_MAX ((size_t)80 * 1024 * 1024) /* decoded, over all ranges */
#define PERSONS_MAX ((size_t)80 * 1024 * 1024)
#define ROWS_MAX ((size_t)64 * 1024 * 1024) /* over all ranges */
#define REST_MAX ((size_t)64 * 1024 * 1024) /* messages of persons and so on */
#define LONE_FACTOR 4
/* What is kept for the next batch: that of a batch of usual events. */
#define EVENTS_KEPT_MAX ((size_t)48 * 1024 * 1024) /* over all ranges */
/* Fewer events than this are not worth another worker. */
#define RANGE_EVENTS_MIN 32
#define RANGES_PER_THREAD 2

void
pipeline_batch_init(struct pipeline_batch *b, struct pipeline *p)
{
	*b = (struct pipeline_batch){.p = p};
	buf_init(&b->bytes, READ_MAX);
	buf_init(&b->scratch, SCRATCH_MAX);
	arena_init(&b->arena, PERSONS_MAX);
	arena_init(&b->turn, PERSONS_MAX);
	for (int i = 0; i < PIPELINE_RANGES_MAX; i++) {
		struct range *r = &b->ranges[i];

		r->b = b;
		arena_init(&r->arena, EVENTS_MAX);
		arena_init(&r->turn, PERSONS_MAX);
		buf_init(&r->scratch, SCRATCH_MAX);
		r->work = (struct event_work){&r->arena, &r->scratch};
		out_init(&r->events, ROWS_MAX);
		out_init(&r->heatmaps, ROWS_MAX);
	}
	out_init(&b->person_out, REST_MAX);
	out_init(&b->id_out, REST_MAX);
	out_init(&b->group_out, REST_MAX);
	out_init(&b->warning_out, REST_MAX);
	out_init(&b->letter_out, REST_MAX);
}

void
pipeline_batch_fini(struct pipeline_batch *b)
{
	pipeline_batch_reset(b);
	buf_fini(&b->bytes);
	buf_fini(&b->scratch);
	arena_fini(&b->arena);
	arena_fini(&b->turn);
	for (int i = 0; i < PIPELINE_RANGES_MAX; i++) {
		struct range *r = &b->ranges[i];

		arena_fini(&r->arena);
		arena_fini(&r->turn);
		buf_fini(&r->scratch);
		out_fini(&r->events);
		out_fini(&r->heatmaps);
	}
	out_fini(&b->person_out);
	out_fini(&b->id_out);
	out_fini(&b->group_out);
	out_fini(&b->warning_out);
	out_fini(&b->letter_out);
}

void
pipeline_batch_reset(struct pipeline_batch *b)
{
	buf_reset(&b->bytes);
	arena_rewind(&b->arena, PIPELINE_KEPT_MAX);
	arena_rewind(&b->turn, PIPELINE_KEPT_MAX);
	for (int i = 0; i < b->n_ranges; i++) {
		arena_rewind(&b->ranges[i].arena,
			EVENTS_KEPT_MAX / (size_t)b->n_ranges);
		arena_rewind(&b->ranges[i].turn,
			PIPELINE_KEPT_MAX / (size_t)b->n_ranges);
	}
	b->items = NULL;
	b->n_items = b->n_ranges = 0;
	for (size_t i = 0; i < ARRAY_LEN(b->n_results); i++)
		b->n_results[i] = 0;
	if (b->teams != NULL)
		team_snapshot_unref(b->teams);
	b->teams = NULL;
	b->is_alone = false;
	b->is_noted = false;
	b->refused = NULL;
}

void
pipeline_batch_shrink(struct pipeline_batch *b)
{
	struct pipeline *p = b->p;

	pipeline_batch_fini(b);
	pipeline_batch_init(b, p);
}

/* Whole record batches in b->bytes: how many records, up to where. */
static int
count_records(struct slice in, int max_events, int *n_batches, int64_t *n,
	struct err *e)
{
	*n = 0;
	*n_batches = 0;
	while (in.len > 0) {
		struct batch_info info;
		int r = batch_peek(in, &info, e);

		if (r != 0)
			return r;
		if (*n_batches > 0 && *n + info.n_records > max_events)
			break;
		*n += info.n_records;
		++*n_batches;
		in.p += info.bytes;
		in.len -= info.bytes;
	}
	return 0;
}

/* Reads rows until there are enough events or bytes, or the log's end. */
static int
read_bytes(struct pipeline_batch *b, int max_events, size_t max_bytes,
	struct err *e)
{
	int64_t at = b->in->next;
	struct store_part_state st;

	store_part_state(b->in->part, &st);
	for (;;) {
		int64_t next;
		int r = store_read(b->in->reader, b->in->part, at, READ_PIECE,
			&b->bytes, &next, e);

		if (r != 0)
			return r;
		if (b->bytes.failed)
			return err_set(
				e, ERR_NO_MEMORY, "no memory to read a batch");
		if (next == at || next >= st.high_watermark ||
			next - b->from >= max_events ||
			b->bytes.len >= max_bytes)
			return 0;
		at = next;
	}
}

/* Records of a compressed batch move to the arena: the inflated bytes are kept
 * as long as the items. */
static int
begin_reader(struct pipeline_batch *b, struct batch_reader *r,
	struct slice batch, struct err *e)
{
	int rc = batch_reader_init(r, batch, &b->scratch, e);
	struct slice kept;

	if (rc != 0 || (r->info.attributes & 7) == BATCH_NONE)
		return rc;
	kept = arena_dup_slice(&b->arena, buf_slice(&b->scratch));
	if (kept.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a batch");
	r->at = kept.p;
	r->end = kept.p + kept.len;
	return 0;
}

static int
add_records(struct pipeline_batch *b, struct batch_reader *r, int max_events,
	struct err *e)
{
	while (b->n_items < max_events) {
		struct batch_record_view rec;
		int rc = batch_next(r, &rec, e);

		if (rc <= 0)
			return rc;
		if (rec.offset < b->from)
			continue;
		b->items[b->n_items++].rec = rec;
		b->next = rec.offset + 1;
	}
	return 0;
}

static int
lay_items(struct pipeline_batch *b, int max_events, struct err *e)
{
	struct slice in = buf_slice(&b->bytes);
	int n_batches, r;
	int64_t n;

	r = count_records(in, max_events, &n_batches, &n, e);
	if (r != 0)
		return r;
	if (n > max_events)
		n = max_events;
	b->items = arena_zalloc(&b->arena, (size_t)n, sizeof(*b->items));
	if (b->items == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a batch");
	for (int i = 0; r == 0 && i < n_batches; i++) {
		struct batch_reader reader;

		r = begin_reader(b, &reader, in, e);
		if (r == 0)
			r = add_records(b, &reader, (int)n, e);
		if (r == 0) {
			in.p += reader.info.bytes;
			in.len -= reader.info.bytes;
			/* Offsets without records (compacted) are passed. */
			if (reader.left == 0)
				b->next = reader.info.base_offset +
					  reader.info.last_offset_delta + 1;
		}
	}
	return r;
}

static void
lay_ranges(struct pipeline_batch *b)
{
	size_t factor = b->n_items == 1 ? LONE_FACTOR : 1;
	int n = b->p->n_threads * RANGES_PER_THREAD;
	int at = 0;

	if (b->p->n_threads == 1)
		n = 1;
	if (n > PIPELINE_RANGES_MAX)
		n = PIPELINE_RANGES_MAX;
	if (n > b->n_items / RANGE_EVENTS_MIN)
		n = b->n_items / RANGE_EVENTS_MIN;
	if (n == 0)
		n = 1;
	b->n_ranges = n;
	b->arena.max_bytes = PERSONS_MAX * factor;
	for (int i = 0; i < n; i++) {
		struct range *r = &b->ranges[i];

		r->arena.max_bytes = EVENTS_MAX * factor / (size_t)n;
		r->turn.max_bytes = PERSONS_MAX * factor / (size_t)n;
		r->events.b.max_bytes = ROWS_MAX * factor / (size_t)n;
		r->heatmaps.b.max_bytes = ROWS_MAX * factor / (size_t)n;
		r->from = at;
		r->to = at = (int)((int64_t)b->n_items * (i + 1) / n);
		r->failed.code = ERR_OK;
		for (int k = 0; k < PIPELINE_RULES_CACHED; k++)
			r->rules[k] = NULL;
	}
}

int
pipeline_batch_read(struct pipeline_batch *b, struct input *in, int max_events,
	size_t max_bytes, struct err *e)
{
	int r;

	pipeline_batch_reset(b);
	b->in = in;
	b->from = b->next = in->next;
	b->began_ns = clock_mono_ns();
	r = read_bytes(b, max_events, max_bytes, e);
	if (r == 0)
		r = lay_items(b, max_events, e);
	if (r != 0)
		return r;
	lay_ranges(b);
	b->teams = team_snapshot_get(b->p->teams);
	in->next = b->next;
	return 0;
}

struct each {
	struct pipeline_batch *b;
	void (*fn)(struct range *r);
};

static void
call_range(void *cookie, int i)
{
	struct each *x = cookie;

	x->fn(&x->b->ranges[i]);
}

int
pipeline_batch_each_range(
	struct pipeline_batch *b, void (*fn)(struct range *r), struct err *e)
{
	struct each x = {b, fn};

	pool_run(b->p->pool, b->n_ranges, call_range, &x);
	for (int i = 0; i < b->n_ranges; i++) {
		if (b->ranges[i].failed.code != ERR_OK) {
			*e = b->ranges[i].failed;
			return -(int)e->code;
		}
	}
	return 0;
}

void
pipeline_item_kill(struct item *it, struct arena *a, enum letter_reason reason,
	const char *step, const struct err *why)
{
	it->fate = ITEM_DEAD;
	it->reason = reason;
	it->step = step;
	it->error = why == NULL ? SLICE_NONE
				: arena_dup_slice(a, slice_str(why->text));
}

bool
pipeline_err_is_final(const struct pipeline_batch *b, const struct err *e)
{
	if (b->is_alone && e->code == ERR_NO_MEMORY)
		return true;
	return err_retry_class(e->code) == ERR_RETRY_NO;
}
