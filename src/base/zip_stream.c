#include "base/zip_stream.h"

#include <limits.h>

#include <zlib.h>

#include "base/mem.h"

#define OUT_BYTES (64 * 1024)
#define GZIP_WINDOW_BITS (15 + 16)
#define MEM_LEVEL 8

struct zip_gzip_stream {
	z_stream z;
};

struct zip_gzip_stream *
zip_gzip_stream_new(int level)
{
	struct zip_gzip_stream *s = mem_new(struct zip_gzip_stream);

	if (s == NULL)
		return NULL;
	if (deflateInit2(&s->z, level, Z_DEFLATED, GZIP_WINDOW_BITS, MEM_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK) {
		mem_free(s);
		return NULL;
	}
	return s;
}

void
zip_gzip_stream_free(struct zip_gzip_stream *s)
{
	if (s == NULL)
		return;
	deflateEnd(&s->z);
	mem_free(s);
}

int
zip_gzip_stream_add(struct zip_gzip_stream *s, struct slice in, bool last,
	struct buf *out, struct err *e)
{
	int status;

	if (in.len > UINT_MAX)
		return err_set(e, ERR_TOO_BIG, "gzip: the piece is too large");
	s->z.next_in = (Bytef *)(uintptr_t)in.p;
	s->z.avail_in = (uInt)in.len;
	do {
		char *p = buf_reserve(out, OUT_BYTES);

		if (p == NULL)
			return err_set(e, ERR_TOO_BIG, "gzip: over %zu bytes",
				out->max_bytes);
		s->z.next_out = (Bytef *)p;
		s->z.avail_out = OUT_BYTES;
		status = deflate(&s->z, last ? Z_FINISH : Z_NO_FLUSH);
		out->len += OUT_BYTES - s->z.avail_out;
	} while (status == Z_OK && (last || s->z.avail_out == 0));
	if (last && status != Z_STREAM_END)
		return err_set(e, ERR_BUG, "gzip: the stream did not end");
	return 0;
}
