#include "capture/capture_int.h"

/*
 * A large request is divided into portions, each a job and so a part of a
 * transaction of its own: while others wait too, they get their turn between
 * two of them (store-14). Its records are all built before the first is handed
 * over, so what is refused for its own sake leaves nothing behind; what ends
 * between two portions (a crash, a full disk) was not answered with success,
 * comes again and is known by its uuids (capture-2).
 */
static size_t
bytes_of(const struct capture_job *j)
{
	size_t n = 0;

	for (int i = 0; i < j->n_outs; i++)
		n += j->outs[i].batches.len;
	return n;
}

bool
capture_portion_is_full(const struct capture_ctx *x)
{
	/* Letters of a key are counted for the request as a whole. */
	return x->on_heavy && !x->is_unknown && x->job->letters.n == 0 &&
	       bytes_of(x->portion) >= CAPTURE_PORTION_BYTES;
}

int
capture_portion_next(struct capture_ctx *x)
{
	struct capture_job *j;

	if (capture_outs_end(x) != 0)
		return -1;
	j = capture_job_get(x->c);
	if (j == NULL)
		return capture_shed(x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	j->head = x->job;
	j->share = x->job->share;
	j->tally = x->job->tally;
	j->tally.sum = (struct audit_sum){0};
	x->portion->next_portion = j;
	x->job->n_portions++;
	x->portion = j;
	return 0;
}
