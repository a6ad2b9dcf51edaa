#include <lz4frame.h>
#include <snappy-c.h>
#include <string.h>
#include <zstd.h>

#include "base/zip.h"

#define PIECE (64 * 1024)
#define WINDOW_LOG_MAX 25 /* 32 MiB of window at most */

/*
 * Where the next piece of output goes. At the maximum it is one byte beside the
 * buffer: the stream may end there, or shows by filling it that it is too big.
 */
struct piece {
	char *to;
	size_t room;
	char probe;
};

static int
next_piece(struct piece *p, struct buf *out, struct err *e)
{
	p->room = out->max_bytes - out->len;
	if (p->room > PIECE)
		p->room = PIECE;
	if (p->room == 0) {
		p->to = &p->probe;
		p->room = 1;
		return 0;
	}
	p->to = buf_reserve(out, p->room);
	if (p->to == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to inflate");
	return 0;
}

/* Counts the n bytes that were written to the piece. */
static int
end_piece(const struct piece *p, struct buf *out, size_t n, struct err *e)
{
	if (p->to != &p->probe)
		out->len += n;
	else if (n > 0)
		return err_set(e, ERR_TOO_BIG,
			"decompressed data exceeds %zu bytes", out->max_bytes);
	return 0;
}

static int
lz4f_run(LZ4F_dctx *ctx, struct slice in, struct buf *out, struct err *e)
{
	size_t hint = 1;

	if (in.len == 0)
		return err_set(e, ERR_INVALID, "truncated lz4 data");
	while (hint != 0) {
		struct piece piece;
		size_t n, used = in.len;

		if (next_piece(&piece, out, e) != 0)
			return -(int)e->code;
		n = piece.room;
		hint = LZ4F_decompress(ctx, piece.to, &n, in.p, &used, NULL);
		if (LZ4F_isError(hint))
			return err_set(e, ERR_INVALID, "invalid lz4 data");
		if (end_piece(&piece, out, n, e) != 0)
			return -(int)e->code;
		in.p += used;
		in.len -= used;
		if (hint != 0 && in.len == 0 && n == 0)
			return err_set(e, ERR_INVALID, "truncated lz4 data");
	}
	return 0;
}

int
zip_lz4f_decode(struct slice in, struct buf *out, struct err *e)
{
	LZ4F_dctx *ctx;
	int rc;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		return err_set(e, ERR_NO_MEMORY, "no memory to inflate");
	rc = lz4f_run(ctx, in, out, e);
	LZ4F_freeDecompressionContext(ctx);
	return rc;
}

int
zip_lz4f_encode(struct slice in, struct buf *out, struct err *e)
{
	size_t room = LZ4F_compressFrameBound(in.len, NULL);
	char *to = buf_reserve(out, room);
	size_t n;

	if (to == NULL)
		return err_set(e, ERR_TOO_BIG, "no room for compressed data");
	n = LZ4F_compressFrame(to, room, in.p, in.len, NULL);
	if (LZ4F_isError(n))
		return err_set(e, ERR_BUG, "lz4: %s", LZ4F_getErrorName(n));
	out->len += n;
	return 0;
}

static int
zstd_run(ZSTD_DCtx *ctx, struct slice in, struct buf *out, struct err *e)
{
	ZSTD_inBuffer from = {in.p, in.len, 0};
	size_t hint = 1;

	while (hint != 0) {
		struct piece piece;
		ZSTD_outBuffer to;

		if (next_piece(&piece, out, e) != 0)
			return -(int)e->code;
		to = (ZSTD_outBuffer){piece.to, piece.room, 0};
		hint = ZSTD_decompressStream(ctx, &to, &from);
		if (ZSTD_isError(hint))
			return err_set(e, ERR_INVALID, "invalid zstd data");
		if (end_piece(&piece, out, to.pos, e) != 0)
			return -(int)e->code;
		if (hint != 0 && to.pos == 0 && from.pos == from.size)
			return err_set(e, ERR_INVALID, "truncated zstd data");
	}
	return 0;
}

int
zip_zstd_decode(struct slice in, struct buf *out, struct err *e)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	int rc;

	if (ctx == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to inflate");
	ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	rc = zstd_run(ctx, in, out, e);
	ZSTD_freeDCtx(ctx);
	return rc;
}

int
zip_zstd_encode(struct slice in, struct buf *out, struct err *e)
{
	size_t room = ZSTD_compressBound(in.len);
	char *to = buf_reserve(out, room);
	size_t n;

	if (to == NULL)
		return err_set(e, ERR_TOO_BIG, "no room for compressed data");
	n = ZSTD_compress(to, room, in.p, in.len, 3);
	if (ZSTD_isError(n))
		return err_set(e, ERR_BUG, "zstd: %s", ZSTD_getErrorName(n));
	out->len += n;
	return 0;
}

/* One raw block. Its length stands in its head: checked before it is used. */
static int
snappy_block(struct slice in, struct buf *out, struct err *e)
{
	size_t n;
	char *to;

	if (snappy_uncompressed_length(in.p, in.len, &n) != SNAPPY_OK)
		return err_set(e, ERR_INVALID, "invalid snappy data");
	if (n > out->max_bytes - out->len)
		return err_set(e, ERR_TOO_BIG,
			"decompressed data exceeds %zu bytes", out->max_bytes);
	/* A copy of 64 bytes takes at least 2: more is a lie. */
	if (n / 64 > in.len)
		return err_set(e, ERR_INVALID, "invalid snappy data");
	to = buf_reserve(out, n);
	if (to == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to inflate");
	if (snappy_uncompress(in.p, in.len, to, &n) != SNAPPY_OK)
		return err_set(e, ERR_INVALID, "invalid snappy data");
	out->len += n;
	return 0;
}

/* xerial framing: magic, two versions, then blocks with a length before
 * each. */
int
zip_snappy_decode(struct slice in, struct buf *out, struct err *e)
{
	static const char magic[8] = {
		(char)0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};

	if (in.len < 16 || memcmp(in.p, magic, sizeof(magic)) != 0)
		return snappy_block(in, out, e);
	in.p += 16;
	in.len -= 16;
	while (in.len > 0) {
		const unsigned char *p = (const unsigned char *)in.p;
		size_t n;

		if (in.len < 4)
			return err_set(e, ERR_INVALID, "truncated snappy data");
		n = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
		    (size_t)p[2] << 8 | p[3];
		if (n > in.len - 4)
			return err_set(e, ERR_INVALID, "truncated snappy data");
		if (snappy_block(slice_of(in.p + 4, n), out, e) != 0)
			return -(int)e->code;
		in.p += 4 + n;
		in.len -= 4 + n;
	}
	return 0;
}

int
zip_snappy_encode(struct slice in, struct buf *out, struct err *e)
{
	size_t room = snappy_max_compressed_length(in.len);
	char *to = buf_reserve(out, room);

	if (to == NULL)
		return err_set(e, ERR_TOO_BIG, "no room for compressed data");
	if (snappy_compress(in.p, in.len, to, &room) != SNAPPY_OK)
		return err_set(e, ERR_BUG, "snappy did not compress");
	out->len += room;
	return 0;
}
