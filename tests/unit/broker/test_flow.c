#include "test_broker.h"

#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "broker/group.h"
#include "harness.h"
#include "store/store_int.h"

/* Groups of the local ClickHouse on real stores. */

static const char *const embedded[] = {"clickhouse.mode=embedded", NULL};
static const char *const off[] = {"clickhouse.mode=off", NULL};

static int64_t
floor_at(struct harness *h, const char *topic)
{
	struct bpart *p = broker_part_find(h->b, slice_str(topic), 0);

	assert_non_null(p);
	return store_part_floor(p->part);
}

static void
commit(struct harness *h, const char *group, const char *topic, int64_t offset)
{
	struct commit_part part = {.offset = offset, .leader_epoch = -1};
	struct commit_topic t = {.name = slice_str(topic), .parts = {&part, 1}};
	struct commit_req req = {.group = slice_str(group),
		.generation = -1,
		.member_id = SLICE_LIT(""),
		.topics = {&t, 1}};
	struct commit_resp resp;
	struct arena a;
	int peer;
	struct conn *c = harness_connect(h, &peer);

	arena_init(&a, 1 << 20);
	harness_call(h, c, peer, 8, 7, &req, &resp, &a);
	assert_int_equal(
		((struct commit_part_resp *)((struct commit_topic_resp *)
						     resp.topics.items)
				->parts.items)
			->error,
		0);
	arena_fini(&a);
	close(peer);
}

/* broker-7 */
static void
a_commit_of_the_local_clickhouse_moves_the_floor(void **state)
{
	static const char topic[] = "clickhouse_person_distinct_id";
	struct harness h;

	(void)state;
	harness_open(&h, embedded);
	assert_int_equal(floor_at(&h, topic), 0);
	commit(&h, "clickhouse_person_distinct_id2", topic, 7);
	assert_int_equal(floor_at(&h, topic), 0); /* the other group */
	commit(&h, "clickhouse-person-distinct-id-overrides", topic, 5);
	assert_int_equal(floor_at(&h, topic), 5);
	commit(&h, "somebody-else", topic, 1);
	assert_int_equal(floor_at(&h, topic), 5);
	harness_reopen(&h, embedded);
	assert_int_equal(floor_at(&h, topic), 5);
	harness_reopen(&h, off);
	assert_true(floor_at(&h, topic) == INT64_MAX);
	harness_close(&h);
}

static void
join(struct harness *h, struct conn *c, int peer, const char *group)
{
	struct join_protocol proto = {SLICE_LIT("range"), SLICE_LIT("m")};
	struct join_req req = {.group = slice_str(group),
		.session_ms = 60000,
		.rebalance_ms = 60000,
		.member_id = SLICE_LIT(""),
		.protocol_type = SLICE_LIT("consumer"),
		.protocols = {&proto, 1}};
	struct join_resp joined;
	struct sync_resp synced;
	struct sync_assignment all = {.assignment = SLICE_LIT("a")};
	struct sync_req sync = {
		.group = slice_str(group), .assignments = {&all, 1}};
	struct arena a;

	arena_init(&a, 1 << 20);
	harness_call(h, c, peer, 11, 3, &req, &joined, &a);
	assert_int_equal(joined.error, 0);
	sync.generation = joined.generation;
	sync.member_id = all.member_id = joined.member_id;
	harness_call(h, c, peer, 14, 1, &sync, &synced, &a);
	assert_int_equal(synced.error, 0);
	assert_true(slice_eq_str(synced.assignment, "a"));
	arena_fini(&a);
}

static void
a_local_member_goes_a_second_after_its_connection(void **state)
{
	struct harness h;
	int local_peer, other_peer;
	struct conn *local, *other;
	struct group *g;

	(void)state;
	harness_open(&h, embedded);
	local = harness_connect(&h, &local_peer);
	other = harness_connect(&h, &other_peer);
	join(&h, local, local_peer, "clickhouse_events_json");
	join(&h, other, other_peer, "outside");
	g = broker_group_find(h.b, SLICE_LIT("clickhouse_events_json"));
	assert_non_null(g);
	assert_int_equal(g->n_members, 1);
	broker_conn_close(h.b, local, NULL);
	broker_conn_close(h.b, other, NULL);
	for (int64_t end_ns = broker_now_ns() + 5000 * TIMER_MS;
		g->n_members > 0 && broker_now_ns() < end_ns;) {
		harness_wait(&h, 10);
		harness_round(&h);
	}
	assert_int_equal(g->n_members, 0);
	g = broker_group_find(h.b, SLICE_LIT("outside"));
	assert_int_equal(g->n_members, 1);
	close(local_peer);
	close(other_peer);
	harness_close(&h);
}

/* broker-6 */
static void
a_group_is_the_same_after_a_restart(void **state)
{
	struct harness h;
	struct group *g;
	struct conn *c;
	int peer;

	(void)state;
	harness_open(&h, off);
	c = harness_connect(&h, &peer);
	join(&h, c, peer, "kept");
	close(peer);
	harness_reopen(&h, off);
	g = broker_group_find(h.b, SLICE_LIT("kept"));
	assert_non_null(g);
	assert_int_equal(g->state, GROUP_STABLE);
	assert_int_equal(g->generation, 1);
	assert_int_equal(g->n_members, 1);
	assert_ptr_equal(g->leader, g->members);
	assert_int_equal(g->members->assignment_len, 1);
	harness_close(&h);
}

const struct CMUnitTest test_flow[] = {
	cmocka_unit_test(a_commit_of_the_local_clickhouse_moves_the_floor),
	cmocka_unit_test(a_local_member_goes_a_second_after_its_connection),
	cmocka_unit_test(a_group_is_the_same_after_a_restart),
};
const size_t test_flow_n = ARRAY_LEN(test_flow);
