#include "dlq/read.h"

#include "store/store.h"

#define READ_BYTES ((size_t)1024 * 1024)
#define BATCHES_MAX_BYTES ((size_t)80 * 1024 * 1024)

int
dlq_reader_open(struct store *s, struct store_part *part, struct dlq_reader *r,
	struct err *e)
{
	*r = (struct dlq_reader){.part = part};
	buf_init(&r->bytes, BATCHES_MAX_BYTES);
	buf_init(&r->raw, BATCHES_MAX_BYTES);
	return store_reader_open(s, &r->c, e);
}

void
dlq_reader_close(struct dlq_reader *r)
{
	store_reader_close(r->c);
	buf_fini(&r->bytes);
	buf_fini(&r->raw);
}

/* Batches from the one that holds the offset on. 0: there is none; 1. */
static int
load(struct dlq_reader *r, int64_t offset, struct err *e)
{
	struct store_part_state st;
	int64_t next;
	int rc;

	r->at = 0;
	r->has_batch = false;
	buf_reset(&r->bytes);
	if (r->part == NULL)
		return 0;
	store_part_state(r->part, &st);
	if (offset < st.log_start)
		offset = st.log_start;
	if (offset >= st.high_watermark)
		return 0;
	rc = store_read(r->c, r->part, offset, READ_BYTES, &r->bytes, &next, e);
	if (rc == -ERR_NOT_FOUND)
		return 0; /* deleted meanwhile */
	if (rc == 0 && r->bytes.failed)
		rc = err_set(e, ERR_NO_MEMORY, "no memory to read letters");
	r->n_read += r->bytes.len;
	return rc != 0 ? rc : r->bytes.len > 0;
}

/* Enters the next batch that may hold the offset. 0: none is loaded; 1. */
static int
enter(struct dlq_reader *r, int64_t offset, struct err *e)
{
	while (r->at < r->bytes.len) {
		struct slice left =
			slice_of(r->bytes.p + r->at, r->bytes.len - r->at);
		struct batch_info info;
		int rc = batch_peek(left, &info, e);

		if (rc != 0)
			return rc;
		r->at += info.bytes;
		if (info.base_offset + info.last_offset_delta < offset)
			continue;
		rc = batch_reader_init(
			&r->batch, slice_of(left.p, info.bytes), &r->raw, e);
		r->has_batch = rc == 0;
		return rc != 0 ? rc : 1;
	}
	return 0;
}

/* In what is loaded. */
static int
look(struct dlq_reader *r, int64_t offset, struct batch_record_view *out,
	struct err *e)
{
	for (;;) {
		int rc;

		if (!r->has_batch && (rc = enter(r, offset, e)) <= 0)
			return rc;
		rc = batch_next(&r->batch, out, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			r->has_batch = false;
		else if (out->offset >= offset) {
			r->next = out->offset + 1;
			return 1;
		}
	}
}

int
dlq_reader_get(struct dlq_reader *r, int64_t offset,
	struct batch_record_view *out, struct err *e)
{
	int rc = 0;

	if (offset >= r->next)
		rc = look(r, offset, out, e);
	if (rc != 0)
		return rc;
	rc = load(r, offset, e);
	return rc <= 0 ? rc : look(r, offset, out, e);
}
