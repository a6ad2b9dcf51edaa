#include "test_topic.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "topic/batch.h"
#include "topic/batch_layout.h"

#define TS 1700000000000

static const char vector_two[] =
	"000000000000000000000049000000000237ac6c7c0000000000010000018bcfe56800"
	"0000018bcfe56805ffffffffffffffffffffffffffff0000000220000000026b0a6865"
	"6c6c6f02026802310c000a02010100";
static const char vector_producer[] =
	"0000000000000000000000390000000002e57b37b00000000000000000018bcfe56800"
	"0000018bcfe5680000000000000003e8000000000007000000010e00000001027800";

static void
assert_hex(struct slice got, const char *hex)
{
	static const char digits[] = "0123456789abcdef";

	assert_int_equal(got.len, strlen(hex) / 2);
	for (size_t i = 0; i < got.len; i++) {
		assert_int_equal(
			digits[(unsigned char)got.p[i] >> 4], hex[2 * i]);
		assert_int_equal(digits[got.p[i] & 15], hex[2 * i + 1]);
	}
}

static size_t
from_hex(const char *hex, char *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;

		for (int k = 0; k < 2; k++) {
			char c = hex[2 * i + (size_t)k];

			v = v * 16 +
			    (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		out[i] = (char)v;
	}
	return n;
}

/* topic-1: the bytes are those of an independent implementation. */
static void
writer_makes_the_vector_of_two_records(void **state)
{
	const struct batch_header_kv h = {SLICE_LIT("h"), SLICE_LIT("1")};
	struct batch_writer w;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 1 << 20);
	for (int in_place = 0; in_place < 2; in_place++) {
		buf_reset(&b);
		batch_begin(&w, &b, TS);
		if (in_place) {
			batch_value_begin(&w, 0);
			buf_append_lit(&b, "hello");
			assert_int_equal(batch_value_len(&w), 5);
			batch_value_end(&w, TS, SLICE_LIT("k"), &h, 1);
		} else {
			batch_record(&w, TS, SLICE_LIT("k"), SLICE_LIT("hello"),
				&h, 1);
		}
		batch_record(&w, TS + 5, SLICE_NONE, SLICE_NONE, NULL, 0);
		assert_int_equal(batch_bytes(&w), 85);
		assert_int_equal(batch_end(&w, BATCH_NONE, &e), 0);
		assert_hex(buf_slice(&b), vector_two);
	}
	buf_fini(&b);
}

static void
reader_gives_back_the_vectors(void **state)
{
	char bytes[128];
	size_t n = from_hex(vector_two, bytes);
	struct batch_record_view v;
	struct batch_reader r;
	struct slice h;
	struct err e;

	(void)state;
	assert_int_equal(batch_check_crc(slice_of(bytes, n), &e), 0);
	batch_set_base(bytes, 100, 3);
	/* topic-3 */
	assert_int_equal(batch_check_crc(slice_of(bytes, n), &e), 0);
	assert_int_equal(
		batch_reader_init(&r, slice_of(bytes, n), NULL, &e), 0);
	assert_int_equal(r.info.n_records, 2);
	assert_int_equal(r.info.leader_epoch, 3);
	assert_int_equal(r.info.producer_id, -1);
	assert_int_equal(r.info.max_ts, TS + 5);
	assert_int_equal(batch_next(&r, &v, &e), 1);
	assert_int_equal(v.offset, 100);
	assert_int_equal(v.ts_ms, TS);
	assert_true(slice_eq_str(v.key, "k"));
	assert_true(slice_eq_str(v.value, "hello"));
	assert_true(batch_header_find(&v, "h", &h));
	assert_true(slice_eq_str(h, "1"));
	assert_false(batch_header_find(&v, "i", &h));
	assert_int_equal(batch_next(&r, &v, &e), 1);
	assert_int_equal(v.offset, 101);
	assert_int_equal(v.ts_ms, TS + 5);
	assert_null(v.key.p);
	assert_null(v.value.p);
	assert_int_equal(batch_next(&r, &v, &e), 0);

	n = from_hex(vector_producer, bytes);
	assert_int_equal(batch_check_crc(slice_of(bytes, n), &e), 0);
	assert_int_equal(
		batch_reader_init(&r, slice_of(bytes, n), NULL, &e), 0);
	assert_int_equal(r.info.producer_id, 1000);
	assert_int_equal(r.info.producer_epoch, 0);
	assert_int_equal(r.info.base_sequence, 7);
	assert_int_equal(batch_next(&r, &v, &e), 1);
	assert_true(slice_eq_str(v.value, "x"));
}

/* Value sizes on both sides of each step of a varint. */
static const size_t sizes[] = {0, 1, 40, 56, 57, 58, 63, 64, 65, 127, 128, 8100,
	8186, 8191, 8192, 8193, 70000, 1048575, 1048576, 1100000};

static void
write_sizes(struct batch_writer *w, struct buf *b, const char *fill,
	const char *long_key)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		int64_t ts = TS + ((int64_t)i - 5) * 100000;

		if (i % 2 == 0) {
			batch_record(w, ts, slice_of(long_key, i),
				slice_of(fill, sizes[i]), NULL, 0);
			continue;
		}
		batch_value_begin(w, 3);
		buf_append_lit(b, "thrown away");
		batch_value_cancel(w);
		batch_value_begin(w, 3); /* too little for most keys */
		buf_append(b, fill, sizes[i]);
		batch_value_end(w, ts, slice_of(long_key, i), NULL, 0);
	}
}

/* topic-1, topic-4 */
static void
records_of_all_sizes_come_back_with_every_codec(void **state)
{
	char *fill = mem_xzalloc(1, 1100000);
	char long_key[64];
	struct buf b, raw;
	struct rand_state rnd;
	struct err e;

	(void)state;
	rand_seed(&rnd, 7);
	for (size_t i = 0; i < 1100000; i++)
		fill[i] = (char)('a' + rand_below(&rnd, 20));
	memset(long_key, 'k', sizeof(long_key));
	buf_init(&b, 16 << 20);
	buf_init(&raw, 16 << 20);
	for (int codec = BATCH_NONE; codec <= BATCH_ZSTD; codec++) {
		struct batch_record_view v;
		struct batch_reader r;
		struct batch_writer w;

		buf_reset(&b);
		buf_append_lit(&b, "before");
		batch_begin(&w, &b, TS);
		write_sizes(&w, &b, fill, long_key);
		assert_int_equal(batch_end(&w, (enum batch_codec)codec, &e), 0);
		struct slice batch = slice_of(b.p + 6, b.len - 6);

		assert_int_equal(batch_check_crc(batch, &e), 0);
		assert_int_equal(batch_reader_init(&r, batch, &raw, &e), 0);
		assert_int_equal(r.info.bytes, batch.len);
		assert_int_equal(r.info.attributes, codec);
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			assert_int_equal(batch_next(&r, &v, &e), 1);
			assert_int_equal(v.offset, i);
			assert_int_equal(
				v.ts_ms, TS + ((int64_t)i - 5) * 100000);
			assert_true(
				slice_eq(v.value, slice_of(fill, sizes[i])));
			assert_non_null(v.value.p);
			assert_true(slice_eq(v.key, slice_of(long_key, i)));
		}
		assert_int_equal(batch_next(&r, &v, &e), 0);
		assert_int_equal(r.info.max_ts,
			TS + ((int64_t)ARRAY_LEN(sizes) - 6) * 100000);
	}
	buf_fini(&raw);
	buf_fini(&b);
	mem_free(fill);
}

static void
a_batch_without_records_leaves_nothing(void **state)
{
	struct batch_writer w;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 4096);
	buf_append_lit(&b, "x");
	batch_begin(&w, &b, TS);
	batch_value_begin(&w, 10);
	batch_value_cancel(&w);
	assert_int_equal(batch_end(&w, BATCH_NONE, &e), 0);
	assert_int_equal(b.len, 1);
	buf_fini(&b);
}

static void
a_batch_over_the_maximum_is_an_error(void **state)
{
	char big[300] = {0};
	struct batch_writer w;
	struct buf b;
	struct err e;

	(void)state;
	for (int in_place = 0; in_place < 2; in_place++) {
		buf_init(&b, 300);
		batch_begin(&w, &b, TS);
		if (in_place) {
			batch_value_begin(&w, 4);
			buf_append(&b, big, sizeof(big));
			assert_int_equal(batch_value_len(&w), 0);
			batch_value_end(&w, TS, SLICE_NONE, NULL, 0);
			batch_value_begin(&w, 4);
			batch_value_cancel(&w);
		} else {
			batch_record(&w, TS, SLICE_NONE,
				slice_of(big, sizeof(big)), NULL, 0);
		}
		assert_true(b.failed);
		assert_int_equal(batch_end(&w, BATCH_NONE, &e), -ERR_NO_MEMORY);
		buf_fini(&b);
	}
}

/* topic-2: under the sanitizers this shows reads outside, too. */
static void
every_cut_and_every_flipped_bit_is_survived(void **state)
{
	char bytes[128];
	size_t n = from_hex(vector_two, bytes);
	struct batch_record_view v;
	struct batch_reader r;
	struct batch_info h;
	struct buf raw;
	struct err e;

	(void)state;
	buf_init(&raw, 4096);
	for (size_t cut = 0; cut < n; cut++) {
		char *copy = mem_dup(bytes, cut);

		assert_int_equal(
			batch_peek(slice_of(copy, cut), &h, &e), -ERR_INVALID);
		mem_free(copy);
	}
	for (size_t bit = 0; bit < n * 8; bit++) {
		char *copy = mem_dup(bytes, n);
		int rc;

		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << (bit % 8)));
		/* All but base offset and leader epoch show in the CRC. */
		if (bit / 8 >= BATCH_AT_CRC)
			assert_int_not_equal(
				batch_check_crc(slice_of(copy, n), &e), 0);
		if (batch_reader_init(&r, slice_of(copy, n), &raw, &e) == 0) {
			do {
				rc = batch_next(&r, &v, &e);
			} while (rc == 1);
		}
		mem_free(copy);
	}
	buf_fini(&raw);
}

static void
assert_refused(size_t at, const char *bytes_in, size_t len)
{
	char bytes[128];
	size_t n = from_hex(vector_two, bytes);
	struct batch_info h;
	struct err e;

	memcpy(bytes + at, bytes_in, len);
	assert_int_equal(batch_peek(slice_of(bytes, n), &h, &e), -ERR_INVALID);
}

static void
impossible_headers_are_refused(void **state)
{
	(void)state;
	assert_refused(BATCH_AT_MAGIC, "\1", 1);
	assert_refused(BATCH_AT_LENGTH, "\0\0\0\x30", 4);
	assert_refused(BATCH_AT_LENGTH, "\xff\xff\xff\xff", 4);
	assert_refused(BATCH_AT_LENGTH, "\0\0\0\x4a", 4);
	assert_refused(BATCH_AT_COUNT, "\0\0\0\x04", 4);
	assert_refused(BATCH_AT_COUNT, "\xff\xff\xff\xff", 4);
	assert_refused(BATCH_AT_LAST_DELTA, "\0\0\0\0", 4);
	assert_refused(BATCH_AT_LAST_DELTA, "\x80\0\0\0", 4);
	assert_refused(BATCH_AT_ATTRIBUTES, "\0\5", 2);
}

static void
an_inflated_batch_is_bounded(void **state)
{
	char *zeros = mem_xzalloc(1, 100000);
	struct batch_writer w;
	struct batch_reader r;
	struct buf b, raw;
	struct err e;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_init(&raw, 50000);
	for (int codec = BATCH_GZIP; codec <= BATCH_ZSTD; codec++) {
		buf_reset(&b);
		batch_begin(&w, &b, TS);
		batch_record(
			&w, TS, SLICE_NONE, slice_of(zeros, 100000), NULL, 0);
		assert_int_equal(batch_end(&w, (enum batch_codec)codec, &e), 0);
		assert_true(b.len < 50000);
		assert_int_equal(batch_reader_init(&r, buf_slice(&b), &raw, &e),
			-ERR_TOO_BIG);
	}
	buf_fini(&raw);
	buf_fini(&b);
	mem_free(zeros);
}

static void
keys_go_to_the_partitions_of_kafka(void **state)
{
	/* Kafka's own test of its partitioner. */
	static const struct {
		const char *key;
		int32_t hash;
	} rows[] = {{"21", -973932308}, {"foobar", -790332482},
		{"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829},
		{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		{"abc", 479470107}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
			(int32_t)hash_murmur2(rows[i].key, strlen(rows[i].key)),
			rows[i].hash);
	assert_int_equal(hash_crc32c(0, "123456789", 9), 0xE3069283);
}

int
run_batch_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writer_makes_the_vector_of_two_records),
		cmocka_unit_test(reader_gives_back_the_vectors),
		cmocka_unit_test(
			records_of_all_sizes_come_back_with_every_codec),
		cmocka_unit_test(a_batch_without_records_leaves_nothing),
		cmocka_unit_test(a_batch_over_the_maximum_is_an_error),
		cmocka_unit_test(every_cut_and_every_flipped_bit_is_survived),
		cmocka_unit_test(impossible_headers_are_refused),
		cmocka_unit_test(an_inflated_batch_is_bounded),
		cmocka_unit_test(keys_go_to_the_partitions_of_kafka),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
