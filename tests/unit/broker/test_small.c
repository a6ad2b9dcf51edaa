#include "test_broker.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "broker/map.h"
#include "broker/timer.h"
#include "broker/topic_config.h"

/* The map, the timer wheel, the table of topic configs. */

struct item {
	struct map_node node;
	int value;
};

static void
a_map_finds_all_and_only_what_is_in_it(void **state)
{
	enum { N = 500 };
	static struct item items[N];
	struct map m;
	struct map_node *n = NULL;
	int seen = 0;

	(void)state;
	broker_map_init(&m);
	for (int i = 0; i < N; i++) {
		items[i].value = i;
		/* Few hashes: chains of equals. */
		broker_map_put(&m, &items[i].node, (uint64_t)(i % 50));
	}
	for (int i = 0; i < N; i += 2)
		broker_map_remove(&m, &items[i].node);
	assert_int_equal(m.n, N / 2);
	while ((n = broker_map_walk(&m, n)) != NULL) {
		assert_int_equal(MAP_OWNER(n, struct item, node)->value % 2, 1);
		seen++;
	}
	assert_int_equal(seen, N / 2);
	seen = 0;
	for (n = broker_map_get(&m, 7); n != NULL; n = broker_map_get_next(n)) {
		assert_int_equal(
			MAP_OWNER(n, struct item, node)->value % 50, 7);
		seen++;
	}
	assert_int_equal(seen, N / 50);
	assert_null(broker_map_get(&m, 8));
	broker_map_fini(&m);
}

#define MS TIMER_MS
static int64_t now;
static int fired;
static struct timer_wheel wheel;
static struct timer other;

static void
on_timer(struct broker *b, struct timer *t)
{
	(void)b;
	assert_true(now >= t->at_ns);
	fired++;
}

static void
on_stopper(struct broker *b, struct timer *t)
{
	on_timer(b, t);
	broker_timer_stop(&wheel, &other);
}

static void
run_until(int64_t ms)
{
	while (now < ms * MS) {
		now += 3 * MS;
		broker_timer_run(&wheel, NULL, now);
	}
}

static void
timers_fire_once_and_never_early(void **state)
{
	struct timer t[4] = {{.fn = on_timer}, {.fn = on_timer},
		{.fn = on_timer}, {.fn = on_timer}};

	(void)state;
	now = 0;
	fired = 0;
	broker_timer_wheel_init(&wheel, now);
	assert_int_equal(broker_timer_wait_ms(&wheel, now), -1);
	broker_timer_set(&wheel, &t[0], 15 * MS);
	broker_timer_set(&wheel, &t[1], 15 * MS);
	broker_timer_set(&wheel, &t[2], 20000 * MS); /* over a round */
	broker_timer_set(&wheel, &t[3], 40 * MS);
	broker_timer_stop(&wheel, &t[1]);
	assert_int_equal(broker_timer_wait_ms(&wheel, now), 20);
	run_until(9);
	assert_int_equal(fired, 0);
	run_until(30);
	assert_int_equal(fired, 1);
	assert_false(broker_timer_is_on(&t[0]));
	broker_timer_set(&wheel, &t[3], 90 * MS); /* moved */
	run_until(80);
	assert_int_equal(fired, 1);
	run_until(110);
	assert_int_equal(fired, 2);
	run_until(19000);
	assert_int_equal(fired, 2);
	run_until(20100);
	assert_int_equal(fired, 3);
	assert_int_equal(wheel.n, 0);
}

static void
a_timer_may_stop_one_that_is_due_with_it(void **state)
{
	struct timer first = {.fn = on_stopper};

	(void)state;
	now = 0;
	fired = 0;
	other = (struct timer){.fn = on_timer};
	broker_timer_wheel_init(&wheel, now);
	broker_timer_set(&wheel, &first, 10 * MS);
	broker_timer_set(&wheel, &other, 10 * MS);
	now = 1000 * MS; /* late: both at once */
	broker_timer_run(&wheel, NULL, now);
	assert_int_equal(fired, 1);
	assert_int_equal(wheel.n, 0);
}

/* broker-8 */
static void
configs_are_sorted_and_their_defaults_legal(void **state)
{
	(void)state;
	for (int i = 0; i < broker_n_topic_configs; i++) {
		const struct topic_config_row *row = &broker_topic_configs[i];

		assert_true(i == 0 || strcmp(broker_topic_configs[i - 1].name,
					      row->name) < 0);
		assert_true(
			broker_topic_config_is_legal(i, slice_str(row->def)));
		assert_int_equal(
			broker_topic_config_find(slice_str(row->name)), i);
	}
	assert_int_equal(broker_topic_config_find(SLICE_LIT("no")), -1);
}

static void
bad_config_values_are_refused(void **state)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
		{"retention.ms", "soon"},
		{"retention.ms", "-3"},
		{"retention.ms", ""},
		{"retention.ms", "99999999999999999999999"},
		{"max.message.bytes", "-1"},
		{"message.timestamp.type", "Never"},
		{"cleanup.policy", "keep"},
		{"preallocate", "maybe"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int k = broker_topic_config_find(slice_str(cases[i].name));

		assert_true(k >= 0);
		assert_false(broker_topic_config_is_legal(
			k, slice_str(cases[i].value)));
	}
}

const struct CMUnitTest test_small[] = {
	cmocka_unit_test(a_map_finds_all_and_only_what_is_in_it),
	cmocka_unit_test(timers_fire_once_and_never_early),
	cmocka_unit_test(a_timer_may_stop_one_that_is_due_with_it),
	cmocka_unit_test(configs_are_sorted_and_their_defaults_legal),
	cmocka_unit_test(bad_config_values_are_refused),
};
const size_t test_small_n = ARRAY_LEN(test_small);
