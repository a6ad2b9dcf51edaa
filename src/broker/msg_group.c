#include "broker/msg.h"

#include "base/attr.h"
#include "broker/msg_rows.h"

/* clang-format off */

ROWS(coordinator_req) = {
	F(STR, coordinator_req, key, UNTIL(4)),
	F(I8, coordinator_req, key_type, FROM(1)),
	F(ARRAY, coordinator_req, keys, FROM(4), OF(broker_wire_strs)),
};
MESSAGE(coordinator_req);
ROWS(coordinator) = {
	F(STR, coordinator, key),
	F(I32, coordinator, node),
	F(STR, coordinator, host),
	F(I32, coordinator, port),
	F(I16, coordinator, error),
	F(STR, coordinator, message, NULLABLE),
};
ELEMENT(coordinator);
ROWS(coordinator_resp) = {
	F(I32, coordinator_resp, throttle_ms, FROM(1)),
	F(I16, coordinator_resp, error, UNTIL(4)),
	F(STR, coordinator_resp, message, FROM(1), UNTIL(4), NULLABLE),
	F(I32, coordinator_resp, node, UNTIL(4)),
	F(STR, coordinator_resp, host, UNTIL(4)),
	F(I32, coordinator_resp, port, UNTIL(4)),
	F(ARRAY, coordinator_resp, coordinators, FROM(4),
		OF(coordinator_schema)),
};
MESSAGE(coordinator_resp);

ROWS(join_protocol) = {
	F(STR, join_protocol, name),
	F(BYTES, join_protocol, metadata),
};
ELEMENT(join_protocol);
ROWS(join_req) = {
	F(STR, join_req, group),
	F(I32, join_req, session_ms),
	F(I32, join_req, rebalance_ms, FROM(1), ABSENT(-1)),
	F(STR, join_req, member_id),
	F(STR, join_req, instance_id, FROM(5), NULLABLE),
	F(STR, join_req, protocol_type),
	F(ARRAY, join_req, protocols, OF(join_protocol_schema)),
	F(STR, join_req, reason, FROM(8), NULLABLE),
};
MESSAGE(join_req);
ROWS(join_member) = {
	F(STR, join_member, member_id),
	F(STR, join_member, instance_id, FROM(5), NULLABLE),
	F(BYTES, join_member, metadata),
};
ELEMENT(join_member);
ROWS(join_resp) = {
	F(I32, join_resp, throttle_ms, FROM(2)),
	F(I16, join_resp, error),
	F(I32, join_resp, generation),
	F(STR, join_resp, protocol_type, FROM(7), NULLABLE),
	F(STR, join_resp, protocol, NULL_FROM(7)),
	F(STR, join_resp, leader),
	F(BOOL, join_resp, skip_assignment, FROM(9)),
	F(STR, join_resp, member_id),
	F(ARRAY, join_resp, members, OF(join_member_schema)),
};
MESSAGE(join_resp);

ROWS(sync_assignment) = {
	F(STR, sync_assignment, member_id),
	F(BYTES, sync_assignment, assignment),
};
ELEMENT(sync_assignment);
ROWS(sync_req) = {
	F(STR, sync_req, group),
	F(I32, sync_req, generation),
	F(STR, sync_req, member_id),
	F(STR, sync_req, instance_id, FROM(3), NULLABLE),
	F(STR, sync_req, protocol_type, FROM(5), NULLABLE),
	F(STR, sync_req, protocol, FROM(5), NULLABLE),
	F(ARRAY, sync_req, assignments, OF(sync_assignment_schema)),
};
MESSAGE(sync_req);
ROWS(sync_resp) = {
	F(I32, sync_resp, throttle_ms, FROM(1)),
	F(I16, sync_resp, error),
	F(STR, sync_resp, protocol_type, FROM(5), NULLABLE),
	F(STR, sync_resp, protocol, FROM(5), NULLABLE),
	F(BYTES, sync_resp, assignment),
};
MESSAGE(sync_resp);

ROWS(heartbeat_req) = {
	F(STR, heartbeat_req, group),
	F(I32, heartbeat_req, generation),
	F(STR, heartbeat_req, member_id),
	F(STR, heartbeat_req, instance_id, FROM(3), NULLABLE),
};
MESSAGE(heartbeat_req);
ROWS(heartbeat_resp) = {
	F(I32, heartbeat_resp, throttle_ms, FROM(1)),
	F(I16, heartbeat_resp, error),
};
MESSAGE(heartbeat_resp);

ROWS(leave_member) = {
	F(STR, leave_member, member_id),
	F(STR, leave_member, instance_id, NULLABLE),
	F(STR, leave_member, reason, FROM(5), NULLABLE),
};
ELEMENT(leave_member);
ROWS(leave_req) = {
	F(STR, leave_req, group),
	F(STR, leave_req, member_id, UNTIL(3)),
	F(ARRAY, leave_req, members, FROM(3), OF(leave_member_schema)),
};
MESSAGE(leave_req);
ROWS(leave_member_resp) = {
	F(STR, leave_member_resp, member_id),
	F(STR, leave_member_resp, instance_id, NULLABLE),
	F(I16, leave_member_resp, error),
};
ELEMENT(leave_member_resp);
ROWS(leave_resp) = {
	F(I32, leave_resp, throttle_ms, FROM(1)),
	F(I16, leave_resp, error),
	F(ARRAY, leave_resp, members, FROM(3), OF(leave_member_resp_schema)),
};
MESSAGE(leave_resp);

ROWS(commit_part) = {
	F(I32, commit_part, index),
	F(I64, commit_part, offset),
	F(I32, commit_part, leader_epoch, FROM(6), ABSENT(-1)),
	F(I64, commit_part, timestamp, FROM(1), UNTIL(2), ABSENT(-1)),
	F(STR, commit_part, metadata, NULLABLE),
};
ELEMENT(commit_part);
ROWS(commit_topic) = {
	F(STR, commit_topic, name),
	F(ARRAY, commit_topic, parts, OF(commit_part_schema)),
};
ELEMENT(commit_topic);
ROWS(commit_req) = {
	F(STR, commit_req, group),
	F(I32, commit_req, generation, FROM(1), ABSENT(-1)),
	F(STR, commit_req, member_id, FROM(1)),
	F(STR, commit_req, instance_id, FROM(7), NULLABLE),
	F(I64, commit_req, retention_ms, FROM(2), UNTIL(5), ABSENT(-1)),
	F(ARRAY, commit_req, topics, OF(commit_topic_schema)),
};
MESSAGE(commit_req);
ROWS(commit_part_resp) = {
	F(I32, commit_part_resp, index),
	F(I16, commit_part_resp, error),
};
ELEMENT(commit_part_resp);
ROWS(commit_topic_resp) = {
	F(STR, commit_topic_resp, name),
	F(ARRAY, commit_topic_resp, parts, OF(commit_part_resp_schema)),
};
ELEMENT(commit_topic_resp);
ROWS(commit_resp) = {
	F(I32, commit_resp, throttle_ms, FROM(3)),
	F(ARRAY, commit_resp, topics, OF(commit_topic_resp_schema)),
};
MESSAGE(commit_resp);

ROWS(offset_fetch_topic) = {
	F(STR, offset_fetch_topic, name),
	F(ARRAY, offset_fetch_topic, parts, OF(broker_wire_i32s)),
};
ELEMENT(offset_fetch_topic);
ROWS(offset_fetch_group) = {
	F(STR, offset_fetch_group, group),
	F(STR, offset_fetch_group, member_id, FROM(9), NULLABLE),
	F(I32, offset_fetch_group, member_epoch, FROM(9), ABSENT(-1)),
	F(ARRAY, offset_fetch_group, topics, NULLABLE,
		OF(offset_fetch_topic_schema)),
};
ELEMENT(offset_fetch_group);
ROWS(offset_fetch_req) = {
	F(STR, offset_fetch_req, group, UNTIL(8)),
	F(ARRAY, offset_fetch_req, topics, UNTIL(8), NULL_FROM(2),
		OF(offset_fetch_topic_schema)),
	F(ARRAY, offset_fetch_req, groups, FROM(8),
		OF(offset_fetch_group_schema)),
	F(BOOL, offset_fetch_req, require_stable, FROM(7)),
};
MESSAGE(offset_fetch_req);
ROWS(offset_fetch_part_resp) = {
	F(I32, offset_fetch_part_resp, index),
	F(I64, offset_fetch_part_resp, offset),
	F(I32, offset_fetch_part_resp, leader_epoch, FROM(5)),
	F(STR, offset_fetch_part_resp, metadata, NULLABLE),
	F(I16, offset_fetch_part_resp, error),
};
ELEMENT(offset_fetch_part_resp);
ROWS(offset_fetch_topic_resp) = {
	F(STR, offset_fetch_topic_resp, name),
	F(ARRAY, offset_fetch_topic_resp, parts,
		OF(offset_fetch_part_resp_schema)),
};
ELEMENT(offset_fetch_topic_resp);
ROWS(offset_fetch_group_resp) = {
	F(STR, offset_fetch_group_resp, group),
	F(ARRAY, offset_fetch_group_resp, topics,
		OF(offset_fetch_topic_resp_schema)),
	F(I16, offset_fetch_group_resp, error),
};
ELEMENT(offset_fetch_group_resp);
ROWS(offset_fetch_resp) = {
	F(I32, offset_fetch_resp, throttle_ms, FROM(3)),
	F(ARRAY, offset_fetch_resp, topics, UNTIL(8),
		OF(offset_fetch_topic_resp_schema)),
	F(I16, offset_fetch_resp, error, FROM(2), UNTIL(8)),
	F(ARRAY, offset_fetch_resp, groups, FROM(8),
		OF(offset_fetch_group_resp_schema)),
};
MESSAGE(offset_fetch_resp);

ROWS(describe_groups_req) = {
	F(ARRAY, describe_groups_req, groups, OF(broker_wire_strs)),
	F(BOOL, describe_groups_req, include_ops, FROM(3)),
};
MESSAGE(describe_groups_req);
ROWS(describe_member) = {
	F(STR, describe_member, member_id),
	F(STR, describe_member, instance_id, FROM(4), NULLABLE),
	F(STR, describe_member, client_id),
	F(STR, describe_member, client_host),
	F(BYTES, describe_member, metadata),
	F(BYTES, describe_member, assignment),
};
ELEMENT(describe_member);
ROWS(describe_group) = {
	F(I16, describe_group, error),
	F(STR, describe_group, group),
	F(STR, describe_group, state),
	F(STR, describe_group, protocol_type),
	F(STR, describe_group, protocol),
	F(ARRAY, describe_group, members, OF(describe_member_schema)),
	F(I32, describe_group, ops, FROM(3)),
};
ELEMENT(describe_group);
ROWS(describe_groups_resp) = {
	F(I32, describe_groups_resp, throttle_ms, FROM(1)),
	F(ARRAY, describe_groups_resp, groups, OF(describe_group_schema)),
};
MESSAGE(describe_groups_resp);

ROWS(list_groups_req) = {
	F(ARRAY, list_groups_req, states, FROM(4), OF(broker_wire_strs)),
	F(ARRAY, list_groups_req, types, FROM(5), OF(broker_wire_strs)),
};
MESSAGE(list_groups_req);
ROWS(list_group) = {
	F(STR, list_group, group),
	F(STR, list_group, protocol_type),
	F(STR, list_group, state, FROM(4)),
	F(STR, list_group, type, FROM(5)),
};
ELEMENT(list_group);
ROWS(list_groups_resp) = {
	F(I32, list_groups_resp, throttle_ms, FROM(1)),
	F(I16, list_groups_resp, error),
	F(ARRAY, list_groups_resp, groups, OF(list_group_schema)),
};
MESSAGE(list_groups_resp);
