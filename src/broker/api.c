#include "broker/handle.h"

/*
 * Sorted by key. To add one: 1 rows for its messages in msg_*.c and a line in
 * MSG_ALL, 2 a handler, 3 a row here, 4 a golden request and answer in
 * tests/data/kafka, 5 the table of the README. The least versions follow the
 * rule of spec kafka 1.1: librdkafka before 2.11 looks for single versions, and
 * a raised minimum silently costs it compression or groups.
 */
#define API(key, min, max, flex, flags, name, msg)                             \
	{                                                                      \
		key, min, max, flex, flags, name, &broker_msg_##msg##_req,     \
			&broker_msg_##msg##_resp, broker_handle_##msg          \
	}
const struct broker_api broker_apis[] = {
	API(0, 0, 11, 9, API_PIPELINED, "Produce", produce),
	API(1, 4, 17, 12, 0, "Fetch", fetch),
	API(2, 1, 9, 6, 0, "ListOffsets", list_offsets),
	API(3, 0, 12, 9, 0, "Metadata", metadata),
	API(8, 1, 9, 8, 0, "OffsetCommit", commit),
	API(9, 1, 9, 6, 0, "OffsetFetch", offset_fetch),
	API(10, 0, 5, 3, 0, "FindCoordinator", coordinator),
	API(11, 0, 9, 6, 0, "JoinGroup", join),
	API(12, 0, 4, 4, 0, "Heartbeat", heartbeat),
	API(13, 0, 5, 4, 0, "LeaveGroup", leave),
	API(14, 0, 5, 4, 0, "SyncGroup", sync),
	API(15, 0, 5, 5, 0, "DescribeGroups", describe_groups),
	API(16, 0, 5, 3, 0, "ListGroups", list_groups),
	API(18, 0, 4, 3, 0, "ApiVersions", versions),
	API(19, 0, 7, 5, 0, "CreateTopics", create_topics),
	API(20, 0, 6, 4, 0, "DeleteTopics", delete_topics),
	API(22, 0, 4, 2, 0, "InitProducerId", producer_id),
	API(23, 0, 4, 4, 0, "OffsetForLeaderEpoch", epoch),
	API(32, 0, 4, 4, 0, "DescribeConfigs", configs),
	API(60, 0, 1, 0, 0, "DescribeCluster", cluster),
};
const int broker_n_apis = (int)ARRAY_LEN(broker_apis);

const struct broker_api *
broker_api_find(int16_t key)
{
	for (int i = 0; i < broker_n_apis; i++)
		if (broker_apis[i].key == key)
			return &broker_apis[i];
	return NULL;
}

bool
broker_api_is_flexible(const struct broker_api *a, int16_t version)
{
	return a->first_flexible >= 0 && version >= a->first_flexible;
}
