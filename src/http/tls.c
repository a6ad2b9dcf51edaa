#include "http/tls.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/tls_int.h"
#include "stats/stats.h"

#define LOOK_EVERY_NS 2000000000

/* A file as it was last seen: another one has another of these. */
struct seen {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed, modified;
};

struct both {
	struct seen cert, key;
};

struct http_tls {
	char *cert_path, *key_path;
	enum stats_metric expires;
	struct lock lock; /* guards all below */
	struct cond wake;
	bool stop;
	struct http_cert *pair;
	struct http_tls_state state;
	struct lock loading; /* one load at a time; taken before lock */
	struct both tried; /* of the last load, good or bad; under loading */
	struct thread watcher;
};

static void
see_file(const char *path, struct seen *out)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st) != 0)
		return; /* a file that is away is one that looks so */
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	out->size = st.st_size;
	out->changed = st.st_ctim;
	out->modified = st.st_mtim;
}

static struct both
see(const struct http_tls *t)
{
	struct both b;

	memset(&b, 0, sizeof(b));
	see_file(t->cert_path, &b.cert);
	see_file(t->key_path, &b.key);
	return b;
}

static bool
same(const struct both *a, const struct both *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
warn_of_dates(const struct http_cert *p)
{
	int64_t now = clock_now_us();

	if (now >= p->not_before_us && now <= p->not_after_us &&
		p->not_after_us - now < HTTP_TLS_WARN_US)
		log_warn("tls_certificate_dates",
			"text=\"the certificate expires in %d days\"",
			(int)((p->not_after_us - now) / 86400000000));
	if (now < p->not_before_us || now > p->not_after_us)
		log_warn("tls_certificate_dates",
			"text=\"the certificate is %s: clients will refuse "
			"it\"",
			now > p->not_after_us ? "expired" : "not valid yet");
}

static void
use(struct http_tls *t, struct http_cert *fresh)
{
	struct http_tls_state *s = &t->state;
	struct http_cert *old;

	lock_take(&t->lock);
	old = t->pair;
	t->pair = fresh;
	memcpy(s->names, fresh->names, sizeof(s->names));
	s->not_before_us = fresh->not_before_us;
	s->not_after_us = fresh->not_after_us;
	s->loaded_at_us = clock_now_us();
	s->n_loads++;
	s->error[0] = '\0';
	lock_release(&t->lock);
	stats_set(t->expires, 0, (double)fresh->not_after_us / 1e6);
	http_cert_unref(old);
}

static int
load(struct http_tls *t, struct err *e)
{
	struct http_cert *fresh = NULL;
	char until[CLOCK_TEXT_MAX];
	int err;

	t->tried = see(t);
	err = http_cert_load(t->cert_path, t->key_path, &fresh, e);
	if (err != 0)
		return err;
	clock_format(fresh->not_after_us, CLOCK_RFC3339, until);
	log_info("tls_certificate", "names=%s expires=%s text=\"in use\"",
		log_q(fresh->names), until);
	warn_of_dates(fresh);
	use(t, fresh);
	return 0;
}

static void
load_or_keep(struct http_tls *t)
{
	struct err e;

	if (load(t, &e) == 0)
		return;
	log_error("tls_certificate_refused",
		"text=%s action=\"the one in use stays\"", log_q(e.text));
	lock_take(&t->lock);
	snprintf(t->state.error, sizeof(t->state.error), "%s", e.text);
	lock_release(&t->lock);
}

void
http_tls_reload(struct http_tls *t)
{
	if (t == NULL)
		return;
	lock_take(&t->loading);
	load_or_keep(t);
	lock_release(&t->loading);
}

/* Files that change are being written: they are loaded when they have been the
 * same at two looks. */
static void
watch(void *cookie)
{
	struct http_tls *t = cookie;
	struct both before = see(t), now;
	bool stop = false;

	while (!stop) {
		int64_t until = clock_mono_ns() + LOOK_EVERY_NS;

		lock_take(&t->lock);
		while (!t->stop && cond_wait_until(&t->wake, &t->lock, until))
			;
		stop = t->stop;
		lock_release(&t->lock);
		now = see(t);
		lock_take(&t->loading);
		if (!stop && same(&now, &before) && !same(&now, &t->tried))
			load_or_keep(t);
		lock_release(&t->loading);
		before = now;
	}
}

static void
tls_free(struct http_tls *t)
{
	http_cert_unref(t->pair);
	cond_fini(&t->wake);
	lock_fini(&t->lock);
	lock_fini(&t->loading);
	mem_free(t->cert_path);
	mem_free(t->key_path);
	mem_free(t);
}

int
http_tls_open(const char *cert_path, const char *key_path,
	enum stats_metric expires, struct http_tls **out, struct err *e)
{
	struct http_tls *t = mem_new(struct http_tls);
	int err = 0;

	if (t == NULL)
		return err_set(e, ERR_NO_MEMORY, "TLS");
	lock_init(&t->lock);
	lock_init(&t->loading);
	cond_init(&t->wake);
	t->expires = expires;
	t->cert_path = mem_strdup(cert_path);
	t->key_path = mem_strdup(key_path);
	if (t->cert_path == NULL || t->key_path == NULL)
		err = err_set(e, ERR_NO_MEMORY, "TLS");
	if (err == 0)
		err = load(t, e);
	if (err == 0)
		err = thread_start(&t->watcher, "tls-watch", watch, t, e);
	if (err != 0) {
		tls_free(t);
		return err;
	}
	*out = t;
	return 0;
}

void
http_tls_state(struct http_tls *t, struct http_tls_state *out)
{
	lock_take(&t->lock);
	*out = t->state;
	lock_release(&t->lock);
}

struct http_cert *
http_tls_cert(struct http_tls *t)
{
	struct http_cert *p;

	lock_take(&t->lock);
	p = t->pair;
	atomic_fetch_add(&p->refs, 1);
	lock_release(&t->lock);
	return p;
}

void
http_tls_close(struct http_tls *t)
{
	if (t == NULL)
		return;
	lock_take(&t->lock);
	t->stop = true;
	cond_broadcast(&t->wake);
	lock_release(&t->lock);
	thread_join(&t->watcher);
	tls_free(t);
}
