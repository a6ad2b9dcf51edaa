/* Load on a running capture port, of Sluice or of another server that takes
 * PostHog's requests. Prints one JSON object: what was answered, how fast. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/load.h"

static const char usage[] =
	"usage: load_capture --port N --token TEXT [OPTION VALUE]...\n"
	"       load_capture --save FILE --requests N [OPTION VALUE]...\n"
	"\n"
	"  --save FILE         write compressed bodies, send nothing\n"
	"  --bodies FILE       send these; at most --requests of them\n"
	"  --requests N        stop after so many (default: no bound)\n"
	"  --seconds N         stop after so long (default 10)\n"
	"  --batch N           events in a request (default 50)\n"
	"  --connections N     default 64\n"
	"  --event-bytes N     about (default 1000)\n"
	"  --persons N         different distinct ids (default 10000)\n"
	"  --identify PERCENT  of events (default 5)\n"
	"  --rate N            events a second (default: as fast as answers\n"
	"                      come)\n"
	"  --seed N            default 1\n";

struct args {
	struct load_options o;
	const char *save;
};

static bool
take(struct args *a, const char *name, const char *value)
{
	struct load_options *o = &a->o;
	long long n = strtoll(value, NULL, 10);

	if (strcmp(name, "--port") == 0)
		o->port = (uint16_t)n;
	else if (strcmp(name, "--token") == 0)
		o->token = value;
	else if (strcmp(name, "--save") == 0)
		a->save = value;
	else if (strcmp(name, "--bodies") == 0)
		o->bodies = value;
	else if (strcmp(name, "--requests") == 0)
		o->max_requests = n;
	else if (strcmp(name, "--seconds") == 0)
		o->seconds = (double)n;
	else if (strcmp(name, "--batch") == 0)
		o->events_per_request = (int)n;
	else if (strcmp(name, "--connections") == 0)
		o->n_connections = (int)n;
	else if (strcmp(name, "--event-bytes") == 0)
		o->event_bytes = (int)n;
	else if (strcmp(name, "--persons") == 0)
		o->n_persons = n;
	else if (strcmp(name, "--identify") == 0)
		o->identify_percent = (int)n;
	else if (strcmp(name, "--rate") == 0)
		o->events_per_s = (double)n;
	else if (strcmp(name, "--seed") == 0)
		o->seed = (uint64_t)n;
	else
		return false;
	return true;
}

static void
print(const struct load_result *r)
{
	printf("{\"seconds\":%.3f,\"requests_ok\":%lld,\"events_ok\":%lld,"
	       "\"refused\":%lld,\"last_bad_status\":%d,\"broken\":%lld,"
	       "\"unanswered\":%d,"
	       "\"events_per_s\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
	       "\"max_ms\":%.1f,\"json_bytes\":%lld,\"wire_bytes\":%lld}\n",
		r->seconds, (long long)r->n_ok, (long long)r->n_events_ok,
		(long long)r->n_refused, r->last_bad_status,
		(long long)r->n_broken, r->n_unanswered,
		(double)r->n_events_ok / r->seconds, r->p50_ms, r->p99_ms,
		r->max_ms, (long long)r->json_bytes, (long long)r->wire_bytes);
}

int
main(int argc, char **argv)
{
	struct args a = {
		.o = {.n_connections = 64,
			.events_per_request = 50,
			.event_bytes = 1000,
			.n_persons = 10000,
			.identify_percent = 5,
			.seconds = 10,
			.token = "",
			.seed = 1},
	};
	struct load_result r;
	struct err e;
	int rc;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc || !take(&a, argv[i], argv[i + 1])) {
			fputs(usage, stderr);
			return 2;
		}
	}
	a.o.is_gzip = a.save != NULL || a.o.bodies != NULL;
	if (a.o.bodies != NULL && a.o.max_requests == 0)
		a.o.max_requests = 10000000;
	if (a.save != NULL)
		rc = load_save(&a.o, a.save, &e);
	else
		rc = load_run(&a.o, &r, &e);
	if (rc != 0) {
		fprintf(stderr, "load_capture: %s\n", e.text);
		return 1;
	}
	if (a.save == NULL)
		print(&r);
	return 0;
}
