#include "tests.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/rand.h"

/*
 * The same front log gives the same persons and rows, whatever the size of
 * batches and the number of threads (pipeline-2, pipeline-3, pipeline-5).
 */
#define N_EVENTS 1500
#define N_IDS 40

static const enum topic_id outputs[] = {TOPIC_EVENTS, TOPIC_PERSON,
	TOPIC_DISTINCT_ID, TOPIC_GROUPS, TOPIC_WARNINGS, TOPIC_HEATMAPS,
	TOPIC_DEAD_LETTERS};
#define N_OUTPUTS ARRAY_LEN(outputs)

static void
write_event(struct batch_writer *bw, struct rand_state *r, int i)
{
	/* Before and after a number. */
	static const char *const shapes[][2] = {
		{"{\"$set\":{\"n\":", "},\"$browser\":\"B\"}"},
		{"{\"$set_once\":{\"first\":", "},\"$current_url\":\"u\"}"},
		{"{\"$unset\":[\"n\"],\"x\":", "}"},
		{"{\"$groups\":{\"team\":\"t\",\"org\":\"o", "\"}}"},
		{"{\"$process_person_profile\":false,\"x\":", "}"},
		{"{\"$process_person_profile\":\"odd\",\"x\":", "}"},
	};
	static const char *const kinds[] = {"$identify", "$create_alias",
		"$merge_dangerously", "$groupidentify", "$pageview",
		"$exception", "plain"};
	char uuid[37], id[16], properties[256];
	int other = (int)rand_below(r, N_IDS);
	struct world_event ev = {.uuid = uuid_of(i, uuid),
		.distinct_id = id,
		.name = kinds[rand_below(r, ARRAY_LEN(kinds))],
		.properties = properties,
		.now_us = NOW_US + i * INT64_C(30000000)};
	size_t shape = rand_below(r, ARRAY_LEN(shapes) + 2);

	snprintf(id, sizeof(id), "id-%d", (int)rand_below(r, N_IDS));
	if (shape >= ARRAY_LEN(shapes) || ev.name[0] == '$')
		snprintf(properties, sizeof(properties),
			"{\"$anon_distinct_id\":\"id-%d\",\"alias\":\"id-%d\","
			"\"$group_type\":\"org\",\"$group_key\":\"o%d\","
			"\"$group_set\":{\"v\":%d},\"$set\":{\"m\":%d}}",
			other, other, other % 5, i % 3, i);
	else
		snprintf(properties, sizeof(properties), "%s%d%s",
			shapes[shape][0], other % 7, shapes[shape][1]);
	world_put_event(bw, &ev);
}

static void
write_front_log(struct world *w)
{
	struct batch_writer bw;
	struct rand_state r;
	struct buf b;
	struct err e;
	uint32_t n = 0;

	rand_seed(&r, 11);
	buf_init(&b, 64 << 20);
	batch_begin(&bw, &b, NOW_US / 1000);
	for (int i = 0; i < N_EVENTS; i++) {
		write_event(&bw, &r, i);
		if (++n < 1 + rand_below(&r, 60) && i + 1 < N_EVENTS)
			continue;
		assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
		world_append(w, w->spool, TOPIC_INGESTION, 0, &b, n);
		if (n % 7 == 3)
			world_send_raw(w, SLICE_LIT("poison"));
		buf_reset(&b);
		batch_begin(&bw, &b, NOW_US / 1000);
		n = 0;
	}
	buf_fini(&b);
}

static uint64_t
hash_text(const char *p, size_t len)
{
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h;
}

/* What a topic's last message of each key says: persons and groups leave once
 * per batch, so only their last ones are the same. */
#define N_KEYS 4096
struct table {
	uint64_t key[N_KEYS], value[N_KEYS];
	int n;
};

static void
note_last(void *cookie, const struct batch_record_view *rec)
{
	struct table *t = cookie;
	uint64_t key = hash_text(rec->key.p, rec->key.len);
	int i = 0;

	while (i < t->n && t->key[i] != key)
		i++;
	assert_in_range(i, 0, N_KEYS - 1);
	if (i == t->n)
		t->n++;
	t->key[i] = key;
	t->value[i] = hash_text(rec->value.p, rec->value.len);
}

static uint64_t
digest_last(struct world *w, enum topic_id topic)
{
	static struct table t;
	uint64_t sum = 0;

	t.n = 0;
	world_each(w, topic, 0, note_last, &t);
	for (int i = 0; i < t.n; i++)
		sum += t.key[i] * 31 + t.value[i];
	return sum;
}

/* Letters have ids of their own. */
static uint64_t
digest_all(struct world *w, enum topic_id topic)
{
	bool has_ids = topic == TOPIC_DEAD_LETTERS;
	struct buf text;
	uint64_t sum = 0;
	size_t at = 0;

	buf_init(&text, 256 << 20);
	world_text(w, topic, topic_defs[topic].n_partitions - 1, &text);
	while (at < text.len) {
		const char *line = text.p + at;
		const char *end = memchr(line, '\n', text.len - at);
		const char *from =
			has_ids ? strstr(line, "\"event_uuid\"") : line;

		sum = sum * 31 + hash_text(from, (size_t)(end - from));
		at = (size_t)(end + 1 - text.p);
	}
	buf_fini(&text);
	return sum;
}

static void
run_once(struct world *w, int events, int threads, uint64_t out[N_OUTPUTS])
{
	char a[40], b[40];
	const char *const set[] = {a, b, NULL};

	snprintf(a, sizeof(a), "ingest.batch_events=%d", events);
	snprintf(b, sizeof(b), "ingest.threads=%d", threads);
	world_start(w, set);
	world_drain(w);
	for (size_t i = 0; i < N_OUTPUTS; i++) {
		bool by_key = outputs[i] == TOPIC_PERSON ||
			      outputs[i] == TOPIC_DISTINCT_ID ||
			      outputs[i] == TOPIC_GROUPS;

		out[i] = by_key ? digest_last(w, outputs[i])
				: digest_all(w, outputs[i]);
	}
	assert_true(world_count(w, TOPIC_EVENTS, 0) > N_EVENTS / 2);
	assert_true(world_count(w, TOPIC_WARNINGS, 1) > 2);
	assert_true(world_count(w, TOPIC_DEAD_LETTERS, 1) > 0);
	world_stop(w);
	world_forget_state(w);
	world_open(w);
}

static void
the_same_log_gives_the_same_result(void **state)
{
	static const int sizes[][2] = {
		{5000, 1}, {5000, 2}, {7, 1}, {7, 2}, {1, 1}, {1, 2}};
	struct world *w = *state;
	uint64_t first[N_OUTPUTS], got[N_OUTPUTS];

	clock_test_set_us(NOW_US);
	write_front_log(w);
	run_once(w, sizes[0][0], sizes[0][1], first);
	for (size_t i = 1; i < ARRAY_LEN(sizes); i++) {
		run_once(w, sizes[i][0], sizes[i][1], got);
		for (size_t k = 0; k < N_OUTPUTS; k++)
			if (got[k] != first[k])
				fail_msg(
					"%s differs: batches of %d, %d threads",
					topic_defs[outputs[k]].name,
					sizes[i][0], sizes[i][1]);
	}
	clock_test_set_us(0);
}

int
run_same_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_same_log_gives_the_same_result, make_world,
			remove_world),
	};

	return cmocka_run_group_tests_name("same", tests, NULL, NULL);
}
