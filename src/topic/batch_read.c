#include "topic/batch.h"

#include "base/hash.h"
#include "base/zip.h"
#include "topic/batch_layout.h"
#include "topic/wire.h"

static void
get_header(const char *p, struct batch_info *h)
{
	h->base_offset = (int64_t)wire_get_u64(p + BATCH_AT_BASE);
	h->leader_epoch = (int32_t)wire_get_u32(p + BATCH_AT_EPOCH);
	h->crc = wire_get_u32(p + BATCH_AT_CRC);
	h->attributes = (int16_t)wire_get_u16(p + BATCH_AT_ATTRIBUTES);
	h->last_offset_delta = (int32_t)wire_get_u32(p + BATCH_AT_LAST_DELTA);
	h->base_ts = (int64_t)wire_get_u64(p + BATCH_AT_BASE_TS);
	h->max_ts = (int64_t)wire_get_u64(p + BATCH_AT_MAX_TS);
	h->producer_id = (int64_t)wire_get_u64(p + BATCH_AT_PRODUCER);
	h->producer_epoch = (int16_t)wire_get_u16(p + BATCH_AT_PRODUCER_EPOCH);
	h->base_sequence = (int32_t)wire_get_u32(p + BATCH_AT_SEQUENCE);
	h->n_records = wire_get_u32(p + BATCH_AT_COUNT);
}

static bool
count_is_possible(const struct batch_info *h)
{
	size_t most = (h->attributes & BATCH_CODEC_MASK) == BATCH_NONE
			      ? (h->bytes - BATCH_HEADER_BYTES) /
					BATCH_RECORD_BYTES_MIN
			      : BATCH_COMPRESSED_COUNT_MAX;

	/* Offset deltas grow, so the last one is at least the count less one;
	 * compaction leaves gaps. */
	return h->n_records <= most && h->last_offset_delta >= 0 &&
	       (int64_t)h->last_offset_delta >= (int64_t)h->n_records - 1;
}

int
batch_peek(struct slice in, struct batch_info *out, struct err *e)
{
	struct batch_info h;
	uint32_t length;

	if (in.len < BATCH_HEADER_BYTES)
		return err_set(e, ERR_INVALID,
			"a record batch of %zu bytes is shorter than its "
			"header",
			in.len);
	length = wire_get_u32(in.p + BATCH_AT_LENGTH);
	if (length < BATCH_HEADER_BYTES - 12 || length > in.len - 12)
		return err_set(e, ERR_INVALID,
			"a record batch says %u bytes and has %zu", length,
			in.len - 12);
	if (in.p[BATCH_AT_MAGIC] != 2)
		return err_set(e, ERR_INVALID, "a record batch of magic %d",
			in.p[BATCH_AT_MAGIC]);
	get_header(in.p, &h);
	h.bytes = (size_t)length + 12;
	if ((h.attributes & BATCH_CODEC_MASK) > BATCH_ZSTD)
		return err_set(e, ERR_INVALID, "a record batch of codec %d",
			h.attributes & BATCH_CODEC_MASK);
	if (!count_is_possible(&h))
		return err_set(e, ERR_INVALID,
			"a record batch of %zu bytes with %u records and last "
			"offset delta %d",
			h.bytes, h.n_records, h.last_offset_delta);
	*out = h;
	return 0;
}

int
batch_check_crc(struct slice batch, struct err *e)
{
	struct batch_info h;
	uint32_t crc;
	int r = batch_peek(batch, &h, e);

	if (r != 0)
		return r;
	crc = hash_crc32c(
		0, batch.p + BATCH_CRC_FROM, h.bytes - BATCH_CRC_FROM);
	if (crc != h.crc)
		return err_set(e, ERR_CORRUPT,
			"record batch at offset %lld: CRC %08x, should be %08x",
			(long long)h.base_offset, crc, h.crc);
	return 0;
}

static int
inflate(enum batch_codec codec, struct slice in, struct buf *raw, struct err *e)
{
	switch (codec) {
	case BATCH_NONE:
		break;
	case BATCH_GZIP:
		return zip_gunzip_all(in, raw, e);
	case BATCH_SNAPPY:
		return zip_snappy_decode(in, raw, e);
	case BATCH_LZ4:
		return zip_lz4f_decode(in, raw, e);
	case BATCH_ZSTD:
		return zip_zstd_decode(in, raw, e);
	}
	return err_set(e, ERR_BUG, "inflate of codec %d", (int)codec);
}

int
batch_reader_init(struct batch_reader *r, struct slice batch, struct buf *raw,
	struct err *e)
{
	struct slice in;
	int codec, rc;

	*r = (struct batch_reader){0};
	rc = batch_peek(batch, &r->info, e);
	if (rc != 0)
		return rc;
	in = slice_of(batch.p + BATCH_HEADER_BYTES,
		r->info.bytes - BATCH_HEADER_BYTES);
	codec = r->info.attributes & BATCH_CODEC_MASK;
	if (codec != BATCH_NONE) {
		buf_reset(raw);
		rc = inflate((enum batch_codec)codec, in, raw, e);
		if (rc == 0 && raw->failed)
			rc = err_set(e, ERR_NO_MEMORY,
				"no memory to inflate a record batch");
		if (rc != 0)
			return rc;
		in = buf_slice(raw);
	}
	r->at = in.p;
	r->end = in.p == NULL ? NULL : in.p + in.len;
	r->left = r->info.n_records;
	return 0;
}

/* A length-prefixed field; false when it does not fit (topic-2). */
static bool
get_bytes(const char **at, const char *end, struct slice *out)
{
	int64_t n;

	if (!wire_get_varint(at, end, &n) || n < -1 || n > end - *at)
		return false;
	if (n < 0) {
		*out = SLICE_NONE;
		return true;
	}
	*out = slice_of(*at, (size_t)n);
	*at += n;
	return true;
}

static bool
get_record(const char *at, const char *end, const struct batch_info *h,
	struct batch_record_view *out)
{
	int64_t ts_delta, offset_delta, n_headers;

	if (at == end)
		return false;
	at++;
	if (!wire_get_varint(&at, end, &ts_delta) ||
		!wire_get_varint(&at, end, &offset_delta) || offset_delta < 0 ||
		offset_delta > h->last_offset_delta ||
		__builtin_add_overflow(
			h->base_offset, offset_delta, &out->offset) ||
		__builtin_add_overflow(h->base_ts, ts_delta, &out->ts_ms))
		return false;
	if (h->attributes & BATCH_LOG_APPEND_TIME)
		out->ts_ms = h->max_ts;
	if (!get_bytes(&at, end, &out->key) ||
		!get_bytes(&at, end, &out->value) ||
		!wire_get_varint(&at, end, &n_headers) || n_headers < 0 ||
		n_headers > (end - at) / 2)
		return false;
	out->n_headers = (uint32_t)n_headers;
	out->headers = slice_of(at, (size_t)(end - at));
	return n_headers > 0 || at == end;
}

int
batch_next(struct batch_reader *r, struct batch_record_view *out, struct err *e)
{
	const char *at = r->at;
	int64_t len;

	if (r->left == 0) {
		if (r->at == r->end)
			return 0;
		return err_set(e, ERR_INVALID,
			"record batch at offset %lld: %zu bytes after its "
			"last record",
			(long long)r->info.base_offset,
			(size_t)(r->end - r->at));
	}
	if (!wire_get_varint(&at, r->end, &len) || len < 0 ||
		len > r->end - at || !get_record(at, at + len, &r->info, out))
		return err_set(e, ERR_INVALID,
			"record batch at offset %lld: malformed record %u",
			(long long)r->info.base_offset,
			r->info.n_records - r->left);
	r->at = at + len;
	r->left--;
	return 1;
}

bool
batch_header_next(struct slice *headers, struct batch_header_kv *out)
{
	const char *at = headers->p;
	const char *end = at == NULL ? NULL : at + headers->len;

	if (at == end || !get_bytes(&at, end, &out->key) ||
		out->key.p == NULL || !get_bytes(&at, end, &out->value))
		return false;
	*headers = slice_of(at, (size_t)(end - at));
	return true;
}

bool
batch_header_find(
	const struct batch_record_view *r, const char *key, struct slice *value)
{
	struct slice left = r->headers;
	struct batch_header_kv kv;

	for (uint32_t i = 0; i < r->n_headers; i++) {
		if (!batch_header_next(&left, &kv))
			return false;
		if (slice_eq_str(kv.key, key)) {
			*value = kv.value;
			return true;
		}
	}
	return false;
}
