#include "tests.h"

#include "base/rand.h"
#include "base/zip.h"
#include "base/zip_stream.h"

typedef int codec_fn(struct slice in, struct buf *out, struct err *e);

static int
gzip_default(struct slice in, struct buf *out, struct err *e)
{
	return zip_gzip(in, 6, out, e);
}

static const struct {
	const char *name;
	codec_fn *encode, *decode;
} codecs[] = {{"gzip", gzip_default, zip_gunzip},
	{"gzip all", gzip_default, zip_gunzip_all},
	{"lz4", zip_lz4f_encode, zip_lz4f_decode},
	{"zstd", zip_zstd_encode, zip_zstd_decode},
	{"snappy", zip_snappy_encode, zip_snappy_decode}};

/* Texts that compress well, badly and not at all. */
static void
make_text(struct buf *b, size_t n, uint64_t kinds)
{
	struct rand_state r;

	rand_seed(&r, n + kinds);
	while (b->len < n)
		buf_append_char(b, (char)('a' + rand_below(&r, kinds)));
}

static void
each_codec_gives_back_what_it_took(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 1000, 65536, 300000};
	struct buf in, packed, out;
	struct err e;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&packed, 1 << 20);
	buf_init(&out, 1 << 20);
	for (size_t c = 0; c < ARRAY_LEN(codecs); c++) {
		for (size_t i = 0; i < 3 * ARRAY_LEN(sizes); i++) {
			buf_reset(&in);
			buf_reset(&packed);
			buf_reset(&out);
			buf_append_char(&out, '>');
			make_text(&in, sizes[i / 3], i % 3 == 0 ? 1 : 50);
			assert_int_equal(
				codecs[c].encode(buf_slice(&in), &packed, &e),
				0);
			assert_int_equal(
				codecs[c].decode(buf_slice(&packed), &out, &e),
				0);
			assert_int_equal(out.len, in.len + 1);
			assert_true(slice_eq(
				slice_of(out.p + 1, in.len), buf_slice(&in)));
		}
	}
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
}

static void
each_decoder_stops_at_the_maximum(void **state)
{
	struct buf in, packed, out;
	struct err e;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&packed, 1 << 20);
	make_text(&in, 200000, 1);
	for (size_t c = 0; c < ARRAY_LEN(codecs); c++) {
		buf_reset(&packed);
		assert_int_equal(
			codecs[c].encode(buf_slice(&in), &packed, &e), 0);
		buf_init(&out, 199999);
		assert_int_equal(codecs[c].decode(buf_slice(&packed), &out, &e),
			-(int)ERR_TOO_BIG);
		buf_fini(&out);
		buf_init(&out, 200000);
		assert_int_equal(
			codecs[c].decode(buf_slice(&packed), &out, &e), 0);
		assert_int_equal(out.len, 200000);
		buf_fini(&out);
	}
	buf_fini(&in);
	buf_fini(&packed);
}

static void
each_decoder_refuses_cut_and_foreign_streams(void **state)
{
	struct buf in, packed, out;
	struct err e;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&packed, 1 << 20);
	buf_init(&out, 1 << 20);
	make_text(&in, 3000, 40);
	for (size_t c = 0; c < ARRAY_LEN(codecs); c++) {
		buf_reset(&packed);
		assert_int_equal(
			codecs[c].encode(buf_slice(&in), &packed, &e), 0);
		for (size_t n = 0; n < packed.len; n += 7) {
			buf_reset(&out);
			assert_int_equal(codecs[c].decode(slice_of(packed.p, n),
						 &out, &e),
				-(int)ERR_INVALID);
		}
		buf_reset(&out);
		assert_int_equal(
			codecs[c].decode(
				SLICE_LIT("{\"event\":\"plain JSON\"}"), &out,
				&e),
			-(int)ERR_INVALID);
	}
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
}

/* spec capture 2.4: one member only, bytes after it are ignored. */
/* Made by brotli's own program. */
static void
brotli_is_read_within_its_maximum(void **state)
{
	static const char packed[] =
		"\x1f\x51\x00\xf8\x8d\xd3\x15\xf3\x23\x84\x75\x8f\xc8\x6d"
		"\xa9\x5f\x2e\xf2\x62\x19\x08\x82\x68\x5a\xea\xb0\xf4\x81"
		"\x43\x0e\xf5\xe6\x99\x04\x5c\x82\xd2\x6a\x15\x72\x38\xc3"
		"\x20\x6d\xde\x31\xef\x79\xbb\x64\xff\x61\xd4\xc2\x97\x48"
		"\x0b\x2a\x89\xc9\x03";
	static const char text[] =
		"{\"event\":\"brotli\",\"distinct_id\":\"u\",\"properties\":"
		"{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"}}";
	struct slice in = slice_of(packed, sizeof(packed) - 1);
	struct buf out;
	struct err e;

	(void)state;
	for (size_t max = 0; max < sizeof(text) + 2; max++) {
		int want = max < sizeof(text) - 1 ? -(int)ERR_TOO_BIG : 0;

		buf_init(&out, max);
		assert_int_equal(zip_brotli_decode(in, &out, &e), want);
		if (want == 0)
			assert_true(slice_eq_str(buf_slice(&out), text));
		buf_fini(&out);
	}
	for (size_t n = 0; n < in.len; n++) {
		buf_init(&out, 1000);
		assert_int_equal(zip_brotli_decode(slice_of(in.p, n), &out, &e),
			-ERR_INVALID);
		buf_fini(&out);
	}
}

static void
only_the_first_gzip_member_counts(void **state)
{
	struct buf packed, out;
	struct err e;

	(void)state;
	buf_init(&packed, 1000);
	buf_init(&out, 1000);
	assert_int_equal(zip_gzip(SLICE_LIT("one"), 9, &packed, &e), 0);
	assert_int_equal(zip_gzip(SLICE_LIT("two"), 9, &packed, &e), 0);
	assert_int_equal(zip_gunzip(buf_slice(&packed), &out, &e), 0);
	assert_string_equal(buf_cstr(&out), "one");
	buf_reset(&out);
	assert_int_equal(zip_gunzip_all(buf_slice(&packed), &out, &e), 0);
	assert_string_equal(buf_cstr(&out), "onetwo");
	buf_append_lit(&packed, "rubbish");
	buf_reset(&out);
	assert_int_equal(zip_gunzip(buf_slice(&packed), &out, &e), 0);
	assert_int_equal(zip_gunzip_all(buf_slice(&packed), &out, &e),
		-(int)ERR_INVALID);
	buf_fini(&packed);
	buf_fini(&out);
}

/* The pieces together are one member. */
static void
gzip_is_made_in_pieces(void **state)
{
	struct zip_gzip_stream *z = zip_gzip_stream_new(6);
	struct buf in, packed, out;
	struct err e;

	(void)state;
	assert_non_null(z);
	buf_init(&in, 1 << 20);
	buf_init(&packed, 1 << 20);
	buf_init(&out, 1 << 20);
	make_text(&in, 300000, 60);
	for (size_t at = 0; at < in.len; at += 1000)
		assert_int_equal(
			zip_gzip_stream_add(z, slice_of(in.p + at, 1000), false,
				&packed, &e),
			0);
	assert_int_equal(
		zip_gzip_stream_add(z, SLICE_NONE, true, &packed, &e), 0);
	zip_gzip_stream_free(z);
	assert_int_equal(zip_gunzip_all(buf_slice(&packed), &out, &e), 0);
	assert_true(slice_eq(buf_slice(&in), buf_slice(&out)));
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
}

static void
snappy_is_read_in_xerial_frames(void **state)
{
	struct buf block, framed, out;
	struct err e;

	(void)state;
	buf_init(&block, 1000);
	buf_init(&framed, 1000);
	buf_init(&out, 1000);
	buf_append(&framed, "\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
	for (int i = 0; i < 2; i++) {
		buf_reset(&block);
		assert_int_equal(zip_snappy_encode(SLICE_LIT("block of text,"),
					 &block, &e),
			0);
		buf_append(&framed, "\0\0\0", 3);
		buf_append_char(&framed, (char)block.len);
		buf_append_slice(&framed, buf_slice(&block));
	}
	assert_int_equal(zip_snappy_decode(buf_slice(&framed), &out, &e), 0);
	assert_string_equal(buf_cstr(&out), "block of text,block of text,");
	framed.len--;
	assert_int_equal(zip_snappy_decode(buf_slice(&framed), &out, &e),
		-(int)ERR_INVALID);
	buf_fini(&block);
	buf_fini(&framed);
	buf_fini(&out);
}

/* base-2: a head that promises 4 GiB must not make us take them. */
static void
sizes_in_the_input_are_not_believed(void **state)
{
	struct buf out;
	struct err e;

	(void)state;
	buf_init(&out, (size_t)1 << 40);
	assert_int_equal(zip_snappy_decode(SLICE_LIT("\xff\xff\xff\xff\x0f"
						     "a"),
				 &out, &e),
		-(int)ERR_INVALID);
	assert_true(out.cap < 1 << 20);
	buf_fini(&out);
}

/* Texts made with lz-string 1.5's compressToBase64. */
static void
lz64_gives_the_text_of_lz_string(void **state)
{
	static const struct {
		const char *packed, *text;
	} rows[] = {{"BYUwNmD2Q===", "hello"}, {"IZA=", "a"},
		{"N4IgpgbmB2AuIC4QBIAOBDA5pAlmA7iADQioBOA9qmGbHgM6KiwUDWMipAFg"
		 "MYD6AD2IoANjgBGnfGEkBfWUA===",
			"{\"event\":\"$pageview\",\"properties\":{\"token\":"
			"\"phc_x\",\"$lib\":\"web\"}}"},
		{"F4ew1wBIvBuAB7sQQyclq3qUA===",
			"zo\xc3\xab \xf0\x9f\x98\x80\xf0\x9f\x98\x80 "
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{"IYIwxqHpPXUNo+TUvczaFA==",
			"abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc"
			"abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc"}};
	struct buf out;
	struct err e;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&out);
		assert_int_equal(
			zip_lz64_decode(slice_str(rows[i].packed), &out, &e),
			0);
		assert_string_equal(buf_cstr(&out), rows[i].text);
	}
	buf_fini(&out);
}

static void
lz64_tells_its_faults_apart(void **state)
{
	struct buf out;
	struct err e;

	(void)state;
	buf_init(&out, 20);
	assert_int_equal(zip_lz64_decode(SLICE_LIT("IaAA2EZA"), &out, &e),
		-(int)ERR_UNSUPPORTED);
	assert_int_equal(zip_lz64_decode(SLICE_LIT("IYIwxqHpPXUNo+TUvczaFA=="),
				 &out, &e),
		-(int)ERR_TOO_BIG);
	buf_reset(&out);
	assert_int_equal(
		zip_lz64_decode(SLICE_LIT(""), &out, &e), -(int)ERR_INVALID);
	assert_int_equal(zip_lz64_decode(SLICE_LIT("{\"a\":1}"), &out, &e),
		-(int)ERR_INVALID);
	assert_int_equal(zip_lz64_decode(SLICE_LIT("BYUw"), &out, &e),
		-(int)ERR_INVALID);
	assert_int_equal(zip_lz64_decode(SLICE_LIT("////"), &out, &e),
		-(int)ERR_INVALID);
	buf_fini(&out);
}

int
run_zip_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_codec_gives_back_what_it_took),
		cmocka_unit_test(each_decoder_stops_at_the_maximum),
		cmocka_unit_test(each_decoder_refuses_cut_and_foreign_streams),
		cmocka_unit_test(brotli_is_read_within_its_maximum),
		cmocka_unit_test(only_the_first_gzip_member_counts),
		cmocka_unit_test(gzip_is_made_in_pieces),
		cmocka_unit_test(snappy_is_read_in_xerial_frames),
		cmocka_unit_test(sizes_in_the_input_are_not_believed),
		cmocka_unit_test(lz64_gives_the_text_of_lz_string),
		cmocka_unit_test(lz64_tells_its_faults_apart),
	};

	return cmocka_run_group_tests_name("zip", tests, NULL, NULL);
}
