#include "broker/msg.h"

#include "base/attr.h"
#include "broker/msg_rows.h"

/* clang-format off */

ROWS(versions_req) = {
	F(STR, versions_req, software_name, FROM(3)),
	F(STR, versions_req, software_version, FROM(3)),
};
MESSAGE(versions_req);
ROWS(versions_key) = {
	F(I16, versions_key, key),
	F(I16, versions_key, min),
	F(I16, versions_key, max),
};
ELEMENT(versions_key);
ROWS(versions_resp) = {
	F(I16, versions_resp, error),
	F(ARRAY, versions_resp, keys, OF(versions_key_schema)),
	F(I32, versions_resp, throttle_ms, FROM(1)),
};
MESSAGE(versions_resp);

ROWS(metadata_topic_req) = {
	F(UUID, metadata_topic_req, id, FROM(10)),
	F(STR, metadata_topic_req, name, NULL_FROM(10)),
};
ELEMENT(metadata_topic_req);
ROWS(metadata_req) = {
	F(ARRAY, metadata_req, topics, NULL_FROM(1),
		OF(metadata_topic_req_schema)),
	F(BOOL, metadata_req, allow_auto_create, FROM(4), ABSENT(1)),
	F(BOOL, metadata_req, cluster_ops, FROM(8), UNTIL(11)),
	F(BOOL, metadata_req, topic_ops, FROM(8)),
};
MESSAGE(metadata_req);
ROWS(msg_broker) = {
	F(I32, msg_broker, node),
	F(STR, msg_broker, host),
	F(I32, msg_broker, port),
	F(STR, msg_broker, rack, FROM(1), NULLABLE),
};
ELEMENT(msg_broker);
ROWS(metadata_part) = {
	F(I16, metadata_part, error),
	F(I32, metadata_part, index),
	F(I32, metadata_part, leader),
	F(I32, metadata_part, leader_epoch, FROM(7)),
	F(ARRAY, metadata_part, replicas, OF(broker_wire_i32s)),
	F(ARRAY, metadata_part, isr, OF(broker_wire_i32s)),
	F(ARRAY, metadata_part, offline, FROM(5), OF(broker_wire_i32s)),
};
ELEMENT(metadata_part);
ROWS(metadata_topic) = {
	F(I16, metadata_topic, error),
	F(STR, metadata_topic, name, NULL_FROM(12)),
	F(UUID, metadata_topic, id, FROM(10)),
	F(BOOL, metadata_topic, is_internal, FROM(1)),
	F(ARRAY, metadata_topic, parts, OF(metadata_part_schema)),
	F(I32, metadata_topic, ops, FROM(8)),
};
ELEMENT(metadata_topic);
ROWS(metadata_resp) = {
	F(I32, metadata_resp, throttle_ms, FROM(3)),
	F(ARRAY, metadata_resp, brokers, OF(msg_broker_schema)),
	F(STR, metadata_resp, cluster_id, FROM(2), NULLABLE),
	F(I32, metadata_resp, controller, FROM(1)),
	F(ARRAY, metadata_resp, topics, OF(metadata_topic_schema)),
	F(I32, metadata_resp, cluster_ops, FROM(8), UNTIL(11)),
};
MESSAGE(metadata_resp);

ROWS(produce_part) = {
	F(I32, produce_part, index),
	F(BYTES, produce_part, records, NULLABLE),
};
ELEMENT(produce_part);
ROWS(produce_topic) = {
	F(STR, produce_topic, name),
	F(ARRAY, produce_topic, parts, OF(produce_part_schema)),
};
ELEMENT(produce_topic);
ROWS(produce_req) = {
	F(STR, produce_req, transactional_id, FROM(3), NULLABLE),
	F(I16, produce_req, acks),
	F(I32, produce_req, timeout_ms),
	F(ARRAY, produce_req, topics, OF(produce_topic_schema)),
};
MESSAGE(produce_req);
ROWS(produce_record_error) = {
	F(I32, produce_record_error, index),
	F(STR, produce_record_error, message, NULLABLE),
};
ELEMENT(produce_record_error);
ROWS(produce_part_resp) = {
	F(I32, produce_part_resp, index),
	F(I16, produce_part_resp, error),
	F(I64, produce_part_resp, base_offset),
	F(I64, produce_part_resp, log_append_time, FROM(2)),
	F(I64, produce_part_resp, log_start, FROM(5)),
	F(ARRAY, produce_part_resp, record_errors, FROM(8),
		OF(produce_record_error_schema)),
	F(STR, produce_part_resp, message, FROM(8), NULLABLE),
};
ELEMENT(produce_part_resp);
ROWS(produce_topic_resp) = {
	F(STR, produce_topic_resp, name),
	F(ARRAY, produce_topic_resp, parts, OF(produce_part_resp_schema)),
};
ELEMENT(produce_topic_resp);
ROWS(produce_resp) = {
	F(ARRAY, produce_resp, topics, OF(produce_topic_resp_schema)),
	F(I32, produce_resp, throttle_ms, FROM(1)),
};
MESSAGE(produce_resp);

ROWS(fetch_part) = {
	F(I32, fetch_part, index),
	F(I32, fetch_part, leader_epoch, FROM(9), ABSENT(-1)),
	F(I64, fetch_part, offset),
	F(I32, fetch_part, last_epoch, FROM(12), ABSENT(-1)),
	F(I64, fetch_part, log_start, FROM(5), ABSENT(-1)),
	F(I32, fetch_part, max_bytes),
};
ELEMENT(fetch_part);
ROWS(fetch_topic) = {
	F(STR, fetch_topic, name, UNTIL(13)),
	F(UUID, fetch_topic, id, FROM(13)),
	F(ARRAY, fetch_topic, parts, OF(fetch_part_schema)),
};
ELEMENT(fetch_topic);
ROWS(fetch_forgotten) = {
	F(STR, fetch_forgotten, name, UNTIL(13)),
	F(UUID, fetch_forgotten, id, FROM(13)),
	F(ARRAY, fetch_forgotten, parts, OF(broker_wire_i32s)),
};
ELEMENT(fetch_forgotten);
/* From version 15 a follower names itself in tag 1 (id, then epoch). The tag
 * stands first, as its default is not to undo what the other row read. */
ROWS(fetch_req) = {
	F(I32, fetch_req, replica, FROM(15), ABSENT(-1), .tag = WIRE_TAG(1)),
	F(I32, fetch_req, replica, UNTIL(15), ABSENT(-1)),
	F(I32, fetch_req, max_wait_ms),
	F(I32, fetch_req, min_bytes),
	F(I32, fetch_req, max_bytes, FROM(3)),
	F(I8, fetch_req, isolation, FROM(4)),
	F(I32, fetch_req, session_id, FROM(7)),
	F(I32, fetch_req, session_epoch, FROM(7), ABSENT(-1)),
	F(ARRAY, fetch_req, topics, OF(fetch_topic_schema)),
	F(ARRAY, fetch_req, forgotten, FROM(7), OF(fetch_forgotten_schema)),
	F(STR, fetch_req, rack, FROM(11)),
};
MESSAGE(fetch_req);
ROWS(fetch_aborted) = {
	F(I64, fetch_aborted, producer_id),
	F(I64, fetch_aborted, first_offset),
};
ELEMENT(fetch_aborted);
ROWS(fetch_part_resp) = {
	F(I32, fetch_part_resp, index),
	F(I16, fetch_part_resp, error),
	F(I64, fetch_part_resp, high_watermark),
	F(I64, fetch_part_resp, last_stable, FROM(4)),
	F(I64, fetch_part_resp, log_start, FROM(5)),
	F(ARRAY, fetch_part_resp, aborted, FROM(4), NULLABLE,
		OF(fetch_aborted_schema)),
	F(I32, fetch_part_resp, preferred_replica, FROM(11)),
	F(BYTES, fetch_part_resp, records),
};
ELEMENT(fetch_part_resp);
ROWS(fetch_topic_resp) = {
	F(STR, fetch_topic_resp, name, UNTIL(13)),
	F(UUID, fetch_topic_resp, id, FROM(13)),
	F(ARRAY, fetch_topic_resp, parts, OF(fetch_part_resp_schema)),
};
ELEMENT(fetch_topic_resp);
ROWS(fetch_resp) = {
	F(I32, fetch_resp, throttle_ms, FROM(1)),
	F(I16, fetch_resp, error, FROM(7)),
	F(I32, fetch_resp, session_id, FROM(7)),
	F(ARRAY, fetch_resp, topics, OF(fetch_topic_resp_schema)),
};
MESSAGE(fetch_resp);

ROWS(list_offsets_part) = {
	F(I32, list_offsets_part, index),
	F(I32, list_offsets_part, leader_epoch, FROM(4), ABSENT(-1)),
	F(I64, list_offsets_part, timestamp),
};
ELEMENT(list_offsets_part);
ROWS(list_offsets_topic) = {
	F(STR, list_offsets_topic, name),
	F(ARRAY, list_offsets_topic, parts, OF(list_offsets_part_schema)),
};
ELEMENT(list_offsets_topic);
ROWS(list_offsets_req) = {
	F(I32, list_offsets_req, replica),
	F(I8, list_offsets_req, isolation, FROM(2)),
	F(ARRAY, list_offsets_req, topics, OF(list_offsets_topic_schema)),
};
MESSAGE(list_offsets_req);
ROWS(list_offsets_part_resp) = {
	F(I32, list_offsets_part_resp, index),
	F(I16, list_offsets_part_resp, error),
	F(I64, list_offsets_part_resp, timestamp),
	F(I64, list_offsets_part_resp, offset),
	F(I32, list_offsets_part_resp, leader_epoch, FROM(4)),
};
ELEMENT(list_offsets_part_resp);
ROWS(list_offsets_topic_resp) = {
	F(STR, list_offsets_topic_resp, name),
	F(ARRAY, list_offsets_topic_resp, parts,
		OF(list_offsets_part_resp_schema)),
};
ELEMENT(list_offsets_topic_resp);
ROWS(list_offsets_resp) = {
	F(I32, list_offsets_resp, throttle_ms, FROM(2)),
	F(ARRAY, list_offsets_resp, topics,
		OF(list_offsets_topic_resp_schema)),
};
MESSAGE(list_offsets_resp);

ROWS(epoch_part) = {
	F(I32, epoch_part, index),
	F(I32, epoch_part, current_epoch, FROM(2), ABSENT(-1)),
	F(I32, epoch_part, epoch),
};
ELEMENT(epoch_part);
ROWS(epoch_topic) = {
	F(STR, epoch_topic, name),
	F(ARRAY, epoch_topic, parts, OF(epoch_part_schema)),
};
ELEMENT(epoch_topic);
ROWS(epoch_req) = {
	F(I32, epoch_req, replica, FROM(3), ABSENT(-2)),
	F(ARRAY, epoch_req, topics, OF(epoch_topic_schema)),
};
MESSAGE(epoch_req);
ROWS(epoch_part_resp) = {
	F(I16, epoch_part_resp, error),
	F(I32, epoch_part_resp, index),
	F(I32, epoch_part_resp, epoch, FROM(1)),
	F(I64, epoch_part_resp, end_offset),
};
ELEMENT(epoch_part_resp);
ROWS(epoch_topic_resp) = {
	F(STR, epoch_topic_resp, name),
	F(ARRAY, epoch_topic_resp, parts, OF(epoch_part_resp_schema)),
};
ELEMENT(epoch_topic_resp);
ROWS(epoch_resp) = {
	F(I32, epoch_resp, throttle_ms, FROM(2)),
	F(ARRAY, epoch_resp, topics, OF(epoch_topic_resp_schema)),
};
MESSAGE(epoch_resp);

ROWS(producer_id_req) = {
	F(STR, producer_id_req, transactional_id, NULLABLE),
	F(I32, producer_id_req, timeout_ms),
	F(I64, producer_id_req, producer_id, FROM(3), ABSENT(-1)),
	F(I16, producer_id_req, epoch, FROM(3), ABSENT(-1)),
};
MESSAGE(producer_id_req);
ROWS(producer_id_resp) = {
	F(I32, producer_id_resp, throttle_ms),
	F(I16, producer_id_resp, error),
	F(I64, producer_id_resp, producer_id),
	F(I16, producer_id_resp, epoch),
};
MESSAGE(producer_id_resp);
