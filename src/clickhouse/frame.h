#ifndef SLUICE_CLICKHOUSE_FRAME_H
#define SLUICE_CLICKHOUSE_FRAME_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * clickhouse-4: what is read is checked; a child of another make is ended.
 * What the child tells the daemon over their socket pair: frames of
 *   2 bytes "SC", 1 byte version, 1 byte type, 4 bytes length (big-endian),
 *   then length bytes of text.
 */
#define FRAME_VERSION 1
#define FRAME_HEAD_BYTES 8
#define FRAME_TEXT_MAX 1024

enum frame_type {
	FRAME_READY = 1, /* text: the version of the library */
	FRAME_NO_LIBRARY = 2, /* text: why, what to do; the child ends */
	FRAME_FAILED = 3, /* text: why; the child ends */
};

struct frame {
	enum frame_type type;
	char text[FRAME_TEXT_MAX + 1]; /* no control characters */
};

/* Takes the next whole frame off the front of in; false in *got when more
 * bytes are needed. INVALID: not what a child of this version says. */
MUST_CHECK int frame_take(
	struct buf *in, struct frame *out, bool *got, struct err *e);
/* Appends a frame; text over FRAME_TEXT_MAX bytes is cut. */
void frame_put(struct buf *out, enum frame_type type, const char *text);

#endif
