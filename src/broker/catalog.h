#ifndef SLUICE_BROKER_CATALOG_H
#define SLUICE_BROKER_CATALOG_H

#include "broker/db.h"

#define TOPICS_MAX 1000
#define PARTS_PER_TOPIC_MAX 1024
#define PARTS_MAX 20000

/* Reads the catalogue, adds Sluice's own topics and the cluster id, opens all
 * partitions, finishes deletions that were cut short. Blocks. @thread main */
MUST_CHECK int broker_catalog_load(struct broker *b, struct err *e);
void broker_catalog_free(struct broker *b);

/*
 * Creating and deleting block on the store, so a pool thread does it; done is
 * called on the net thread, once, with what came of it.
 */
struct topic_change {
	struct pool_job job;
	struct broker *b;
	struct btopic *topic;
	bool is_delete;
	struct err result;
	void (*done)(struct broker *b, struct topic_change *c);
	void *cookie; /* the caller's */
	int32_t slot; /* the caller's */
};

/* May such a topic be made now? Its reason as text. */
enum kerr broker_topic_check_new(
	struct broker *b, struct slice name, int32_t n_parts, const char **why);
/* Adds the topic in state CREATING; give it configs, then start or drop it.
 * NULL: no memory. */
struct btopic *broker_topic_new(
	struct broker *b, struct slice name, int32_t n_parts);
/* false: no memory or stopping; the topic is gone again, done is not called. */
bool broker_topic_create_start(struct broker *b, struct btopic *t,
	void (*done)(struct broker *, struct topic_change *), void *cookie,
	int32_t slot);
bool broker_topic_delete_start(struct broker *b, struct btopic *t,
	void (*done)(struct broker *, struct topic_change *), void *cookie,
	int32_t slot);
/* Whether clients may write it, or change it. */
bool broker_topic_is_writable(const struct broker *b, const struct btopic *t);
/* Adds a topic that is known to be on disk. */
struct btopic *broker_topic_add(struct broker *b, struct slice name,
	const struct uuid *id, int32_t n_parts, enum btopic_state state);
void broker_topic_unlist(struct broker *b, struct btopic *t);
MUST_CHECK int broker_topic_open_parts(
	struct broker *b, struct btopic *t, struct err *e);
/* The parts can be found by their store_part (wakes). */
void broker_topic_index_parts(struct broker *b, struct btopic *t);

#endif
