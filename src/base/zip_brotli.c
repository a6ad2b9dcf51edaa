#include <brotli/decode.h>

#include "base/zip.h"

#define PIECE (64 * 1024)

static int
too_big(const struct buf *out, struct err *e)
{
	return err_set(e, ERR_TOO_BIG, "decompressed data exceeds %zu bytes",
		out->max_bytes);
}

/* One byte beside the buffer shows whether the stream goes on beyond it. */
static int
run(BrotliDecoderState *state, struct slice in, struct buf *out, struct err *e)
{
	const uint8_t *from = (const uint8_t *)in.p;
	size_t left = in.len;

	for (;;) {
		uint8_t probe, *to = &probe;
		size_t room = out->max_bytes - out->len, before;
		BrotliDecoderResult r;

		if (room > PIECE)
			room = PIECE;
		if (room > 0)
			to = (uint8_t *)buf_reserve(out, room);
		else
			room = 1;
		if (to == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory to inflate");
		before = room;
		r = BrotliDecoderDecompressStream(
			state, &left, &from, &room, &to, NULL);
		if (before != room && out->len == out->max_bytes)
			return too_big(out, e);
		out->len += before - room;
		if (r == BROTLI_DECODER_RESULT_SUCCESS)
			return 0;
		if (r != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT)
			return err_set(e, ERR_INVALID, "%s brotli data",
				r == BROTLI_DECODER_RESULT_ERROR ? "invalid"
								 : "truncated");
	}
}

int
zip_brotli_decode(struct slice in, struct buf *out, struct err *e)
{
	BrotliDecoderState *state =
		BrotliDecoderCreateInstance(NULL, NULL, NULL);
	int rc;

	if (state == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to inflate");
	rc = run(state, in, out, e);
	BrotliDecoderDestroyInstance(state);
	return rc;
}
