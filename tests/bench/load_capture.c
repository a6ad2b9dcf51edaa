/* Load on a running capture port: load_capture PORT TOKEN CONNECTIONS BATCH
 * SECONDS [gzip REQUESTS]. Prints what was answered and how fast. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/load.h"

int
main(int argc, char **argv)
{
	struct load_options o = {.event_bytes = 1000,
		.n_persons = 100000,
		.identify_percent = 2,
		.seed = 1};
	struct load_result r;
	struct err e;

	if (argc < 6) {
		fprintf(stderr,
			"usage: %s PORT TOKEN CONNECTIONS BATCH "
			"SECONDS [gzip REQUESTS]\n",
			argv[0]);
		return 2;
	}
	o.port = (uint16_t)strtoul(argv[1], NULL, 10);
	o.token = argv[2];
	o.n_connections = (int)strtol(argv[3], NULL, 10);
	o.events_per_request = (int)strtol(argv[4], NULL, 10);
	o.seconds = strtod(argv[5], NULL);
	o.is_gzip = argc > 7 && strcmp(argv[6], "gzip") == 0;
	o.max_requests = argc > 7 ? strtoll(argv[7], NULL, 10) : 0;
	if (load_run(&o, &r, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	printf("%.1f s, %.0f requests/s, %.0f events/s, p50 %.2f ms, p99 %.2f "
	       "ms, max %.1f ms, refused %lld (last %d), broken %lld, "
	       "JSON/wire "
	       "%.2f\n",
		r.seconds, (double)r.n_ok / r.seconds,
		(double)r.n_events_ok / r.seconds, r.p50_ms, r.p99_ms, r.max_ms,
		(long long)r.n_refused, r.last_bad_status,
		(long long)r.n_broken,
		(double)r.json_bytes / (double)(r.wire_bytes + 1));
	return 0;
}
