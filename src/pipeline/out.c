#include "pipeline/out.h"

#include "base/limits.h"

/* A batch with so little room left is closed before the next record. */
#define ROOM_LEAST (32 * 1024)

void
out_init(struct out *o, size_t max_bytes)
{
	*o = (struct out){0};
	buf_init(&o->b, max_bytes);
	buf_init(&o->spare, max_bytes);
}

void
out_fini(struct out *o)
{
	buf_fini(&o->b);
	buf_fini(&o->spare);
}

void
out_reset(struct out *o, enum batch_codec codec, int64_t ts_ms)
{
	buf_reset(&o->b);
	o->codec = codec;
	o->ts_ms = ts_ms;
	o->n_records = 0;
	o->is_open = false;
	o->failed.code = ERR_OK;
}

static void
close_batch(struct out *o)
{
	struct err e;

	if (!o->is_open)
		return;
	o->is_open = false;
	if (batch_end(&o->w, o->codec, &e) != 0 && o->failed.code == ERR_OK)
		o->failed = e;
}

struct buf *
out_begin(struct out *o, size_t key_len_max)
{
	if (o->is_open && o->w.n > 0 &&
		batch_bytes(&o->w) + ROOM_LEAST > LIMIT_BATCH_BYTES)
		close_batch(o);
	if (!o->is_open) {
		batch_begin(&o->w, &o->b, o->ts_ms);
		o->is_open = true;
	}
	batch_value_begin(&o->w, key_len_max);
	return &o->b;
}

size_t
out_value_len(const struct out *o)
{
	return batch_value_len(&o->w);
}

/* Moves the record begun into a batch of its own. */
static void
move_to_new_batch(struct out *o, size_t key_len)
{
	buf_reset(&o->spare);
	buf_append(&o->spare, o->b.p + o->w.value_start, out_value_len(o));
	batch_value_cancel(&o->w);
	close_batch(o);
	batch_begin(&o->w, &o->b, o->ts_ms);
	o->is_open = true;
	batch_value_begin(&o->w, key_len);
	if (o->spare.failed)
		o->b.failed = true; /* so that out_finish tells */
	buf_append_slice(&o->b, buf_slice(&o->spare));
}

void
out_end(struct out *o, struct slice key, const struct batch_header_kv *headers,
	uint32_t n_headers)
{
	out_end_at(o, o->ts_ms, key, headers, n_headers);
}

void
out_end_at(struct out *o, int64_t ts_ms, struct slice key,
	const struct batch_header_kv *headers, uint32_t n_headers)
{
	size_t tail = key.len;

	for (uint32_t i = 0; i < n_headers; i++)
		tail += headers[i].key.len + headers[i].value.len + 10;
	if (!o->b.failed && o->w.n > 0 &&
		batch_bytes(&o->w) + tail > LIMIT_BATCH_BYTES)
		move_to_new_batch(o, key.len);
	if (o->w.n == 0)
		o->w.base_ts = ts_ms; /* by definition that of the first */
	batch_value_end(&o->w, ts_ms, key, headers, n_headers);
	o->n_records++;
}

void
out_cancel(struct out *o)
{
	batch_value_cancel(&o->w);
}

int
out_finish(struct out *o, struct err *e)
{
	close_batch(o);
	if (o->failed.code != ERR_OK) {
		*e = o->failed;
		return -(int)e->code;
	}
	if (o->b.failed)
		return err_set(e, ERR_NO_MEMORY,
			"no memory for %u output records", o->n_records);
	return 0;
}
