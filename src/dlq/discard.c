#include "base/clock.h"
#include "dlq/dlq_int.h"

struct discard {
	struct store_job job;
	const int64_t *offsets;
	uint32_t n;
	struct slice who;
	int64_t now_us;
	int *codes;
};

static int
run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct discard *x = (struct discard *)(void *)j;

	for (uint32_t i = 0; i < x->n; i++) {
		int r = dlq_mark_discarded(
			c, x->offsets[i], x->now_us, x->who, e);

		if (r != 0 && r != -ERR_EXISTS)
			return r;
		x->codes[i] = r;
	}
	return 0;
}

int
dlq_discard(struct dlq *d, int partition, const int64_t *offsets, uint32_t n,
	struct slice who, int *codes, struct err *e)
{
	struct discard x = {
		.job.run = run,
		.offsets = offsets,
		.n = n,
		.who = who,
		.now_us = clock_now_us(),
		.codes = codes,
	};

	return store_call(d->f[partition].s, &x.job, e);
}
