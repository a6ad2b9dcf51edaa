#include <string.h>
#include <zlib.h>

#include "base/zip.h"
#include "base/zip_fast.h"

#define PIECE (64 * 1024)

static int
too_big(const struct buf *out, struct err *e)
{
	return err_set(e, ERR_TOO_BIG, "decompressed data exceeds %zu bytes",
		out->max_bytes);
}

/* Room for the next piece; never beyond the maximum, 0 when that is reached. */
static size_t
piece_room(struct buf *out)
{
	size_t left = out->max_bytes - out->len;
	size_t room = out->cap - out->len;

	if (room < PIECE)
		room = PIECE;
	return room < left ? room : left;
}

/* Inflates one member; *used is how much of in it took. */
static int
inflate_member(z_stream *z, struct slice in, struct buf *out, size_t *used,
	struct err *e)
{
	int rc = Z_OK;

	z->next_in = (Bytef *)(uintptr_t)in.p;
	z->avail_in = (uInt)in.len;
	while (rc != Z_STREAM_END) {
		size_t room = piece_room(out);
		char one = 0;
		char *to = room > 0 ? buf_reserve(out, room) : &one;

		if (to == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory to inflate");
		z->next_out = (Bytef *)to;
		z->avail_out = room > 0 ? (uInt)room : 1;
		rc = inflate(z, Z_NO_FLUSH);
		if (room == 0) {
			if (z->avail_out == 0)
				return too_big(out, e);
		} else {
			out->len += room - z->avail_out;
		}
		if (rc == Z_BUF_ERROR ||
			(rc == Z_OK && z->avail_in == 0 && z->avail_out != 0))
			return err_set(e, ERR_INVALID, "truncated gzip data");
		if (rc != Z_OK && rc != Z_STREAM_END)
			return err_set(e, ERR_INVALID, "invalid gzip data");
	}
	*used = in.len - z->avail_in;
	return 0;
}

static int
inflate_as(struct slice in, int window_bits, struct buf *out, bool all,
	struct err *e)
{
	z_stream z = {.next_in = NULL};
	size_t used = 0;
	int rc;

	if (in.len > UINT32_MAX / 2)
		return err_set(
			e, ERR_TOO_BIG, "gzip data of %zu bytes", in.len);
	if (in.len == 0)
		return err_set(e, ERR_INVALID, "truncated gzip data");
	if (inflateInit2(&z, window_bits) != Z_OK)
		return err_set(e, ERR_NO_MEMORY, "no memory to inflate");
	do {
		rc = inflate_member(&z, in, out, &used, e);
		in.p += used;
		in.len -= used;
	} while (rc == 0 && all && in.len > 0 && inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return rc;
}

int
zip_gunzip(struct slice in, struct buf *out, struct err *e)
{
	if (zip_fast_gunzip(in, out))
		return 0;
	return zip_gunzip_streamed(in, out, e);
}

int
zip_gunzip_streamed(struct slice in, struct buf *out, struct err *e)
{
	return inflate_as(in, 15 + 16, out, false, e);
}

int
zip_gunzip_all(struct slice in, struct buf *out, struct err *e)
{
	return inflate_as(in, 15 + 16, out, true, e);
}

int
zip_inflate(struct slice in, struct buf *out, struct err *e)
{
	bool is_zlib = in.len > 0 && in.p[0] == 0x78;

	return inflate_as(in, is_zlib ? 15 : -15, out, false, e);
}

int
zip_gzip(struct slice in, int level, struct buf *out, struct err *e)
{
	z_stream z;
	size_t room;
	char *to;
	int rc;

	memset(&z, 0, sizeof(z));
	if (in.len > UINT32_MAX / 2 ||
		deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8,
			Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ERR_NO_MEMORY, "no memory to deflate");
	room = deflateBound(&z, in.len);
	to = buf_reserve(out, room);
	if (to == NULL) {
		deflateEnd(&z);
		return err_set(e, ERR_TOO_BIG, "no room for compressed data");
	}
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.len;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)room;
	rc = deflate(&z, Z_FINISH);
	out->len += room - z.avail_out;
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return err_set(e, ERR_BUG, "deflate did not finish");
	return 0;
}
