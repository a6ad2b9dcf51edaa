#include "audit/list.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"

void
audit_list_fini(struct audit_list *l)
{
	mem_free(l->v);
	*l = (struct audit_list){0};
}

static int
grow(struct audit_list *l, struct err *e)
{
	size_t cap = l->cap == 0 ? 1024 : l->cap * 2;
	struct audit_entry *v;

	if (l->n >= LIMIT_AUDIT_SUMS)
		return err_set(e, ERR_TOO_BIG,
			"more than %d sums: ask for less time with --from and "
			"--to",
			LIMIT_AUDIT_SUMS);
	v = mem_realloc(l->v, cap * sizeof(*v));
	if (v == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the audit");
	l->v = v;
	l->cap = cap;
	return 0;
}

int
audit_list_add(struct audit_list *l, enum audit_hop hop, int64_t minute,
	int64_t team_id, struct audit_sum sum, struct err *e)
{
	int r = l->n < l->cap ? 0 : grow(l, e);

	if (r != 0)
		return r;
	l->v[l->n++] = (struct audit_entry){
		.minute = minute, .team_id = team_id, .sum = sum, .hop = hop};
	return 0;
}

int
audit_list_take(struct audit_list *l, struct audit_acc *a, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < a->n_used; i++) {
		const struct audit_entry *x = &a->slots[a->used[i]];

		r = audit_list_add(l, x->hop, x->minute, x->team_id, x->sum, e);
	}
	audit_acc_reset(a);
	return r;
}

static int
by_key(const void *a, const void *b)
{
	const struct audit_entry *x = a, *y = b;

	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	if (x->team_id != y->team_id)
		return x->team_id < y->team_id ? -1 : 1;
	return (int)x->hop - (int)y->hop;
}

void
audit_list_sort(struct audit_list *l)
{
	size_t n = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(*l->v), by_key);
	for (size_t i = 1; i < l->n; i++) {
		if (by_key(&l->v[n], &l->v[i]) == 0) {
			l->v[n].sum.count += l->v[i].sum.count;
			l->v[n].sum.bits ^= l->v[i].sum.bits;
		} else {
			l->v[++n] = l->v[i];
		}
	}
	l->n = n + 1;
}

struct audit_entry *
audit_list_find(const struct audit_list *l, enum audit_hop hop, int64_t minute,
	int64_t team_id)
{
	const struct audit_entry key = {
		.minute = minute, .team_id = team_id, .hop = hop};

	if (l->n == 0)
		return NULL;
	return bsearch(&key, l->v, l->n, sizeof(key), by_key);
}

static bool
next_number(const char **at, uint64_t *out)
{
	char *end;

	if (**at == '\0')
		return false;
	*out = **at == '-' ? (uint64_t)strtoll(*at, &end, 10)
			   : strtoull(*at, &end, 10);
	if (end == *at)
		return false;
	*at = *end == '\0' ? end : end + 1;
	return true;
}

int
audit_list_read(struct audit_list *l, enum audit_hop hop, const char *tsv,
	struct err *e)
{
	uint64_t minute, team_id, n, bits;
	int r = 0;

	while (r == 0 && next_number(&tsv, &minute) &&
		next_number(&tsv, &team_id) && next_number(&tsv, &n) &&
		next_number(&tsv, &bits))
		r = audit_list_add(l, hop, (int64_t)minute, (int64_t)team_id,
			(struct audit_sum){n, bits}, e);
	if (r == 0 && *tsv != '\0')
		r = err_set(e, ERR_BUG, "ClickHouse's sums are no numbers");
	return r;
}
