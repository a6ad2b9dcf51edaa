#include "world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/thread.h"

#define BUF_MAX ((size_t)1024 * 1024 * 1024)

static void
must(int r, const struct err *e, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "world: %s: %s: %s\n", what, err_name(e->code),
		e->text);
	abort();
}

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "world: a store failed: %s\n", why->text);
}

static struct store *
open_store(struct world *w, enum store_kind kind)
{
	struct store_options o = {.dir = w->dir,
		.kind = kind,
		.queue_bytes = 64 << 20,
		.on_fatal = on_fatal};
	struct store *s;
	struct err e;

	must(store_open(&o, &s, &e), &e, "store_open");
	return s;
}

void
world_open(struct world *w)
{
	struct err e;

	w->config = open_store(w, STORE_CONFIG);
	w->spool = open_store(w, STORE_SPOOL);
	w->state = open_store(w, STORE_STATE);
	must(team_cache_new(w->config, &w->teams, &e), &e, "team_cache_new");
}

void
world_make(struct world *w)
{
	static const char *const none[] = {NULL};
	const char *tmp = getenv("TMPDIR");
	struct err e;

	*w = (struct world){0};
	snprintf(w->dir, sizeof(w->dir), "%s/pipeline-XXXXXX",
		tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(w->dir) == NULL) {
		perror(w->dir);
		abort();
	}
	world_open(w);
	must(team_create(w->teams, "world", WORLD_TOKEN, none, &w->team_id, &e),
		&e, "team_create");
}

void
world_prepare(struct world *w, const char *const *set)
{
	struct pipeline_options o = {
		.teams = w->teams, .spool = w->spool, .state = w->state};
	struct err e;

	must(conf_load("/dev/null", set, &w->conf, &e), &e, "conf_load");
	o.conf = conf_values(w->conf);
	must(pipeline_new(&o, &w->p, &e), &e, "pipeline_new");
}

void
world_start(struct world *w, const char *const *set)
{
	struct err e;

	world_prepare(w, set);
	must(pipeline_start(w->p, &e), &e, "pipeline_start");
}

void
world_stop(struct world *w)
{
	if (w->p != NULL)
		pipeline_stop(w->p);
	team_cache_free(w->teams);
	store_close(w->state);
	store_close(w->spool);
	store_close(w->config);
	pipeline_free(w->p);
	conf_free(w->conf);
	w->p = NULL;
	w->conf = NULL;
}

static void
remove_files(struct world *w, const char *prefix)
{
	DIR *d = opendir(w->dir);
	struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL) {
		char path[512];
		struct err e;

		if (f->d_name[0] == '.' ||
			strncmp(f->d_name, prefix, strlen(prefix)) != 0)
			continue;
		must(file_join(path, sizeof(path), w->dir, f->d_name, &e), &e,
			"file_join");
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
}

void
world_forget_state(struct world *w)
{
	remove_files(w, "state.db");
}

void
world_remove(struct world *w)
{
	remove_files(w, "");
	rmdir(w->dir);
}

struct append_job {
	struct store_job job;
	struct store_part *part;
	struct buf *b;
	uint32_t n;
};

static int
run_append(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct append_job *x = (struct append_job *)(void *)j;
	int64_t base;

	return store_tx_append(c, x->part, x->b->p, x->b->len, x->n,
		clock_now_us() / 1000, &base, e);
}

void
world_append(struct world *w, struct store *s, enum topic_id topic,
	int partition, struct buf *b, uint32_t n)
{
	struct append_job x = {
		.job = {.run = run_append, .bytes = b->len}, .b = b, .n = n};
	struct err e;

	(void)w;
	must(store_part_open(s, topic_defs[topic].name, partition, &x.part, &e),
		&e, "store_part_open");
	must(store_call(s, &x.job, &e), &e, "append");
}

static void
put_data(struct buf *b, const struct world_event *ev)
{
	buf_append_lit(b, "{\"event\":");
	json_put_string(b, slice_str(ev->name));
	buf_append_lit(b, ",\"distinct_id\":");
	json_put_string(b, slice_str(ev->distinct_id));
	buf_append_lit(b, ",\"properties\":");
	buf_append_str(b, ev->properties == NULL ? "{}" : ev->properties);
	buf_append_lit(b, "}");
}

static void
put_member(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_append_char(b, b->p[b->len - 1] == '{' ? ' ' : ',');
	json_put_string(b, slice_str(name));
	buf_append_char(b, ':');
	json_put_string(b, slice_str(text));
}

void
world_put_event(struct batch_writer *bw, const struct world_event *ev)
{
	char now[CLOCK_TEXT_MAX];
	const char *token = ev->token == NULL ? WORLD_TOKEN : ev->token;
	struct batch_header_kv h[] = {
		{SLICE_LIT("token"), slice_str(token)},
		{SLICE_LIT("distinct_id"), slice_str(ev->distinct_id)},
		{SLICE_LIT("event"), slice_str(ev->name)},
		{SLICE_LIT("uuid"), slice_str(ev->uuid)},
	};
	struct buf data, value;

	buf_init(&data, BUF_MAX);
	buf_init(&value, BUF_MAX);
	clock_format(ev->now_us, CLOCK_RFC3339, now);
	put_data(&data, ev);
	buf_append_char(&value, '{');
	put_member(&value, "uuid", ev->uuid);
	put_member(&value, "distinct_id", ev->distinct_id);
	put_member(&value, "ip", "203.0.113.7");
	buf_append_lit(&value, ",\"data\":");
	json_put_string(&value, buf_slice(&data));
	put_member(&value, "now", now);
	put_member(&value, "token", token);
	put_member(&value, "event", ev->name);
	put_member(&value, "timestamp", now);
	buf_append_char(&value, '}');
	buf_reset(&data);
	buf_printf(&data, "%s:%s", token, ev->distinct_id);
	batch_record(bw, ev->now_us / 1000, buf_slice(&data), buf_slice(&value),
		h, ARRAY_LEN(h));
	buf_fini(&data);
	buf_fini(&value);
}

void
world_send(struct world *w, const struct world_event *ev)
{
	struct batch_writer bw;
	struct buf b;
	struct err e;

	buf_init(&b, BUF_MAX);
	batch_begin(&bw, &b, ev->now_us / 1000);
	world_put_event(&bw, ev);
	must(batch_end(&bw, BATCH_NONE, &e), &e, "batch_end");
	world_append(w, w->spool, TOPIC_INGESTION, 0, &b, 1);
	buf_fini(&b);
}

void
world_send_raw(struct world *w, struct slice value)
{
	struct batch_writer bw;
	struct buf b;
	struct err e;

	buf_init(&b, BUF_MAX);
	batch_begin(&bw, &b, clock_now_us() / 1000);
	batch_record(&bw, clock_now_us() / 1000, SLICE_NONE, value, NULL, 0);
	must(batch_end(&bw, BATCH_NONE, &e), &e, "batch_end");
	world_append(w, w->spool, TOPIC_INGESTION, 0, &b, 1);
	buf_fini(&b);
}

/* Looks every few milliseconds until fn is true. */
static void
wait_until(struct world *w, bool (*fn)(struct world *w), int64_t most_ns,
	const char *what)
{
	int64_t deadline_ns = clock_mono_ns() + most_ns;
	struct lock l;
	struct cond c;

	lock_init(&l);
	cond_init(&c);
	while (!fn(w)) {
		if (clock_mono_ns() > deadline_ns) {
			char why[256];

			pipeline_trouble(w->p, why, sizeof(why));
			fprintf(stderr, "world: not in time: %s (%s)\n", what,
				why);
			abort();
		}
		lock_take(&l);
		cond_wait_until(&c, &l, clock_mono_ns() + 2000000);
		lock_release(&l);
	}
	cond_fini(&c);
	lock_fini(&l);
}

static bool
is_drained(struct world *w)
{
	struct pipeline_position at[8];
	int n = pipeline_positions(w->p, at, 8);

	for (int i = 0; i < n; i++)
		if (at[i].position < at[i].high_watermark)
			return false;
	return true;
}

void
world_wait(struct world *w, bool (*fn)(struct world *w), const char *what)
{
	wait_until(w, fn, INT64_C(60000000000), what);
}

void
world_drain(struct world *w)
{
	wait_until(w, is_drained, INT64_C(60000000000), "drained");
}

static bool
is_in_trouble(struct world *w)
{
	char why[256];

	pipeline_trouble(w->p, why, sizeof(why));
	return why[0] != '\0';
}

void
world_wait_trouble(struct world *w)
{
	wait_until(w, is_in_trouble, INT64_C(10000000000), "in trouble");
}

static void
each_record(struct slice in,
	void (*fn)(void *cookie, const struct batch_record_view *rec),
	void *cookie, int64_t *at)
{
	struct buf raw;
	struct err e;

	buf_init(&raw, BUF_MAX);
	while (in.len > 0) {
		struct batch_reader r;
		struct batch_record_view rec;
		int n;

		must(batch_reader_init(&r, in, &raw, &e), &e, "batch");
		must(batch_check_crc(in, &e), &e, "batch");
		while ((n = batch_next(&r, &rec, &e)) == 1) {
			if (rec.offset != *at) {
				fprintf(stderr,
					"world: offset %lld, not %lld\n",
					(long long)rec.offset, (long long)*at);
				abort();
			}
			++*at;
			fn(cookie, &rec);
		}
		must(n, &e, "record");
		in.p += r.info.bytes;
		in.len -= r.info.bytes;
	}
	buf_fini(&raw);
}

void
world_each(struct world *w, enum topic_id topic, int partition,
	void (*fn)(void *cookie, const struct batch_record_view *rec),
	void *cookie)
{
	bool in_state = topic_defs[topic].file[partition] == TOPIC_STATE;
	struct store *s = in_state ? w->state : w->spool;
	struct store_conn *c;
	struct store_part *part;
	struct buf b;
	struct err e;
	int64_t at = 0, next;

	buf_init(&b, BUF_MAX);
	must(store_reader_open(s, &c, &e), &e, "store_reader_open");
	must(store_part_open(s, topic_defs[topic].name, partition, &part, &e),
		&e, "store_part_open");
	for (;;) {
		buf_reset(&b);
		must(store_read(c, part, at, 1 << 20, &b, &next, &e), &e,
			"store_read");
		if (b.len == 0)
			break;
		each_record(buf_slice(&b), fn, cookie, &at);
	}
	store_reader_close(c);
	buf_fini(&b);
}

static void
count(void *cookie, const struct batch_record_view *rec)
{
	int64_t *n = cookie;

	(void)rec;
	++*n;
}

int64_t
world_count(struct world *w, enum topic_id topic, int partition)
{
	int64_t n = 0;

	world_each(w, topic, partition, count, &n);
	return n;
}

static void
add_text(void *cookie, const struct batch_record_view *rec)
{
	struct buf *out = cookie;

	buf_append_slice(out, rec->key);
	buf_append_char(out, ' ');
	buf_append_slice(out, rec->value);
	buf_append_char(out, '\n');
}

void
world_text(struct world *w, enum topic_id topic, int partition, struct buf *out)
{
	buf_reset(out);
	world_each(w, topic, partition, add_text, out);
}
