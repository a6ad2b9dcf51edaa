#include "pipeline/known.h"

#include "audit/audit.h"
#include "base/uuid.h"
#include "stats/stats.h"
#include "team/team.h"
#include "topic/batch.h"

void
known_print_of(struct store *spool, const struct team *team,
	const struct batch_header_kv *headers, uint32_t n_headers,
	struct known_print *out)
{
	struct slice uuid = SLICE_NONE, name = SLICE_NONE, id = SLICE_NONE;
	const struct dedupe *d = dedupe_of(spool);
	struct uuid u;

	out->is_set = false;
	if (d == NULL || team == NULL || !team->dedupe_uuids)
		return;
	for (uint32_t i = 0; i < n_headers; i++) {
		if (slice_eq_str(headers[i].key, "uuid"))
			uuid = headers[i].value;
		else if (slice_eq_str(headers[i].key, "event"))
			name = headers[i].value;
		else if (slice_eq_str(headers[i].key, "distinct_id"))
			id = headers[i].value;
	}
	if (name.p == NULL || id.p == NULL || uuid.p == NULL ||
		!uuid_parse(uuid, &u))
		return;
	dedupe_print_of(d, team->id, &u, name, id, &out->print);
	out->is_set = true;
}

/* As capture does: made for the front log, and not appended. */
static int
count(struct store_conn *c, const struct audit_tally *tally, struct err *e)
{
	enum { CAUSE_DUPLICATE = 3 };
	struct audit_entry x = {
		.minute = tally->minute,
		.team_id = tally->team_id,
		.sum = tally->sum,
		.hop = tally->hop,
	};
	int r = audit_save_one(&x, c, e);

	x.hop = AUDIT_DUPLICATE;
	if (r == 0)
		r = audit_save_one(&x, c, e);
	if (r == 0)
		stats_add(STATS_CAPTURE_DROPPED, CAUSE_DUPLICATE, 1);
	return r;
}

int
known_take(struct store_conn *c, const struct known_print *p, bool again,
	const struct audit_tally *tally, bool *is_known, struct err *e)
{
	int r;

	*is_known = false;
	if (!p->is_set)
		return 0;
	r = dedupe_take(dedupe_of_conn(c), c, &p->print, is_known, e);
	if (r != 0 || !*is_known)
		return r;
	*is_known = !again;
	return again ? 0 : count(c, tally, e);
}
