#ifndef SLUICE_BROKER_TIMER_H
#define SLUICE_BROKER_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A hashed timer wheel of 10 ms ticks: setting and stopping cost nothing, so
 * that thousands of group members may each have one. Owned by the net thread.
 */
struct broker;
struct timer {
	struct timer *prev, *next;
	int64_t at_ns;
	void (*fn)(struct broker *b, struct timer *t);
};
#define TIMER_SLOTS 512
#define TIMER_TICK_NS 10000000
#define TIMER_MS ((int64_t)1000000)
#define TIMER_OWNER(t, type, member)                                           \
	((type *)(void *)((char *)(t)-offsetof(type, member)))
struct timer_wheel {
	struct timer slots[TIMER_SLOTS]; /* list heads */
	int64_t tick; /* the last one that ran */
	uint32_t n;
};

void broker_timer_wheel_init(struct timer_wheel *w, int64_t now_ns);
/* Starts or moves it. t->fn is set by the owner, the rest zero at first. */
void broker_timer_set(struct timer_wheel *w, struct timer *t, int64_t at_ns);
void broker_timer_stop(struct timer_wheel *w, struct timer *t);
bool broker_timer_is_on(const struct timer *t);
/* Runs what is due; fn may set and stop any timer. */
void broker_timer_run(struct timer_wheel *w, struct broker *b, int64_t now_ns);
/* Longest wait until something may be due; -1: nothing set. */
int broker_timer_wait_ms(const struct timer_wheel *w, int64_t now_ns);

#endif
