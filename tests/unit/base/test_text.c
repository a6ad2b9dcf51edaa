#include "tests.h"

#include "base/attr.h"
#include "base/base64.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "base/zip.h"

static void
slices_compare(void **state)
{
	(void)state;
	assert_true(slice_eq_nocase(SLICE_LIT("GZip"), SLICE_LIT("gzip")));
	assert_false(slice_eq_nocase(SLICE_LIT("gzip"), SLICE_LIT("gzi")));
	assert_false(slice_eq_nocase(SLICE_LIT("@"), SLICE_LIT("`")));
	assert_true(slice_eq_str(slice_trim(SLICE_LIT(" \t a b\r\n")), "a b"));
	assert_int_equal(slice_trim(SLICE_LIT(" \n ")).len, 0);
	assert_true(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")) < 0);
	assert_true(slice_cmp(SLICE_LIT("\xff"), SLICE_LIT("a")) > 0);
	assert_true(slice_starts(SLICE_LIT("abc"), SLICE_NONE));
}

static void
utf8_validity_is_strict(void **state)
{
	static const char *const good[] = {"", "abc", "\xc2\x80", "\xdf\xbf",
		"\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"0123456789abcdef\303\2740123456789abcdef"};
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3",
		"\xe2\x82", "\xf0\x9f\x98", "abc\xc3(", "0123456789abcdef\xff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(utf8_valid(slice_str(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(utf8_valid(slice_str(bad[i])));
}

static void
utf8_run_agrees_with_utf8_valid(void **state)
{
	(void)state;
	/* Every pair of lead byte and second byte, in three and four bytes. */
	for (unsigned lead = 0x80; lead < 0x100; lead++) {
		for (unsigned next = 0; next < 0x100; next++) {
			char text[4] = {
				(char)lead, (char)next, (char)0x80, (char)0x80};

			for (size_t n = 1; n <= 4; n++) {
				struct slice s = slice_of(text, n);
				bool is_whole = utf8_run(text, n) == n;

				if (next >= 0x80 || n == 1)
					assert_int_equal(
						is_whole, utf8_valid(s));
			}
		}
	}
}

static void
utf8_encodes_what_it_decodes(void **state)
{
	static const uint32_t points[] = {0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff,
		0xe000, 0xffff, 0x10000, 0x1f600, 0x10ffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		char text[4];
		size_t n = utf8_encode(points[i], text);
		uint32_t cp;

		assert_true(utf8_valid(slice_of(text, n)));
		assert_int_equal(utf8_decode(text, n, &cp), n);
		assert_int_equal(cp, points[i]);
	}
}

static void
utf8_counts_and_cuts_whole_characters(void **state)
{
	struct slice s = SLICE_LIT("z\xc3\xab\xf0\x9f\x98\x80x");

	(void)state;
	assert_int_equal(utf8_scalars(s), 4);
	assert_int_equal(utf8_units16(s), 5);
	assert_int_equal(utf8_cut_scalars(s, 3).len, 7);
	assert_int_equal(utf8_cut_scalars(s, 4).len, 8);
	assert_int_equal(utf8_cut_units16(s, 3).len, 3);
	assert_int_equal(utf8_cut_units16(s, 4).len, 7);
	assert_int_equal(utf8_cut_units16(s, 0).len, 0);
	assert_int_equal(utf8_cut_units16(s, 99).len, 8);
}

static void
utf8_lossy_replaces_each_broken_sequence(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	utf8_append_lossy(&b, SLICE_LIT("a\xe2\x82z\xff\xc3\xbc\xf0\x9f"));
	assert_string_equal(
		buf_cstr(&b), "a\xef\xbf\xbdz\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd");
	assert_true(utf8_valid(buf_slice(&b)));
	buf_fini(&b);
}

struct pair {
	const char *plain, *text;
};

static void
base64_round_trips(void **state)
{
	static const struct pair pairs[] = {{"", ""}, {"f", "Zg=="},
		{"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
		{"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"}};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		buf_reset(&b);
		base64_encode(slice_str(pairs[i].plain), &b);
		assert_string_equal(buf_cstr(&b), pairs[i].text);
		buf_reset(&b);
		assert_true(base64_decode(slice_str(pairs[i].text), &b));
		assert_string_equal(buf_cstr(&b), pairs[i].plain);
	}
	buf_fini(&b);
}

static void
base64_is_strict(void **state)
{
	static const char *const bad[] = {"Zg", "Zg=", "Z",
		"Zg==Zg==", "Zh==", "Zm9=", "Zm9v\n", "-_-_", "====", "Zg=g",
		" Zg=="};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_append_lit(&b, "x");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(base64_decode(slice_str(bad[i]), &b));
	assert_string_equal(buf_cstr(&b), "x");
	buf_reset(&b);
	assert_true(base64url_decode(SLICE_LIT("-_-_Zg"), &b));
	assert_true(base64url_decode(SLICE_LIT("Zg=="), &b));
	assert_false(base64url_decode(SLICE_LIT("+/+/"), &b));
	assert_false(base64url_decode(SLICE_LIT("Zg="), &b));
	assert_true(slice_eq_str(buf_slice(&b), "\xfb\xff\xbf"
						"ff"));
	buf_fini(&b);
	buf_init(&b, 2);
	assert_false(base64_decode(SLICE_LIT("Zm9v"), &b));
	assert_false(b.failed);
	buf_fini(&b);
}

static void
uuids_parse_and_print(void **state)
{
	static const char *const any[] = {
		"932979b4-65c3-4424-8467-0b66ec27bc22",
		"932979B465C3442484670B66EC27BC22",
		"{932979b4-65c3-4424-8467-0b66ec27bc22}",
		"urn:uuid:932979b4-65c3-4424-8467-0b66ec27bc22"};
	static const char *const bad[] = {"", "932979b4",
		"932979b4-65c3-4424-8467-0b66ec27bc2g",
		"932979b465c3-4424-8467-0b66ec27bc22-",
		"932979b4-65c3-4424-8467-0b66ec27bc222"};
	struct uuid u;
	char text[UUID_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(any); i++) {
		assert_true(uuid_parse_any(slice_str(any[i]), &u));
		uuid_format(&u, text);
		assert_memory_equal(text, any[0], UUID_TEXT);
		assert_int_equal(uuid_parse(slice_str(any[i]), &u), i == 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(uuid_parse_any(slice_str(bad[i]), &u));
}

/* spec ingestion 5.1 */
static void
uuid_v5_gives_the_person_ids_of_the_specification(void **state)
{
	static const struct pair pairs[] = {
		{"1:user-1", "6931a681-6e90-500d-8294-14582dcc2e3f"},
		{"1:anon-1", "cfa956a0-5af4-51c6-9ef5-cb3c80e09b69"},
		{"2:user-1", "1e7731c8-945c-520d-96b9-e7f088242010"},
		{"42:zo\xc3\xab@example.com",
			"a7f2589d-8d7a-5bea-b7e8-c9ed07e056e6"}};
	struct uuid ns, u;
	char text[UUID_TEXT];

	(void)state;
	assert_true(uuid_parse(
		SLICE_LIT("932979b4-65c3-4424-8467-0b66ec27bc22"), &ns));
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		uuid_v5(&u, &ns, slice_str(pairs[i].plain));
		uuid_format(&u, text);
		assert_memory_equal(text, pairs[i].text, UUID_TEXT);
	}
}

static void
uuid_v4_and_v7_carry_version_and_time(void **state)
{
	struct uuid a, b;

	(void)state;
	uuid_v4(&a);
	uuid_v4(&b);
	assert_int_equal(a.b[6] >> 4, 4);
	assert_int_equal(a.b[8] >> 6, 2);
	assert_memory_not_equal(a.b, b.b, sizeof(a.b));
	uuid_v7(&a, INT64_C(0x0123456789ab) * 1000 + 999);
	assert_memory_equal(a.b, "\x01\x23\x45\x67\x89\xab", 6);
	assert_int_equal(a.b[6] >> 4, 7);
	assert_int_equal(a.b[8] >> 6, 2);
}

/* A slice of no bytes may have no address: sanitizers watch this. */
static void
texts_without_an_address_are_empty_texts(void **state)
{
	struct json_cursor c;
	enum json_type type;
	struct slice raw;
	struct uuid u, ns;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 1000);
	json_put_string(&b, SLICE_NONE);
	json_unescape(SLICE_NONE, &b);
	base64_encode(SLICE_NONE, &b);
	utf8_append_lossy(&b, SLICE_NONE);
	buf_append_slice(&b, SLICE_NONE);
	assert_true(base64_decode(SLICE_NONE, &b));
	assert_string_equal(buf_cstr(&b), "\"\"");
	assert_true(utf8_valid(SLICE_NONE));
	assert_int_equal(utf8_units16(utf8_cut_units16(SLICE_NONE, 5)), 0);
	assert_int_equal(slice_trim(SLICE_NONE).len, 0);
	json_cursor_init(&c, SLICE_NONE, 5);
	assert_int_equal(
		json_cursor_skip(&c, &type, &raw, &e), -(int)ERR_INVALID);
	assert_int_equal(
		zip_lz64_decode(SLICE_NONE, &b, &e), -(int)ERR_INVALID);
	assert_int_equal(zip_gunzip(SLICE_NONE, &b, &e), -(int)ERR_INVALID);
	assert_int_equal(
		zip_lz4f_decode(SLICE_NONE, &b, &e), -(int)ERR_INVALID);
	assert_int_equal(
		zip_zstd_decode(SLICE_NONE, &b, &e), -(int)ERR_INVALID);
	assert_int_equal(
		zip_snappy_decode(SLICE_NONE, &b, &e), -(int)ERR_INVALID);
	uuid_v4(&ns);
	uuid_v5(&u, &ns, SLICE_NONE);
	assert_int_equal(u.b[6] >> 4, 5);
	buf_fini(&b);
}

int
run_text_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_compare),
		cmocka_unit_test(utf8_validity_is_strict),
		cmocka_unit_test(utf8_run_agrees_with_utf8_valid),
		cmocka_unit_test(utf8_encodes_what_it_decodes),
		cmocka_unit_test(utf8_counts_and_cuts_whole_characters),
		cmocka_unit_test(utf8_lossy_replaces_each_broken_sequence),
		cmocka_unit_test(base64_round_trips),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(uuids_parse_and_print),
		cmocka_unit_test(
			uuid_v5_gives_the_person_ids_of_the_specification),
		cmocka_unit_test(uuid_v4_and_v7_carry_version_and_time),
		cmocka_unit_test(texts_without_an_address_are_empty_texts),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
