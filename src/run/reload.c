#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/daemon.h"
#include "run/settings.h"

/*
 * Reading the settings again: by SIGHUP, or because the admin changed some and
 * waits to know that they are used. All of it happens on the main thread.
 */
void
reload_init(struct daemon *d)
{
	lock_init(&d->reload.lock);
	cond_init(&d->reload.done);
}

void
reload_fini(struct daemon *d)
{
	lock_fini(&d->reload.lock);
	cond_fini(&d->reload.done);
}

/* Settings that apply at the start only keep their old value until then. */
static void
log_changes(const struct conf_set *old, const struct conf_set *now)
{
	const struct conf_row *row;

	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		char text[512];
		struct err e;

		if (conf_same(old, now, row->name) ||
			conf_text(now, row->name, text, sizeof(text), &e) < 0)
			continue;
		log_info("setting_changed", "name=%s value=%s applies=%s",
			row->name, log_q(text),
			row->needs_restart ? "at_next_start" : "now");
	}
}

static int
load_and_use(struct daemon *d, struct err *e)
{
	struct conf_set *now;
	struct conf_set *old = d->conf;
	int rc = 0;

	if (d->n_old_confs == DAEMON_RELOADS_MAX)
		rc = err_set(e, ERR_UNAVAILABLE,
			"the settings were reloaded too often: restart");
	if (rc == 0)
		rc = settings_load(&d->o, &now, e);
	if (rc < 0) {
		log_error("reload_failed",
			"error=%s text=\"the settings stay as they were\"",
			log_q(e->text));
		return rc;
	}
	settings_log_ignored(now);
	log_changes(old, now);
	d->old_confs[d->n_old_confs++] = old;
	__atomic_store_n(&d->conf, now, __ATOMIC_RELEASE);
	log_configure(daemon_conf(d)->log_level, daemon_conf(d)->log_format);
	parts_reload(d);
	log_info("reloaded", "text=\"settings reloaded\"");
	return 0;
}

int
reload_settings(struct daemon *d, struct err *e)
{
	int rc;

	notify_send(&d->notify, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)clock_mono_ns() / 1000);
	rc = load_and_use(d, e);
	notify_send(&d->notify, "READY=1\nSTATUS=%s%s",
		rc == 0 ? "Takes events" : "The settings stay as they were: ",
		rc == 0 ? "" : e->text);
	return rc;
}

void
reload_answer(struct daemon *d)
{
	struct reload_asked *r = &d->reload;
	uint64_t asked;
	struct err e;
	int rc;

	lock_take(&r->lock);
	asked = r->asked;
	lock_release(&r->lock);
	if (asked == r->answered) /* written by this thread alone */
		return;
	rc = reload_settings(d, &e);
	if (rc == 0)
		e.code = ERR_OK;
	lock_take(&r->lock);
	r->answered = asked;
	r->result = e;
	cond_broadcast(&r->done);
	lock_release(&r->lock);
}

void
reload_close(struct daemon *d)
{
	lock_take(&d->reload.lock);
	d->reload.closed = true;
	cond_broadcast(&d->reload.done);
	lock_release(&d->reload.lock);
}

int
reload_ask(struct daemon *d, struct err *e)
{
	struct reload_asked *r = &d->reload;
	uint64_t mine;
	int rc = 0;

	lock_take(&r->lock);
	mine = ++r->asked;
	daemon_wake(d);
	while (r->answered < mine && !r->closed)
		cond_wait(&r->done, &r->lock);
	if (r->answered < mine)
		rc = err_set(e, ERR_STOPPING, "the daemon stops");
	else if (r->result.code != ERR_OK) {
		*e = r->result;
		rc = -(int)e->code;
	}
	lock_release(&r->lock);
	return rc;
}
