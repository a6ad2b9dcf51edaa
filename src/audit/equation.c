#include "audit/equation.h"

#define BIT(hop) ((uint64_t)1 << AUDIT_##hop)

const struct audit_equation audit_equations[AUDIT_N_EQS] = {
	[AUDIT_EQ_CAPTURED] = {BIT(CAPTURE) | BIT(PUT_BACK) | BIT(PRODUCED) |
				       BIT(CANARY),
		BIT(FRONT) | BIT(DUPLICATE), AUDIT_FRONT, true,
		"were made for the front log",
		"were appended or had been before"},
	[AUDIT_EQ_REPLAYED] = {BIT(REPLAYED), BIT(OWN), AUDIT_OWN, true,
		"were put back", "were appended"},
	[AUDIT_EQ_READ] = {BIT(FRONT) | BIT(OWN), BIT(READ) | BIT(UNREAD),
		AUDIT_READ, true, "were appended", "were read or wait"},
	[AUDIT_EQ_ENDED] = {BIT(READ) | BIT(NAMED),
		BIT(DROPPED) | BIT(DROPPED_PERSONS) | BIT(WARNING) |
			BIT(LETTER) | BIT(ROWS) | BIT(OUTPUT) | BIT(UNNAMED),
		AUDIT_OUTPUT, false, "were read", "came to an end"},
	[AUDIT_EQ_CLICKHOUSE] = {BIT(OUTPUT),
		BIT(CLICKHOUSE) | BIT(UNSEEN) | BIT(ERASED), AUDIT_CLICKHOUSE,
		false, "rows were sent", "are in ClickHouse or wait"},
	[AUDIT_EQ_FRONT_KEPT] = {BIT(FRONT), BIT(FRONT_KEPT), AUDIT_FRONT_KEPT,
		true, "were counted when they were appended", "are in the log"},
	[AUDIT_EQ_OWN_KEPT] = {BIT(OWN), BIT(OWN_KEPT), AUDIT_OWN_KEPT, true,
		"were counted when they were appended", "are in the log"},
	[AUDIT_EQ_OUTPUT_KEPT] = {BIT(OUTPUT), BIT(OUTPUT_KEPT),
		AUDIT_OUTPUT_KEPT, false,
		"rows were counted when they were appended", "are in the log"},
};

struct group {
	size_t from, to; /* entries of one minute */
};

/* The sums of both sides for the project at *i, which moves to the next. */
static void
add_sides(const struct audit_list *l, enum audit_eq eq, size_t *i, size_t end,
	struct audit_difference *d)
{
	const struct audit_equation *q = &audit_equations[eq];
	int64_t team_id = l->v[*i].team_id;

	*d = (struct audit_difference){
		.eq = eq, .minute = l->v[*i].minute, .team_id = team_id};
	for (; *i < end && l->v[*i].team_id == team_id; ++*i) {
		const struct audit_entry *x = &l->v[*i];
		uint64_t bit = (uint64_t)1 << x->hop;
		struct audit_sum *s = (q->left & bit) != 0    ? &d->left
				      : (q->right & bit) != 0 ? &d->right
							      : NULL;

		if (s == NULL)
			continue;
		s->count += x->sum.count;
		s->bits ^= x->sum.bits;
	}
}

static bool
is_equal(const struct audit_difference *d)
{
	return d->left.count == d->right.count && d->left.bits == d->right.bits;
}

/* Nothing is lost or doubled in the minute: one side counts under one project
 * what the other counts under another. */
static bool
is_moved(const struct audit_list *l, enum audit_eq eq, struct group g)
{
	struct audit_difference all = {0};

	if (!audit_equations[eq].by_token)
		return false;
	for (size_t i = g.from; i < g.to;) {
		struct audit_difference d;

		add_sides(l, eq, &i, g.to, &d);
		all.left.count += d.left.count;
		all.left.bits ^= d.left.bits;
		all.right.count += d.right.count;
		all.right.bits ^= d.right.bits;
	}
	return is_equal(&all);
}

static int
compare_minute(const struct audit_list *l, enum audit_eq eq, struct group g,
	audit_differs_fn *fn, void *cookie, struct err *e)
{
	int r = 0;

	for (size_t i = g.from; r == 0 && i < g.to;) {
		struct audit_difference d;

		add_sides(l, eq, &i, g.to, &d);
		if (is_equal(&d))
			continue;
		d.is_moved = is_moved(l, eq, g);
		r = fn(cookie, &d, e);
	}
	return r;
}

int
audit_compare(const struct audit_list *l, enum audit_eq eq,
	struct audit_bounds b, audit_differs_fn *fn, void *cookie,
	struct err *e)
{
	struct group g = {0, 0};
	int r = 0;

	for (; r == 0 && g.from < l->n; g.from = g.to) {
		int64_t minute = l->v[g.from].minute;

		for (g.to = g.from; g.to < l->n; g.to++)
			if (l->v[g.to].minute != minute)
				break;
		if (minute >= b.from && minute < b.to)
			r = compare_minute(l, eq, g, fn, cookie, e);
	}
	return r;
}
