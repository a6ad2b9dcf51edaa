#include "base/clock.h"
#include "base/log.h"
#include "broker/broker.h"
#include "canary/canary.h"
#include "capture/capture.h"
#include "http/tls.h"
#include "pipeline/pipeline.h"
#include "run/daemon.h"
#include "run/parts.h"

/* What the service manager allows a part: a file that was torn is looked over
 * at its start, and a stop is ended by shutdown.timeout_s. */
#define START_MS 300000
#define STOP_MS 30000

static bool
is_wanted(const struct daemon *d, const struct part *p)
{
	return p->role == NULL || daemon_has_role(d, p->role);
}

static void
stop_part(struct daemon *d, const struct part *p)
{
	int64_t begin = clock_mono_ns();
	int64_t took_ms;

	notify_step(&d->notify, "Stops", p->name, p->deadline_ms + STOP_MS);
	p->stop(d);
	took_ms = (clock_mono_ns() - begin) / 1000000;
	if (took_ms > p->deadline_ms)
		log_warn("slow_stop", "part=%s took_ms=%lld", p->name,
			(long long)took_ms);
	else
		log_debug("stopped", "part=%s took_ms=%lld", p->name,
			(long long)took_ms);
}

int
parts_start(struct daemon *d, struct err *e)
{
	const struct part *p;

	for (p = daemon_parts; p->name != NULL; p++) {
		if (!is_wanted(d, p))
			continue;
		notify_step(&d->notify, "Starts", p->name, START_MS);
		if (p->start(d, e) < 0)
			break;
		log_debug("started", "part=%s", p->name);
	}
	if (p->name == NULL) {
		/* Only now: by now every reader has said what it needs. */
		retention_apply(d);
		return 0;
	}
	while (p-- > daemon_parts)
		if (is_wanted(d, p))
			stop_part(d, p);
	return -(int)e->code;
}

/* run-2 */
void
parts_stop(struct daemon *d)
{
	const struct part *p = daemon_parts;

	while (p->name != NULL)
		p++;
	while (p-- > daemon_parts)
		if (is_wanted(d, p))
			stop_part(d, p);
}

void
parts_reload(struct daemon *d)
{
	const struct conf *c = daemon_conf(d);

	broker_reload(d->broker, c);
	if (d->pipeline != NULL)
		pipeline_reload(d->pipeline, c);
	if (d->capture != NULL)
		capture_reload(d->capture, c);
	dedupe_apply(d);
	http_tls_reload(d->tls);
	http_tls_reload(d->admin_tls);
	canary_reload(d->canary, c);
	retention_apply(d);
	admin_reload(d->admin, d->conf);
}
