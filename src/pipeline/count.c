#include "pipeline/count.h"

#include "base/clock.h"
#include "pipeline/pipeline_int.h"
#include "team/team.h"

/* The project of a token, as in the front log's count; the event's own answer
 * is taken where both were asked for the same. */
static int64_t
team_of(struct range *r, const struct item *it, struct slice token)
{
	const struct team *t;

	if (it->team_id != 0 && slice_eq(token, it->token))
		return it->team_id;
	t = team_by_record_token(r->b->teams, token);
	return t == NULL ? 0 : t->id;
}

void
pipeline_identify(struct range *r, struct item *it)
{
	struct item_who *w = &it->who;
	struct slice token, uuid;

	*w = (struct item_who){0};
	audit_identify(&it->rec, &token, &uuid);
	if (uuid.p == NULL) {
		w->is_renamed = true;
		return;
	}
	w->hash = audit_uuid_hash(uuid);
	if (token.p != NULL)
		w->team_id = team_of(r, it, token);
	if (it->is_read)
		w->is_renamed = it->team_id != w->team_id ||
				!slice_eq_nocase(uuid, it->ev.uuid);
}

static enum audit_hop
end_of(const struct item *it)
{
	switch (it->fate) {
	case ITEM_GO:
		return AUDIT_OUTPUT;
	case ITEM_ROWS_ONLY:
		return AUDIT_ROWS;
	case ITEM_DEAD:
		return AUDIT_LETTER;
	case ITEM_DROPPED:
		break;
	}
	if (it->ev.kind == EVENT_CLIENT_WARNING)
		return AUDIT_WARNING;
	return it->before.fate == ITEM_DROPPED ? AUDIT_DROPPED
					       : AUDIT_DROPPED_PERSONS;
}

/* A row is counted as what it is; every other end as the record. */
static int
count_item(struct audit_acc *a, const struct item *it, struct err *e)
{
	const struct item_who *w = &it->who;
	int64_t minute = audit_minute(it->rec.ts_ms);
	enum audit_hop end = end_of(it);
	int64_t team_id = end == AUDIT_OUTPUT ? it->team_id : w->team_id;
	uint64_t hash = end == AUDIT_OUTPUT ? w->row_hash : w->hash;
	int r = audit_acc_one(a, AUDIT_READ, minute, w->team_id, w->hash, e);

	if (r == 0)
		r = audit_acc_one(a, end, minute, team_id, hash, e);
	if (r != 0 || end != AUDIT_OUTPUT || !w->is_renamed)
		return r;
	r = audit_acc_one(a, AUDIT_NAMED, minute, team_id, hash, e);
	return r != 0 ? r
		      : audit_acc_one(a, AUDIT_UNNAMED, minute, w->team_id,
				w->hash, e);
}

struct sink {
	struct store_conn *c;
	pipeline_save_counts_fn *save;
};

static int
spill(void *cookie, struct audit_acc *a, struct err *e)
{
	struct sink *s = cookie;

	return s->save(a, s->c, e);
}

int
pipeline_count(struct pipeline_batch *b, struct store_conn *c,
	pipeline_save_counts_fn *save, struct err *e)
{
	struct sink sink = {c, save};
	struct audit_acc *a = &b->p->counts;
	int64_t now = audit_minute(b->clock.us / 1000);
	int r = 0;

	audit_acc_reset(a);
	a->spill = spill;
	a->cookie = &sink;
	for (int i = 0; r == 0 && i < b->n_items; i++)
		r = count_item(a, &b->items[i], e);
	if (r == 0)
		r = save(a, c, e);
	if (r == 0 && now != b->p->counts_forgot) {
		r = audit_forget(c, now, e);
		b->p->counts_forgot = now;
	}
	a->cookie = NULL;
	return r;
}
