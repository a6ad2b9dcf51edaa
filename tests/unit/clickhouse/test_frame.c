#include "tests/unit/clickhouse/tests.h"

#include "clickhouse/frame.h"

/* clickhouse-4 */
void
frames_arrive_whole_however_they_are_cut(void **state)
{
	struct buf whole, in;
	struct frame f;
	bool got;
	struct err e;

	(void)state;
	buf_init(&whole, 10000);
	frame_put(&whole, FRAME_FAILED, "first");
	frame_put(&whole, FRAME_READY, "26.7.2.1");
	for (size_t cut = 0; cut <= whole.len; cut++) {
		int n = 0;

		buf_init(&in, 10000);
		buf_append(&in, whole.p, cut);
		while (frame_take(&in, &f, &got, &e) == 0 && got)
			n++;
		buf_append(&in, whole.p + cut, whole.len - cut);
		while (frame_take(&in, &f, &got, &e) == 0 && got)
			n++;
		assert_int_equal(n, 2);
		assert_int_equal(f.type, FRAME_READY);
		assert_string_equal(f.text, "26.7.2.1");
		assert_int_equal(in.len, 0);
		buf_fini(&in);
	}
	buf_fini(&whole);
}

/* clickhouse-4 */
void
frames_of_another_protocol_are_refused(void **state)
{
	static const char bad[][9] = {
		"SX\1\1\0\0\0\0", /* not ours */
		"SC\2\1\0\0\0\0", /* a later version */
		"SC\1\0\0\0\0\0", /* no such type */
		"SC\1\4\0\0\0\0",
		"SC\1\1\0\0\4\1", /* a byte too long */
		"SC\1\1\xff\xff\xff\xff",
	};
	struct frame f;
	struct buf in;
	bool got;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_init(&in, 100);
		buf_append(&in, bad[i], 8);
		assert_int_equal(frame_take(&in, &f, &got, &e), -ERR_INVALID);
		assert_false(got);
		buf_fini(&in);
	}
}

void
frame_texts_are_cut_and_cleaned(void **state)
{
	char text[FRAME_TEXT_MAX + 100];
	struct frame f;
	struct buf in;
	bool got;
	struct err e;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[3] = '\n';
	text[4] = '\033';
	text[sizeof(text) - 1] = '\0';
	buf_init(&in, 10000);
	frame_put(&in, FRAME_NO_LIBRARY, text);
	assert_int_equal(frame_take(&in, &f, &got, &e), 0);
	assert_true(got);
	assert_int_equal(strlen(f.text), FRAME_TEXT_MAX);
	assert_int_equal(f.text[3], ' ');
	assert_int_equal(f.text[4], ' ');
	buf_fini(&in);
}
