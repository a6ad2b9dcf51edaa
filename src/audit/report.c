#include "audit/report.h"

#include <stdio.h>

#include "audit/gather.h"
#include "base/clock.h"
#include "base/json_write.h"

/* The report as JSON. */
#define DIFFERENCES_MAX 10000
#define MINUTE_US ((int64_t)60000000)

struct report {
	struct audit_gather *g;
	struct buf *out;
	int n; /* differences */
	int n_more; /* not listed */
	uint64_t n_moved;
};

static void
put_minute(struct buf *b, int64_t minute)
{
	char text[CLOCK_TEXT_MAX];

	if (minute > INT64_MAX / MINUTE_US / 4 ||
		minute < -INT64_MAX / MINUTE_US / 4) {
		buf_append_lit(b, "null");
		return;
	}
	clock_format(minute * MINUTE_US, CLOCK_RFC3339, text);
	json_put_string(b, slice_str(text));
}

static void
put_who(char out[40], int64_t team_id)
{
	if (team_id == AUDIT_CANARY_TEAM)
		snprintf(out, 40, "the canary");
	else if (team_id == 0)
		snprintf(out, 40, "no known project");
	else
		snprintf(out, 40, "project %lld", (long long)team_id);
}

/* One line that names hop, minute, project and how many. */
static void
put_text(struct buf *b, const struct audit_difference *d)
{
	const struct audit_equation *q = &audit_equations[d->eq];
	uint64_t l = d->left.count, r = d->right.count;
	char minute[CLOCK_TEXT_MAX], who[40], many[64], text[400];

	clock_format(d->minute * MINUTE_US, CLOCK_RFC3339, minute);
	put_who(who, d->team_id);
	if (l == r)
		snprintf(many, sizeof(many), "as many, but others");
	else
		snprintf(many, sizeof(many), "%llu %s",
			(unsigned long long)(l > r ? l - r : r - l),
			l > r ? "missing" : "too many");
	snprintf(text, sizeof(text), "%s: %s %s: %s: %llu %s, %llu %s",
		audit_hops[q->hop].name, minute, who, many,
		(unsigned long long)l, q->left_text, (unsigned long long)r,
		q->right_text);
	json_put_string(b, slice_str(text));
}

static int
put_difference(void *cookie, const struct audit_difference *d, struct err *e)
{
	struct report *x = cookie;
	uint64_t l = d->left.count, r = d->right.count;

	(void)e;
	if (d->is_moved) {
		x->n_moved += l > r ? l - r : 0;
		return 0;
	}
	if (x->n == DIFFERENCES_MAX) {
		x->n_more++;
		return 0;
	}
	if (x->n++ > 0)
		buf_append_char(x->out, ',');
	buf_printf(x->out, "{\"hop\":\"%s\",\"minute\":",
		audit_hops[audit_equations[d->eq].hop].name);
	put_minute(x->out, d->minute);
	buf_printf(x->out,
		",\"project_id\":%lld,\"missing\":%llu,\"extra\":%llu,"
		"\"text\":",
		(long long)d->team_id, (unsigned long long)(l > r ? l - r : 0),
		(unsigned long long)(r > l ? r - l : 0));
	put_text(x->out, d);
	buf_append_char(x->out, '}');
	return 0;
}

static void
make_notes(struct report *x)
{
	struct audit_gather *g = x->g;

	if (x->n_moved > 0)
		audit_gather_note(g,
			"%llu events were counted under one project at one "
			"hop and under another, or none, at the next: a "
			"project was deleted, or a key replaced, in between",
			(unsigned long long)x->n_moved);
	if (g->n_copies > 0)
		audit_gather_note(g,
			"%llu event rows have an uuid that another row has: "
			"clients sent it more than once, ClickHouse keeps one",
			(unsigned long long)g->n_copies);
	if (x->n_more > 0)
		audit_gather_note(g, "%d more differences", x->n_more);
	if (g->bounds[AUDIT_EQ_READ].to < g->o->to)
		audit_gather_note(g,
			"more waits to be read than is looked through: the "
			"newest minutes were not compared");
}

static void
put_totals(struct report *x)
{
	uint64_t n[AUDIT_N_HOPS] = {0};
	const char *comma = "";

	for (size_t i = 0; i < x->g->list.n; i++)
		n[x->g->list.v[i].hop] += x->g->list.v[i].sum.count;
	buf_printf(x->out, ",\"unread\":%llu,\"unseen\":%llu,\"hops\":{",
		(unsigned long long)n[AUDIT_UNREAD],
		(unsigned long long)n[AUDIT_UNSEEN]);
	for (int i = 0; i < AUDIT_N_HOPS; i++) {
		if (n[i] == 0)
			continue;
		buf_printf(x->out, "%s\"%s\":%llu", comma, audit_hops[i].name,
			(unsigned long long)n[i]);
		comma = ",";
	}
	buf_append_char(x->out, '}');
}

static void
put_lines(struct report *x)
{
	buf_append_lit(x->out, ",\"lines\":[");
	for (size_t i = 0; i < x->g->list.n; i++) {
		const struct audit_entry *l = &x->g->list.v[i];

		if (i > 0)
			buf_append_char(x->out, ',');
		buf_append_lit(x->out, "{\"minute\":");
		put_minute(x->out, l->minute);
		buf_printf(x->out,
			",\"project_id\":%lld,\"hop\":\"%s\",\"count\":%llu,"
			"\"checksum\":\"%016llx\"}",
			(long long)l->team_id, audit_hops[l->hop].name,
			(unsigned long long)l->sum.count,
			(unsigned long long)l->sum.bits);
	}
	buf_append_char(x->out, ']');
}

static void
put_bounds(struct report *x)
{
	const struct audit_clickhouse *c = &x->g->s->clickhouse;

	buf_append_lit(x->out, "{\"from\":");
	put_minute(x->out, x->g->bounds[AUDIT_EQ_CAPTURED].from);
	buf_append_lit(x->out, ",\"to\":");
	put_minute(x->out, x->g->o->to);
	buf_printf(x->out, ",\"recount\":%s,\"clickhouse\":",
		x->g->o->recount ? "true" : "false");
	json_put_string(
		x->out, slice_str(c->ask != NULL ? "compared" : c->why_not));
}

static int
put_all(struct report *x, struct err *e)
{
	int r = 0;

	put_bounds(x);
	buf_append_lit(x->out, ",\"differences\":[");
	for (int i = 0; r == 0 && i < AUDIT_N_EQS; i++)
		r = audit_compare(&x->g->list, (enum audit_eq)i,
			x->g->bounds[i], put_difference, x, e);
	if (r != 0)
		return r;
	make_notes(x);
	buf_append_lit(x->out, "],\"notes\":[");
	if (x->g->notes.len > 0)
		buf_append(x->out, x->g->notes.p + 1, x->g->notes.len - 1);
	buf_append_char(x->out, ']');
	put_totals(x);
	if (x->g->o->with_lines)
		put_lines(x);
	buf_append_char(x->out, '}');
	return 0;
}

int
audit_report(const struct audit_sources *s, const struct audit_options *o,
	struct buf *out, struct err *e)
{
	struct report x = {.out = out};
	int r = audit_gather_init(&x.g, s, o, e);

	if (r != 0)
		return r;
	r = audit_gather_all(x.g, e);
	if (r == 0)
		r = put_all(&x, e);
	audit_gather_free(x.g);
	return r;
}
