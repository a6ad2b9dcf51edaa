#include "pipeline/pg_flow.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "persondb/pg.h"

#define WAIT_FIRST_NS INT64_C(100000000)
#define WAIT_MOST_NS INT64_C(5000000000)
#define YIELD_FIRST_NS INT64_C(2000000)
#define YIELD_MOST_NS INT64_C(1000000000)
/* What is under way at the stop may come to its end for so long. */
#define STOP_NS INT64_C(2000000000)

static int64_t
doubled(int64_t first_ns, unsigned n, int64_t most_ns)
{
	int64_t ns = first_ns << (n < 12 ? n : 12);

	return ns < most_ns ? ns : most_ns;
}

static int
sleep_for(struct pg_flow *f, int64_t ns, struct err *e)
{
	int64_t deadline_ns = clock_mono_ns() + ns;
	bool is_stopping;

	lock_take(&f->lock);
	while (!f->is_stopping &&
		(cond_wait_until(&f->wake, &f->lock, deadline_ns) ||
			clock_mono_ns() < deadline_ns))
		;
	is_stopping = f->is_stopping;
	lock_release(&f->lock);
	return is_stopping ? err_set(e, ERR_STOPPING, "stopping") : 0;
}

int
pg_flow_wait(struct pg_flow *f, struct err *e)
{
	return sleep_for(
		f, doubled(WAIT_FIRST_NS, f->n_waits++, WAIT_MOST_NS), e);
}

int
pg_flow_yield(struct pg_flow *f, unsigned n, struct err *e)
{
	return sleep_for(f, doubled(YIELD_FIRST_NS, n, YIELD_MOST_NS), e);
}

int
pg_flow_server(struct pg_flow *f, int r, struct err *e)
{
	if (r == 0)
		return 0;
	f->was_server = true;
	return err_prefix(e, "postgres");
}

void
pg_flow_say(struct pg_flow *f, const struct err *why)
{
	const char *from = strstr(why->text, "postgres: ");
	struct err said = *why;

	/* Which step asked is of no use to the operator. */
	if (from != NULL)
		snprintf(said.text, sizeof(said.text), "%s", from);
	else
		err_prefix(&said, "postgres");
	pipeline_set_trouble(f->p, &said);
	if (f->n_waits % 64 == 0)
		log_warn("postgres_waits", "code=%s error=%s",
			err_name(why->code), log_q(said.text));
}

void
pg_flow_push(struct pg_flow *f, struct pg_unit *u)
{
	u->next = NULL;
	lock_take(&f->lock);
	*f->last = u;
	f->last = &u->next;
	cond_broadcast(&f->wake);
	lock_release(&f->lock);
}

bool
pg_flow_take_back(struct pg_flow *f, struct pg_unit *u)
{
	bool found = false;

	lock_take(&f->lock);
	for (struct pg_unit **at = &f->first; *at != NULL; at = &(*at)->next) {
		if (*at != u)
			continue;
		*at = u->next;
		if (u->next == NULL)
			f->last = at;
		found = true;
		break;
	}
	lock_release(&f->lock);
	return found;
}

/* A publication that failed comes before all else, but not at the stop: then
 * units are to be answered, and the next start publishes. Lock held. */
static bool
must_publish(const struct pg_flow *f)
{
	return f->publication.state == PG_FAILED && !f->is_stopping;
}

/* NULL: a publication failed, or the end. */
static struct pg_unit *
pop(struct pg_flow *f)
{
	struct pg_unit *u;

	lock_take(&f->lock);
	f->is_busy = false;
	cond_broadcast(&f->wake);
	while (f->first == NULL && !f->is_ending && !must_publish(f))
		cond_wait(&f->wake, &f->lock);
	u = must_publish(f) ? NULL : f->first;
	if (u != NULL) {
		f->is_busy = true;
		f->first = u->next;
		if (f->first == NULL)
			f->last = &f->first;
	}
	lock_release(&f->lock);
	return u;
}

static bool
is_ending(struct pg_flow *f)
{
	bool yes;

	lock_take(&f->lock);
	yes = f->is_ending && f->first == NULL;
	lock_release(&f->lock);
	return yes;
}

static void
set_ready(struct pg_flow *f)
{
	f->n_waits = 0;
	pipeline_set_trouble(f->p, NULL);
	lock_take(&f->lock);
	f->is_ready = true;
	lock_release(&f->lock);
	pipeline_wake(f->p);
}

/* At the start: what stands prepared is finished before anything is read. */
static void
begin(struct pg_flow *f)
{
	struct err e;

	for (;;) {
		if (pg_marker_ready(f, &e) == 0) {
			set_ready(f);
			return;
		}
		pg_flow_say(f, &e);
		if (pg_flow_wait(f, &e) != 0)
			return;
	}
}

static void
persons_main(void *cookie)
{
	struct pg_flow *f = cookie;
	struct err e;

	begin(f);
	while (!is_ending(f)) {
		struct pg_unit *u = pop(f);
		struct err outcome = {0};

		if (u == NULL) {
			if (pg_publish_settle(f, &e) != 0)
				ERR_IGNORE(pg_flow_wait(f, &e), "looked at");
			continue;
		}
		if (pg_unit_run(f, u, &outcome) == 0)
			outcome.code = ERR_OK;
		u->done(u, &outcome);
	}
	/* Its job must not outlive the flow. */
	lock_take(&f->lock);
	while (f->publication.state == PG_UNDER_WAY)
		cond_wait(&f->wake, &f->lock);
	lock_release(&f->lock);
}

int
pg_flow_new(struct pipeline *p, struct pg *pg, const struct pg_state *state,
	struct pg_flow **out, struct err *e)
{
	struct pg_flow *f = mem_new(struct pg_flow);
	int r;

	if (f == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the pipeline");
	f->p = p;
	f->state = *state;
	f->last = &f->first;
	lock_init(&f->lock);
	cond_init(&f->wake);
	r = pg_conn_new(pg, "ingest", &f->conn, e);
	if (r == 0)
		r = persondb_pg_new(f->conn, &f->db, e);
	if (r != 0) {
		pg_flow_free(f);
		return r;
	}
	*out = f;
	return 0;
}

int
pg_flow_start(struct pg_flow *f, struct err *e)
{
	return thread_start(&f->thread, "persons", persons_main, f, e);
}

bool
pg_flow_is_ready(struct pg_flow *f)
{
	bool yes;

	lock_take(&f->lock);
	yes = f->is_ready;
	lock_release(&f->lock);
	return yes;
}

void
pg_flow_settle(struct pg_flow *f)
{
	lock_take(&f->lock);
	while (f->publication.state != PG_NOTHING && !f->is_stopping)
		cond_wait(&f->wake, &f->lock);
	lock_release(&f->lock);
}

void
pg_flow_quiesce(struct pg_flow *f)
{
	int64_t deadline_ns = clock_mono_ns() + STOP_NS;

	lock_take(&f->lock);
	f->is_stopping = true;
	cond_broadcast(&f->wake);
	while ((f->is_busy || f->first != NULL) &&
		cond_wait_until(&f->wake, &f->lock, deadline_ns))
		;
	lock_release(&f->lock);
	pg_interrupt(f->conn);
}

void
pg_flow_stop(struct pg_flow *f)
{
	lock_take(&f->lock);
	f->is_stopping = f->is_ending = true;
	cond_broadcast(&f->wake);
	lock_release(&f->lock);
	thread_join(&f->thread);
	pg_disconnect(f->conn);
}

void
pg_flow_free(struct pg_flow *f)
{
	if (f == NULL)
		return;
	persondb_pg_free(f->db);
	pg_conn_free(f->conn);
	cond_fini(&f->wake);
	lock_fini(&f->lock);
	mem_free(f);
}
