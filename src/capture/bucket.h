#ifndef SLUICE_CAPTURE_BUCKET_H
#define SLUICE_CAPTURE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Token buckets by key in bounded memory. A key's place is one of eight in its
 * set; where all are taken, the one used longest ago goes, and its key would
 * begin with a full bucket again: a key that is used often stays, however many
 * others there are. Keys are hashes seeded per process, so that nobody outside
 * can aim at a set.
 */
#define BUCKET_SETS 8192
#define BUCKET_WAYS 8
#define BUCKET_LOCKS 64

struct bucket_rate {
	double per_s; /* above 0 */
	double burst; /* at least 1 */
};
struct buckets;

struct buckets *buckets_new(void); /* NULL: no memory */
void buckets_free(struct buckets *b); /* NULL allowed */
/* Takes one from the key's bucket; false: it is empty. @thread any */
bool buckets_take(struct buckets *b, uint64_t key,
	const struct bucket_rate *rate, int64_t now_ns);
/*
 * Takes n while anything is left, also more than that: the debt is paid off by
 * the time that passes. false: nothing was left and nothing is taken; *wait_s
 * says when there will be. @thread any
 */
bool buckets_take_many(struct buckets *b, uint64_t key, uint32_t n,
	const struct bucket_rate *rate, int64_t now_ns, double *wait_s);
/* Keys that were pushed out while their bucket was not full. @thread any */
uint64_t buckets_pushed_out(const struct buckets *b);

#endif
