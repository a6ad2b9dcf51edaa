#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"

/* Processor time of the threads of the daemon, by what they do. */
static const struct {
	const char *prefix; /* of the thread's name */
	const char *name;
} rows[] = {
	{"state", "state"},
	{"checkpoint", "checkpoint"},
	{"ingest-", "helpers"},
	{"ingest", "ingest"},
	{"persons", "persons"},
};

/* Nanoseconds that a thread ran; 0 if it is gone. */
static double
ran_ns(const char *task, const char *name, char comm[32])
{
	char path[400];
	double ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/comm", task, name);
	f = fopen(path, "re");
	comm[0] = '\0';
	if (f != NULL && fgets(comm, 32, f) != NULL)
		comm[strcspn(comm, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
	snprintf(path, sizeof(path), "%s/%s/schedstat", task, name);
	f = fopen(path, "re");
	if (f != NULL && fgets(path, sizeof(path), f) != NULL)
		ns = strtod(path, NULL);
	if (f != NULL)
		fclose(f);
	return ns;
}

void
bench_put_threads(struct bench *b, const char *prefix, int64_t n_events)
{
	double sums[ARRAY_LEN(rows)] = {0};
	char task[64];
	DIR *d;

	snprintf(task, sizeof(task), "/proc/%d/task", (int)b->daemon);
	d = opendir(task);
	for (struct dirent *x = d == NULL ? NULL : readdir(d); x != NULL;
		x = readdir(d)) {
		char comm[32];
		double ns =
			x->d_name[0] == '.' ? 0 : ran_ns(task, x->d_name, comm);

		for (size_t i = 0; ns > 0 && i < ARRAY_LEN(rows); i++) {
			if (strncmp(comm, rows[i].prefix,
				    strlen(rows[i].prefix)) != 0)
				continue;
			sums[i] += ns;
			break;
		}
	}
	if (d != NULL)
		closedir(d);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[80];

		snprintf(name, sizeof(name), "%sthread_%s_cpu_us", prefix,
			rows[i].name);
		if (sums[i] > 0)
			bench_put(b, name, sums[i] / 1e3 / (double)n_events);
	}
}
