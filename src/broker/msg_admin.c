#include "broker/msg.h"

#include "base/attr.h"
#include "broker/msg_rows.h"

/* clang-format off */

ROWS(create_assignment) = {
	F(I32, create_assignment, index),
	F(ARRAY, create_assignment, replicas, OF(broker_wire_i32s)),
};
ELEMENT(create_assignment);
ROWS(create_config) = {
	F(STR, create_config, name),
	F(STR, create_config, value, NULLABLE),
};
ELEMENT(create_config);
ROWS(create_topic) = {
	F(STR, create_topic, name),
	F(I32, create_topic, n_partitions),
	F(I16, create_topic, replication),
	F(ARRAY, create_topic, assignments, OF(create_assignment_schema)),
	F(ARRAY, create_topic, configs, OF(create_config_schema)),
};
ELEMENT(create_topic);
ROWS(create_topics_req) = {
	F(ARRAY, create_topics_req, topics, OF(create_topic_schema)),
	F(I32, create_topics_req, timeout_ms),
	F(BOOL, create_topics_req, validate_only, FROM(1)),
};
MESSAGE(create_topics_req);
ROWS(create_config_resp) = {
	F(STR, create_config_resp, name),
	F(STR, create_config_resp, value, NULLABLE),
	F(BOOL, create_config_resp, read_only),
	F(I8, create_config_resp, source),
	F(BOOL, create_config_resp, is_sensitive),
};
ELEMENT(create_config_resp);
ROWS(create_topic_resp) = {
	F(STR, create_topic_resp, name),
	F(UUID, create_topic_resp, id, FROM(7)),
	F(I16, create_topic_resp, error),
	F(STR, create_topic_resp, message, FROM(1), NULLABLE),
	F(I32, create_topic_resp, n_partitions, FROM(5)),
	F(I16, create_topic_resp, replication, FROM(5)),
	F(ARRAY, create_topic_resp, configs, FROM(5), NULLABLE,
		OF(create_config_resp_schema)),
};
ELEMENT(create_topic_resp);
ROWS(create_topics_resp) = {
	F(I32, create_topics_resp, throttle_ms, FROM(2)),
	F(ARRAY, create_topics_resp, topics, OF(create_topic_resp_schema)),
};
MESSAGE(create_topics_resp);

ROWS(delete_topic) = {
	F(STR, delete_topic, name, NULLABLE),
	F(UUID, delete_topic, id),
};
ELEMENT(delete_topic);
ROWS(delete_topics_req) = {
	F(ARRAY, delete_topics_req, topics, FROM(6), OF(delete_topic_schema)),
	F(ARRAY, delete_topics_req, names, UNTIL(6), OF(broker_wire_strs)),
	F(I32, delete_topics_req, timeout_ms),
};
MESSAGE(delete_topics_req);
ROWS(delete_topic_resp) = {
	F(STR, delete_topic_resp, name, NULL_FROM(6)),
	F(UUID, delete_topic_resp, id, FROM(6)),
	F(I16, delete_topic_resp, error),
	F(STR, delete_topic_resp, message, FROM(5), NULLABLE),
};
ELEMENT(delete_topic_resp);
ROWS(delete_topics_resp) = {
	F(I32, delete_topics_resp, throttle_ms, FROM(1)),
	F(ARRAY, delete_topics_resp, topics, OF(delete_topic_resp_schema)),
};
MESSAGE(delete_topics_resp);

ROWS(config_resource) = {
	F(I8, config_resource, type),
	F(STR, config_resource, name),
	F(ARRAY, config_resource, keys, NULLABLE, OF(broker_wire_strs)),
};
ELEMENT(config_resource);
ROWS(configs_req) = {
	F(ARRAY, configs_req, resources, OF(config_resource_schema)),
	F(BOOL, configs_req, synonyms, FROM(1)),
	F(BOOL, configs_req, docs, FROM(3)),
};
MESSAGE(configs_req);
ROWS(config_synonym) = {
	F(STR, config_synonym, name),
	F(STR, config_synonym, value, NULLABLE),
	F(I8, config_synonym, source),
};
ELEMENT(config_synonym);
ROWS(config_entry) = {
	F(STR, config_entry, name),
	F(STR, config_entry, value, NULLABLE),
	F(BOOL, config_entry, read_only),
	F(BOOL, config_entry, is_default, UNTIL(1)),
	F(I8, config_entry, source, FROM(1)),
	F(BOOL, config_entry, is_sensitive),
	F(ARRAY, config_entry, synonyms, FROM(1), OF(config_synonym_schema)),
	F(I8, config_entry, type, FROM(3)),
	F(STR, config_entry, doc, FROM(3), NULLABLE),
};
ELEMENT(config_entry);
ROWS(config_result) = {
	F(I16, config_result, error),
	F(STR, config_result, message, NULLABLE),
	F(I8, config_result, type),
	F(STR, config_result, name),
	F(ARRAY, config_result, configs, OF(config_entry_schema)),
};
ELEMENT(config_result);
ROWS(configs_resp) = {
	F(I32, configs_resp, throttle_ms),
	F(ARRAY, configs_resp, results, OF(config_result_schema)),
};
MESSAGE(configs_resp);

ROWS(cluster_req) = {
	F(BOOL, cluster_req, include_ops),
	F(I8, cluster_req, endpoint_type, FROM(1), ABSENT(1)),
};
MESSAGE(cluster_req);
ROWS(cluster_broker) = {
	F(I32, msg_broker, node),
	F(STR, msg_broker, host),
	F(I32, msg_broker, port),
	F(STR, msg_broker, rack, NULLABLE),
};
static const struct wire_schema cluster_broker_schema =
	WIRE_SCHEMA(cluster_broker_rows, msg_broker);
ROWS(cluster_resp) = {
	F(I32, cluster_resp, throttle_ms),
	F(I16, cluster_resp, error),
	F(STR, cluster_resp, message, NULLABLE),
	F(I8, cluster_resp, endpoint_type, FROM(1)),
	F(STR, cluster_resp, cluster_id),
	F(I32, cluster_resp, controller),
	F(ARRAY, cluster_resp, brokers, OF(cluster_broker_schema)),
	F(I32, cluster_resp, ops),
};
MESSAGE(cluster_resp);
