/*
 * What one event costs in event/, person/ and persondb/, in CPU time of the
 * thread that does it: bench_person FOLDER [EVENTS] [PERSONS] [BATCH]. Events
 * are like those of posthog-js, about 1 KB, one in ten $identify; all persons
 * are known before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rand.h"
#include "event/normalise.h"
#include "persondb/persondb.h"
#include "store/store.h"

#include "../unit/person/stream_store.h"

enum phase { READ, NORMALISE, WANT, LOAD, APPLY, SAVE, N_PHASES };

struct bench {
	struct stream_store *store;
	struct event_rules rules;
	struct rand_state rand;
	struct arena arena;
	struct buf scratch;
	struct event *events;
	int n;
	int64_t ns[N_PHASES];
	int64_t n_written; /* persons */
};

static const struct json_limits limits = {LIMIT_JSON_DEPTH, LIMIT_EVENT_NODES};

static void
must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench_person: %s\n", e->text);
	exit(1);
}

static int64_t
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static const char event_form[] =
	"{\"event\":\"%s\",\"distinct_id\":\"user-%ld\",\"properties\":{"
	"\"$os\":\"Mac OS X\",\"$os_version\":\"10.15.7\","
	"\"$browser\":\"Chrome\",\"$device_type\":\"Desktop\","
	"\"$current_url\":\"https://www.example.com/%u?ref=%u\","
	"\"$host\":\"www.example.com\",\"$pathname\":\"/%u\","
	"\"$raw_user_agent\":\"Mozilla/5.0 (Macintosh; Intel Mac OS X "
	"10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
	"Safari/537.36\",\"$browser_version\":126,"
	"\"$browser_language\":\"en-GB\",\"$screen_height\":1117,"
	"\"$screen_width\":1728,\"$viewport_height\":%u,"
	"\"$viewport_width\":1440,\"$lib\":\"web\","
	"\"$lib_version\":\"1.140.1\",\"$insert_id\":\"ab12cd34ef56\","
	"\"$time\":1719830000.123,\"distinct_id\":\"user-%ld\","
	"\"$device_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\","
	"\"$referrer\":\"$direct\",\"$referring_domain\":\"$direct\","
	"\"$session_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\","
	"\"$window_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c\"%s}}";

static struct slice
make_text(struct bench *b, long person)
{
	char extra[200] = "", text[2048];
	unsigned page = (unsigned)rand_below(&b->rand, 50);
	bool is_identify = rand_below(&b->rand, 10) == 0;
	int n;

	if (is_identify)
		snprintf(extra, sizeof(extra),
			",\"$anon_distinct_id\":\"anon-%ld\",\"$set\":"
			"{\"email\":\"user-%ld@example.com\",\"plan\":\"p%u\"}",
			person, person, (unsigned)rand_below(&b->rand, 3));
	n = snprintf(text, sizeof(text), event_form,
		is_identify ? "$identify" : "$pageview", person, page,
		(unsigned)rand_below(&b->rand, 1000), page,
		500 + (unsigned)rand_below(&b->rand, 500), person, extra);
	return arena_dup_slice(&b->arena, slice_of(text, (size_t)n));
}

static void
read_event(struct bench *b, struct event *ev, struct slice text)
{
	struct event_work w = {&b->arena, &b->scratch};
	struct json_doc *d = arena_new(&b->arena, struct json_doc);
	struct event_source src = {
		.uuid = SLICE_LIT("0190f000-0000-7000-8000-00000000a006"),
		.now = SLICE_LIT("2026-01-01T00:00:00.123456Z"),
		.timestamp = SLICE_LIT("2026-01-01T00:00:00.123456Z"),
		.sent_at = SLICE_LIT("2026-01-01T00:00:00.123Z"),
		.ip = SLICE_LIT("203.0.113.77"),
		.doc = d};
	struct err e;

	must(json_parse(&b->arena, text, &limits, d, &e), &e);
	src.distinct_id = event_text(
		d, json_member(d, 0, SLICE_LIT("distinct_id")), true, &w);
	src.name =
		event_text(d, json_member(d, 0, SLICE_LIT("event")), false, &w);
	must(event_read(ev, &b->rules, &src, &w, &e), &e);
}

static int
in_job(void *cookie, struct store_conn *c, struct err *e)
{
	struct bench *b = cookie;
	struct event_work w = {&b->arena, &b->scratch};
	int64_t at[5];
	struct person_set s;
	int r;

	at[0] = cpu_ns();
	r = person_set_init(&s, &b->arena, &b->scratch, e);
	for (int i = 0; r == 0 && i < b->n; i++)
		r = person_want(&s, &b->events[i], e);
	at[1] = cpu_ns();
	if (r == 0)
		r = persondb_load(c, &s, e);
	at[2] = cpu_ns();
	for (int i = 0; r == 0 && i < b->n; i++) {
		struct person_result out;

		r = person_apply(&s, &b->events[i], &w, &out, e);
	}
	at[3] = cpu_ns();
	for (struct person *p = s.persons_changed; p != NULL;
		p = p->next_changed)
		b->n_written++;
	if (r == 0)
		r = persondb_save(c, &s, e);
	at[4] = cpu_ns();
	for (int i = 0; i < 4; i++)
		b->ns[WANT + i] += at[i + 1] - at[i];
	return r;
}

/* in_order: the persons from first on, else any. */
static void
run_batch(struct bench *b, int n, long first, long n_persons, bool in_order)
{
	struct event_work w = {&b->arena, &b->scratch};
	struct slice *texts;
	struct err e;
	int64_t at;

	b->events = arena_alloc(&b->arena, (size_t)n * sizeof(*b->events));
	texts = arena_alloc(&b->arena, (size_t)n * sizeof(*texts));
	b->n = n;
	for (int i = 0; i < n; i++)
		texts[i] =
			make_text(b, in_order ? first + i
					      : (long)rand_below(&b->rand,
							(uint64_t)n_persons));
	at = cpu_ns();
	for (int i = 0; i < n; i++)
		read_event(b, &b->events[i], texts[i]);
	b->ns[READ] += cpu_ns() - at;
	at = cpu_ns();
	for (int i = 0; i < n; i++) {
		if (event_check(&b->events[i], &w) != EVENT_GO ||
			event_normalise(&b->events[i], &w) != EVENT_GO)
			exit(1);
	}
	b->ns[NORMALISE] += cpu_ns() - at;
	must(stream_store_run(b->store, in_job, b, &e), &e);
	arena_reset(&b->arena);
}

int
main(int argc, char **argv)
{
	static const char *const names[N_PHASES] = {"parse and read",
		"check, normalise", "want", "load", "apply", "save"};
	static struct bench b;
	long n_events = argc > 2 ? strtol(argv[2], NULL, 10) : 100000;
	long n_persons = argc > 3 ? strtol(argv[3], NULL, 10) : 20000;
	int batch = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 5000;
	double sum = 0;

	if (argc < 2 || n_events < 1 || n_persons < 1 || batch < 1) {
		fprintf(stderr, "usage: bench_person FOLDER [EVENTS] "
				"[PERSONS] [BATCH]\n");
		return 2;
	}
	rand_seed(&b.rand, 1);
	arena_init(&b.arena, (size_t)4 << 30);
	buf_init(&b.scratch, 16u << 20);
	b.rules = (struct event_rules){.team_id = 1, .project_id = 1};
	b.store = stream_store_open(argv[1]);
	for (long i = 0; i < n_persons; i += batch)
		run_batch(&b,
			(int)(n_persons - i < batch ? n_persons - i : batch), i,
			n_persons, true);
	memset(b.ns, 0, sizeof(b.ns));
	b.n_written = 0;
	for (long i = 0; i < n_events; i += batch)
		run_batch(&b,
			(int)(n_events - i < batch ? n_events - i : batch), 0,
			n_persons, false);
	printf("%ld events, %ld persons, batches of %d, %.2f persons written "
	       "per event\n",
		n_events, n_persons, batch,
		(double)b.n_written / (double)n_events);
	for (int i = 0; i < N_PHASES; i++) {
		double us = (double)b.ns[i] / 1e3 / (double)n_events;

		printf("  %-16s %6.2f us CPU per event\n", names[i], us);
		sum += us;
	}
	printf("  %-16s %6.2f us\n", "all", sum);
	stream_store_close(b.store);
	buf_fini(&b.scratch);
	arena_fini(&b.arena);
	return 0;
}
