#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/api.h"
#include "cli/bench.h"
#include "cli/doctor.h"
#include "httpc/httpc.h"
#include "httpc/load.h"
#include "store/store.h"

/* With --gzip so many events are prepared for each second. */
#define GZIP_EVENTS_PER_S 125000

static void
put_name(struct bench *b, const char *name)
{
	buf_printf(&b->out, "%s\"%s\":", b->out.len == 0 ? "" : ",", name);
}

void
bench_put(struct bench *b, const char *name, double value)
{
	put_name(b, name);
	if (value > -1e15 && value < 1e15 && (double)(int64_t)value == value)
		buf_append_i64(&b->out, (int64_t)value);
	else
		buf_printf(&b->out, "%.3f", value);
}

void
bench_put_text(struct bench *b, const char *name, const char *text)
{
	put_name(b, name);
	json_put_string(&b->out, slice_str(text));
}

/* A line of the process's status, in bytes. */
static int64_t
status_bytes(pid_t pid, const char *name)
{
	char path[64], line[256];
	long long kib = 0;
	size_t n = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, n) == 0) {
			kib = strtoll(line + n, NULL, 10);
			break;
		}
	if (f != NULL)
		fclose(f);
	return kib * 1024;
}

int64_t
bench_rss(pid_t pid)
{
	return status_bytes(pid, "VmRSS:");
}

int64_t
bench_peak_rss(pid_t pid)
{
	return status_bytes(pid, "VmHWM:");
}

double
bench_metric(struct bench *b, const char *name)
{
	struct httpc_answer answer;
	char url[64];
	struct err e;
	size_t n = strlen(name);
	double v = 0;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/metrics",
		(unsigned)b->admin_port);
	if (httpc_get(url, NULL, 5000, &answer, &e) != 0)
		return 0;
	for (const char *p = buf_cstr(&answer.body); p != NULL;
		p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, n) == 0 && p[n] == ' ')
			v = strtod(p + n, NULL);
	}
	httpc_answer_fini(&answer);
	return v;
}

pid_t
bench_clickhouse_pid(struct bench *b)
{
	struct api_doc d;
	struct err e;
	uint32_t children;
	long pid = 0;

	if (api_get(&b->on, "GET", "/api/v1/status", NULL, &d, &e) < 0)
		return 0;
	children = json_member(&d.json, 0, SLICE_LIT("children"));
	if (children != 0 && d.json.nodes[children].n > 0)
		pid = strtol(api_text(&d, children + 1, "pid"), NULL, 10);
	api_doc_fini(&d);
	return (pid_t)pid;
}

int
bench_make_project(struct bench *b, int64_t *team_id, struct err *e)
{
	struct api_doc d;
	struct buf body;
	int rc;

	buf_init(&body, 4096);
	buf_append_lit(&body,
		"{\"name\":\"bench\",\"api_token\":\"" BENCH_TOKEN "\"}");
	rc = api_get(&b->on, "POST", "/api/v1/projects", &body, &d, e);
	buf_fini(&body);
	if (rc < 0)
		return rc;
	if (team_id != NULL)
		*team_id = strtoll(api_text(&d, 0, "id"), NULL, 10);
	api_doc_fini(&d);
	return 0;
}

int
bench_count(struct bench *b, bool in_state, const char *topic,
	int64_t *by_watermark, int64_t *by_reading, struct err *e)
{
	struct store_part_state st;
	struct store_part *part;
	struct store_conn *conn;
	struct store *s;
	int rc = store_open_readonly(
		b->data, in_state ? STORE_STATE : STORE_SPOOL, &s, e);

	if (rc < 0)
		return rc;
	*by_reading = 0;
	part = store_part_find(s, slice_str(topic), 0);
	rc = part == NULL ? err_set(e, ERR_NOT_FOUND, "%s is not there", topic)
			  : store_reader_open(s, &conn, e);
	if (rc == 0) {
		store_part_state(part, &st);
		*by_watermark = st.high_watermark - st.log_start;
		rc = doctor_check_part(conn, part, by_reading, e);
		store_reader_close(conn);
	}
	store_close(s);
	return rc;
}

int
bench_load_options(struct bench *b, struct load_options *o, struct err *e)
{
	struct cli *c = b->c;
	int64_t connections = 64, batch = 50, bytes = 1000, persons = 10000;
	int64_t identify = 5, seconds = 10, requests = 0;
	int rc = cli_opt_i64(c, "connections", 1, 4000, &connections, e);

	if (rc == 0)
		rc = cli_opt_i64(c, "batch", 1, 1000, &batch, e);
	if (rc == 0)
		rc = cli_opt_i64(c, "event-bytes", 700, 100000, &bytes, e);
	if (rc == 0)
		rc = cli_opt_i64(c, "persons", 1, 99999999, &persons, e);
	if (rc == 0)
		rc = cli_opt_i64(c, "identify", 0, 100, &identify, e);
	if (rc == 0)
		rc = cli_opt_i64(c, "seconds", 1, 86400, &seconds, e);
	if (rc == 0)
		rc = cli_opt_i64(c, "requests", 1, 100000000, &requests, e);
	if (rc < 0)
		return rc;
	/* Compressed bodies are all made before the clock starts. */
	if (requests == 0 && cli_has(c, "gzip"))
		requests = seconds * (GZIP_EVENTS_PER_S / batch + 1);
	*o = (struct load_options){
		.port = b->capture_port,
		.token = BENCH_TOKEN,
		.n_connections = (int)connections,
		.events_per_request = (int)batch,
		.is_gzip = cli_has(c, "gzip"),
		.event_bytes = (int)bytes,
		.n_persons = persons,
		.identify_percent = (int)identify,
		.seconds = (double)seconds,
		.max_requests = requests,
		.seed = 1,
	};
	return 0;
}

void
bench_put_load(struct bench *b, const struct load_options *o,
	const struct load_result *r)
{
	bench_put(b, "connections", o->n_connections);
	bench_put(b, "events_per_request", o->events_per_request);
	bench_put(b, "gzip", o->is_gzip);
	bench_put(b, "event_bytes", o->event_bytes);
	bench_put(b, "persons", (double)o->n_persons);
	bench_put(b, "load_seconds", r->seconds);
	bench_put(b, "requests", (double)r->n_requests);
	bench_put(b, "requests_refused", (double)r->n_refused);
	bench_put(b, "connections_broken", (double)r->n_broken);
	bench_put(b, "last_bad_status", r->last_bad_status);
	bench_put(b, "requests_unanswered", r->n_unanswered);
	bench_put(b, "events_accepted", (double)r->n_events_ok);
	bench_put(b, "p50_ms", r->p50_ms);
	bench_put(b, "p90_ms", r->p90_ms);
	bench_put(b, "p99_ms", r->p99_ms);
	bench_put(b, "max_ms", r->max_ms);
	bench_put(b, "json_bytes", (double)r->json_bytes);
	bench_put(b, "wire_bytes", (double)r->wire_bytes);
}
