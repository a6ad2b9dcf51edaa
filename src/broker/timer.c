#include "broker/timer.h"

#include <stddef.h>

void
broker_timer_wheel_init(struct timer_wheel *w, int64_t now_ns)
{
	for (int i = 0; i < TIMER_SLOTS; i++)
		w->slots[i].prev = w->slots[i].next = &w->slots[i];
	w->tick = now_ns / TIMER_TICK_NS;
	w->n = 0;
}

bool
broker_timer_is_on(const struct timer *t)
{
	return t->next != NULL;
}

static void
link_before(struct timer *head, struct timer *t)
{
	t->prev = head->prev;
	t->next = head;
	head->prev->next = t;
	head->prev = t;
}

static void
unlink_timer(struct timer *t)
{
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->prev = t->next = NULL;
}

void
broker_timer_stop(struct timer_wheel *w, struct timer *t)
{
	if (!broker_timer_is_on(t))
		return;
	unlink_timer(t);
	w->n--;
}

void
broker_timer_set(struct timer_wheel *w, struct timer *t, int64_t at_ns)
{
	/* Rounded up: a timer never fires early. */
	int64_t tick = (at_ns + TIMER_TICK_NS - 1) / TIMER_TICK_NS;

	broker_timer_stop(w, t);
	if (tick <= w->tick)
		tick = w->tick + 1;
	t->at_ns = at_ns;
	link_before(&w->slots[tick % TIMER_SLOTS], t);
	w->n++;
}

/* Moves what is due in one slot to the list. */
static void
collect(struct timer *slot, struct timer *due, int64_t now_ns)
{
	struct timer *next;

	for (struct timer *t = slot->next; t != slot; t = next) {
		next = t->next;
		if (t->at_ns > now_ns)
			continue;
		unlink_timer(t);
		link_before(due, t);
	}
}

void
broker_timer_run(struct timer_wheel *w, struct broker *b, int64_t now_ns)
{
	int64_t now = now_ns / TIMER_TICK_NS;
	struct timer due = {.prev = &due, .next = &due};

	if (now - w->tick > TIMER_SLOTS)
		w->tick = now - TIMER_SLOTS;
	while (w->tick < now) {
		w->tick++;
		collect(&w->slots[w->tick % TIMER_SLOTS], &due, now_ns);
	}
	while (due.next != &due) {
		struct timer *t = due.next;

		unlink_timer(t);
		w->n--;
		t->fn(b, t);
	}
}

int
broker_timer_wait_ms(const struct timer_wheel *w, int64_t now_ns)
{
	if (w->n == 0)
		return -1;
	for (int64_t i = 1; i <= TIMER_SLOTS; i++) {
		const struct timer *slot =
			&w->slots[(w->tick + i) % TIMER_SLOTS];
		int64_t at_ns = (w->tick + i) * TIMER_TICK_NS;

		if (slot->next == slot)
			continue;
		if (at_ns <= now_ns)
			return 0;
		return (int)((at_ns - now_ns + TIMER_MS - 1) / TIMER_MS);
	}
	return -1;
}
