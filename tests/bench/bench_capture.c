/* What capture does for the events of a request between its body and its record
 * batches, in nanoseconds of processor time for an event: bench_capture [BATCH
 * [ROUNDS]]. With rounds no time is taken: for callgrind. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/zip.h"
#include "tests/unit/capture/dry.h"

#define MEASURE_TICKS CLOCKS_PER_SEC

static void
run_once(struct dry *d, struct slice body)
{
	if (dry_run(d, body) != 0) {
		fprintf(stderr, "refused: %s\n", d->x.no.text);
		exit(1);
	}
	dry_drop(d);
}

static void
measure(struct dry *d, const char *name, struct slice body, int n)
{
	clock_t begin, now;
	int64_t done = 0;

	for (int i = 0; i < 20; i++)
		run_once(d, body);
	begin = now = clock();
	while (now - begin < MEASURE_TICKS) {
		for (int i = 0; i < 20; i++)
			run_once(d, body);
		done += 20 * n;
		now = clock();
	}
	printf("%-6s %8.0f ns an event\n", name,
		(double)(now - begin) / CLOCKS_PER_SEC * 1e9 / (double)done);
}

int
main(int argc, char **argv)
{
	int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 50;
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	static struct dry d;
	struct buf body, packed;
	struct err e;

	buf_init(&body, 1 << 28);
	buf_init(&packed, 1 << 28);
	dry_init(&d);
	dry_body(&body, n);
	if (zip_gzip(buf_slice(&body), 6, &packed, &e) != 0)
		return 1;
	for (long i = 0; i < rounds; i++)
		run_once(&d, buf_slice(&body));
	if (rounds == 0) {
		measure(&d, "plain", buf_slice(&body), n);
		measure(&d, "gzip", buf_slice(&packed), n);
	}
	dry_fini(&d);
	buf_fini(&body);
	buf_fini(&packed);
	return 0;
}
