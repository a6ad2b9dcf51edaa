#include "capture/capture_int.h"

/*
 * The record batches of a request, one buffer for each topic. Batches are at
 * most 1 MiB unless one record is larger.
 */
struct capture_out *
capture_out(struct capture_ctx *x, struct store_part *part)
{
	struct capture_job *j = x->portion;
	struct capture_out *o;

	for (int i = 0; i < j->n_outs; i++)
		if (j->outs[i].part == part)
			return &j->outs[i];
	o = &j->outs[j->n_outs++];
	o->part = part;
	o->n = 0;
	o->is_open = false;
	o->max_ts_ms = x->now_us / 1000;
	return o;
}

static int
end_batch(struct capture_ctx *x, struct capture_out *o)
{
	struct err e;

	if (!o->is_open)
		return 0;
	o->is_open = false;
	if (batch_end(&o->w, BATCH_NONE, &e) != 0 || o->batches.failed)
		return capture_shed(x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	return 0;
}

void
capture_out_begin(struct capture_ctx *x, struct capture_out *o, size_t estimate)
{
	if (o->is_open && batch_bytes(&o->w) + estimate > LIMIT_BATCH_BYTES)
		(void)(end_batch(x, o) != 0); /* capture_outs_end tells */
	if (!o->is_open)
		batch_begin(&o->w, &o->batches, x->now_us / 1000);
	o->is_open = true;
}

int
capture_outs_end(struct capture_ctx *x)
{
	struct capture_job *j = x->portion;

	for (int i = 0; i < j->n_outs; i++) {
		if (end_batch(x, &j->outs[i]) != 0)
			return -1;
		if (j->outs[i].batches.failed)
			return capture_shed(
				x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	}
	if (j->prints.failed)
		return capture_refuse(x, 503, CAPTURE_OVERLOAD,
			"transient error, please retry");
	return 0;
}
