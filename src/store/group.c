#include "base/clock.h"
#include "base/limits.h"
#include "store/store_int.h"

/*
 * Which of the jobs that wait go into the next transaction: all that fit, while
 * one share has them or they are few. Else the shares take turns (store-14):
 * each gets a piece of a smaller transaction, so that the one who has much
 * waiting makes the others wait for no more than the transaction that runs. One
 * of a megabyte takes some 5 ms with its sync, which still lets a disk do what
 * it can.
 */
#define SHARED_GROUP_BYTES ((size_t)1024 * 1024)
#define TURNS_MOST_BYTES ((size_t)4 * 1024 * 1024) /* when many have a turn */
#define TURN_BYTES ((size_t)512 * 1024)
#define SHARED_FOR_NS ((int64_t)1000000000)
/* Then who had most of a transaction waits as long as it took, so that half of
 * the disk's time is left: a disk that is never idle makes each sync wait. */
#define PACED_BYTES ((size_t)256 * 1024)
#define HOLD_MAX_NS ((int64_t)50000000)
#define SLOTS 256

struct turn {
	size_t used[SLOTS]; /* bytes of this share in the group */
	bool is_over[SLOTS]; /* a job of this share was left: so are later */
};

static struct store_job *
next_of(const struct store_job *j)
{
	struct queue_node *n = j->node.next;

	return n == NULL ? NULL : QUEUE_OWNER(n, struct store_job, node);
}

/* Cuts the list behind a job. */
static struct store_job *
take_until(struct store *s, struct store_job *last)
{
	struct store_job *list = s->waiting;

	s->waiting = next_of(last);
	last->node.next = NULL;
	return list;
}

/* The last job of those that fit, in their order. */
static struct store_job *
last_that_fits(struct store_job *list)
{
	struct store_job *last = list, *next;
	size_t bytes = list->bytes;
	int n = 1;

	for (; (next = next_of(last)) != NULL; last = next) {
		if (n == LIMIT_COMMIT_JOBS || list->wipes || next->wipes ||
			bytes + next->bytes > LIMIT_COMMIT_BYTES)
			break;
		bytes += next->bytes;
		n++;
	}
	return last;
}

bool
store_group_is_shared(const struct store *s, int64_t now_ns)
{
	return now_ns < atomic_load(&s->shared_until_ns);
}

/* Is there more than a small group, and have several shares had jobs lately?
 * Who sends now and then is not to wait for a large group of who sends much,
 * even if he has nothing waiting when it begins. */
static bool
must_take_turns(struct store *s)
{
	const struct store_job *list = s->waiting;
	int64_t now_ns = clock_mono_ns();
	bool several = store_group_is_shared(s, now_ns);
	size_t bytes = 0;

	for (const struct store_job *j = list; j != NULL && !j->wipes;
		j = next_of(j)) {
		if (j->share != s->last_share) {
			s->last_share = j->share;
			atomic_store(
				&s->shared_until_ns, now_ns + SHARED_FOR_NS);
			several = true;
		}
		bytes += j->bytes;
		if (several && bytes > SHARED_GROUP_BYTES)
			return true;
	}
	return false;
}

/* A job that is larger than a group lets the small ones of others go before it,
 * once. */
static bool
fits_turn(struct turn *t, struct store_job *j, size_t bytes, size_t most)
{
	unsigned slot = j->share % SLOTS;
	bool is_first = t->used[slot] == 0;

	if (t->is_over[slot])
		return false;
	if (!is_first && t->used[slot] + j->bytes > most)
		return false;
	if (bytes + j->bytes <= (is_first && j->bytes <= TURN_BYTES
						? TURNS_MOST_BYTES
						: SHARED_GROUP_BYTES))
		return true;
	if (bytes == 0 && j->was_passed)
		return true;
	j->was_passed = true;
	return false;
}

struct picked {
	struct queue_node *head, **tail;
	size_t bytes;
	int n;
};

/* One walk over what waits: moves what fits behind the group. */
static void
walk(struct store *s, struct turn *t, size_t most, struct picked *p)
{
	struct queue_node *first = &s->waiting->node, **at = &first;

	while (*at != NULL && p->n < LIMIT_COMMIT_JOBS) {
		struct store_job *j = QUEUE_OWNER(*at, struct store_job, node);
		unsigned slot = j->share % SLOTS;

		if (j->wipes)
			break; /* it waits for all before it */
		if (!fits_turn(t, j, p->bytes, most)) {
			t->is_over[slot] = true;
			at = &(*at)->next;
			continue;
		}
		*at = j->node.next;
		j->node.next = NULL;
		*p->tail = &j->node;
		p->tail = &j->node.next;
		t->used[slot] += j->bytes > 0 ? j->bytes : 1;
		p->bytes += j->bytes;
		p->n++;
	}
	s->waiting = first == NULL ? NULL
				   : QUEUE_OWNER(first, struct store_job, node);
}

static void
begin_walk(const struct store *s, struct turn *t, bool is_held)
{
	for (int i = 0; i < SLOTS; i++)
		t->is_over[i] = false;
	t->is_over[s->held_slot] = is_held;
}

/* Who has most of a group that is not little. */
static void
note_most(struct store *s, const struct turn *t, size_t bytes)
{
	s->paced_slot = -1;
	for (int i = 0; bytes >= PACED_BYTES && i < SLOTS; i++)
		if (t->used[i] > bytes / 4 * 3)
			s->paced_slot = i;
}

static struct store_job *
take_turns(struct store *s, bool is_held)
{
	struct picked p = {.tail = &p.head};
	struct turn t = {0};

	begin_walk(s, &t, is_held);
	walk(s, &t, TURN_BYTES, &p);
	if (p.n == 0) {
		/* Only large ones: that of who came first. */
		begin_walk(s, &t, is_held);
		walk(s, &t, TURN_BYTES, &p);
	} else if (s->waiting != NULL && p.bytes < SHARED_GROUP_BYTES) {
		/* Room is left: more of those that have more. */
		begin_walk(s, &t, is_held);
		walk(s, &t, SHARED_GROUP_BYTES, &p);
	}
	note_most(s, &t, p.bytes);
	return p.head == NULL ? NULL
			      : QUEUE_OWNER(p.head, struct store_job, node);
}

struct store_job *
store_group_take(struct store *s)
{
	bool is_held = !atomic_load(&s->stopping) &&
		       clock_mono_ns() < s->held_until_ns;

	s->paced_slot = -1;
	if (must_take_turns(s) || is_held)
		return take_turns(s, is_held);
	return take_until(s, last_that_fits(s->waiting));
}

void
store_group_took(struct store *s, int64_t from_ns)
{
	int64_t now_ns = clock_mono_ns(), took_ns = now_ns - from_ns;

	if (s->paced_slot < 0)
		return;
	s->held_slot = s->paced_slot;
	s->held_until_ns =
		now_ns + (took_ns < HOLD_MAX_NS ? took_ns : HOLD_MAX_NS);
}

void
store_group_add(struct store *s, struct queue_node *list)
{
	struct store_job *last = s->waiting;

	if (list == NULL)
		return;
	if (last == NULL) {
		s->waiting = QUEUE_OWNER(list, struct store_job, node);
		return;
	}
	while (next_of(last) != NULL)
		last = next_of(last);
	last->node.next = list;
}
