#include "capture/share.h"

#include "stats/stats.h"

/*
 * Up to a quarter of the bound everything is taken. Beyond that the projects
 * that have something waiting have equal parts of three quarters; the last
 * quarter is for those that had nothing. A large request counts a quarter at
 * most: only one is on its way at a time.
 */
void
share_init(struct share_table *t, int64_t max_bytes)
{
	*t = (struct share_table){.max_bytes = max_bytes};
	lock_init(&t->lock);
}

void
share_fini(struct share_table *t)
{
	lock_fini(&t->lock);
}

uint32_t
share_slot(int64_t team_id)
{
	return (uint32_t)((uint64_t)team_id % SHARE_SLOTS);
}

/* Lock held. */
static bool
has_room(const struct share_table *t, uint32_t slot, int64_t cost,
	enum refusal *why)
{
	int64_t mine = t->slots[slot];
	int n = t->n_waiting + (mine == 0);

	if (t->bytes + cost <= t->max_bytes / 4)
		return true;
	if (mine > 0 && mine + cost > t->max_bytes / 4 * 3 / n) {
		*why = n == 1 ? REFUSAL_QUEUE_FULL : REFUSAL_FAIR_SHARE;
		return false;
	}
	*why = REFUSAL_QUEUE_FULL;
	return t->bytes + cost <= t->max_bytes || t->bytes == 0;
}

bool
share_take(struct share_table *t, uint32_t slot, size_t bytes, int64_t *cost,
	enum refusal *why)
{
	int64_t most = t->max_bytes / 4;
	bool yes;

	*cost = SHARE_REQUEST_BYTES +
		((int64_t)bytes < most ? (int64_t)bytes : most);
	lock_take(&t->lock);
	yes = has_room(t, slot, *cost, why);
	if (yes) {
		t->n_waiting += t->slots[slot] == 0;
		t->slots[slot] += *cost;
		t->bytes += *cost;
		stats_set(STATS_SHARES_WAITING, 0, t->n_waiting);
	}
	lock_release(&t->lock);
	return yes;
}

void
share_give(struct share_table *t, uint32_t slot, int64_t cost)
{
	lock_take(&t->lock);
	t->slots[slot] -= cost;
	t->bytes -= cost;
	t->n_waiting -= t->slots[slot] == 0;
	stats_set(STATS_SHARES_WAITING, 0, t->n_waiting);
	lock_release(&t->lock);
}
