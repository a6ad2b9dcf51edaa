#include "capture/capture_int.h"

#include "base/mem.h"
#include "stats/stats.h"

/*
 * Jobs and scratches are pooled with their buffers, of which the large ones are
 * given back.
 */
#define JOB_BUF_KEEP ((size_t)256 * 1024)
#define JOBS_MAX 512
#define BATCHES_MAX_BYTES ((size_t)1 << 30)
#define SCRATCH_KEEP ((size_t)1024 * 1024)

static struct capture_job *
job_new(struct capture *c)
{
	struct capture_job *j = mem_new(struct capture_job);

	if (j == NULL)
		return NULL;
	j->c = c;
	for (int i = 0; i < CAPTURE_OUTS; i++)
		buf_init(&j->outs[i].batches, BATCHES_MAX_BYTES);
	buf_init(&j->answer, LIMIT_CONTROL_BODY_BYTES);
	buf_init(&j->prints,
		LIMIT_REQUEST_EVENTS * sizeof(struct capture_print));
	return j;
}

struct capture_job *
capture_job_get(struct capture *c)
{
	struct capture_job *j;

	lock_take(&c->lock);
	j = c->jobs;
	if (j != NULL) {
		c->jobs = j->next_free;
		c->n_jobs--;
	}
	lock_release(&c->lock);
	if (j == NULL)
		j = job_new(c);
	if (j == NULL)
		return NULL;
	j->head = j;
	j->n_portions = 1;
	return j;
}

static void
job_free(struct capture_job *j)
{
	for (int i = 0; i < CAPTURE_OUTS; i++)
		buf_fini(&j->outs[i].batches);
	buf_fini(&j->answer);
	buf_fini(&j->prints);
	mem_free(j);
}

static void
trim(struct buf *b, size_t keep)
{
	if (b->cap > keep)
		buf_fini(b);
	buf_reset(b);
}

void
capture_job_put_one(struct capture_job *j)
{
	struct capture *c = j->c;

	for (int i = 0; i < CAPTURE_OUTS; i++)
		trim(&j->outs[i].batches, JOB_BUF_KEEP);
	trim(&j->answer, JOB_BUF_KEEP);
	trim(&j->prints, JOB_BUF_KEEP);
	j->n_known = 0;
	j->n_outs = 0;
	j->r = NULL;
	j->next_portion = NULL;
	if (j->share_cost > 0)
		share_give(&c->shares, j->share, j->share_cost);
	j->share_cost = 0;
	j->letters = (struct team_letters){0};
	lock_take(&c->lock);
	if (c->n_jobs < JOBS_MAX) {
		j->next_free = c->jobs;
		c->jobs = j;
		c->n_jobs++;
		j = NULL;
	}
	lock_release(&c->lock);
	if (j != NULL)
		job_free(j);
}

void
capture_job_put(struct capture_job *j)
{
	while (j != NULL) {
		struct capture_job *next = j->next_portion;

		capture_job_put_one(j);
		j = next;
	}
}

struct capture_scratch *
capture_scratch_get(struct capture *c)
{
	struct capture_scratch *s;

	lock_take(&c->lock);
	s = c->scratches;
	if (s != NULL)
		c->scratches = s->next;
	lock_release(&c->lock);
	if (s != NULL)
		return s;
	s = mem_new(struct capture_scratch);
	if (s == NULL)
		return NULL;
	buf_init(&s->a, BATCHES_MAX_BYTES);
	buf_init(&s->b, BATCHES_MAX_BYTES);
	buf_init(&s->events,
		LIMIT_REQUEST_EVENTS * sizeof(struct capture_event));
	return s;
}

/* As many live as threads have worked at once. */
void
capture_scratch_put(struct capture *c, struct capture_scratch *s)
{
	trim(&s->a, SCRATCH_KEEP);
	trim(&s->b, SCRATCH_KEEP);
	trim(&s->events, SCRATCH_KEEP);
	lock_take(&c->lock);
	s->next = c->scratches;
	c->scratches = s;
	lock_release(&c->lock);
}

void
capture_jobs_free(struct capture *c)
{
	while (c->jobs != NULL) {
		struct capture_job *j = c->jobs;

		c->jobs = j->next_free;
		job_free(j);
	}
	while (c->scratches != NULL) {
		struct capture_scratch *s = c->scratches;

		c->scratches = s->next;
		buf_fini(&s->a);
		buf_fini(&s->b);
		buf_fini(&s->events);
		mem_free(s);
	}
}
