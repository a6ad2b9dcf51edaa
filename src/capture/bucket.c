#include "capture/bucket.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/thread.h"

struct bucket {
	uint64_t key; /* 0: free */
	int64_t at_ns;
	double left; /* below 0: debt */
};

/* A set is used under the lock that its number gives. */
struct buckets {
	struct lock locks[BUCKET_LOCKS];
	_Atomic uint64_t pushed_out;
	struct bucket sets[BUCKET_SETS][BUCKET_WAYS];
};

struct buckets *
buckets_new(void)
{
	struct buckets *b = mem_new(struct buckets);

	if (b == NULL)
		return NULL;
	for (int i = 0; i < BUCKET_LOCKS; i++)
		lock_init(&b->locks[i]);
	return b;
}

void
buckets_free(struct buckets *b)
{
	if (b == NULL)
		return;
	for (int i = 0; i < BUCKET_LOCKS; i++)
		lock_fini(&b->locks[i]);
	mem_free(b);
}

static void
refill(struct bucket *k, const struct bucket_rate *rate, int64_t now_ns)
{
	if (now_ns > k->at_ns) {
		k->left += (double)(now_ns - k->at_ns) / 1e9 * rate->per_s;
		k->at_ns = now_ns;
	}
	if (k->left > rate->burst)
		k->left = rate->burst;
}

static struct bucket *
find(struct buckets *b, uint64_t key, const struct bucket_rate *rate,
	int64_t now_ns)
{
	struct bucket *set = b->sets[key % BUCKET_SETS], *oldest = set;

	for (int i = 0; i < BUCKET_WAYS; i++) {
		if (set[i].key == key) {
			refill(&set[i], rate, now_ns);
			return &set[i];
		}
		if (set[i].key == 0 ||
			(oldest->key != 0 && set[i].at_ns < oldest->at_ns))
			oldest = &set[i];
	}
	if (oldest->key != 0) {
		refill(oldest, rate, now_ns);
		if (oldest->left < rate->burst)
			atomic_fetch_add(&b->pushed_out, 1);
	}
	*oldest = (struct bucket){key, now_ns, rate->burst};
	return oldest;
}

bool
buckets_take_many(struct buckets *b, uint64_t key, uint32_t n,
	const struct bucket_rate *rate, int64_t now_ns, double *wait_s)
{
	struct lock *l;
	struct bucket *k;
	bool ok;

	key += key == 0;
	l = &b->locks[key % BUCKET_SETS % BUCKET_LOCKS];
	lock_take(l);
	k = find(b, key, rate, now_ns);
	ok = k->left > 0;
	if (ok)
		k->left -= n;
	else
		*wait_s = -k->left / rate->per_s;
	lock_release(l);
	return ok;
}

bool
buckets_take(struct buckets *b, uint64_t key, const struct bucket_rate *rate,
	int64_t now_ns)
{
	struct lock *l;
	struct bucket *k;
	bool ok;

	key += key == 0;
	l = &b->locks[key % BUCKET_SETS % BUCKET_LOCKS];
	lock_take(l);
	k = find(b, key, rate, now_ns);
	ok = k->left >= 1;
	if (ok)
		k->left -= 1;
	lock_release(l);
	return ok;
}

uint64_t
buckets_pushed_out(const struct buckets *b)
{
	return atomic_load(&b->pushed_out);
}
