#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "live/live_int.h"
#include "store/store.h"
#include "team/team.h"
#include "tests/unit/remove_tree.h"

#define WAIT_NS INT64_C(20000000000)
#define TEXT_MAX ((size_t)4 * 1024 * 1024)

struct world {
	char dir[80];
	struct store *config, *spool, *state;
	struct team_cache *teams;
	int64_t team_id, other_id;
	struct live *live;
	struct err e;
	struct buf batch;
};

/* Keeps all that a viewer is told, "name json\n". */
struct seen {
	struct live_viewer *v;
	struct lock lock;
	struct cond more;
	struct buf text;
	bool is_full;
};

static bool
keep(void *cookie, const char *event, struct slice json)
{
	struct seen *s = cookie;
	bool was_full;

	lock_take(&s->lock);
	was_full = s->is_full;
	if (!was_full || strcmp(event, "flow") == 0) {
		buf_append_str(&s->text, event);
		buf_append_char(&s->text, ' ');
		buf_append_slice(&s->text, json);
		buf_append_char(&s->text, '\n');
	}
	cond_broadcast(&s->more);
	lock_release(&s->lock);
	return !was_full;
}

static void
watch(struct world *w, struct seen *s, const struct live_filter *f)
{
	memset(s, 0, sizeof(*s));
	lock_init(&s->lock);
	cond_init(&s->more);
	buf_init(&s->text, TEXT_MAX);
	assert_int_equal(live_watch(w->live, f, keep, s, &s->v, &w->e), 0);
}

static void
unwatch(struct seen *s)
{
	live_unwatch(s->v);
	buf_fini(&s->text);
	cond_fini(&s->more);
	lock_fini(&s->lock);
}

static int
count(struct seen *s, const char *text)
{
	const char *at = buf_cstr(&s->text);
	int n = 0;

	while (at != NULL && (at = strstr(at, text)) != NULL) {
		n++;
		at += strlen(text);
	}
	return n;
}

/* Until the text was told n times. */
static void
wait_for(struct seen *s, const char *text, int n)
{
	int64_t by = clock_mono_ns() + WAIT_NS;
	bool in_time = true;

	lock_take(&s->lock);
	while (count(s, text) < n && in_time)
		in_time = cond_wait_until(&s->more, &s->lock, by);
	if (count(s, text) < n)
		fail_msg("%s: not %d times in %s", text, n, buf_cstr(&s->text));
	lock_release(&s->lock);
}

static int
count_now(struct seen *s, const char *text)
{
	int n;

	lock_take(&s->lock);
	n = count(s, text);
	lock_release(&s->lock);
	return n;
}

static struct store *
open_one(struct world *w, enum store_kind kind)
{
	const struct store_options o = {
		.dir = w->dir, .kind = kind, .queue_bytes = 8 << 20};
	struct store *s;

	assert_int_equal(store_open(&o, &s, &w->e), 0);
	return s;
}

static int
open_world(void **state)
{
	struct world *w = mem_new(struct world);
	const char *top = getenv("TMPDIR");
	struct live_options o;

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "%s/live-XXXXXX",
		top == NULL || strlen(top) > 40 ? "/tmp" : top);
	assert_non_null(mkdtemp(w->dir));
	buf_init(&w->batch, TEXT_MAX);
	w->config = open_one(w, STORE_CONFIG);
	w->spool = open_one(w, STORE_SPOOL);
	w->state = open_one(w, STORE_STATE);
	assert_int_equal(team_cache_new(w->config, &w->teams, &w->e), 0);
	assert_int_equal(team_create(w->teams, "one", "phc_one", NULL,
				 &w->team_id, &w->e),
		0);
	assert_int_equal(team_create(w->teams, "two", "phc_two", NULL,
				 &w->other_id, &w->e),
		0);
	for (int i = 0; i < LIVE_SOURCES; i++) {
		const struct topic_def *d = &topic_defs[live_sources[i].topic];
		int p = live_sources[i].partition;
		struct store_part *part;

		assert_int_equal(
			store_part_open(
				d->file[p] == TOPIC_SPOOL ? w->spool : w->state,
				d->name, p, &part, &w->e),
			0);
	}
	o = (struct live_options){w->spool, w->state, w->teams};
	assert_int_equal(live_new(&o, &w->live, &w->e), 0);
	lock_take(&w->live->lock);
	w->live->look_every_ns = 2000000;
	w->live->flow_every_ns = 10000000;
	lock_release(&w->live->lock);
	*state = w;
	return 0;
}

static int
close_world(void **state)
{
	struct world *w = *state;

	live_free(w->live);
	team_cache_free(w->teams);
	store_close(w->config);
	store_close(w->spool);
	store_close(w->state);
	buf_fini(&w->batch);
	remove_tree(w->dir);
	mem_free(w);
	return 0;
}

static void
append(struct world *w, enum topic_id topic, int partition, uint32_t n)
{
	const struct topic_def *d = &topic_defs[topic];
	struct store *file =
		d->file[partition] == TOPIC_SPOOL ? w->spool : w->state;
	struct store_append a = {
		.part = store_part_find(file, slice_str(d->name), partition),
		.batches = w->batch.p,
		.len = w->batch.len,
		.n_records = n,
		.max_ts_ms = 1700000000000,
	};

	a.job.bytes = w->batch.len;
	assert_non_null(a.part);
	assert_int_equal(store_call(file, &a.job, &w->e), 0);
}

static void
uuid_of(int i, char out[40])
{
	snprintf(out, 40, "0190a0b0-0000-7000-8000-%012d", i);
}

/* Events from number first on, as capture writes them. */
static void
capture(struct world *w, const char *token, const char *event,
	const char *properties, int first, int n)
{
	struct batch_writer b;

	buf_reset(&w->batch);
	batch_begin(&b, &w->batch, 1700000000000);
	for (int i = first; i < first + n; i++) {
		char uuid[40], value[600];
		const struct batch_header_kv headers[] = {
			{SLICE_LIT("token"), slice_str(token)},
			{SLICE_LIT("distinct_id"), SLICE_LIT("d\"1")},
			{SLICE_LIT("event"), slice_str(event)},
			{SLICE_LIT("uuid"), slice_of(uuid, 36)},
		};

		uuid_of(i, uuid);
		snprintf(value, sizeof(value),
			"{\"uuid\":\"%s\",\"distinct_id\":\"d\\\"1\","
			"\"data\":\"{\\\"properties\\\":%s}\","
			"\"now\":\"2023\",\"token\":\"%s\"}",
			uuid, properties, token);
		batch_record(&b, 1700000000000, SLICE_LIT("k"),
			slice_str(value), headers, 4);
	}
	assert_int_equal(batch_end(&b, BATCH_NONE, &w->e), 0);
	append(w, TOPIC_INGESTION, 0, (uint32_t)n);
}

static void
process(struct world *w, int i)
{
	struct batch_writer b;
	char uuid[40], value[400];

	uuid_of(i, uuid);
	snprintf(value, sizeof(value),
		"{\"uuid\":\"%s\",\"event\":\"e\",\"team_id\":%lld,"
		"\"person_id\":\"p\",\"person_mode\":\"full\"}",
		uuid, (long long)w->team_id);
	buf_reset(&w->batch);
	batch_begin(&b, &w->batch, 1700000000000);
	batch_record(
		&b, 1700000000000, SLICE_LIT("k"), slice_str(value), NULL, 0);
	assert_int_equal(batch_end(&b, BATCH_NONE, &w->e), 0);
	append(w, TOPIC_EVENTS, 0, 1);
}

static void
letter(struct world *w, int i)
{
	struct batch_writer b;
	char uuid[40], value[400];
	const struct batch_header_kv headers[] = {
		{SLICE_LIT("token"), SLICE_LIT("phc_one")}};

	uuid_of(i, uuid);
	snprintf(value, sizeof(value),
		"{\"event_uuid\":\"%s\",\"event\":\"bad\",\"distinct_id\":"
		"\"x\",\"error\":\"no <b>good</b>\"}",
		uuid);
	buf_reset(&w->batch);
	batch_begin(&b, &w->batch, 1700000000000);
	batch_record(&b, 1700000000000, SLICE_LIT("k"), slice_str(value),
		headers, 1);
	assert_int_equal(batch_end(&b, BATCH_NONE, &w->e), 0);
	append(w, TOPIC_DEAD_LETTERS, 1, 1);
}

/* Until the viewer gets what passes from here on. */
static void
settle(struct seen *s)
{
	wait_for(s, "flow ", count_now(s, "flow ") + 2);
}

/* live-1, live-5 */
static void
an_event_is_followed_from_capture_to_its_row(void **state)
{
	struct world *w = *state;
	const struct live_filter f = {.per_s = 100};
	struct seen s;

	watch(w, &s, &f);
	settle(&s);
	capture(w, "phc_one", "seen", "{}", 1, 1);
	wait_for(&s, "\"event\":\"seen\"", 1);
	assert_int_equal(count_now(&s, "\"distinct_id\":\"d\\\"1\""), 1);
	assert_int_equal(count_now(&s, "\"state\":\"captured\""), 1);
	process(w, 1);
	process(w, 2); /* nobody was shown it */
	wait_for(&s, "\"state\":\"processed\"", 1);
	assert_int_equal(count_now(&s, "\"person_id\":\"p\""), 1);
	letter(w, 7);
	wait_for(&s, "\"state\":\"dead_letter\"", 1);
	assert_int_equal(count_now(&s, "\"error\":\"no <b>good</b>\""), 1);
	assert_int_equal(count_now(&s, "\"state\":\"processed\""), 1);
	unwatch(&s);
	live_free(w->live);
	w->live = NULL;
}

static void
a_filter_lets_through_what_it_names(void **state)
{
	struct world *w = *state;
	const struct live_filter filters[] = {
		{.per_s = 200, .team_id = w->other_id},
		{.per_s = 200, .event = SLICE_LIT("b")},
		{.per_s = 200, .distinct_id = SLICE_LIT("d\"1")},
		{.per_s = 200, .distinct_id = SLICE_LIT("d")},
		{.per_s = 200, .text = SLICE_LIT("say \"hi\" \\o/")},
		{.per_s = 200, .text = SLICE_LIT("phc_one")},
	};
	static const int expected[] = {1, 1, 3, 0, 1, 0};
	struct seen s[6];

	for (int i = 0; i < 6; i++)
		watch(w, &s[i], &filters[i]);
	for (int i = 0; i < 6; i++)
		settle(&s[i]);
	capture(w, "phc_one", "a",
		"{\\\"t\\\":\\\"I say \\\\\\\"hi\\\\\\\" \\\\\\\\o/\\\"}", 1,
		1);
	capture(w, "phc_one", "b", "{}", 2, 1);
	capture(w, "phc_two", "c", "{}", 3, 1);
	for (int i = 0; i < 6; i++) {
		settle(&s[i]);
		assert_int_equal(count_now(&s[i], "event {"), expected[i]);
		unwatch(&s[i]);
	}
}

static void
who_comes_late_sees_what_has_just_passed(void **state)
{
	struct world *w = *state;
	const struct live_filter f = {.per_s = 1, .recent = 20};
	struct seen s;

	capture(w, "phc_one", "old", "{}", 1, 10);
	capture(w, "phc_one", "recent", "{}", 11, 20);
	process(w, 30);
	letter(w, 40);
	watch(w, &s, &f);
	wait_for(&s, "\"event\":\"recent\"", 20);
	wait_for(&s, "\"state\":\"processed\"", 1);
	settle(&s);
	assert_int_equal(count_now(&s, "\"seen_ms\":null"), 21);
	assert_int_equal(count_now(&s, "\"event\":\"old\""), 0);
	assert_int_equal(count_now(&s, "dead_letter"), 0);
	capture(w, "phc_one", "new", "{}", 50, 1);
	wait_for(&s, "\"event\":\"new\"", 1);
	assert_int_equal(count_now(&s, "\"event\":\"recent\""), 20);
	unwatch(&s);
}

/* live-2 */
static void
what_is_too_much_is_left_out_and_counted(void **state)
{
	struct world *w = *state;
	const struct live_filter f = {.per_s = 5};
	struct seen s;

	watch(w, &s, &f);
	settle(&s);
	capture(w, "phc_one", "e", "{}", 1, 500);
	wait_for(&s, "\"matched\":500", 1);
	assert_true(count_now(&s, "event {") <= 6);
	assert_true(count_now(&s, "event {") >= 1);
	assert_true(count_now(&s, "\"left_out\":49") == 1);
	unwatch(&s);
}

/* live-3 */
static void
a_viewer_without_room_holds_nobody_up(void **state)
{
	struct world *w = *state;
	const struct live_filter f = {.per_s = 200};
	struct seen full, other;

	watch(w, &full, &f);
	watch(w, &other, &f);
	lock_take(&full.lock);
	full.is_full = true;
	lock_release(&full.lock);
	settle(&other);
	capture(w, "phc_one", "e", "{}", 1, 5);
	wait_for(&other, "event {", 5);
	wait_for(&full, "\"left_out\":5", 1);
	assert_int_equal(count_now(&full, "event {"), 0);
	unwatch(&full);
	unwatch(&other);
}

/* live-4: more bytes than the budget of a look. */
static void
what_is_over_the_budget_is_skipped_and_counted(void **state)
{
	struct world *w = *state;
	const struct live_filter f = {.per_s = 1, .event = SLICE_LIT("last")};
	struct live_viewer *v;
	char *text = mem_alloc(512);
	struct seen s;
	int n = 0;

	assert_non_null(text);
	memset(text, 'x', 511);
	memcpy(text, "{\\\"a\\\":\\\"", 9);
	memcpy(text + 300, "\\\"}", 4);
	watch(w, &s, &f);
	settle(&s);
	lock_take(&w->live->lock); /* so that it is one look for all */
	v = w->live->viewers;
	for (; n < 3000; n += 500)
		capture(w, "phc_one", "e", text, n, 500);
	lock_release(&w->live->lock);
	assert_ptr_equal(v, s.v);
	capture(w, "phc_one", "last", "{}", n, 1);
	wait_for(&s, "flow ", count_now(&s, "flow ") + 2);
	assert_true(count_now(&s, "\"skipped\":") >
		    count_now(&s, "\"skipped\":0}"));
	unwatch(&s);
	mem_free(text);
}

static void
there_are_only_so_many_viewers(void **state)
{
	struct world *w = *state;
	const struct live_filter f = {.per_s = 1};
	static char longest[LIVE_TEXT_MAX + 1];
	struct live_filter bad = {
		.per_s = 1, .event = slice_of(longest, sizeof(longest))};
	struct live_viewer *v[LIVE_VIEWERS_MAX], *more;

	assert_int_equal(live_watch(w->live, &bad, keep, NULL, &more, &w->e),
		-ERR_INVALID);
	bad = (struct live_filter){
		.per_s = 1, .text = slice_of(longest, sizeof(longest))};
	assert_int_equal(live_watch(w->live, &bad, keep, NULL, &more, &w->e),
		-ERR_INVALID);
	struct seen s = {.text = {.max_bytes = TEXT_MAX}};
	lock_init(&s.lock);
	cond_init(&s.more);
	for (int i = 0; i < LIVE_VIEWERS_MAX; i++)
		assert_int_equal(
			live_watch(w->live, &f, keep, &s, &v[i], &w->e), 0);
	assert_int_equal(
		live_watch(w->live, &f, keep, &s, &more, &w->e), -ERR_BUSY);
	for (int i = 0; i < LIVE_VIEWERS_MAX; i++)
		live_unwatch(v[i]);
	buf_fini(&s.text);
	cond_fini(&s.more);
	lock_fini(&s.lock);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(an_event_is_followed_from_capture_to_its_row),
		WORLD(a_filter_lets_through_what_it_names),
		WORLD(who_comes_late_sees_what_has_just_passed),
		WORLD(what_is_too_much_is_left_out_and_counted),
		WORLD(a_viewer_without_room_holds_nobody_up),
		WORLD(what_is_over_the_budget_is_skipped_and_counted),
		WORLD(there_are_only_so_many_viewers),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
