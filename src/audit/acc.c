#include "audit/audit.h"

#include <string.h>

#include "base/hash.h"

const struct audit_hop_row audit_hops[AUDIT_N_HOPS] = {
#define AUDIT_HOP(id, number, name, file, text)                                \
	[AUDIT_##id] = {number, name, AUDIT_##file, text},
#include "audit/hops.def"
#undef AUDIT_HOP
};

enum audit_hop
audit_hop_by_number(int64_t number)
{
	for (int i = 0; i < AUDIT_N_HOPS; i++)
		if (audit_hops[i].number == number)
			return (enum audit_hop)i;
	return AUDIT_N_HOPS;
}

int64_t
audit_minute(int64_t ts_ms)
{
	int64_t m = ts_ms / AUDIT_MINUTE_MS;

	return ts_ms % AUDIT_MINUTE_MS < 0 ? m - 1 : m;
}

uint64_t
audit_uuid_hash(struct slice uuid)
{
	char lower[36];

	if (uuid.len != sizeof(lower))
		return hash_xx64(uuid.p, uuid.len);
	/* Digits and '-' have this bit, too. */
	for (size_t i = 0; i < sizeof(lower); i++)
		lower[i] = (char)(uuid.p[i] | 0x20);
	return hash_xx64(lower, sizeof(lower));
}

/* audit-3: between two spills nothing but this memory is touched. */
void
audit_acc_reset(struct audit_acc *a)
{
	for (int i = 0; i < a->n_used; i++)
		a->slots[a->used[i]].is_used = false;
	a->n_used = 0;
	a->last = 0;
}

static bool
is_it(const struct audit_entry *x, enum audit_hop hop, int64_t minute,
	int64_t team_id)
{
	return x->hop == hop && x->minute == minute && x->team_id == team_id;
}

/* The slot of the key, or the free one where it belongs. */
static int
find(const struct audit_acc *a, enum audit_hop hop, int64_t minute,
	int64_t team_id)
{
	const int64_t key[3] = {(int64_t)hop, minute, team_id};
	unsigned i = (unsigned)hash_key(key, sizeof(key)) % AUDIT_SLOTS;

	while (a->slots[i].is_used &&
		!is_it(&a->slots[i], hop, minute, team_id))
		i = (i + 1) % AUDIT_SLOTS;
	return (int)i;
}

int
audit_acc_add(struct audit_acc *a, enum audit_hop hop, int64_t minute,
	int64_t team_id, struct audit_sum sum, struct err *e)
{
	int i = a->last;

	if (!a->slots[i].is_used || !is_it(&a->slots[i], hop, minute, team_id))
		i = find(a, hop, minute, team_id);
	if (!a->slots[i].is_used) {
		if (a->n_used == AUDIT_SLOTS_USED) {
			int r = a->spill == NULL
					? err_set(e, ERR_BUG, "audit: full")
					: a->spill(a->cookie, a, e);

			if (r != 0)
				return r;
			audit_acc_reset(a);
			i = find(a, hop, minute, team_id);
		}
		a->slots[i] = (struct audit_entry){
			minute, team_id, {0, 0}, hop, true};
		a->used[a->n_used++] = i;
	}
	a->slots[i].sum.count += sum.count;
	a->slots[i].sum.bits ^= sum.bits;
	a->last = i;
	return 0;
}
