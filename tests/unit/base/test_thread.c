#include "tests.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/queue.h"

struct message {
	struct queue_node node;
	int producer, number;
};

#define N_PRODUCERS 3
#define N_MESSAGES 2000

struct producer {
	struct thread thread;
	struct queue *q;
	struct cond *room;
	struct lock *room_lock;
	int index;
};

static struct message messages[N_PRODUCERS][N_MESSAGES];

static void
produce(void *cookie)
{
	struct producer *p = cookie;

	for (int i = 0; i < N_MESSAGES; i++) {
		struct message *m = &messages[p->index][i];

		m->producer = p->index;
		m->number = i;
		lock_take(p->room_lock);
		while (queue_put(p->q, &m->node, 10) == -(int)ERR_BUSY)
			cond_wait(p->room, p->room_lock);
		lock_release(p->room_lock);
	}
}

/* base-5 */
static void
queue_keeps_the_order_of_each_producer(void **state)
{
	struct producer producers[N_PRODUCERS];
	int next[N_PRODUCERS] = {0}, n = 0;
	struct lock room_lock;
	struct cond room;
	struct queue q;
	struct err e;

	(void)state;
	queue_init(&q, 16, 1000);
	lock_init(&room_lock);
	cond_init(&room);
	for (int i = 0; i < N_PRODUCERS; i++) {
		producers[i] = (struct producer){.q = &q,
			.room = &room,
			.room_lock = &room_lock,
			.index = i};
		assert_int_equal(thread_start(&producers[i].thread, "producer",
					 produce, &producers[i], &e),
			0);
	}
	while (n < N_PRODUCERS * N_MESSAGES) {
		struct queue_node *list = queue_take_all(&q, INT64_MAX);
		size_t taken = 0;

		assert_non_null(list);
		for (; list != NULL; list = list->next) {
			struct message *m =
				QUEUE_OWNER(list, struct message, node);

			assert_int_equal(m->number, next[m->producer]++);
			taken++;
		}
		assert_true(taken <= 16);
		n += (int)taken;
		lock_take(&room_lock);
		queue_done(&q, taken, taken * 10);
		cond_broadcast(&room);
		lock_release(&room_lock);
	}
	for (int i = 0; i < N_PRODUCERS; i++)
		thread_join(&producers[i].thread);
	assert_int_equal(q.n, 0);
	assert_int_equal(q.bytes, 0);
	queue_fini(&q);
	cond_fini(&room);
	lock_fini(&room_lock);
}

static void
queue_is_bounded_by_count_and_bytes(void **state)
{
	struct queue_node nodes[4];
	struct queue q;

	(void)state;
	queue_init(&q, 2, 100);
	assert_int_equal(queue_put(&q, &nodes[0], 1000), 0);
	assert_int_equal(queue_put(&q, &nodes[1], 1), -(int)ERR_BUSY);
	assert_ptr_equal(queue_take_all(&q, 0), &nodes[0]);
	assert_int_equal(queue_put(&q, &nodes[1], 1), -(int)ERR_BUSY);
	queue_done(&q, 1, 1000);
	assert_int_equal(queue_put(&q, &nodes[0], 60), 0);
	assert_int_equal(queue_put(&q, &nodes[1], 60), -(int)ERR_BUSY);
	assert_int_equal(queue_put(&q, &nodes[1], 40), 0);
	assert_int_equal(queue_put(&q, &nodes[2], 0), -(int)ERR_BUSY);
	assert_non_null(queue_take_all(&q, 0));
	queue_done(&q, 2, 100);
	queue_fini(&q);
}

static void
queue_takes_what_must_not_wait(void **state)
{
	struct queue_node nodes[3];
	struct queue q;

	(void)state;
	queue_init(&q, 1, 100);
	assert_int_equal(queue_put(&q, &nodes[0], 100), 0);
	assert_int_equal(queue_put(&q, &nodes[1], 1), -(int)ERR_BUSY);
	assert_int_equal(queue_put_always(&q, &nodes[1], 1), 0);
	assert_ptr_equal(queue_take_all(&q, 0), &nodes[0]);
	assert_ptr_equal(nodes[0].next, &nodes[1]);
	queue_done(&q, 2, 101);
	queue_close(&q);
	assert_int_equal(
		queue_put_always(&q, &nodes[2], 1), -(int)ERR_STOPPING);
	queue_fini(&q);
}

static void
closed_queue_drains_and_refuses(void **state)
{
	struct queue_node a, b;
	struct queue q;

	(void)state;
	queue_init(&q, 2, 100);
	assert_int_equal(queue_put(&q, &a, 1), 0);
	queue_close(&q);
	assert_int_equal(queue_put(&q, &b, 1), -(int)ERR_STOPPING);
	assert_ptr_equal(queue_take_all(&q, INT64_MAX), &a);
	assert_null(queue_take_all(&q, INT64_MAX));
	queue_done(&q, 1, 1);
	queue_fini(&q);
}

static void
queue_waits_no_longer_than_the_deadline(void **state)
{
	struct queue q;

	(void)state;
	queue_init(&q, 2, 100);
	assert_null(queue_take_all(&q, 0));
	assert_null(queue_take_all(&q, clock_mono_ns() + 1000));
	assert_null(queue_take_all(&q, 1));
	queue_fini(&q);
}

static void
read_name(void *cookie)
{
	char *name = cookie;

	pthread_getname_np(pthread_self(), name, 16);
}

static void
threads_have_names_and_join_once(void **state)
{
	char name[16] = "";
	struct thread t, never = {.running = false};
	struct err e;

	(void)state;
	assert_int_equal(
		thread_start(&t, "a-rather-long-name", read_name, name, &e), 0);
	thread_join(&t);
	thread_join(&t);
	thread_join(&never);
	assert_string_equal(name, "a-rather-long-n");
	assert_true(thread_n_cpus() >= 1);
}

int
run_thread_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queue_keeps_the_order_of_each_producer),
		cmocka_unit_test(queue_is_bounded_by_count_and_bytes),
		cmocka_unit_test(queue_takes_what_must_not_wait),
		cmocka_unit_test(closed_queue_drains_and_refuses),
		cmocka_unit_test(queue_waits_no_longer_than_the_deadline),
		cmocka_unit_test(threads_have_names_and_join_once),
	};

	return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
