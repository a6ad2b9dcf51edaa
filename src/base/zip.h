#ifndef SLUICE_BASE_ZIP_H
#define SLUICE_BASE_ZIP_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Compression. Decoders stop as soon as the output's maximum (b->max_bytes) is
 * crossed: TOO_BIG. INVALID: the stream is bad or cut short. Output is
 * appended. No decoder allocates from sizes it read in its input (base-2).
 */
/* First gzip member only; bytes after it are ignored. */
MUST_CHECK int zip_gunzip(struct slice in, struct buf *out, struct err *e);
/* HTTP's deflate: zlib if the first byte is 0x78, else without a wrapper. */
MUST_CHECK int zip_inflate(struct slice in, struct buf *out, struct err *e);
/* All members, as record batches use it. */
MUST_CHECK int zip_gunzip_all(struct slice in, struct buf *out, struct err *e);
MUST_CHECK int zip_gzip(
	struct slice in, int level, struct buf *out, struct err *e);
MUST_CHECK int zip_lz4f_decode(struct slice in, struct buf *out, struct err *e);
MUST_CHECK int zip_lz4f_encode(struct slice in, struct buf *out, struct err *e);
MUST_CHECK int zip_zstd_decode(struct slice in, struct buf *out, struct err *e);
MUST_CHECK int zip_zstd_encode(struct slice in, struct buf *out, struct err *e);
/* Its window takes at most 16 MiB. */
MUST_CHECK int zip_brotli_decode(
	struct slice in, struct buf *out, struct err *e);
/* Raw snappy or xerial framing, told apart by the magic. */
MUST_CHECK int zip_snappy_decode(
	struct slice in, struct buf *out, struct err *e);
MUST_CHECK int zip_snappy_encode(
	struct slice in, struct buf *out, struct err *e);
/*
 * lz-string compressToBase64 text to UTF-8 (spec capture 2.4). TOO_BIG counts
 * UTF-16 units and UTF-8 bytes. INVALID: not decodable or empty;
 * UNSUPPORTED: an unpaired surrogate.
 */
MUST_CHECK int zip_lz64_decode(struct slice in, struct buf *out, struct err *e);

#endif
