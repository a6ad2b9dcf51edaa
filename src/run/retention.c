#include <string.h>

#include "run/daemon.h"
#include "topic/topic.h"

#define HOUR_MS 3600000

static bool
keeps_own(enum topic_id id)
{
	return id == TOPIC_DEAD_LETTERS || id == TOPIC_RECORDINGS ||
	       id == TOPIC_RECORDINGS_OVERFLOW || id == TOPIC_RECORDINGS_DLQ;
}

/* The largest topic of each file is bounded by the file's bound, so that what
 * all readers have read goes before capture has to refuse. */
static int64_t
max_bytes_of(const struct conf *c, enum topic_id id, enum topic_file file)
{
	if (id == TOPIC_INGESTION && file == TOPIC_SPOOL)
		return c->spool_max_bytes / 10 * 8;
	if (id == TOPIC_EVENTS && file == TOPIC_STATE)
		return c->output_max_bytes / 10 * 8;
	if (file == TOPIC_SPOOL)
		return c->spool_max_bytes / 10;
	return c->output_max_bytes / 10;
}

static bool
is_ingestion(enum topic_id id)
{
	return id == TOPIC_INGESTION || id == TOPIC_INGESTION_OVERFLOW ||
	       id == TOPIC_INGESTION_HISTORICAL;
}

void
retention_apply(struct daemon *d)
{
	const struct conf *c = daemon_conf(d);

	for (int t = 0; t < TOPIC_N; t++) {
		const struct topic_def *def = &topic_defs[t];

		for (int p = 0; p < def->n_partitions; p++) {
			bool is_spool = def->file[p] == TOPIC_SPOOL;
			struct store *s = is_spool ? d->spool : d->state;
			struct store_part *part =
				store_part_find(s, slice_str(def->name), p);
			int64_t h = is_spool ? c->spool_retention_h
					     : c->output_retention_h;

			if (part == NULL)
				continue;
			/* Kept for the app server that is to come. */
			if (d->pipeline == NULL && is_ingestion(t))
				store_part_set_floor(
					part, STORE_FLOOR_PIPELINE, 0);
			store_part_set_retention(part,
				h == 0 || keeps_own(t) ? def->retention_ms
						       : h * HOUR_MS,
				max_bytes_of(c, t, def->file[p]));
		}
	}
}
