#include "test_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "broker/int.h"

/*
 * Every API and version is written from a struct filled by a rule, compared
 * with tests/data/kafka/golden.txt, read back and written again. The file was
 * checked against the message definitions of an independent client
 * (tests/kafka/test_golden.py does it again). GOLDEN_OUT=FILE writes it anew.
 */

enum fill { FILL_FULL, FILL_LEAST };

static struct arena arena;
static int counter;

static void fill(
	const struct wire_schema *s, char *out, enum fill how, int16_t version);

static void
fill_text(struct slice *out, const char *prefix)
{
	char *p = arena_alloc(&arena, 16);

	assert_non_null(p);
	snprintf(p, 16, "%s%d", prefix, counter);
	*out = slice_str(p);
}

static void
fill_array(const struct wire_field *f, struct wire_array *out, enum fill how,
	int16_t version)
{
	int32_t n = how == FILL_FULL ? 2 : 0;

	if (how == FILL_LEAST && f->null_from != 0 &&
		version >= f->null_from - 1)
		n = -1;
	out->n = n;
	out->items = arena_zalloc(&arena, 2, f->elem->size);
	assert_non_null(out->items);
	for (int32_t i = 0; i < n; i++)
		fill(f->elem, (char *)out->items + i * f->elem->size, how,
			version);
}

static void
fill_field(
	const struct wire_field *f, char *out, enum fill how, int16_t version)
{
	bool null = how == FILL_LEAST && f->null_from != 0 &&
		    version >= f->null_from - 1;
	void *p = out;

	counter++;
	switch (f->type) {
	case WIRE_BOOL:
		*(bool *)p = how == FILL_FULL;
		break;
	case WIRE_I8:
		*(int8_t *)p = (int8_t)(counter % 100);
		break;
	case WIRE_I16:
		*(int16_t *)p = (int16_t)counter;
		break;
	case WIRE_I32:
		*(int32_t *)p = how == FILL_FULL ? counter * 65537 : -1;
		break;
	case WIRE_I64:
		*(int64_t *)p =
			how == FILL_FULL ? counter * (int64_t)4294967297 : -1;
		break;
	case WIRE_UUID:
		memset(p, counter, 16);
		break;
	case WIRE_STR:
		fill_text(p, "s");
		break;
	case WIRE_BYTES:
		fill_text(p, "b");
		break;
	case WIRE_ARRAY:
		fill_array(f, p, how, version);
		break;
	}
	if (null && (f->type == WIRE_STR || f->type == WIRE_BYTES))
		*(struct slice *)p = SLICE_NONE;
}

static void
fill(const struct wire_schema *s, char *out, enum fill how, int16_t version)
{
	for (int i = 0; i < s->n; i++)
		if (s->fields[i].tag == 0)
			fill_field(&s->fields[i], out + s->fields[i].off, how,
				version);
}

static void
write_message(struct buf *b, const struct wire_schema *s, const void *in,
	const struct broker_api *a, int16_t version)
{
	struct wire_writer w = {.b = b,
		.version = version,
		.is_flexible = broker_api_is_flexible(a, version)};

	broker_wire_write(&w, s, in);
	assert_false(b->failed);
}

static bool
read_message(const char *p, size_t n, const struct wire_schema *s, void *out,
	const struct broker_api *a, int16_t version)
{
	struct wire_reader r = {.p = p,
		.end = n == 0 ? p : p + n,
		.arena = &arena,
		.version = version,
		.is_flexible = broker_api_is_flexible(a, version)};

	if (n == 0)
		r.p = r.end = ""; /* an empty message has no bytes */
	memset(out, 0, s->size);
	broker_wire_read(&r, s, out);
	return !r.failed && r.p == r.end;
}

/* Reads what was written, writes it again; no part of it reads as a whole. */
static void
check_back(const struct buf *b, const struct wire_schema *s,
	const struct broker_api *a, int16_t version)
{
	void *back = arena_zalloc(&arena, 1, s->size);
	struct buf again;

	assert_non_null(back);
	assert_true(read_message(b->p, b->len, s, back, a, version));
	buf_init(&again, 1 << 20);
	write_message(&again, s, back, a, version);
	assert_int_equal(again.len, b->len);
	if (b->len > 0)
		assert_memory_equal(again.p, b->p, b->len);
	buf_fini(&again);
	for (size_t n = 0; n < b->len; n++) {
		/* A copy of its own: a read past it is seen by tools. */
		char *part = malloc(n + 1);

		assert_non_null(part);
		memcpy(part, b->p, n);
		assert_false(read_message(part, n, s, back, a, version));
		free(part);
	}
}

static void
put_line(struct buf *out, const struct broker_api *a, int16_t version,
	const char *what, enum fill how)
{
	bool is_req = strcmp(what, "request") == 0;
	const struct wire_schema *s = is_req ? a->req : a->resp;
	void *in = arena_zalloc(&arena, 1, s->size);
	struct buf b;

	assert_non_null(in);
	counter = 0;
	fill(s, in, how, version);
	buf_init(&b, 1 << 20);
	write_message(&b, s, in, a, version);
	buf_printf(out, "%s %d %d %s %s ", a->name, a->key, version, what,
		how == FILL_FULL ? "full" : "least");
	for (size_t i = 0; i < b.len; i++)
		buf_printf(out, "%02x", (uint8_t)b.p[i]);
	buf_append_char(out, '\n');
	check_back(&b, s, a, version);
	buf_fini(&b);
}

static void
put_all(struct buf *out)
{
	for (int i = 0; i < broker_n_apis; i++)
		for (int16_t v = broker_apis[i].min; v <= broker_apis[i].max;
			v++) {
			const struct broker_api *a = &broker_apis[i];

			put_line(out, a, v, "request", FILL_FULL);
			put_line(out, a, v, "request", FILL_LEAST);
			put_line(out, a, v, "answer", FILL_FULL);
			put_line(out, a, v, "answer", FILL_LEAST);
			arena_reset(&arena);
		}
}

static char *
read_golden(size_t *len)
{
	const char *top = getenv("srcdir");
	char path[512];
	char *text;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/kafka/golden.txt",
		top == NULL ? "." : top);
	f = fopen(path, "rb");
	assert_non_null(f);
	text = malloc(4 << 20);
	assert_non_null(text);
	*len = fread(text, 1, 4 << 20, f);
	fclose(f);
	return text;
}

static void
every_version_matches_the_golden_bytes(void **state)
{
	const char *out_path = getenv("GOLDEN_OUT");
	struct buf out;
	char *golden;
	size_t len;

	(void)state;
	arena_init(&arena, 64 << 20);
	buf_init(&out, 4 << 20);
	put_all(&out);
	assert_false(out.failed);
	if (out_path != NULL) {
		FILE *f = fopen(out_path, "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(out.p, 1, out.len, f), out.len);
		assert_int_equal(fclose(f), 0);
	}
	golden = read_golden(&len);
	assert_int_equal(len, out.len);
	assert_memory_equal(golden, out.p, len);
	free(golden);
	buf_fini(&out);
	arena_fini(&arena);
}

static void
from_hex(const char *hex, struct buf *out)
{
	for (; *hex != '\0'; hex += 2) {
		unsigned v;

		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		buf_append_char(out, (char)v);
	}
}

/* The answers of spec kafka 2.10, without size and header. */
static void
answers_match_the_specification(void **state)
{
	struct versions_key key = {18, 0, 4};
	struct versions_resp versions = {.keys = {&key, 1}};
	struct heartbeat_resp heartbeat = {.error = 27};
	struct buf b, want;

	(void)state;
	buf_init(&b, 1024);
	buf_init(&want, 1024);
	write_message(&b, &broker_msg_versions_resp, &versions,
		broker_api_find(18), 3);
	from_hex("00000200120000000400"
		 "00000000"
		 "00",
		&want);
	assert_int_equal(b.len, want.len);
	assert_memory_equal(b.p, want.p, want.len);
	buf_reset(&b);
	buf_reset(&want);
	versions.error = 35;
	write_message(&b, &broker_msg_versions_resp, &versions,
		broker_api_find(18), 0);
	from_hex("002300000001001200000004", &want);
	assert_int_equal(b.len, want.len);
	assert_memory_equal(b.p, want.p, want.len);
	buf_reset(&b);
	buf_reset(&want);
	write_message(&b, &broker_msg_heartbeat_resp, &heartbeat,
		broker_api_find(12), 4);
	from_hex("00000000001b00", &want);
	assert_int_equal(b.len, want.len);
	assert_memory_equal(b.p, want.p, want.len);
	buf_fini(&b);
	buf_fini(&want);
}

static void
apis_are_sorted_and_whole(void **state)
{
	(void)state;
	for (int i = 0; i < broker_n_apis; i++) {
		const struct broker_api *a = &broker_apis[i];

		assert_true(i == 0 || broker_apis[i - 1].key < a->key);
		assert_true(a->min <= a->max);
		assert_non_null(a->start);
		assert_ptr_equal(broker_api_find(a->key), a);
	}
	assert_null(broker_api_find(9999));
}

/* broker-1 */
static void
a_count_is_believed_only_if_it_can_follow(void **state)
{
	struct metadata_req out;
	char in[64] = {0x00, 0x01, 0x00, 0x00}; /* 65536 topics */

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_false(read_message(in, sizeof(in), &broker_msg_metadata_req,
		&out, broker_api_find(3), 1));
	assert_int_equal(arena.total, 0);
	arena_fini(&arena);
}

/* broker-1 */
static void
tags_are_bounded_and_ascending(void **state)
{
	struct buf b;
	struct cluster_req out;

	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&b, 4096);
	/* DescribeCluster 0: bool, then tags. */
	from_hex("0002050161070162", &b);
	assert_true(read_message(b.p, b.len, &broker_msg_cluster_req, &out,
		broker_api_find(60), 0));
	buf_reset(&b);
	from_hex("0002070161050162", &b); /* descending */
	assert_false(read_message(b.p, b.len, &broker_msg_cluster_req, &out,
		broker_api_find(60), 0));
	buf_reset(&b);
	from_hex("00020501610501", &b); /* cut short */
	assert_false(read_message(b.p, b.len, &broker_msg_cluster_req, &out,
		broker_api_find(60), 0));
	buf_reset(&b);
	from_hex("0041", &b); /* 65 tags */
	for (int i = 0; i < 65; i++) {
		buf_append_char(&b, (char)i);
		buf_append_char(&b, 0);
	}
	assert_false(read_message(b.p, b.len, &broker_msg_cluster_req, &out,
		broker_api_find(60), 0));
	buf_fini(&b);
	arena_fini(&arena);
}

static void
a_follower_is_known_by_its_tag(void **state)
{
	struct fetch_req out;
	struct buf b;

	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&b, 4096);
	/* Fetch 15: wait, min, max, isolation, session, epoch, topics,
	 * forgotten, rack, tags {1: id 7, epoch, no tags}. */
	from_hex("000001f4000000010000ffff00"
		 "00000000ffffffff010101"
		 "01010d"
		 "000000070000000000000001"
		 "00",
		&b);
	assert_true(read_message(b.p, b.len, &broker_msg_fetch_req, &out,
		broker_api_find(1), 15));
	assert_int_equal(out.replica, 7);
	assert_int_equal(out.max_wait_ms, 500);
	buf_fini(&b);
	arena_fini(&arena);
}

static void
long_bytes_become_pieces(void **state)
{
	static char long_records[WIRE_PIECE_BYTES_MIN];
	struct fetch_part_resp parts[2] = {
		{.records = {long_records, sizeof(long_records)}},
		{.records = SLICE_LIT("short")}};
	struct fetch_topic_resp topic = {
		.name = SLICE_LIT("t"), .parts = {parts, 2}};
	struct fetch_resp resp = {.topics = {&topic, 1}};
	struct wire_piece pieces[2];
	struct buf whole, split;
	struct wire_writer w = {
		.b = &split, .version = 11, .pieces = pieces, .max_pieces = 2};

	(void)state;
	buf_init(&whole, 1 << 20);
	buf_init(&split, 1 << 20);
	write_message(
		&whole, &broker_msg_fetch_resp, &resp, broker_api_find(1), 11);
	broker_wire_write(&w, &broker_msg_fetch_resp, &resp);
	assert_int_equal(w.n_pieces, 1);
	assert_int_equal(split.len + w.piece_bytes, whole.len);
	assert_memory_equal(split.p, whole.p, pieces[0].at);
	assert_memory_equal(split.p + pieces[0].at,
		whole.p + pieces[0].at + sizeof(long_records),
		split.len - pieces[0].at);
	buf_fini(&whole);
	buf_fini(&split);
}

const struct CMUnitTest test_wire[] = {
	cmocka_unit_test(every_version_matches_the_golden_bytes),
	cmocka_unit_test(answers_match_the_specification),
	cmocka_unit_test(apis_are_sorted_and_whole),
	cmocka_unit_test(a_count_is_believed_only_if_it_can_follow),
	cmocka_unit_test(tags_are_bounded_and_ascending),
	cmocka_unit_test(a_follower_is_known_by_its_tag),
	cmocka_unit_test(long_bytes_become_pieces),
};
const size_t test_wire_n = ARRAY_LEN(test_wire);
