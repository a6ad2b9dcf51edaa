#ifndef SLUICE_BASE_ZIP_STREAM_H
#define SLUICE_BASE_ZIP_STREAM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* One gzip stream made in pieces, for answers that are too large to hold. */
struct zip_gzip_stream;
struct zip_gzip_stream *zip_gzip_stream_new(int level); /* NULL: no memory */
void zip_gzip_stream_free(struct zip_gzip_stream *z); /* NULL allowed */
/* Appends what comes of in to out; last: and the end of the stream. */
MUST_CHECK int zip_gzip_stream_add(struct zip_gzip_stream *z, struct slice in,
	bool last, struct buf *out, struct err *e);

#endif
