#include "test_broker.h"

#include <string.h>

#include "base/attr.h"
#include "base/hash.h"
#include "broker/produce.h"
#include "topic/batch_layout.h"
#include "topic/wire.h"

/* Checks of produced batches and the sequences of idempotent producers. */

static struct buf
make_batch(uint32_t n, enum batch_codec codec)
{
	struct batch_writer w;
	struct buf b;
	struct err e;

	buf_init(&b, 1 << 20);
	batch_begin(&w, &b, 1700000000000);
	for (uint32_t i = 0; i < n; i++)
		batch_record(&w, 1700000000000, SLICE_LIT("k"),
			SLICE_LIT("value"), NULL, 0);
	assert_int_equal(batch_end(&w, codec, &e), 0);
	return b;
}

static void
fix_crc(struct buf *b)
{
	wire_put_u32(b->p + BATCH_AT_CRC,
		hash_crc32c(0, b->p + BATCH_CRC_FROM, b->len - BATCH_CRC_FROM));
}

static const struct btopic outside = {
	.own = TOPIC_N, .max_message_bytes = 1048588};
static const struct btopic own = {.own = 0, .max_message_bytes = 1048588};

static enum kerr
check(const struct btopic *t, int16_t version, const struct buf *b)
{
	struct batch_info h;
	const char *why;

	return broker_produce_check(t, version, false, buf_slice(b), &h, &why);
}

static void
good_batches_pass(void **state)
{
	(void)state;
	for (int codec = BATCH_NONE; codec <= BATCH_ZSTD; codec++) {
		struct buf b = make_batch(3, (enum batch_codec)codec);

		assert_int_equal(check(&outside, 9, &b), KERR_NONE);
		assert_int_equal(check(&own, 9, &b), KERR_NONE);
		buf_fini(&b);
	}
}

static void
every_flipped_bit_is_refused(void **state)
{
	struct buf b = make_batch(2, BATCH_NONE);

	(void)state;
	/* Base offset and leader epoch are not covered: they are ours. */
	for (size_t i = BATCH_AT_LENGTH; i < b.len; i++) {
		if (i >= BATCH_AT_EPOCH && i < BATCH_AT_MAGIC)
			continue;
		for (int bit = 0; bit < 8; bit++) {
			b.p[i] = (char)(b.p[i] ^ (1 << bit));
			assert_int_not_equal(check(&outside, 9, &b), KERR_NONE);
			b.p[i] = (char)(b.p[i] ^ (1 << bit));
		}
	}
	assert_int_equal(check(&outside, 9, &b), KERR_NONE);
	buf_fini(&b);
}

static void
records_that_lie_are_refused(void **state)
{
	struct buf b = make_batch(3, BATCH_NONE);

	(void)state;
	wire_put_u32(b.p + BATCH_AT_COUNT, 2);
	wire_put_u32(b.p + BATCH_AT_LAST_DELTA, 1);
	fix_crc(&b);
	assert_int_equal(check(&outside, 9, &b), KERR_INVALID_RECORD);
	buf_fini(&b);
	b = make_batch(3, BATCH_GZIP);
	b.p[b.len - 10] = (char)(b.p[b.len - 10] ^ 0x55);
	fix_crc(&b);
	/* Inflated only where Sluice itself reads. */
	assert_int_equal(check(&outside, 9, &b), KERR_NONE);
	assert_int_equal(check(&own, 9, &b), KERR_INVALID_RECORD);
	buf_fini(&b);
}

static void
log_append_time_keeps_the_crc_valid(void **state)
{
	struct buf b = make_batch(2, BATCH_NONE);
	struct batch_info h;
	struct err e;

	(void)state;
	broker_produce_stamp(b.p, b.len, 1800000000000);
	assert_int_equal(batch_check_crc(buf_slice(&b), &e), 0);
	assert_int_equal(batch_peek(buf_slice(&b), &h, &e), 0);
	assert_true(h.max_ts == 1800000000000);
	assert_int_equal(
		h.attributes & BATCH_LOG_APPEND_TIME, BATCH_LOG_APPEND_TIME);
	buf_fini(&b);
}

static void
note(struct producer_state *s, int16_t epoch, int32_t first, uint32_t n,
	int64_t base)
{
	struct producer_batch p = {.first = first,
		.last = broker_producer_last(first, n),
		.base = base};

	broker_producer_note(s, epoch, &p);
}

/* broker-3 */
static void
sequences_follow_each_other(void **state)
{
	struct producer_state s = {0};
	int64_t dup;

	(void)state;
	assert_int_equal(broker_producer_test(&s, 0, 7, 8, &dup), KERR_NONE);
	note(&s, 0, 7, 2, 100);
	assert_int_equal(broker_producer_test(&s, 0, 9, 9, &dup), KERR_NONE);
	assert_int_equal(dup, -1);
	assert_int_equal(
		broker_producer_test(&s, 0, 10, 10, &dup), KERR_OUT_OF_ORDER);
	assert_int_equal(broker_producer_test(&s, 0, 7, 8, &dup), KERR_NONE);
	assert_int_equal(dup, 100);
	assert_int_equal(
		broker_producer_test(&s, 1, 5, 5, &dup), KERR_OUT_OF_ORDER);
	assert_int_equal(broker_producer_test(&s, 1, 0, 5, &dup), KERR_NONE);
	note(&s, 1, 0, 6, 102);
	assert_int_equal(s.n, 1);
	assert_int_equal(
		broker_producer_test(&s, 0, 9, 9, &dup), KERR_INVALID_EPOCH);
}

/* broker-3 */
static void
five_batches_are_remembered(void **state)
{
	struct producer_state s = {0};
	int64_t dup;

	(void)state;
	for (int i = 0; i < 6; i++)
		note(&s, 0, i, 1, 50 + i);
	assert_int_equal(s.n, PRODUCER_RING);
	assert_int_equal(
		broker_producer_test(&s, 0, 0, 0, &dup), KERR_OUT_OF_ORDER);
	assert_int_equal(broker_producer_test(&s, 0, 1, 1, &dup), KERR_NONE);
	assert_int_equal(dup, 51);
}

static void
a_sequence_wraps_after_its_greatest(void **state)
{
	struct producer_state s = {0};
	int64_t dup;

	(void)state;
	assert_int_equal(broker_producer_last(INT32_MAX, 1), INT32_MAX);
	assert_int_equal(broker_producer_last(INT32_MAX, 3), 1);
	note(&s, 0, INT32_MAX - 1, 2, 0);
	assert_int_equal(broker_producer_test(&s, 0, 0, 4, &dup), KERR_NONE);
	assert_int_equal(dup, -1);
}

const struct CMUnitTest test_log[] = {
	cmocka_unit_test(good_batches_pass),
	cmocka_unit_test(every_flipped_bit_is_refused),
	cmocka_unit_test(records_that_lie_are_refused),
	cmocka_unit_test(log_append_time_keeps_the_crc_valid),
	cmocka_unit_test(sequences_follow_each_other),
	cmocka_unit_test(five_batches_are_remembered),
	cmocka_unit_test(a_sequence_wraps_after_its_greatest),
};
const size_t test_log_n = ARRAY_LEN(test_log);
