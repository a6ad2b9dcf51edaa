#include "audit/audit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"
#include "topic/topic.h"

/*
 * What is appended to the app server's inputs is counted here, on the writer,
 * from the records themselves; whoever made them has counted them, too, and his
 * sum comes along as a note (audit-2), and neither is there without the data
 * (audit-1). An append of its own is added up and
 * saved before the group's COMMIT. One inside a job is saved at once, in the
 * job's savepoint, because the job may yet be undone.
 */
#define PARTS_MAX 4

struct audit_hook {
	struct store *s;
	struct audit_teams teams;
	enum audit_hop hop; /* of what is appended */
	const struct store_part *parts[PARTS_MAX];
	int n_parts;
	struct audit_memo memo;
	struct audit_acc group, single;
	struct store_conn *c; /* where a full acc goes */
	int64_t forgot_minute;
};

static int
spill(void *cookie, struct audit_acc *a, struct err *e)
{
	struct audit_hook *h = cookie;

	return audit_save(a, h->c, e);
}

static void
begin(void *cookie)
{
	struct audit_hook *h = cookie;

	audit_acc_reset(&h->group);
	/* A project may have been deleted, or have got another key. */
	audit_memo_reset(&h->memo, &h->teams);
}

static bool
is_counted(const struct audit_hook *h, const struct store_part *p)
{
	for (int i = 0; i < h->n_parts; i++)
		if (h->parts[i] == p)
			return true;
	return false;
}

struct adding {
	struct audit_hook *h;
	struct audit_acc *a;
	bool is_produced;
};

/* A record of an outside producer is its own witness. */
static int
add_one(void *cookie, const struct audit_visit *v, struct err *e)
{
	struct adding *x = cookie;
	int64_t minute = audit_minute(v->ts_ms);
	int r = audit_acc_one(x->a, x->h->hop, minute, v->team_id, v->hash, e);

	if (r == 0 && x->is_produced)
		r = audit_acc_one(
			x->a, AUDIT_PRODUCED, minute, v->team_id, v->hash, e);
	return r;
}

static int
add(struct audit_hook *h, struct audit_acc *a, struct slice batches,
	const struct audit_tally *t, struct err *e)
{
	const struct audit_range all = {AUDIT_OF_FRONT, 0, INT64_MAX, &h->memo};
	struct adding x = {h, a, t == NULL};
	int r = audit_walk(batches, &all, add_one, &x, e);

	if (r != 0 || t == NULL || t->sum.count == 0)
		return r;
	return audit_acc_add(a, t->hop, t->minute, t->team_id, t->sum, e);
}

static int
note(void *cookie, struct store_conn *c, const struct store_hook_append *x,
	struct err *e)
{
	struct audit_hook *h = cookie;
	int r;

	if (!is_counted(h, x->part))
		return 0;
	h->c = c;
	if (!x->in_job)
		return add(h, &h->group, x->batches, x->note, e);
	audit_acc_reset(&h->single);
	r = add(h, &h->single, x->batches, x->note, e);
	return r != 0 ? r : audit_save(&h->single, c, e);
}

static int
save(void *cookie, struct store_conn *c, struct err *e)
{
	struct audit_hook *h = cookie;
	int64_t now = audit_minute(clock_now_us() / 1000);

	if (h->group.n_used == 0)
		return 0;
	if (now != h->forgot_minute) {
		int r = audit_forget(c, now, e);

		if (r != 0)
			return r;
		h->forgot_minute = now;
	}
	return audit_save(&h->group, c, e);
}

static int
find_parts(struct audit_hook *h, enum topic_file file, struct err *e)
{
	static const enum topic_id inputs[] = {TOPIC_INGESTION,
		TOPIC_INGESTION_OVERFLOW, TOPIC_INGESTION_HISTORICAL};

	for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
		const struct topic_def *t = &topic_defs[inputs[i]];

		for (int p = 0; p < t->n_partitions; p++) {
			struct store_part *part;
			int r;

			if (t->file[p] != file)
				continue;
			r = store_part_open(h->s, t->name, p, &part, e);
			if (r != 0)
				return r;
			h->parts[h->n_parts++] = part;
		}
	}
	return 0;
}

int
audit_hook_new(struct store *s, const struct audit_teams *teams,
	struct audit_hook **out, struct err *e)
{
	struct audit_hook *h = mem_new(struct audit_hook);
	bool is_state = store_kind(s) == STORE_STATE;
	int r;

	if (h == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the audit");
	h->s = s;
	h->teams = *teams;
	h->hop = is_state ? AUDIT_OWN : AUDIT_FRONT;
	h->group.spill = h->single.spill = spill;
	h->group.cookie = h->single.cookie = h;
	audit_memo_reset(&h->memo, &h->teams);
	r = find_parts(h, is_state ? TOPIC_STATE : TOPIC_SPOOL, e);
	if (r != 0) {
		mem_free(h);
		return r;
	}
	store_add_hook(s, &(struct store_hook){.begin = begin,
				  .note = note,
				  .save = save,
				  .cookie = h});
	*out = h;
	return 0;
}

void
audit_hook_free(struct audit_hook *h)
{
	mem_free(h);
}
