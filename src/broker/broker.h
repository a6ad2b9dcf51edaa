#ifndef SLUICE_BROKER_BROKER_H
#define SLUICE_BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The embedded Kafka broker over the logs of spool.db, state.db, broker.db. */
struct broker;
struct conf;
struct store;

struct broker_options {
	const struct conf *conf;
	struct store *spool, *state, *broker;
};
/* Loads catalogue, groups and offsets, creates Sluice's own topics. */
MUST_CHECK int broker_new(
	const struct broker_options *o, struct broker **out, struct err *e);
/* Opens the listener (unless off) and starts its threads. */
MUST_CHECK int broker_start(struct broker *b, uint16_t *port, struct err *e);
void broker_reload(struct broker *b, const struct conf *conf);
void broker_stop(struct broker *b);
void broker_free(struct broker *b); /* NULL allowed */

/* Committed offset of a group, -1 if none. @thread any */
int64_t broker_group_offset(
	struct broker *b, const char *group, const char *topic, int partition);
/*
 * JSON arrays for the admin API. @thread any
 * topics: [{"name","internal","partitions":[{"index","log_start",
 * "high_watermark","bytes"}]}]
 * groups: [{"group","state","protocol_type","members":[{"member_id",
 * "client_id","host"}],"offsets":[{"topic","partition","offset",
 * "high_watermark","lag"}]}]
 */
void broker_topics_json(struct broker *b, struct buf *out);
void broker_groups_json(struct broker *b, struct buf *out);
/* The admin's own topic changes; errors as texts. Blocks, not on broker
 * threads. n_partitions 0: the default. */
MUST_CHECK int broker_create_topic(
	struct broker *b, const char *name, int n_partitions, struct err *e);
MUST_CHECK int broker_delete_topic(
	struct broker *b, const char *name, struct err *e);
/* Where a partition stands, also of outside topics. NOT_FOUND. */
struct store_part;
MUST_CHECK int broker_find_part(struct broker *b, const char *topic,
	int partition, struct store **file, struct store_part **part,
	struct err *e);

#endif
