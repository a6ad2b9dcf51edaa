#include "broker/produce.h"

#include "base/hash.h"
#include "topic/batch_layout.h"
#include "topic/wire.h"

#define ATTRIBUTE_TRANSACTIONAL 16
#define ATTRIBUTE_CONTROL 32
#define VERSION_OF_ZSTD 7
#define HEADERS_PER_RECORD_MAX 1000
#define INFLATED_MAX ((size_t)64 * 1024 * 1024)
#define INFLATED_FACTOR 1000
#define INFLATED_MIN ((size_t)1024 * 1024)

/* Zero or several batches, or one whose length is wrong. */
static enum kerr
check_shape(struct slice in, const char **why)
{
	size_t whole, rest;

	*why = "a partition's records are exactly one batch of magic 2";
	if (in.len == 0)
		return KERR_INVALID_RECORD;
	if (in.len > BATCH_AT_MAGIC && in.p[BATCH_AT_MAGIC] != 2)
		return KERR_INVALID_RECORD;
	if (in.len < BATCH_HEADER_BYTES)
		return KERR_CORRUPT;
	whole = (size_t)wire_get_u32(in.p + BATCH_AT_LENGTH) + 12;
	if (whole == in.len)
		return KERR_NONE;
	if (whole > in.len)
		return KERR_CORRUPT;
	rest = in.len - whole;
	if (rest >= BATCH_HEADER_BYTES && in.p[whole + BATCH_AT_MAGIC] == 2)
		return KERR_INVALID_RECORD;
	return KERR_CORRUPT;
}

static enum kerr
check_transaction(
	const struct batch_info *h, bool is_transactional, const char **why)
{
	*why = "transactions are not served";
	if (is_transactional)
		return KERR_TXN_DENIED;
	return h->attributes & ATTRIBUTE_TRANSACTIONAL ? KERR_INVALID_TXN_STATE
						       : KERR_NONE;
}

static enum kerr
check_header(struct slice in, int16_t version, bool is_transactional,
	struct batch_info *h, const char **why)
{
	int codec = wire_get_u16(in.p + BATCH_AT_ATTRIBUTES) & BATCH_CODEC_MASK;
	struct err e;

	*why = "unknown codec";
	if (codec > BATCH_ZSTD)
		return KERR_CORRUPT;
	*why = "zstd needs Produce 7";
	if (codec == BATCH_ZSTD && version < VERSION_OF_ZSTD)
		return KERR_UNSUPPORTED_CODEC;
	*why = "control batch, or record count and last offset differ";
	if (batch_peek(in, h, &e) != 0 ||
		(h->attributes & ATTRIBUTE_CONTROL) != 0 || h->n_records == 0 ||
		(int64_t)h->last_offset_delta != (int64_t)h->n_records - 1)
		return KERR_INVALID_RECORD;
	*why = "a producer id without sequence or epoch";
	if (h->producer_id >= 0 &&
		(h->base_sequence < 0 || h->producer_epoch < 0))
		return KERR_INVALID_RECORD;
	return check_transaction(h, is_transactional, why);
}

static bool
walk(struct slice in, struct buf *raw)
{
	struct batch_reader rd;
	struct batch_record_view v;
	struct err e;
	int64_t n = 0;
	int r;

	if (batch_reader_init(&rd, in, raw, &e) != 0)
		return false;
	while ((r = batch_next(&rd, &v, &e)) == 1) {
		if (v.offset != rd.info.base_offset + n ||
			v.n_headers > HEADERS_PER_RECORD_MAX)
			return false;
		n++;
	}
	return r == 0;
}

/* Records are walked when that is cheap, and always where Sluice itself
 * reads the topic. */
static enum kerr
check_records(const struct btopic *t, struct slice in,
	const struct batch_info *h, const char **why)
{
	bool is_plain = (h->attributes & BATCH_CODEC_MASK) == BATCH_NONE;
	size_t max = in.len * INFLATED_FACTOR + INFLATED_MIN;
	struct buf raw;
	bool ok;

	if (!is_plain && t->own == TOPIC_N)
		return KERR_NONE;
	buf_init(&raw, max < INFLATED_MAX ? max : INFLATED_MAX);
	ok = walk(in, &raw);
	buf_fini(&raw);
	*why = "malformed records";
	return ok ? KERR_NONE : KERR_INVALID_RECORD;
}

enum kerr
broker_produce_check(const struct btopic *t, int16_t version,
	bool is_transactional, struct slice in, struct batch_info *out,
	const char **why)
{
	enum kerr k = check_shape(in, why);

	if (k != KERR_NONE)
		return k;
	*why = "larger than the topic's max.message.bytes";
	if ((int64_t)in.len > t->max_message_bytes)
		return KERR_TOO_LARGE;
	*why = "CRC mismatch";
	if (hash_crc32c(0, in.p + BATCH_CRC_FROM, in.len - BATCH_CRC_FROM) !=
		wire_get_u32(in.p + BATCH_AT_CRC))
		return KERR_CORRUPT;
	k = check_header(in, version, is_transactional, out, why);
	return k != KERR_NONE ? k : check_records(t, in, out, why);
}

void
broker_produce_stamp(char *batch, size_t len, int64_t now_ms)
{
	uint16_t attributes = wire_get_u16(batch + BATCH_AT_ATTRIBUTES);

	wire_put_u16(batch + BATCH_AT_ATTRIBUTES,
		(uint16_t)(attributes | BATCH_LOG_APPEND_TIME));
	wire_put_u64(batch + BATCH_AT_MAX_TS, (uint64_t)now_ms);
	wire_put_u32(batch + BATCH_AT_CRC,
		hash_crc32c(0, batch + BATCH_CRC_FROM, len - BATCH_CRC_FROM));
}
