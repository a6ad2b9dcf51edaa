#include "admin/admin_int.h"
#include "audit/activity.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "store/store.h"

#define DAY_MINUTES ((int64_t)24 * 60)
#define LOOK_BACK_DAYS 7

static void
put_one(void *cookie, const struct audit_activity *x)
{
	struct admin_call *c = cookie;
	char text[CLOCK_TEXT_MAX];

	clock_format(
		x->last_minute * AUDIT_MINUTE_MS * 1000, CLOCK_ISO_MS, text);
	if (c->out.p[c->out.len - 1] != '[')
		buf_append_char(&c->out, ',');
	buf_printf(&c->out,
		"{\"id\":%lld,\"today\":%lld,\"week\":%lld,"
		"\"last_seen_at\":\"%s\"}",
		(long long)x->team_id, (long long)x->recent, (long long)x->all,
		text);
}

/* What each project sent: since midnight (UTC), in the last seven days, and the
 * minute of the last event. Projects that sent nothing are left out. */
int
admin_project_activity(struct admin_call *c, struct err *e)
{
	int64_t now = audit_minute(clock_now_us() / 1000);
	int64_t midnight = now - now % DAY_MINUTES;
	struct store_conn *reader;
	int rc;

	if (c->a->o.spool == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"what projects send is counted by a running daemon");
	rc = store_reader_open(c->a->o.spool, &reader, e);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":[");
	rc = audit_activity(reader, now - LOOK_BACK_DAYS * DAY_MINUTES,
		midnight, put_one, c, e);
	store_reader_close(reader);
	buf_printf(&c->out, "],\"next\":null}\n");
	return rc;
}
