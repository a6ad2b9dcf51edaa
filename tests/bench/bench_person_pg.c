/*
 * What a batch costs in the person store in Postgres: bench_person_pg URL
 * [PERSONS] [BATCH] [BATCHES]. Project 1 is filled when it has no persons. Of
 * 100 events 70 are of known persons and change nothing, 20 update a property,
 * 8 are of new persons, 2 merge two known ones. Each batch is one transaction.
 * Shown: wall time of each part, and how much of it this process computed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/event/make_event.h"
#include "base/clock.h"
#include "base/rand.h"
#include "persondb/fill.h"
#include "persondb/pg.h"
#include "pg/pg.h"
#include "pg/schema.h"

enum phase { LOAD, APPLY, SAVE, COMMIT, N_PHASES };

struct bench {
	struct pg *pg;
	struct pg_conn *c;
	struct persondb_pg *d;
	struct make make;
	struct rand_state rand;
	long n_persons, next_new, next_merge;
	int n;
	struct event **events;
	int64_t wall_ns[N_PHASES], cpu_ns[N_PHASES];
	int n_redone;
};

static void
must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench_person_pg: %s\n", e->text);
	exit(1);
}

static int64_t
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
open_server(struct bench *b, const char *url)
{
	const struct pg_options o = {.url = url,
		.connect_timeout_ms = 5000,
		.statement_timeout_ms = 60000};
	struct pg_schema schema;
	int64_t n = 0;
	struct err e;

	must(pg_new(&o, &b->pg, &e), &e);
	must(pg_conn_new(b->pg, "bench", &b->c, &e), &e);
	must(pg_connect(b->c, &e), &e);
	must(pg_schema_prepare(b->c, &schema, &e), &e);
	must(persondb_pg_new(b->c, &b->d, &e), &e);
	must(persondb_pg_connected(b->d, &schema, true, &e), &e);
	must(persondb_pg_count(b->d, 1, &n, &e), &e);
	if (n == 0)
		must(persondb_fill_postgres(url, 1, b->n_persons, &e), &e);
}

static struct event *
make_one(struct bench *b)
{
	long i = (long)rand_below(&b->rand, (uint64_t)b->n_persons / 2);
	unsigned kind = (unsigned)rand_below(&b->rand, 100);
	char text[400];
	enum event_next next;

	if (kind < 70)
		snprintf(text, sizeof(text),
			"{\"event\":\"seen\",\"distinct_id\":\"user-%08ld\","
			"\"properties\":{\"a\":1}}",
			i);
	else if (kind < 90)
		snprintf(text, sizeof(text),
			"{\"event\":\"bought\",\"distinct_id\":\"user-%08ld\","
			"\"properties\":{\"$set\":{\"plan\":%u}}}",
			i, (unsigned)rand_below(&b->rand, 1000000));
	else if (kind < 98)
		snprintf(text, sizeof(text),
			"{\"event\":\"came\",\"distinct_id\":\"new-%ld\","
			"\"properties\":{\"$set\":{\"plan\":1,"
			"\"email\":\"new-%ld@example.com\"}}}",
			b->next_new, b->next_new);
	else
		snprintf(text, sizeof(text),
			"{\"event\":\"$merge_dangerously\",\"distinct_id\":"
			"\"user-%08ld\",\"properties\":{\"alias\":"
			"\"user-%08ld\"}}",
			i, --b->next_merge);
	b->next_new += kind >= 90 && kind < 98;
	return make_event(&b->make, text, &next);
}

static int
try_batch(struct bench *b, struct err *e)
{
	struct make *m = &b->make;
	int64_t wall[N_PHASES + 1], cpu[N_PHASES + 1];
	struct person_set s;
	int r = person_set_init(&s, &m->arena, &m->scratch, e);

	for (int i = 0; r == 0 && i < b->n; i++)
		r = person_want(&s, b->events[i], e);
	for (int i = 0; i < N_PHASES; i++) {
		wall[i] = clock_mono_ns();
		cpu[i] = cpu_ns();
		if (i == LOAD && r == 0 && (r = pg_begin(b->c, e)) == 0)
			r = persondb_pg_load(b->d, &s, e);
		for (int j = 0; i == APPLY && r == 0 && j < b->n; j++) {
			struct person_result out;

			r = person_apply(&s, b->events[j], &m->work, &out, e);
		}
		if (i == SAVE && r == 0)
			r = persondb_pg_save(b->d, &s, e);
		if (i == COMMIT && r == 0)
			r = pg_commit(b->c, e);
	}
	wall[N_PHASES] = clock_mono_ns();
	cpu[N_PHASES] = cpu_ns();
	for (int i = 0; r == 0 && i < N_PHASES; i++) {
		b->wall_ns[i] += wall[i + 1] - wall[i];
		b->cpu_ns[i] += cpu[i + 1] - cpu[i];
	}
	return r;
}

static void
run_batch(struct bench *b)
{
	struct err e;
	int r;

	arena_reset(&b->make.arena);
	b->events = arena_alloc(
		&b->make.arena, (size_t)b->n * sizeof(struct event *));
	for (int i = 0; i < b->n; i++)
		b->events[i] = make_one(b);
	while ((r = try_batch(b, &e)) == -ERR_BUSY) {
		pg_rollback(b->c);
		b->n_redone++;
	}
	must(r, &e);
}

static void
show(const struct bench *b, int n_batches)
{
	static const char *const names[] = {"load", "apply", "save", "commit"};
	double n = (double)b->n * n_batches, all = 0;

	for (int i = 0; i < N_PHASES; i++) {
		all += (double)b->wall_ns[i];
		printf("%-7s %8.2f us an event, %6.2f computed here\n",
			names[i], (double)b->wall_ns[i] / n / 1e3,
			(double)b->cpu_ns[i] / n / 1e3);
	}
	printf("%.0f events/s, %d batches of %d, %d done again\n",
		n / (all / 1e9), n_batches, b->n, b->n_redone);
}

int
main(int argc, char **argv)
{
	static struct bench b = {.n_persons = 1000000, .n = 2000};
	int n_batches = 50;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_person_pg URL [PERSONS] [BATCH] "
				"[BATCHES]\n");
		return 2;
	}
	if (argc > 2)
		b.n_persons = strtol(argv[2], NULL, 10);
	if (argc > 3)
		b.n = (int)strtol(argv[3], NULL, 10);
	if (argc > 4)
		n_batches = (int)strtol(argv[4], NULL, 10);
	make_init(&b.make);
	rand_seed(&b.rand, (uint64_t)clock_now_us());
	b.next_new = (long)(clock_now_us() / 10);
	b.next_merge = b.n_persons;
	open_server(&b, argv[1]);
	run_batch(&b); /* prepares the statements */
	memset(b.wall_ns, 0, sizeof(b.wall_ns));
	memset(b.cpu_ns, 0, sizeof(b.cpu_ns));
	for (int i = 0; i < n_batches; i++)
		run_batch(&b);
	show(&b, n_batches);
	persondb_pg_free(b.d);
	pg_conn_free(b.c);
	pg_free(b.pg);
	make_fini(&b.make);
	return 0;
}
