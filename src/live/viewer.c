#include <string.h>

#include "base/json_write.h"
#include "live/live_int.h"

/* What one viewer gets of what passes. */
static int
copy_text(char out[LIVE_TEXT_MAX], size_t *len, struct slice text,
	const char *what, struct err *e)
{
	if (text.len > LIVE_TEXT_MAX)
		return err_set(e, ERR_INVALID, "%s: at most %d bytes", what,
			LIVE_TEXT_MAX);
	if (text.len > 0)
		memcpy(out, text.p, text.len);
	*len = text.len;
	return 0;
}

/* Properties are JSON in a text in JSON: what is looked for is escaped twice,
 * so that it is found without reading any JSON. */
static int
set_needle(struct live_viewer *v, struct slice text, struct err *e)
{
	struct buf once, twice;
	int rc = 0;

	buf_init(&once, LIVE_NEEDLE_MAX);
	buf_init(&twice, LIVE_NEEDLE_MAX);
	json_put_escaped(&once, text);
	json_put_escaped(&twice, buf_slice(&once));
	if (text.len > LIVE_TEXT_MAX || once.failed || twice.failed)
		rc = err_set(e, ERR_INVALID, "text: at most %d bytes",
			LIVE_TEXT_MAX);
	else if (twice.len > 0)
		memcpy(v->needle, twice.p, twice.len);
	v->needle_len = twice.len;
	buf_fini(&once);
	buf_fini(&twice);
	return rc;
}

int
live_viewer_set(
	struct live_viewer *v, const struct live_filter *f, struct err *e)
{
	int rc = copy_text(v->event, &v->event_len, f->event, "event", e);

	if (rc == 0)
		rc = copy_text(v->distinct_id, &v->distinct_id_len,
			f->distinct_id, "distinct_id", e);
	if (rc == 0)
		rc = set_needle(v, f->text, e);
	v->team_id = f->team_id;
	v->per_s = f->per_s < 1                ? 1
		   : f->per_s > LIVE_PER_S_MAX ? LIVE_PER_S_MAX
					       : f->per_s;
	v->left = v->per_s;
	v->recent = f->recent < 0                 ? 0
		    : f->recent > LIVE_RECENT_MAX ? LIVE_RECENT_MAX
						  : f->recent;
	v->stage = v->recent == 0 ? LIVE_ON : LIVE_NEW;
	return rc;
}

bool
live_matches(const struct live_viewer *v, const struct live_item *it)
{
	struct slice in;

	if (v->team_id != 0 && v->team_id != it->team_id)
		return false;
	if (v->event_len > 0 &&
		!slice_eq(it->event, slice_of(v->event, v->event_len)))
		return false;
	if (v->distinct_id_len > 0 &&
		!slice_eq(it->distinct_id,
			slice_of(v->distinct_id, v->distinct_id_len)))
		return false;
	if (v->needle_len == 0)
		return true;
	in = live_item_properties(it);
	return in.len > 0 &&
	       memmem(in.p, in.len, v->needle, v->needle_len) != NULL;
}

bool
live_knows(const struct live_viewer *v, uint64_t hash)
{
	return v->known[hash % LIVE_KNOWN] == hash;
}

/* A bucket of a fifth of a second, so that what is shown of many is spread. */
static bool
may_show(struct live_viewer *v, int64_t now_ns)
{
	double most = v->per_s / 5 < 1 ? 1 : v->per_s / 5;

	if (v->stage == LIVE_RECENT)
		return true;
	v->left += (double)(now_ns - v->filled_ns) / 1e9 * v->per_s;
	if (v->left > most)
		v->left = most;
	v->filled_ns = now_ns;
	if (v->left < 1)
		return false;
	v->left--;
	return true;
}

/* live-2, live-3 */
static void
put(struct live_viewer *v, const char *event, struct buf *json)
{
	if (json->failed || !v->put(v->cookie, event, buf_slice(json)))
		v->left_out++;
	else
		v->shown++;
}

void
live_give(struct live_viewer *v, const struct live_item *it,
	struct buf *scratch, int64_t now_ns, int64_t seen_ms)
{
	bool is_known = live_knows(v, it->hash);

	if (it->source->kind != LIVE_CAPTURED && is_known) {
		buf_reset(scratch);
		live_state_put(scratch, it, seen_ms);
		if (!scratch->failed)
			v->put(v->cookie, "state", buf_slice(scratch));
		return;
	}
	/* Old letters are not what has just passed. */
	if (it->source->kind == LIVE_PROCESSED ||
		(it->source->kind == LIVE_LETTER && v->stage == LIVE_RECENT) ||
		!live_matches(v, it))
		return;
	v->matched++;
	if (!may_show(v, now_ns)) {
		v->left_out++;
		return;
	}
	v->known[it->hash % LIVE_KNOWN] = it->hash;
	buf_reset(scratch);
	live_item_put(scratch, it, seen_ms);
	put(v, "event", scratch);
}

void
live_flow(struct live_viewer *v, struct buf *scratch)
{
	buf_reset(scratch);
	buf_printf(scratch,
		"{\"matched\":%lld,\"shown\":%lld,\"left_out\":%lld,"
		"\"skipped\":%lld}",
		(long long)v->matched, (long long)v->shown,
		(long long)v->left_out, (long long)v->skipped);
	v->put(v->cookie, "flow", buf_slice(scratch));
	v->matched = v->shown = v->left_out = v->skipped = 0;
}
