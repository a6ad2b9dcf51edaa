#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../event/make_event.h"
#include "base/rand.h"
#include "persondb/cache.h"
#include "persondb/persondb.h"
#include "persondb/ring.h"
#include "stats/stats.h"
#include "store/store.h"

/* Two stores that are given the same; one has a cache, so small that it is
 * always pushing out. */
#define CACHE_BYTES ((size_t)48 * 1024)
#define ROUNDS 1500
#define EVENTS_MAX 6

struct side {
	char dir[128];
	struct store *s;
	struct store_conn *reader;
	struct persondb_cache *cache;
};

/* What a job is to do. */
struct round_job {
	struct store_job job;
	char events[EVENTS_MAX][512];
	int n;
	bool deletes, then_deletes, fails;
	char id[16]; /* that is deleted */
	struct make make;
	struct person_set sets[2];
	int n_saved;
};

static void
must(int rc, const struct err *e)
{
	if (rc != 0)
		fail_msg("%s", e->text);
}

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "fatal: %s\n", why->text);
	abort();
}

static void
open_side(struct side *x, bool with_cache)
{
	struct store_options o = {.dir = x->dir,
		.kind = STORE_STATE,
		.queue_bytes = 1u << 20,
		.on_fatal = on_fatal};
	const char *tmp = getenv("TMPDIR");
	struct err e;

	*x = (struct side){.cache = NULL};
	snprintf(x->dir, sizeof(x->dir), "%s/cache-XXXXXX",
		tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(x->dir));
	must(store_open(&o, &x->s, &e), &e);
	must(store_reader_open(x->s, &x->reader, &e), &e);
	if (with_cache)
		must(persondb_cache_new(CACHE_BYTES, &x->cache, &e), &e);
	persondb_cache_attach(x->s, x->cache);
}

static void
close_side(struct side *x)
{
	DIR *d;

	store_reader_close(x->reader);
	store_close(x->s);
	persondb_cache_free(x->cache);
	d = opendir(x->dir);
	assert_non_null(d);
	for (struct dirent *f = readdir(d); f != NULL; f = readdir(d)) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", x->dir, f->d_name);
		if (f->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	rmdir(x->dir);
}

static int
apply_batch(struct round_job *x, struct store_conn *c, struct err *e)
{
	struct make *m = &x->make;
	struct person_set *s = &x->sets[x->n_saved];
	struct event *events[EVENTS_MAX];
	enum event_next next;
	int r = person_set_init(s, &m->arena, &m->scratch, e);

	for (int i = 0; r == 0 && i < x->n; i++) {
		events[i] = make_event(m, x->events[i], &next);
		assert_int_equal(next, EVENT_GO);
		r = person_want(s, events[i], e);
	}
	if (r == 0)
		r = persondb_load(c, s, e);
	for (int i = 0; r == 0 && i < x->n; i++) {
		struct person_result out;

		r = person_apply(s, events[i], &m->work, &out, e);
	}
	if (r == 0)
		r = persondb_save(c, s, e);
	x->n_saved++;
	return r;
}

static int
delete_one(struct round_job *x, struct store_conn *c, struct err *e)
{
	struct person_set *s = &x->sets[x->n_saved];
	int r = person_set_init(s, &x->make.arena, &x->make.scratch, e);

	if (r == 0)
		r = persondb_delete(c, s, 1, slice_str(x->id), SLICE_NONE, e);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r == 0)
		r = persondb_save(c, s, e);
	x->n_saved++;
	return r;
}

static int
run_round(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct round_job *x = (struct round_job *)(void *)j;
	int r = x->deletes ? delete_one(x, c, e) : apply_batch(x, c, e);

	if (r == 0 && x->then_deletes)
		r = delete_one(x, c, e);
	return r == 0 && x->fails ? err_set(e, ERR_BUSY, "on purpose") : r;
}

struct committed_job {
	struct store_job job;
	struct side *side;
	struct round_job *round;
};

/* On the store's thread, as done would be. */
static int
run_committed(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct committed_job *x = (struct committed_job *)(void *)j;

	(void)c;
	(void)e;
	for (int i = 0; i < x->round->n_saved; i++)
		persondb_cache_committed(x->side->s, &x->round->sets[i]);
	return 0;
}

static void
play(struct side *x, const struct round_job *what)
{
	struct round_job *r = test_malloc(sizeof(*r));
	struct committed_job done = {.job = {.bytes = 1, .run = run_committed},
		.side = x,
		.round = r};
	struct err e;
	int rc;

	*r = *what;
	r->job = (struct store_job){.bytes = 1, .run = run_round};
	make_init(&r->make);
	r->make.rules.team_id = r->make.rules.project_id = 1;
	rc = store_call(x->s, &r->job, &e);
	if (what->fails)
		assert_int_equal(rc, -ERR_BUSY);
	else
		must(rc, &e);
	if (rc == 0)
		must(store_call(x->s, &done.job, &e), &e);
	make_fini(&r->make);
	test_free(r);
}

static void
random_event(struct rand_state *r, char *out, size_t size)
{
	static const char *const names[] = {"$pageview", "$identify",
		"$create_alias", "$merge_dangerously"};
	int id = (int)rand_below(r, 90), other = (int)rand_below(r, 90);
	int kind = (int)rand_below(r, 12);
	char more[160] = "";

	kind = kind > 3 ? 0 : kind;
	if (kind == 1)
		snprintf(more, sizeof(more), ",\"$anon_distinct_id\":\"i%d\"",
			other);
	else if (kind > 1)
		snprintf(more, sizeof(more), ",\"alias\":\"i%d\"", other);
	else if (rand_below(r, 8) == 0)
		snprintf(more, sizeof(more),
			",\"$process_person_profile\":false");
	snprintf(out, size,
		"{\"event\":\"%s\",\"distinct_id\":\"i%d\",\"properties\":{"
		"\"$set\":{\"k%d\":%d},\"$current_url\":\"u%d\"%s}}",
		names[kind], id, (int)rand_below(r, 3), (int)rand_below(r, 4),
		(int)rand_below(r, 4), more);
}

static void
random_round(struct rand_state *r, struct round_job *x)
{
	*x = (struct round_job){.n = 1 + (int)rand_below(r, EVENTS_MAX)};
	for (int i = 0; i < x->n; i++)
		random_event(r, x->events[i], sizeof(x->events[i]));
	snprintf(x->id, sizeof(x->id), "i%d", (int)rand_below(r, 90));
	x->deletes = rand_below(r, 20) == 0;
	x->then_deletes = rand_below(r, 10) == 0;
	x->fails = rand_below(r, 10) == 0;
}

/* All persons with ids, properties and versions. */
static void
dump(struct side *x, struct buf *out)
{
	int64_t cursor = 0;
	struct err e;

	buf_reset(out);
	do {
		must(persondb_list(x->reader, 1, &cursor, 1000, out, &e), &e);
	} while (cursor != 0);
}

/* persondb-7 */
static void
with_and_without_a_cache_all_is_the_same(void **state)
{
	struct side with, without;
	struct rand_state r;
	struct buf a, b;
	uint64_t hits = stats_counter(STATS_PERSON_CACHE_HITS, 0);
	uint64_t misses = stats_counter(STATS_PERSON_CACHE_MISSES, 0);

	(void)state;
	open_side(&with, true);
	open_side(&without, false);
	rand_seed(&r, 20);
	buf_init(&a, 4u << 20);
	buf_init(&b, 4u << 20);
	for (int i = 0; i < ROUNDS; i++) {
		struct round_job x;

		random_round(&r, &x);
		play(&with, &x);
		play(&without, &x);
		if (i % 10 != 0)
			continue;
		dump(&with, &a);
		dump(&without, &b);
		assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	}
	hits = stats_counter(STATS_PERSON_CACHE_HITS, 0) - hits;
	misses = stats_counter(STATS_PERSON_CACHE_MISSES, 0) - misses;
	assert_true(hits > ROUNDS / 2 && misses > ROUNDS / 2);
	assert_true(stats_gauge(STATS_PERSON_CACHE_BYTES, 0) > 0);
	buf_fini(&a);
	buf_fini(&b);
	close_side(&with);
	close_side(&without);
}

#define KEYS 200

static struct ring_entry *
find(struct ring *r, uint64_t key)
{
	struct ring_entry *x = ring_first(r, key * 7);

	while (x != NULL && x->hash != key * 7)
		x = ring_next(r, x);
	return x;
}

static void
a_ring_holds_what_was_put_in_until_it_is_full(void **state)
{
	static unsigned char marks[KEYS];
	uint64_t n_found = 0;
	struct rand_state rand;
	struct ring r;

	(void)state;
	rand_seed(&rand, 3);
	assert_true(ring_init(&r, 64 * 1024));
	assert_null(ring_add(&r, 64 * 1024, 1, 0));
	for (int i = 0; i < 200000; i++) {
		uint64_t key = rand_below(&rand, KEYS);
		size_t n = rand_below(&rand, 900);
		struct ring_entry *x = find(&r, key);

		if (x != NULL) {
			size_t len = (size_t)x->size * RING_UNIT - sizeof(*x);
			unsigned char *p = (unsigned char *)(x + 1);

			n_found++;
			x->is_used = rand_below(&rand, 2) == 0;
			for (size_t k = 0; k < len; k++)
				assert_int_equal(p[k], marks[key]);
			if (rand_below(&rand, 3) == 0)
				ring_drop(&r, x);
			continue;
		}
		x = ring_add(&r, sizeof(*x) + n, 1, key * 7);
		assert_non_null(x);
		marks[key] = (unsigned char)i;
		memset(x + 1, marks[key],
			(size_t)x->size * RING_UNIT - sizeof(*x));
		assert_true(ring_bytes(&r) <= 64 * 1024);
	}
	assert_true(n_found > 50000);
	ring_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_and_without_a_cache_all_is_the_same),
		cmocka_unit_test(a_ring_holds_what_was_put_in_until_it_is_full),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
