#ifndef SLUICE_BROKER_GROUP_H
#define SLUICE_BROKER_GROUP_H

#include "broker/db.h"

/*
 * Consumer groups, classic protocol (spec kafka 3). States:
 *
 *   EMPTY no members; offsets may exist
 *   PREPARING waits for members to join; parked joins in member.join
 *   COMPLETING joins answered, waits for the leader's assignment and then for
 *     its commit; parked syncs in member.sync
 *   STABLE the assignment is known and durable
 *
 *   EMPTY, COMPLETING, STABLE -> PREPARING [broker_group_prepare]
 *   PREPARING -> COMPLETING, EMPTY [complete_join]
 *   COMPLETING -> STABLE [on_saved]
 */
enum group_state {
	GROUP_EMPTY,
	GROUP_PREPARING,
	GROUP_COMPLETING,
	GROUP_STABLE
};

struct member_protocol {
	struct slice name, metadata;
};
struct member {
	struct member *next; /* in the order of joining */
	struct group *group;
	char *id, *instance_id; /* instance NULL: dynamic */
	char *client_id;
	char host[NET_ADDR_TEXT + 1]; /* "/1.2.3.4" */
	int32_t session_ms, rebalance_ms;
	struct member_protocol *protocols; /* one block with their bytes */
	uint32_t n_protocols;
	char *assignment;
	size_t assignment_len;
	struct request *join, *sync; /* parked, or NULL */
	uint64_t conn_id; /* its last request's */
	bool is_pending; /* was told its id, has not joined yet */
	struct timer session;
};
struct group {
	struct map_node by_name;
	char *name;
	enum group_state state;
	int32_t generation;
	char *protocol_type, *protocol; /* "" if none */
	struct member *members, **last;
	struct member *leader;
	uint32_t n_members, n_pending;
	bool is_local; /* of the local ClickHouse */
	bool is_initial; /* the phase began with an empty group */
	bool has_new; /* in the initial phase since the timer was set */
	bool is_saving;
	int64_t initial_end_ns;
	struct timer phase; /* end of PREPARING or COMPLETING */
	struct map offsets; /* group_offset */
	int64_t changed_at_us;
};
struct group_offset {
	struct map_node node;
	int64_t topic; /* btopic.row */
	int32_t idx;
	int32_t epoch;
	int64_t offset;
	int64_t committed_at_us;
	char *metadata;
};

#define GROUP_SESSION_MS_MIN 6000
#define GROUP_SESSION_MS_MAX 1800000
#define GROUP_MEMBERS_MAX 1000
#define GROUPS_MAX 10000
#define MEMBERS_MAX 10000
#define GROUP_INITIAL_MS 500
#define GROUP_GONE_MS 1000 /* local members: after their connection */
#define GROUP_NEW_JOIN_MS 300000
#define GROUP_PROTOCOLS_MAX 32
#define GROUP_METADATA_MAX (1024 * 1024)
#define GROUP_ASSIGNMENTS_MAX (16 * 1024 * 1024)
#define GROUP_NAME_MAX 255

/* group.c */
struct group *broker_group_find(struct broker *b, struct slice name);
/* NULL: no memory or too many. */
struct group *broker_group_make(struct broker *b, struct slice name);
void broker_group_free_all(struct broker *b);
const char *broker_group_state_name(const struct group *g);
struct member *broker_member_find(struct group *g, struct slice id);
struct member *broker_member_find_instance(struct group *g, struct slice id);
/* Whether a known instance is another member than m (which may be NULL). */
bool broker_member_is_fenced(
	struct group *g, struct slice instance_id, const struct member *m);
/* Adds it as pending. Takes id (mem_free), also on failure: NULL. */
struct member *broker_member_new(struct broker *b, struct group *g, char *id);
bool broker_member_set_protocols(struct member *m, const struct join_req *req);
struct slice broker_member_metadata(
	const struct member *m, const char *protocol);
bool broker_member_has_same_protocols(
	const struct member *m, const struct join_req *req);
/* Restarts its session timer. */
void broker_member_touch(
	struct broker *b, struct member *m, const struct request *r);
/* Frees it; parked requests are answered with k. */
void broker_member_remove(struct broker *b, struct member *m, enum kerr k);
void broker_group_conn_closed(struct broker *b, uint64_t conn_id);
void broker_group_stop(struct broker *b);
/* Is it known by all that have joined, and if so wanted by whom. */
bool broker_group_accepts(const struct group *g, const struct join_req *req);

/* group_phase.c */
void broker_group_prepare(struct broker *b, struct group *g);
/* A member is gone: what follows. */
void broker_group_member_left(struct broker *b, struct group *g);
void broker_group_maybe_complete(struct broker *b, struct group *g);
void broker_join_answer(struct broker *b, struct request *r, struct member *m,
	bool skip_assignment);
void broker_join_refuse(struct broker *b, struct request *r, enum kerr k,
	struct slice member_id);
void broker_join_park(struct broker *b, struct request *r, struct member *m);
void broker_sync_park(struct broker *b, struct request *r, struct member *m);
void broker_sync_answer(struct broker *b, struct request *r,
	const struct member *m, enum kerr k);
/* The leader's assignment is set: make it durable, then answer all. */
void broker_group_save_assignment(struct broker *b, struct group *g);

/* group_db.c */
/* Writes the group's row; finish is told. false: not submitted. */
bool broker_group_save(struct broker *b, struct group *g,
	void (*finish)(struct broker *b, struct group *g, int32_t generation,
		bool ok));
MUST_CHECK int broker_groups_load(struct broker *b, struct err *e);
/* group_offset.c */
struct group_offset *broker_offset_find(
	const struct group *g, int64_t topic, int32_t idx);
bool broker_offset_set(
	struct group *g, const struct group_offset *v, struct slice metadata);
/* Retention floors of the partition, for groups of the local ClickHouse. */
void broker_offset_floor(struct broker *b, const struct group *g,
	struct bpart *p, int64_t offset);
void broker_offset_floors_init(struct broker *b);
void broker_offsets_forget_topic(struct broker *b, int64_t topic);

#endif
