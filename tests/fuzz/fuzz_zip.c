#include "base/zip.h"
#include "base/zip_fast.h"
#include "fuzz.h"

/* The first byte chooses the decoder, the rest is its input. */

#define OUT_MAX_BYTES 100000

typedef int decoder_fn(struct slice in, struct buf *out, struct err *e);

static decoder_fn *const decoders[] = {zip_gunzip, zip_gunzip_all,
	zip_lz4f_decode, zip_zstd_decode, zip_snappy_decode, zip_lz64_decode,
	zip_inflate, zip_brotli_decode};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct buf out, again;
	struct slice in;
	struct err e;
	int r;

	if (len == 0)
		return 0;
	in = slice_of((const char *)p + 1, len - 1);
	buf_init(&out, OUT_MAX_BYTES);
	buf_init(&again, OUT_MAX_BYTES);
	r = decoders[p[0] % ARRAY_LEN(decoders)](in, &out, &e);
	FUZZ_CHECK(out.len <= OUT_MAX_BYTES);
	FUZZ_CHECK(r == 0 || r == -(int)e.code);
	/* The answer does not depend on what the memory held before. */
	FUZZ_CHECK(decoders[p[0] % ARRAY_LEN(decoders)](in, &again, &e) == r);
	if (r == 0)
		FUZZ_CHECK(slice_eq(buf_slice(&out), buf_slice(&again)));
	if (decoders[p[0] % ARRAY_LEN(decoders)] == zip_gunzip) {
		buf_reset(&again);
		/* What zlib takes is taken, with the same bytes. */
		if (zip_gunzip_streamed(in, &again, &e) == 0)
			FUZZ_CHECK(r == 0 && slice_eq(buf_slice(&out),
						     buf_slice(&again)));
	}
	buf_fini(&out);
	buf_fini(&again);
	return 0;
}
