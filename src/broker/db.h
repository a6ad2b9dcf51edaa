#ifndef SLUICE_BROKER_DB_H
#define SLUICE_BROKER_DB_H

#include "broker/int.h"

/* Statements on broker.db, and on the producer table of every file. */
enum broker_sql {
	BROKER_SQL_META_GET,
	BROKER_SQL_META_PUT,
	BROKER_SQL_TOPIC_ALL,
	BROKER_SQL_TOPIC_ADD,
	BROKER_SQL_TOPIC_GOING,
	BROKER_SQL_TOPIC_REMOVE,
	BROKER_SQL_PART_ADD,
	BROKER_SQL_PART_REMOVE,
	BROKER_SQL_CONFIG_ALL,
	BROKER_SQL_CONFIG_ADD,
	BROKER_SQL_CONFIG_REMOVE,
	BROKER_SQL_PID_GET,
	BROKER_SQL_PID_SET,
	BROKER_SQL_GROUP_ALL,
	BROKER_SQL_GROUP_PUT,
	BROKER_SQL_GROUP_REMOVE,
	BROKER_SQL_OFFSET_ALL,
	BROKER_SQL_OFFSET_PUT,
	BROKER_SQL_OFFSETS_OF_TOPIC_REMOVE,
	BROKER_SQL_OFFSETS_OF_GROUP_REMOVE,
	BROKER_SQL_PRODUCER_GET,
	BROKER_SQL_PRODUCER_PUT,
	BROKER_SQL_PRODUCERS_EXPIRE,
	BROKER_SQL_N
};
extern const struct sql_set broker_sql;

/* Calls row for each row of a statement without parameters, until one fails. */
MUST_CHECK int broker_load_rows(struct broker *b, struct store_conn *c,
	enum broker_sql sql,
	int (*row)(struct broker *, struct store_stmt *, struct err *),
	struct err *e);

/*
 * A job for a file's writer whose outcome comes back to the net thread: run on
 * the writer, then finish(b, j) on the net thread with j->result. The owner
 * frees it in finish.
 */
struct broker_job {
	struct store_job job;
	struct post post;
	struct broker *b;
	struct err result;
	void (*finish)(struct broker *b, struct broker_job *j);
};
#define BROKER_JOB_OWNER(j, type)                                              \
	((type *)(void *)((char *)(j)-offsetof(type, job)))
/* Set job.run, job.bytes and finish before. On failure nothing happens. */
MUST_CHECK int broker_job_submit(
	struct broker *b, struct store *s, struct broker_job *j, struct err *e);
/* For store_submit_append: prepares done and the post. */
void broker_job_prepare(struct broker *b, struct broker_job *j);
void broker_job_done(struct store_job *j, const struct err *result);

#endif
