#ifndef SLUICE_BROKER_MSG_H
#define SLUICE_BROKER_MSG_H

#include "base/uuid.h"
#include "broker/wire.h"

/*
 * Requests and answers as C structs; fields in the order and with the names of
 * spec kafka 2.3. The comment behind an array names its elements. msg_log.c,
 * msg_group.c and msg_admin.c hold the rows.
 */

/* ApiVersions (18) */
struct versions_req {
	struct slice software_name, software_version;
};
struct versions_key {
	int16_t key, min, max;
};
struct versions_resp {
	int16_t error;
	struct wire_array keys; /* versions_key */
	int32_t throttle_ms;
};

/* Metadata (3) */
struct metadata_topic_req {
	struct uuid id;
	struct slice name;
};
struct metadata_req {
	struct wire_array topics; /* metadata_topic_req */
	bool allow_auto_create, cluster_ops, topic_ops;
};
struct msg_broker {
	int32_t node;
	struct slice host;
	int32_t port;
	struct slice rack;
};
struct metadata_part {
	int16_t error;
	int32_t index, leader, leader_epoch;
	struct wire_array replicas, isr, offline; /* i32 */
};
struct metadata_topic {
	int16_t error;
	struct slice name;
	struct uuid id;
	bool is_internal;
	struct wire_array parts; /* metadata_part */
	int32_t ops;
};
struct metadata_resp {
	int32_t throttle_ms;
	struct wire_array brokers; /* msg_broker */
	struct slice cluster_id;
	int32_t controller;
	struct wire_array topics; /* metadata_topic */
	int32_t cluster_ops;
};

/* Produce (0) */
struct produce_part {
	int32_t index;
	struct slice records;
};
struct produce_topic {
	struct slice name;
	struct wire_array parts; /* produce_part */
};
struct produce_req {
	struct slice transactional_id;
	int16_t acks;
	int32_t timeout_ms;
	struct wire_array topics; /* produce_topic */
};
struct produce_record_error {
	int32_t index;
	struct slice message;
};
struct produce_part_resp {
	int32_t index;
	int16_t error;
	int64_t base_offset, log_append_time, log_start;
	struct wire_array record_errors; /* produce_record_error */
	struct slice message;
};
struct produce_topic_resp {
	struct slice name;
	struct wire_array parts; /* produce_part_resp */
};
struct produce_resp {
	struct wire_array topics; /* produce_topic_resp */
	int32_t throttle_ms;
};

/* Fetch (1) */
struct fetch_part {
	int32_t index, leader_epoch;
	int64_t offset;
	int32_t last_epoch;
	int64_t log_start;
	int32_t max_bytes;
};
struct fetch_topic {
	struct slice name;
	struct uuid id;
	struct wire_array parts; /* fetch_part */
};
struct fetch_forgotten {
	struct slice name;
	struct uuid id;
	struct wire_array parts; /* i32 */
};
struct fetch_req {
	int32_t replica, max_wait_ms, min_bytes, max_bytes;
	int8_t isolation;
	int32_t session_id, session_epoch;
	struct wire_array topics; /* fetch_topic */
	struct wire_array forgotten; /* fetch_forgotten */
	struct slice rack;
};
struct fetch_aborted {
	int64_t producer_id, first_offset;
};
struct fetch_part_resp {
	int32_t index;
	int16_t error;
	int64_t high_watermark, last_stable, log_start;
	struct wire_array aborted; /* fetch_aborted */
	int32_t preferred_replica;
	struct slice records;
};
struct fetch_topic_resp {
	struct slice name;
	struct uuid id;
	struct wire_array parts; /* fetch_part_resp */
};
struct fetch_resp {
	int32_t throttle_ms;
	int16_t error;
	int32_t session_id;
	struct wire_array topics; /* fetch_topic_resp */
};

/* ListOffsets (2) */
struct list_offsets_part {
	int32_t index, leader_epoch;
	int64_t timestamp;
};
struct list_offsets_topic {
	struct slice name;
	struct wire_array parts; /* list_offsets_part */
};
struct list_offsets_req {
	int32_t replica;
	int8_t isolation;
	struct wire_array topics; /* list_offsets_topic */
};
struct list_offsets_part_resp {
	int32_t index;
	int16_t error;
	int64_t timestamp, offset;
	int32_t leader_epoch;
};
struct list_offsets_topic_resp {
	struct slice name;
	struct wire_array parts; /* list_offsets_part_resp */
};
struct list_offsets_resp {
	int32_t throttle_ms;
	struct wire_array topics; /* list_offsets_topic_resp */
};

/* OffsetForLeaderEpoch (23) */
struct epoch_part {
	int32_t index, current_epoch, epoch;
};
struct epoch_topic {
	struct slice name;
	struct wire_array parts; /* epoch_part */
};
struct epoch_req {
	int32_t replica;
	struct wire_array topics; /* epoch_topic */
};
struct epoch_part_resp {
	int16_t error;
	int32_t index, epoch;
	int64_t end_offset;
};
struct epoch_topic_resp {
	struct slice name;
	struct wire_array parts; /* epoch_part_resp */
};
struct epoch_resp {
	int32_t throttle_ms;
	struct wire_array topics; /* epoch_topic_resp */
};

/* InitProducerId (22) */
struct producer_id_req {
	struct slice transactional_id;
	int32_t timeout_ms;
	int64_t producer_id;
	int16_t epoch;
};
struct producer_id_resp {
	int32_t throttle_ms;
	int16_t error;
	int64_t producer_id;
	int16_t epoch;
};

/* FindCoordinator (10) */
struct coordinator_req {
	struct slice key;
	int8_t key_type;
	struct wire_array keys; /* str */
};
struct coordinator {
	struct slice key;
	int32_t node;
	struct slice host;
	int32_t port;
	int16_t error;
	struct slice message;
};
struct coordinator_resp {
	int32_t throttle_ms;
	int16_t error;
	struct slice message;
	int32_t node;
	struct slice host;
	int32_t port;
	struct wire_array coordinators; /* coordinator */
};

/* JoinGroup (11) */
struct join_protocol {
	struct slice name, metadata;
};
struct join_req {
	struct slice group;
	int32_t session_ms, rebalance_ms;
	struct slice member_id, instance_id, protocol_type;
	struct wire_array protocols; /* join_protocol */
	struct slice reason;
};
struct join_member {
	struct slice member_id, instance_id, metadata;
};
struct join_resp {
	int32_t throttle_ms;
	int16_t error;
	int32_t generation;
	struct slice protocol_type, protocol, leader;
	bool skip_assignment;
	struct slice member_id;
	struct wire_array members; /* join_member */
};

/* SyncGroup (14) */
struct sync_assignment {
	struct slice member_id, assignment;
};
struct sync_req {
	struct slice group;
	int32_t generation;
	struct slice member_id, instance_id, protocol_type, protocol;
	struct wire_array assignments; /* sync_assignment */
};
struct sync_resp {
	int32_t throttle_ms;
	int16_t error;
	struct slice protocol_type, protocol, assignment;
};

/* Heartbeat (12) */
struct heartbeat_req {
	struct slice group;
	int32_t generation;
	struct slice member_id, instance_id;
};
struct heartbeat_resp {
	int32_t throttle_ms;
	int16_t error;
};

/* LeaveGroup (13) */
struct leave_member {
	struct slice member_id, instance_id, reason;
};
struct leave_req {
	struct slice group, member_id;
	struct wire_array members; /* leave_member */
};
struct leave_member_resp {
	struct slice member_id, instance_id;
	int16_t error;
};
struct leave_resp {
	int32_t throttle_ms;
	int16_t error;
	struct wire_array members; /* leave_member_resp */
};

/* OffsetCommit (8) */
struct commit_part {
	int32_t index;
	int64_t offset;
	int32_t leader_epoch;
	int64_t timestamp;
	struct slice metadata;
};
struct commit_topic {
	struct slice name;
	struct wire_array parts; /* commit_part */
};
struct commit_req {
	struct slice group;
	int32_t generation;
	struct slice member_id, instance_id;
	int64_t retention_ms;
	struct wire_array topics; /* commit_topic */
};
struct commit_part_resp {
	int32_t index;
	int16_t error;
};
struct commit_topic_resp {
	struct slice name;
	struct wire_array parts; /* commit_part_resp */
};
struct commit_resp {
	int32_t throttle_ms;
	struct wire_array topics; /* commit_topic_resp */
};

/* OffsetFetch (9) */
struct offset_fetch_topic {
	struct slice name;
	struct wire_array parts; /* i32 */
};
struct offset_fetch_group {
	struct slice group, member_id;
	int32_t member_epoch;
	struct wire_array topics; /* offset_fetch_topic */
};
struct offset_fetch_req {
	struct slice group;
	struct wire_array topics; /* offset_fetch_topic */
	struct wire_array groups; /* offset_fetch_group */
	bool require_stable;
};
struct offset_fetch_part_resp {
	int32_t index;
	int64_t offset;
	int32_t leader_epoch;
	struct slice metadata;
	int16_t error;
};
struct offset_fetch_topic_resp {
	struct slice name;
	struct wire_array parts; /* offset_fetch_part_resp */
};
struct offset_fetch_group_resp {
	struct slice group;
	struct wire_array topics; /* offset_fetch_topic_resp */
	int16_t error;
};
struct offset_fetch_resp {
	int32_t throttle_ms;
	struct wire_array topics; /* offset_fetch_topic_resp */
	int16_t error;
	struct wire_array groups; /* offset_fetch_group_resp */
};

/* DescribeGroups (15) */
struct describe_groups_req {
	struct wire_array groups; /* str */
	bool include_ops;
};
struct describe_member {
	struct slice member_id, instance_id, client_id, client_host;
	struct slice metadata, assignment;
};
struct describe_group {
	int16_t error;
	struct slice group, state, protocol_type, protocol;
	struct wire_array members; /* describe_member */
	int32_t ops;
};
struct describe_groups_resp {
	int32_t throttle_ms;
	struct wire_array groups; /* describe_group */
};

/* ListGroups (16) */
struct list_groups_req {
	struct wire_array states, types; /* str */
};
struct list_group {
	struct slice group, protocol_type, state, type;
};
struct list_groups_resp {
	int32_t throttle_ms;
	int16_t error;
	struct wire_array groups; /* list_group */
};

/* CreateTopics (19) */
struct create_assignment {
	int32_t index;
	struct wire_array replicas; /* i32 */
};
struct create_config {
	struct slice name, value;
};
struct create_topic {
	struct slice name;
	int32_t n_partitions;
	int16_t replication;
	struct wire_array assignments; /* create_assignment */
	struct wire_array configs; /* create_config */
};
struct create_topics_req {
	struct wire_array topics; /* create_topic */
	int32_t timeout_ms;
	bool validate_only;
};
struct create_config_resp {
	struct slice name, value;
	bool read_only;
	int8_t source;
	bool is_sensitive;
};
struct create_topic_resp {
	struct slice name;
	struct uuid id;
	int16_t error;
	struct slice message;
	int32_t n_partitions;
	int16_t replication;
	struct wire_array configs; /* create_config_resp */
};
struct create_topics_resp {
	int32_t throttle_ms;
	struct wire_array topics; /* create_topic_resp */
};

/* DeleteTopics (20) */
struct delete_topic {
	struct slice name;
	struct uuid id;
};
struct delete_topics_req {
	struct wire_array topics; /* delete_topic, from version 6 */
	struct wire_array names; /* str, before */
	int32_t timeout_ms;
};
struct delete_topic_resp {
	struct slice name;
	struct uuid id;
	int16_t error;
	struct slice message;
};
struct delete_topics_resp {
	int32_t throttle_ms;
	struct wire_array topics; /* delete_topic_resp */
};

/* DescribeConfigs (32) */
struct config_resource {
	int8_t type;
	struct slice name;
	struct wire_array keys; /* str */
};
struct configs_req {
	struct wire_array resources; /* config_resource */
	bool synonyms, docs;
};
struct config_synonym {
	struct slice name, value;
	int8_t source;
};
struct config_entry {
	struct slice name, value;
	bool read_only, is_default;
	int8_t source;
	bool is_sensitive;
	struct wire_array synonyms; /* config_synonym */
	int8_t type;
	struct slice doc;
};
struct config_result {
	int16_t error;
	struct slice message;
	int8_t type;
	struct slice name;
	struct wire_array configs; /* config_entry */
};
struct configs_resp {
	int32_t throttle_ms;
	struct wire_array results; /* config_result */
};

/* DescribeCluster (60) */
struct cluster_req {
	bool include_ops;
	int8_t endpoint_type;
};
struct cluster_resp {
	int32_t throttle_ms;
	int16_t error;
	struct slice message;
	int8_t endpoint_type;
	struct slice cluster_id;
	int32_t controller;
	struct wire_array brokers; /* msg_broker */
	int32_t ops;
};

/* X(name) for the row sets that broker_apis names. */
#define MSG_ALL(X)                                                             \
	X(versions)                                                            \
	X(metadata)                                                            \
	X(produce)                                                             \
	X(fetch)                                                               \
	X(list_offsets)                                                        \
	X(epoch)                                                               \
	X(producer_id)                                                         \
	X(coordinator)                                                         \
	X(join)                                                                \
	X(sync)                                                                \
	X(heartbeat)                                                           \
	X(leave)                                                               \
	X(commit)                                                              \
	X(offset_fetch)                                                        \
	X(describe_groups)                                                     \
	X(list_groups)                                                         \
	X(create_topics)                                                       \
	X(delete_topics)                                                       \
	X(configs)                                                             \
	X(cluster)
#define MSG_DECLARE(name)                                                      \
	extern const struct wire_schema broker_msg_##name##_req;               \
	extern const struct wire_schema broker_msg_##name##_resp;
MSG_ALL(MSG_DECLARE)
#undef MSG_DECLARE

#endif
