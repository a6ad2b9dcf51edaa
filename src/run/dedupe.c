#include "dedupe/dedupe.h"

#include "conf/conf.h"
#include "run/daemon.h"

#define MS_PER_H ((int64_t)3600000)

static struct dedupe_limits
limits(const struct daemon *d)
{
	const struct conf *c = daemon_conf(d);

	return (struct dedupe_limits){.entries = c->capture_dedupe_events,
		.age_ms = c->capture_dedupe_h * MS_PER_H};
}

int
dedupe_start(struct daemon *d, struct err *e)
{
	const struct dedupe_limits l = limits(d);

	return dedupe_new(d->spool, &l, &d->dedupe, e);
}

void
dedupe_apply(struct daemon *d)
{
	const struct dedupe_limits l = limits(d);

	dedupe_reload(d->dedupe, &l);
}
