#include "pipeline/pipeline.h"

#include <stdio.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "definition/definition.h"
#include "persondb/cache.h"
#include "pipeline/debounce.h"
#include "pipeline/pg_flow.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/pool.h"

static const struct {
	enum topic_id topic;
	int partition;
} output_rows[N_OUTPUTS] = {
	[OUTPUT_EVENTS] = {TOPIC_EVENTS, 0},
	[OUTPUT_PERSON] = {TOPIC_PERSON, 0},
	[OUTPUT_DISTINCT_ID] = {TOPIC_DISTINCT_ID, 0},
	[OUTPUT_GROUPS] = {TOPIC_GROUPS, 0},
	[OUTPUT_WARNINGS] = {TOPIC_WARNINGS, 1},
	[OUTPUT_LETTERS] = {TOPIC_DEAD_LETTERS, 1},
	[OUTPUT_HEATMAPS] = {TOPIC_HEATMAPS, 0},
};

static enum batch_codec
codec_of(const struct conf *conf)
{
	/* In the order of the setting's values. */
	static const enum batch_codec codecs[] = {
		BATCH_NONE, BATCH_GZIP, BATCH_LZ4, BATCH_ZSTD};

	return codecs[conf->kafka_compression];
}

void
pipeline_reload(struct pipeline *p, const struct conf *conf)
{
	atomic_store(&p->batch_events, (int)conf->ingest_batch_events);
	atomic_store(&p->batch_bytes, (size_t)conf->ingest_batch_bytes);
	atomic_store(&p->batch_wait_ns,
		conf->ingest_batch_wait_ms * INT64_C(1000000));
}

static int
open_outputs(struct pipeline *p, struct err *e)
{
	for (int i = 0; i < N_OUTPUTS; i++) {
		int r = store_part_open(p->state,
			topic_defs[output_rows[i].topic].name,
			output_rows[i].partition, &p->outputs[i], e);

		if (r != 0)
			return r;
	}
	return 0;
}

/* Nobody loads persons of state.db before the pipeline runs. */
static int
open_cache(struct pipeline *p, const struct conf *conf, struct err *e)
{
	int r = 0;

	if (conf->ingest_person_cache_bytes > 0)
		r = persondb_cache_new(
			(size_t)conf->ingest_person_cache_bytes, &p->cache, e);
	if (r == 0)
		persondb_cache_attach(p->state, p->cache);
	return r;
}

static int
open_flow(struct pipeline *p, const struct pipeline_options *o, struct err *e)
{
	struct pg_state state;
	int r = pg_state_choose(p->state, p->state_reader, o->conf, &state, e);

	if (r != 0)
		return r;
	p->flow = &pipeline_flow_sqlite;
	if (!state.in_use)
		return open_cache(p, o->conf, e);
	p->flow = &pipeline_flow_pg;
	return pg_flow_new(p, o->pg, &state, &p->pg, e);
}

static int
open_all(struct pipeline *p, const struct pipeline_options *o, struct err *e)
{
	int r = store_reader_open(p->spool, &p->spool_reader, e);

	if (r == 0)
		r = store_reader_open(p->state, &p->state_reader, e);
	if (r == 0)
		r = open_outputs(p, e);
	if (r == 0)
		r = pipeline_inputs_open(p->inputs, p->spool, p->state,
			p->spool_reader, p->state_reader, e);
	if (r == 0)
		r = debounce_new(&p->debounce, e);
	if (r == 0)
		r = definition_known_new(&p->definitions, e);
	if (r == 0)
		r = pool_new(p->n_threads, &p->pool, e);
	if (r == 0)
		r = open_flow(p, o, e);
	return r;
}

int
pipeline_store_allows(
	struct store *state, const struct conf *conf, struct err *e)
{
	struct store_conn *reader;
	struct pg_state found;
	int r = store_reader_open(state, &reader, e);

	if (r != 0)
		return r;
	r = pg_state_allows(reader, conf, &found, e);
	store_reader_close(reader);
	return r;
}

int
pipeline_new(
	const struct pipeline_options *o, struct pipeline **out, struct err *e)
{
	struct pipeline *p = mem_new(struct pipeline);
	int r;

	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the pipeline");
	p->teams = o->teams;
	p->spool = o->spool;
	p->state = o->state;
	p->n_threads = o->conf->ingest_threads == 0
			       ? thread_n_cpus()
			       : (int)o->conf->ingest_threads;
	p->codec = codec_of(o->conf);
	p->merge_limit = (uint32_t)o->conf->ingest_merge_limit;
	pipeline_reload(p, o->conf);
	lock_init(&p->lock);
	cond_init(&p->wake);
	pipeline_batch_init(&p->batches[0], p);
	pipeline_batch_init(&p->batches[1], p);
	r = open_all(p, o, e);
	if (r != 0) {
		pipeline_free(p);
		return r;
	}
	store_watch(p->spool, pipeline_note_append, p);
	store_watch(p->state, pipeline_note_append, p);
	*out = p;
	return 0;
}

int
pipeline_start(struct pipeline *p, struct err *e)
{
	int r = p->pg == NULL ? 0 : pg_flow_start(p->pg, e);

	if (r != 0)
		return r;
	r = thread_start(&p->thread, "ingest", pipeline_main, p, e);
	if (r != 0 && p->pg != NULL) {
		pg_flow_quiesce(p->pg);
		pg_flow_stop(p->pg);
	}
	return r;
}

static void
close_readers(struct pipeline *p)
{
	store_reader_close(p->spool_reader);
	store_reader_close(p->state_reader);
	p->spool_reader = p->state_reader = NULL;
}

void
pipeline_stop(struct pipeline *p)
{
	lock_take(&p->lock);
	p->is_stopping = true;
	p->has_news = true;
	cond_broadcast(&p->wake);
	lock_release(&p->lock);
	if (p->pg != NULL)
		pg_flow_quiesce(p->pg);
	thread_join(&p->thread);
	if (p->pg != NULL)
		pg_flow_stop(p->pg);
	close_readers(p);
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	pg_flow_free(p->pg);
	pipeline_batch_fini(&p->batches[0]);
	pipeline_batch_fini(&p->batches[1]);
	pool_free(p->pool);
	persondb_cache_free(p->cache);
	debounce_free(p->debounce);
	definition_known_free(p->definitions);
	close_readers(p);
	cond_fini(&p->wake);
	lock_fini(&p->lock);
	mem_free(p);
}

int
pipeline_positions(
	const struct pipeline *p, struct pipeline_position *out, int max)
{
	int n = 0;

	for (int i = 0; i < N_INPUTS && n < max; i++) {
		const struct input *in = &p->inputs[i];
		struct store_part_state st;

		store_part_state(in->part, &st);
		out[n++] = (struct pipeline_position){
			.topic = topic_defs[in->topic].name,
			.partition = in->partition,
			.position = atomic_load(&in->position),
			.high_watermark = st.high_watermark,
		};
	}
	return n;
}

void
pipeline_trouble(const struct pipeline *p, char *out, size_t size)
{
	struct pipeline *q = (struct pipeline *)p; /* its lock only */

	lock_take(&q->lock);
	snprintf(out, size, "%s", p->trouble);
	lock_release(&q->lock);
}
