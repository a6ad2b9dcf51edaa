#include "clickhouse/host_query.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/thread.h"
#include "base/zip_stream.h"
#include "clickhouse/scan.h"

#define HIGH_BYTES (4 * 1024 * 1024) /* the worker waits above it */
#define GZIP_LEVEL 1

struct host_stream {
	struct lock lock;
	struct cond room;
	/* guarded by lock */
	struct buf bytes;
	size_t sent; /* of bytes */
	bool ended, ok, gone;
	int refs; /* the worker's and the answer's */
	/* the worker's own */
	struct zip_gzip_stream *gzip;
	struct buf zipped;
};

struct host_stream *
host_stream_new(bool gzip)
{
	struct host_stream *s = mem_new(struct host_stream);

	if (s == NULL)
		return NULL;
	if (gzip) {
		s->gzip = zip_gzip_stream_new(GZIP_LEVEL);
		if (s->gzip == NULL) {
			mem_free(s);
			return NULL;
		}
	}
	lock_init(&s->lock);
	cond_init(&s->room);
	buf_init(&s->bytes, HOST_PIECE_MAX_BYTES);
	buf_init(&s->zipped, HOST_PIECE_MAX_BYTES);
	s->refs = 1;
	return s;
}

void
host_stream_unref(struct host_stream *s)
{
	bool last;

	lock_take(&s->lock);
	last = --s->refs == 0;
	lock_release(&s->lock);
	if (!last)
		return;
	buf_fini(&s->bytes);
	buf_fini(&s->zipped);
	zip_gzip_stream_free(s->gzip);
	cond_fini(&s->room);
	lock_fini(&s->lock);
	mem_free(s);
}

/* @thread http */
static long
take(void *cookie, char *out, size_t max)
{
	struct host_stream *s = cookie;
	size_t n;
	long r;

	lock_take(&s->lock);
	n = s->bytes.len - s->sent;
	if (n > max)
		n = max;
	if (n > 0) {
		memcpy(out, s->bytes.p + s->sent, n);
		s->sent += n;
		if (s->sent == s->bytes.len) {
			buf_reset(&s->bytes);
			s->sent = 0;
		}
		cond_signal(&s->room);
		r = (long)n;
	} else {
		r = !s->ended ? -2 : s->ok ? 0 : -1;
	}
	lock_release(&s->lock);
	return r;
}

/* @thread http */
static void
drop(void *cookie)
{
	struct host_stream *s = cookie;

	lock_take(&s->lock);
	s->gone = true;
	cond_signal(&s->room);
	lock_release(&s->lock);
	host_stream_unref(s);
}

bool
host_stream_begin(struct host_stream *s, struct host_query *q,
	struct slice format, const struct host_outcome *o)
{
	if (!http_resume_begin(q->http))
		return false;
	host_set_headers(q, format, o);
	if (s->gzip != NULL) {
		http_set_header(q->http, "Content-Encoding", "gzip");
		http_set_header(q->http, "Vary", "Accept-Encoding");
	}
	s->refs++;
	http_answer_stream(
		q->http, 200, sql_format_content_type(format), take, drop, s);
	http_resume_finish(q->http);
	return true;
}

static bool
put_raw(struct host_stream *s, struct slice piece)
{
	bool ok;

	lock_take(&s->lock);
	while (!s->gone && s->bytes.len - s->sent > HIGH_BYTES)
		cond_wait(&s->room, &s->lock);
	if (!s->gone)
		buf_append_slice(&s->bytes, piece);
	ok = !s->gone && !s->bytes.failed;
	lock_release(&s->lock);
	return ok;
}

static bool
put_zipped(struct host_stream *s, struct slice piece, bool last)
{
	struct err e;

	buf_reset(&s->zipped);
	return zip_gzip_stream_add(s->gzip, piece, last, &s->zipped, &e) == 0 &&
	       put_raw(s, buf_slice(&s->zipped));
}

bool
host_stream_put(struct host_stream *s, struct slice piece)
{
	return s->gzip != NULL ? put_zipped(s, piece, false)
			       : put_raw(s, piece);
}

void
host_stream_end(struct host_stream *s, bool ok)
{
	if (s->gzip != NULL && !put_zipped(s, SLICE_LIT(""), true))
		ok = false;
	lock_take(&s->lock);
	s->ended = true;
	s->ok = ok && !s->bytes.failed;
	lock_release(&s->lock);
}
