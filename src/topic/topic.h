#ifndef SLUICE_TOPIC_TOPIC_H
#define SLUICE_TOPIC_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Sluice's own topics (spec clickhouse 1). One partition per writer: capture's
 * stands in spool.db, the app server's in state.db. */
enum topic_file { TOPIC_FILE_NONE, TOPIC_SPOOL, TOPIC_STATE, TOPIC_BROKER };

enum topic_id {
#define TOPIC(id, name, n_parts, file0, file1, retention_h, max_message_bytes, \
	group)                                                                 \
	TOPIC_##id,
#include "topic/topics.def"
#undef TOPIC
	TOPIC_N
};

struct topic_def {
	const char *name;
	int n_partitions; /* 1 or 2 */
	enum topic_file file[2]; /* of partition 0 and 1 */
	int64_t retention_ms;
	int64_t max_message_bytes;
	/* Consumer groups of the local ClickHouse that read it,
	 * comma-separated; "" if none. */
	const char *groups;
};
extern const struct topic_def topic_defs[TOPIC_N];
/* TOPIC_N if the name is none of ours. */
enum topic_id topic_by_name(struct slice name);
/* 1-249 of [a-zA-Z0-9._-], not "." nor "..". */
bool topic_name_is_legal(struct slice name);

#endif
