#ifndef SLUICE_BASE_ZIP_FAST_H
#define SLUICE_BASE_ZIP_FAST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * The first member of a gzip stream at once, by libdeflate: true when it is
 * whole, right and within the maximum, then it was appended. Else nothing was
 * done, and only zlib can tell why: what is refused, and with which code, does
 * not depend on which libraries are there. Room for the output is taken from
 * the stream's last four bytes only where the input is large enough for it to
 * be likely (base-2).
 */
MUST_CHECK bool zip_fast_gunzip(struct slice in, struct buf *out);
/* By zlib, piece by piece. Tests compare the two; zip_gunzip is what to call.*/
MUST_CHECK int zip_gunzip_streamed(
	struct slice in, struct buf *out, struct err *e);

#endif
