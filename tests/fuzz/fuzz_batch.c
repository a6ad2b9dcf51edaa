#include <string.h>

#include "fuzz.h"
#include "topic/batch.h"
#include "topic/batch_layout.h"

/*
 * Record batches from outside: header, CRC, the walk over records and their
 * headers. What was read is written again and must read the same (topic-1).
 */
#define INFLATED_MAX ((size_t)1024 * 1024)
#define HEADERS_MAX 8

static uint32_t
take_headers(const struct batch_record_view *v, struct batch_header_kv *out)
{
	struct slice left = v->headers, found;
	uint32_t n = 0;

	while (n < HEADERS_MAX && n < v->n_headers &&
		batch_header_next(&left, &out[n]))
		n++;
	if (n > 0 && memchr(out[0].key.p, 0, out[0].key.len) == NULL &&
		out[0].key.len < 60) {
		char key[64] = {0};

		memcpy(key, out[0].key.p, out[0].key.len);
		FUZZ_CHECK(batch_header_find(v, key, &found));
		FUZZ_CHECK(slice_eq(found, out[0].value));
	}
	return n;
}

static bool
same(struct slice a, struct slice b)
{
	return (a.p == NULL) == (b.p == NULL) && slice_eq(a, b);
}

/* Every other record is written in place. */
static void
write_again(struct batch_writer *w, const struct batch_record_view *v,
	const struct batch_header_kv *h, uint32_t n)
{
	if (w->n % 2 == 0 || v->value.p == NULL) {
		batch_record(w, v->ts_ms, v->key, v->value, h, n);
		return;
	}
	batch_value_begin(w, v->key.len / 2);
	buf_append_slice(w->b, v->value);
	batch_value_end(w, v->ts_ms, v->key, h, n);
}

static void
read_again(const struct buf *b, struct slice batch)
{
	struct batch_record_view v, again;
	struct batch_reader r, s;
	struct buf raw, raw2;
	struct err e;

	buf_init(&raw, INFLATED_MAX);
	buf_init(&raw2, INFLATED_MAX);
	FUZZ_CHECK(batch_check_crc(buf_slice(b), &e) == 0);
	FUZZ_CHECK(batch_reader_init(&r, batch, &raw, &e) == 0);
	FUZZ_CHECK(batch_reader_init(&s, buf_slice(b), &raw2, &e) == 0);
	while (batch_next(&r, &v, &e) > 0) {
		FUZZ_CHECK(batch_next(&s, &again, &e) > 0);
		FUZZ_CHECK(v.ts_ms == again.ts_ms);
		FUZZ_CHECK(same(v.key, again.key));
		FUZZ_CHECK(same(v.value, again.value));
	}
	FUZZ_CHECK(batch_next(&s, &again, &e) == 0);
	buf_fini(&raw2);
	buf_fini(&raw);
}

static void
walk(struct slice batch)
{
	struct batch_header_kv h[HEADERS_MAX];
	struct batch_record_view v;
	struct batch_writer w;
	struct batch_reader r;
	struct buf raw, b;
	struct err e;
	int rc;

	buf_init(&raw, INFLATED_MAX);
	buf_init(&b, 4 * INFLATED_MAX);
	if (batch_reader_init(&r, batch, &raw, &e) == 0) {
		batch_begin(&w, &b, r.info.base_ts);
		while ((rc = batch_next(&r, &v, &e)) > 0) {
			uint32_t n = take_headers(&v, h);

			FUZZ_CHECK(v.offset >= r.info.base_offset);
			write_again(&w, &v, h, n);
		}
		if (rc == 0 && w.n > 0 &&
			(r.info.attributes & BATCH_LOG_APPEND_TIME) == 0) {
			FUZZ_CHECK(batch_end(&w, BATCH_NONE, &e) == 0);
			read_again(&b, batch);
		}
	}
	buf_fini(&b);
	buf_fini(&raw);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct slice in = slice_of((const char *)p, len);
	struct batch_info h;
	struct err e;

	while (in.len > 0 && batch_peek(in, &h, &e) == 0) {
		FUZZ_CHECK(h.bytes >= BATCH_HEADER_BYTES && h.bytes <= in.len);
		ERR_IGNORE(batch_check_crc(in, &e), "either way");
		walk(slice_of(in.p, h.bytes));
		in = slice_of(in.p + h.bytes, in.len - h.bytes);
	}
	return 0;
}
