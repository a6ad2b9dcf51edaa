#ifndef SLUICE_ADMIN_LETTERS_H
#define SLUICE_ADMIN_LETTERS_H

#include "admin/admin_int.h"
#include "dlq/dlq.h"

/* Dead letters in the API: filters, cursors and JSON. */

/* From the query (body false) or the body: state, reason, error, project.
 * states: of the filter if none is named. INVALID. */
MUST_CHECK int letters_filter(struct admin_call *c, bool from_body,
	unsigned states, struct dlq_filter *out, struct err *e);
/* A cursor's numbers; len 0: all that is there now. INVALID. */
MUST_CHECK int letters_range(struct admin_call *c, struct slice cursor,
	struct dlq_range *out, struct err *e);
/* With quotes. */
void letters_put_cursor(struct buf *b, const struct dlq_range *r);
/* The index is brought up to now, for a second at most. */
MUST_CHECK int letters_sync(
	struct admin_call *c, int64_t *behind, struct err *e);

/* {"id","topic",…}; whole: with the original message and the headers. */
void letters_put(struct buf *b, const struct dlq_row *row,
	const struct batch_record_view *rec, struct arena *a, bool whole);
void letters_put_id(struct buf *b, const struct dlq_row *row);
void letters_put_time(struct buf *b, const char *name, int64_t at_us);

/* Counts that are kept up to date in the background (letters_watch.c). */
struct letters_watch;
MUST_CHECK int letters_watch_new(struct admin *a, struct err *e);
void letters_watch_free(struct admin *a);
/* "dead_letters":{…}. */
void letters_put_status(struct admin *a, struct buf *b);
void letters_put_metrics(struct admin *a, struct buf *b);
/* As of the last look. @thread any */
double letters_pending(struct admin *a);

#endif
