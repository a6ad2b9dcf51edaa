#include "tests.h"

#include <string.h>

#include "base/attr.h"
#include "base/hash.h"
#include "base/rand.h"
#include "base/slice.h"

static void
crc32c_is_that_of_the_standard(void **state)
{
	char zeros[32] = {0};

	(void)state;
	assert_int_equal(hash_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(hash_crc32c_portable(0, "123456789", 9), 0xe3069283);
	assert_int_equal(hash_crc32c(0, zeros, 32), 0x8a9136aa); /* RFC 3720 */
	assert_int_equal(hash_crc32c(0, "", 0), 0);
}

static void
crc32c_goes_on_in_pieces(void **state)
{
	char text[200];
	uint32_t whole;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	whole = hash_crc32c(0, text, sizeof(text));
	for (size_t cut = 0; cut <= sizeof(text); cut++) {
		uint32_t crc = hash_crc32c(0, text, cut);

		assert_int_equal(crc, hash_crc32c_portable(0, text, cut));
		assert_int_equal(
			hash_crc32c(crc, text + cut, sizeof(text) - cut),
			whole);
	}
}

/* Long texts go in lanes; of all lengths around their borders. */
static void
crc32c_by_lanes_is_that_by_table(void **state)
{
	static char text[8000];
	struct rand_state r;

	(void)state;
	rand_seed(&r, 1);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)rand_below(&r, 256);
	for (size_t n = 0; n < sizeof(text) - 16; n += n < 3200 ? 1 : 37) {
		size_t from = n % 16;
		uint32_t crc = (uint32_t)rand_next(&r);

		assert_int_equal(hash_crc32c(crc, text + from, n),
			hash_crc32c_portable(crc, text + from, n));
	}
}

static void
xx64_is_that_of_its_author(void **state)
{
	char text[101];

	(void)state;
	assert_true(hash_xx64("", 0) == UINT64_C(0xef46db3751d8e999));
	assert_true(hash_xx64("a", 1) == UINT64_C(0xd24ec4f1a98c6e5b));
	assert_true(hash_xx64("abc", 3) == UINT64_C(0x44bc2cf5ad770999));
	assert_true(hash_xx64("The quick brown fox jumps over the lazy dog",
			    43) == UINT64_C(0x0b242d361fda71bc));
	/* The generator of the sanity check in the xxHash sources. */
	uint32_t byte_gen = 2654435761u;

	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)(byte_gen >> 24);
		byte_gen *= byte_gen;
	}
	assert_true(hash_xx64(text, 14) == UINT64_C(0xcffa8db881bc3a3d));
	assert_true(hash_xx64(text, 101) == UINT64_C(0x0eab543384f878ad));
}

/* Vectors of Kafka's own client tests. */
static void
murmur2_is_that_of_kafka(void **state)
{
	static const struct {
		const char *text;
		int32_t hash;
	} rows[] = {{"21", -973932308}, {"foobar", -790332482},
		{"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829},
		{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
			-58897971}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal((int32_t)hash_murmur2(
					 rows[i].text, strlen(rows[i].text)),
			rows[i].hash);
}

/* FIPS 180-4 examples, whole and in pieces. */
static void
sha1_is_that_of_the_standard(void **state)
{
	static const char text[] =
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	struct hash_sha1_state s;
	uint8_t out[20];

	(void)state;
	hash_sha1("abc", 3, out);
	assert_memory_equal(out,
		"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e"
		"\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d",
		20);
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		hash_sha1_init(&s);
		hash_sha1_add(&s, text, cut);
		hash_sha1_add(&s, text + cut, strlen(text) - cut);
		hash_sha1_end(&s, out);
		assert_memory_equal(out,
			"\x84\x98\x3e\x44\x1c\x3b\xd2\x6e"
			"\xba\xae\x4a\xa1\xf9\x51\x29\xe5\xe5\x46\x70\xf1",
			20);
	}
	hash_sha1_init(&s);
	for (int i = 0; i < 10000; i++)
		hash_sha1_add(&s,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aa",
			100);
	hash_sha1_end(&s, out);
	assert_memory_equal(out,
		"\x34\xaa\x97\x3c\xd4\xc4\xda\xa4\xf6\x1e"
		"\xeb\x2b\xdb\xad\x27\x31\x65\x34\x01\x6f",
		20);
}

static void
keyed_hash_tells_texts_apart(void **state)
{
	(void)state;
	assert_true(hash_key("abc", 3) == hash_key("abc", 3));
	assert_true(hash_key("abc", 3) != hash_key("abd", 3));
	assert_true(hash_key("abc\0", 4) != hash_key("abc", 3));
	assert_true(hash_key("12345678", 8) != hash_key("12345679", 8));
}

/* The first and the sixteenth of its authors' vectors. */
static void
sip_is_that_of_its_authors(void **state)
{
	unsigned char in[16];
	uint64_t key[2] = {
		UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	struct hash_sip s;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)i;
	hash_sip_init(&s, key);
	assert_true(hash_sip_end(&s) == UINT64_C(0x726fdb47dd0e0e31));
	for (size_t cut = 0; cut <= 15; cut++) {
		hash_sip_init(&s, key);
		hash_sip_add(&s, in, cut);
		hash_sip_add(&s, in + cut, (15 - cut) / 2);
		hash_sip_add(&s, in + cut + (15 - cut) / 2,
			15 - cut - (15 - cut) / 2);
		assert_true(hash_sip_end(&s) == UINT64_C(0xa129ca6149be45e5));
	}
}

static void
seeded_generator_repeats_itself(void **state)
{
	struct rand_state a, b;
	bool seen[10] = {false};

	(void)state;
	rand_seed(&a, 7);
	rand_seed(&b, 7);
	for (int i = 0; i < 1000; i++) {
		uint64_t v = rand_below(&a, 10);

		assert_true(v < 10);
		assert_true(v == rand_below(&b, 10));
		seen[v] = true;
	}
	for (int i = 0; i < 10; i++)
		assert_true(seen[i]);
}

static void
random_bytes_differ(void **state)
{
	unsigned char a[600], b[600];

	(void)state;
	rand_bytes(a, sizeof(a));
	rand_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(rand_u64() != rand_u64());
}

int
run_hash_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32c_is_that_of_the_standard),
		cmocka_unit_test(crc32c_goes_on_in_pieces),
		cmocka_unit_test(crc32c_by_lanes_is_that_by_table),
		cmocka_unit_test(xx64_is_that_of_its_author),
		cmocka_unit_test(murmur2_is_that_of_kafka),
		cmocka_unit_test(sha1_is_that_of_the_standard),
		cmocka_unit_test(keyed_hash_tells_texts_apart),
		cmocka_unit_test(sip_is_that_of_its_authors),
		cmocka_unit_test(seeded_generator_repeats_itself),
		cmocka_unit_test(random_bytes_differ),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
