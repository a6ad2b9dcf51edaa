#include "topic/batch.h"

#include <string.h>

#include "base/hash.h"
#include "base/zip.h"
#include "topic/batch_layout.h"
#include "topic/wire.h"

/* A prefix without its key: length 5, attributes 1, time 10, offset 5, key
 * length 5, value length 5. */
#define PREFIX_MAX 31

static size_t
bytes_field_len(struct slice s)
{
	if (s.p == NULL)
		return 1;
	return wire_varint_len((int64_t)s.len) + s.len;
}

static char *
put_bytes(char *p, struct slice s)
{
	if (s.p == NULL)
		return wire_put_varint(p, -1);
	p = wire_put_varint(p, (int64_t)s.len);
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	return p + s.len;
}

static size_t
headers_len(const struct batch_header_kv *h, uint32_t n)
{
	size_t len = wire_varint_len(n);

	for (uint32_t i = 0; i < n; i++)
		len += wire_varint_len((int64_t)h[i].key.len) + h[i].key.len +
		       bytes_field_len(h[i].value);
	return len;
}

static char *
put_headers(char *p, const struct batch_header_kv *h, uint32_t n)
{
	p = wire_put_varint(p, n);
	for (uint32_t i = 0; i < n; i++) {
		p = wire_put_varint(p, (int64_t)h[i].key.len);
		if (h[i].key.len > 0)
			memcpy(p, h[i].key.p, h[i].key.len);
		p = put_bytes(p + h[i].key.len, h[i].value);
	}
	return p;
}

void
batch_begin(struct batch_writer *w, struct buf *b, int64_t base_ts_ms)
{
	*w = (struct batch_writer){
		.b = b,
		.start = b->len,
		.base_ts = base_ts_ms,
		.max_ts = base_ts_ms,
	};
	if (buf_reserve(b, BATCH_HEADER_BYTES) != NULL)
		b->len += BATCH_HEADER_BYTES;
}

/* Everything of a record before its value's bytes. */
struct prefix {
	int64_t body_len; /* after the length field */
	int64_t ts_delta, offset_delta;
	struct slice key;
	int64_t value_len; /* -1: null */
	size_t len;
};

static void
measure_prefix(struct prefix *x, const struct batch_writer *w, int64_t ts_ms,
	struct slice key, int64_t value_len, size_t tail_len)
{
	x->ts_delta = (int64_t)((uint64_t)ts_ms - (uint64_t)w->base_ts);
	x->offset_delta = w->n;
	x->key = key;
	x->value_len = value_len;
	x->len = 1 + wire_varint_len(x->ts_delta) +
		 wire_varint_len(x->offset_delta) + bytes_field_len(key) +
		 wire_varint_len(value_len);
	x->body_len = (int64_t)x->len + (value_len > 0 ? value_len : 0) +
		      (int64_t)tail_len;
	x->len += wire_varint_len(x->body_len);
}

static char *
put_prefix(char *p, const struct prefix *x)
{
	p = wire_put_varint(p, x->body_len);
	*p++ = 0;
	p = wire_put_varint(p, x->ts_delta);
	p = wire_put_varint(p, x->offset_delta);
	p = put_bytes(p, x->key);
	return wire_put_varint(p, x->value_len);
}

static void
count_record(struct batch_writer *w, int64_t ts_ms)
{
	if (w->n == 0 || ts_ms > w->max_ts)
		w->max_ts = ts_ms;
	w->n++;
}

void
batch_record(struct batch_writer *w, int64_t ts_ms, struct slice key,
	struct slice value, const struct batch_header_kv *headers,
	uint32_t n_headers)
{
	size_t tail = headers_len(headers, n_headers);
	size_t value_len = value.p == NULL ? 0 : value.len;
	struct prefix x;
	char *p, *start;

	measure_prefix(&x, w, ts_ms, key,
		value.p == NULL ? -1 : (int64_t)value.len, tail);
	start = p = buf_reserve(w->b, x.len + value_len + tail);
	if (p == NULL)
		return;
	p = put_prefix(p, &x);
	if (value_len > 0)
		memcpy(p, value.p, value_len);
	p = put_headers(p + value_len, headers, n_headers);
	w->b->len += (size_t)(p - start);
	count_record(w, ts_ms);
}

void
batch_value_begin(struct batch_writer *w, size_t key_len_max)
{
	struct buf *b = w->b;

	w->value_room = PREFIX_MAX + key_len_max;
	if (buf_reserve(b, w->value_room) != NULL)
		b->len += w->value_room;
	w->value_start = b->len;
}

size_t
batch_value_len(const struct batch_writer *w)
{
	return w->b->failed ? 0 : w->b->len - w->value_start;
}

/* Makes the gap before the value at least need bytes. */
static bool
widen_gap(struct batch_writer *w, size_t need)
{
	struct buf *b = w->b;
	size_t len = batch_value_len(w);
	size_t more;

	if (need <= w->value_room)
		return true;
	more = need - w->value_room;
	if (buf_reserve(b, more) == NULL)
		return false;
	memmove(b->p + w->value_start + more, b->p + w->value_start, len);
	b->len += more;
	w->value_start += more;
	w->value_room = need;
	return true;
}

void
batch_value_end(struct batch_writer *w, int64_t ts_ms, struct slice key,
	const struct batch_header_kv *headers, uint32_t n_headers)
{
	struct buf *b = w->b;
	size_t tail = headers_len(headers, n_headers);
	size_t value_len = batch_value_len(w), gap;
	struct prefix x;
	char *p;

	if (b->failed)
		return;
	measure_prefix(&x, w, ts_ms, key, (int64_t)value_len, tail);
	if (!widen_gap(w, x.len) || buf_reserve(b, tail) == NULL)
		return;
	/* topic-4. The prefix goes right before the value, then both down
	 * together, so that a key inside the value is still read where it
	 * was. */
	p = b->p + w->value_start - x.len;
	put_prefix(p, &x);
	b->len =
		(size_t)(put_headers(b->p + b->len, headers, n_headers) - b->p);
	gap = w->value_room - x.len;
	memmove(p - gap, p, x.len + value_len + tail);
	b->len -= gap;
	count_record(w, ts_ms);
}

void
batch_value_cancel(struct batch_writer *w)
{
	if (!w->b->failed)
		w->b->len = w->value_start - w->value_room;
}

size_t
batch_bytes(const struct batch_writer *w)
{
	return w->b->failed ? 0 : w->b->len - w->start;
}

static int
compress_records(struct batch_writer *w, enum batch_codec codec, struct err *e)
{
	size_t at = w->start + BATCH_HEADER_BYTES;
	struct slice in = slice_of(w->b->p + at, w->b->len - at);
	struct buf out;
	int r = 0;

	buf_init(&out, w->b->max_bytes);
	switch (codec) {
	case BATCH_NONE:
		return 0;
	case BATCH_GZIP:
		r = zip_gzip(in, 1, &out, e);
		break;
	case BATCH_SNAPPY:
		r = zip_snappy_encode(in, &out, e);
		break;
	case BATCH_LZ4:
		r = zip_lz4f_encode(in, &out, e);
		break;
	case BATCH_ZSTD:
		r = zip_zstd_encode(in, &out, e);
		break;
	}
	if (r == 0 && out.failed)
		r = err_set(e, ERR_NO_MEMORY, "no memory to compress a batch");
	if (r == 0) {
		w->b->len = at;
		buf_append_slice(w->b, buf_slice(&out));
	}
	buf_fini(&out);
	return r;
}

/* What it says is what batch_peek asks for: topic-1. */
static void
put_header(char *p, size_t bytes, const struct batch_writer *w,
	enum batch_codec codec)
{
	wire_put_u64(p + BATCH_AT_BASE, 0);
	wire_put_u32(p + BATCH_AT_LENGTH, (uint32_t)(bytes - 12));
	wire_put_u32(p + BATCH_AT_EPOCH, 0);
	p[BATCH_AT_MAGIC] = 2;
	wire_put_u16(p + BATCH_AT_ATTRIBUTES, (uint16_t)codec);
	wire_put_u32(p + BATCH_AT_LAST_DELTA, w->n - 1);
	wire_put_u64(p + BATCH_AT_BASE_TS, (uint64_t)w->base_ts);
	wire_put_u64(p + BATCH_AT_MAX_TS, (uint64_t)w->max_ts);
	wire_put_u64(p + BATCH_AT_PRODUCER, UINT64_MAX);
	wire_put_u16(p + BATCH_AT_PRODUCER_EPOCH, UINT16_MAX);
	wire_put_u32(p + BATCH_AT_SEQUENCE, UINT32_MAX);
	wire_put_u32(p + BATCH_AT_COUNT, w->n);
	wire_put_u32(p + BATCH_AT_CRC,
		hash_crc32c(0, p + BATCH_CRC_FROM, bytes - BATCH_CRC_FROM));
}

int
batch_end(struct batch_writer *w, enum batch_codec codec, struct err *e)
{
	struct buf *b = w->b;
	size_t bytes;
	int r;

	if (b->failed)
		return err_set(e, ERR_NO_MEMORY,
			"a record batch is over its buffer or without memory");
	if (w->n == 0) {
		b->len = w->start;
		return 0;
	}
	r = compress_records(w, codec, e);
	if (r != 0)
		return r;
	bytes = b->failed ? SIZE_MAX : b->len - w->start;
	if (bytes > INT32_MAX)
		return err_set(e, ERR_TOO_BIG, "a record batch over 2 GB");
	put_header(b->p + w->start, bytes, w, codec);
	return 0;
}

/* topic-3 */
void
batch_set_base(char *batch, int64_t base_offset, int32_t leader_epoch)
{
	wire_put_u64(batch + BATCH_AT_BASE, (uint64_t)base_offset);
	wire_put_u32(batch + BATCH_AT_EPOCH, (uint32_t)leader_epoch);
}
