#include "auth/limit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/thread.h"

#define SLOTS 16384 /* of each kind; a power of two */
#define ONE 256 /* a failure, in the unit of levels */

struct slot {
	uint32_t level; /* as of at_s */
	uint32_t at_s, until_s; /* seconds on the monotonic clock */
};

struct rule {
	uint32_t n_free, forgiven_s; /* one is forgiven in so long */
};

static const struct rule account_rule = {AUTH_LIMIT_ACCOUNT_FREE, 120};
static const struct rule address_rule = {AUTH_LIMIT_ADDRESS_FREE, 30};

struct auth_limit {
	uint64_t key[2];
	struct lock lock; /* guards the slots */
	struct slot accounts[SLOTS], addresses[SLOTS];
};

int
auth_limit_new(struct auth_limit **out, struct err *e)
{
	struct auth_limit *l = mem_new(struct auth_limit);

	if (l == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	rand_bytes(l->key, sizeof(l->key));
	lock_init(&l->lock);
	*out = l;
	return 0;
}

void
auth_limit_free(struct auth_limit *l)
{
	if (l == NULL)
		return;
	lock_fini(&l->lock);
	mem_free(l);
}

static struct slot *
slot_of(struct auth_limit *l, struct slot *slots, const void *p, size_t n)
{
	struct hash_sip s;

	hash_sip_init(&s, l->key);
	hash_sip_add(&s, p, n);
	return &slots[hash_sip_end(&s) & (SLOTS - 1)];
}

static struct slot *
account_slot(struct auth_limit *l, struct slice account)
{
	return account.len == 0
		       ? NULL
		       : slot_of(l, l->accounts, account.p, account.len);
}

/* Who has one IPv6 address has the network's 2^64. */
static struct slot *
address_slot(struct auth_limit *l, const struct net_addr *address)
{
	struct net_addr a = *address;

	net_addr_mask(&a, 32, 64);
	return slot_of(l, l->addresses, a.b, a.is_v6 ? 16 : 4);
}

static void
forgive_old(struct slot *s, const struct rule *r, uint32_t now_s)
{
	uint64_t passed = (uint64_t)(now_s - s->at_s) * ONE / r->forgiven_s;

	if (now_s <= s->at_s)
		return;
	s->level = passed >= s->level ? 0 : s->level - (uint32_t)passed;
	s->at_s = now_s;
}

static void
count(struct slot *s, const struct rule *r, uint32_t now_s)
{
	uint32_t over, wait_s = AUTH_LIMIT_FIRST_S;

	forgive_old(s, r, now_s);
	s->at_s = now_s;
	s->level += ONE;
	if (s->level <= r->n_free * ONE)
		return;
	over = (s->level - 1) / ONE - r->n_free;
	while (over-- > 0 && wait_s < AUTH_LIMIT_MAX_S)
		wait_s *= 2;
	if (wait_s > AUTH_LIMIT_MAX_S)
		wait_s = AUTH_LIMIT_MAX_S;
	s->until_s = now_s + wait_s;
}

static uint32_t
left_s(const struct slot *s, uint32_t now_s)
{
	return s == NULL || s->until_s <= now_s ? 0 : s->until_s - now_s;
}

int
auth_limit_begin(struct auth_limit *l, struct slice account,
	const struct net_addr *address, int64_t now_ns, int *retry_s,
	struct err *e)
{
	uint32_t now_s = (uint32_t)(now_ns / 1000000000);
	struct slot *by_account = account_slot(l, account);
	struct slot *by_address = address_slot(l, address);
	uint32_t wait_s, other_s;

	lock_take(&l->lock);
	wait_s = left_s(by_account, now_s);
	other_s = left_s(by_address, now_s);
	if (wait_s < other_s)
		wait_s = other_s;
	if (wait_s == 0) {
		if (by_account != NULL)
			count(by_account, &account_rule, now_s);
		count(by_address, &address_rule, now_s);
	}
	lock_release(&l->lock);
	if (wait_s == 0)
		return 0;
	*retry_s = (int)wait_s;
	return err_set(e, ERR_BUSY,
		"too many failed attempts: try again in %u s", wait_s);
}

static void
take_back(struct slot *s)
{
	s->level = s->level <= ONE ? 0 : s->level - ONE;
	s->until_s = 0;
}

void
auth_limit_succeeded(struct auth_limit *l, struct slice account,
	const struct net_addr *address)
{
	struct slot *by_account = account_slot(l, account);

	lock_take(&l->lock);
	if (by_account != NULL)
		*by_account = (struct slot){0};
	take_back(address_slot(l, address));
	lock_release(&l->lock);
}

void
auth_limit_undo(struct auth_limit *l, struct slice account,
	const struct net_addr *address)
{
	struct slot *by_account = account_slot(l, account);

	lock_take(&l->lock);
	if (by_account != NULL)
		take_back(by_account);
	take_back(address_slot(l, address));
	lock_release(&l->lock);
}

void
auth_limit_forgive(struct auth_limit *l, struct slice account)
{
	struct slot *s = account_slot(l, account);

	lock_take(&l->lock);
	if (s != NULL)
		*s = (struct slot){0};
	lock_release(&l->lock);
}
