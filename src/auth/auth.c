#include "auth/auth.h"

#include <sodium.h>

#include "auth/auth_int.h"
#include "base/rand.h"
#include "base/utf8.h"

#define IDLE_H 24
#define MAX_H 168

int
auth_new(const struct auth_options *o, struct auth **out, struct err *e)
{
	struct auth *a;
	int rc = auth_sodium(e);

	if (rc < 0)
		return rc;
	a = mem_new(struct auth);
	if (a == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	a->o = *o;
	lock_init(&a->lock);
	auth_hashing_init(&a->hashing);
	rc = auth_limit_new(&a->limit, e);
	if (rc < 0) {
		auth_free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	store_reader_close(a->reader);
	auth_limit_free(a->limit);
	auth_hashing_fini(&a->hashing);
	lock_fini(&a->lock);
	mem_free(a);
}

uint64_t
auth_changes(const struct auth *a)
{
	return atomic_load_explicit(&a->changes, memory_order_acquire);
}

void
auth_less(struct auth *a)
{
	atomic_fetch_add_explicit(&a->changes, 1, memory_order_release);
}

int64_t
auth_idle_us(const struct auth *a)
{
	int64_t h = a->o.idle_h == NULL ? IDLE_H : a->o.idle_h(a->o.cookie);

	return h * AUTH_HOUR_US;
}

int64_t
auth_max_us(const struct auth *a)
{
	int64_t h = a->o.max_h == NULL ? MAX_H : a->o.max_h(a->o.cookie);

	return h * AUTH_HOUR_US;
}

static int
run_change(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct auth_change *ch = (struct auth_change *)(void *)j;

	return ch->fn(ch, c, e);
}

int
auth_commit(struct auth *a, struct auth_change *ch, struct err *e)
{
	ch->a = a;
	ch->job.run = run_change;
	ch->job.bytes = sizeof(*ch) + ch->text.len;
	ch->now_us = clock_now_us();
	return store_call(a->o.config, &ch->job, e);
}

int
auth_read(struct auth *a, enum auth_sql which, struct store_stmt **out,
	struct err *e)
{
	int rc = 0;

	lock_take(&a->lock);
	if (a->reader == NULL)
		rc = store_reader_open(a->o.config, &a->reader, e);
	if (rc == 0)
		rc = sql_get(a->reader, &auth_sql, (int)which, out, e);
	if (rc < 0)
		lock_release(&a->lock);
	return rc;
}

void
auth_read_end(struct auth *a, struct store_stmt *st)
{
	sql_reset(st);
	lock_release(&a->lock);
}

struct touch {
	struct store_job job;
	enum auth_sql which;
	int64_t id, at_us;
	char address[NET_ADDR_TEXT];
};

static int
run_touch(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct touch *t = (struct touch *)(void *)j;
	struct store_stmt *st;
	int rc = sql_get(c, &auth_sql, (int)t->which, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, t->id);
	sql_bind_i64(st, 2, t->at_us);
	sql_bind_text(st, 3, slice_str(t->address));
	return sql_run(st, e);
}

static void
end_touch(struct store_job *j, const struct err *result)
{
	(void)result; /* the next request tries again */
	mem_free(j);
}

void
auth_touch(struct auth *a, enum auth_sql which, int64_t id,
	const struct auth_origin *from)
{
	struct touch *t = mem_new(struct touch);
	struct err e;

	if (t == NULL)
		return;
	t->job.run = run_touch;
	t->job.done = end_touch;
	t->job.bytes = sizeof(*t);
	t->which = which;
	t->id = id;
	t->at_us = clock_now_us();
	net_addr_format(&from->address, t->address);
	if (store_submit(a->o.config, &t->job, &e) < 0)
		mem_free(t);
}

void
auth_secret(const char *prefix, char out[AUTH_TOKEN_MAX])
{
	unsigned char bytes[AUTH_SECRET_BYTES];
	size_t n = strlen(prefix);

	rand_bytes(bytes, sizeof(bytes));
	memcpy(out, prefix, n);
	sodium_bin2base64(out + n, AUTH_TOKEN_MAX - n, bytes, sizeof(bytes),
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

void
auth_hash(struct slice secret, unsigned char out[AUTH_HASH_BYTES])
{
	crypto_generichash(out, AUTH_HASH_BYTES,
		(const unsigned char *)secret.p, secret.len, NULL, 0);
}

void
auth_csrf(struct slice token, char out[AUTH_TOKEN_MAX])
{
	static const unsigned char what[] = "csrf of this session";
	unsigned char key[AUTH_HASH_BYTES], bytes[AUTH_SECRET_BYTES];

	/* Not the stored hash itself: from that none shall follow. */
	crypto_generichash(key, sizeof(key), what, sizeof(what), NULL, 0);
	crypto_generichash(bytes, sizeof(bytes), (const unsigned char *)token.p,
		token.len, key, sizeof(key));
	sodium_bin2base64(out, AUTH_TOKEN_MAX, bytes, sizeof(bytes),
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool
auth_equal(struct slice x, struct slice y)
{
	return x.len == y.len &&
	       (x.len == 0 || sodium_memcmp(x.p, y.p, x.len) == 0);
}

void
auth_cut(struct slice text, size_t max, struct slice *out)
{
	*out = utf8_valid(text) ? text : SLICE_LIT("?");
	while (out->len > max)
		*out = utf8_cut_scalars(*out, utf8_scalars(*out) - 1);
}

static bool
is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return false;
	return utf8_valid(s);
}

int
auth_email(struct slice text, char *out, struct slice *email, struct err *e)
{
	const char *at;

	text = slice_trim(text);
	at = text.len == 0 ? NULL : memchr(text.p, '@', text.len);
	if (text.len > AUTH_EMAIL_MAX || at == NULL || at == text.p ||
		at + 1 == text.p + text.len || !is_printable(text) ||
		memchr(text.p, ' ', text.len) != NULL ||
		memchr(at + 1, '@', (size_t)(text.p + text.len - at - 1)) !=
			NULL)
		return err_set(e, ERR_INVALID,
			"email: an address such as anna@example.org is wanted, "
			"of at most %d bytes",
			AUTH_EMAIL_MAX);
	for (size_t i = 0; i < text.len; i++)
		out[i] = text.p[i] >= 'A' && text.p[i] <= 'Z'
				 ? (char)(text.p[i] + 32)
				 : text.p[i];
	*email = slice_of(out, text.len);
	return 0;
}

int
auth_name(struct slice *name, struct err *e)
{
	*name = slice_trim(*name);
	if (name->len == 0 || name->len > AUTH_NAME_MAX || !is_printable(*name))
		return err_set(e, ERR_INVALID,
			"name: 1 to %d bytes of text are wanted",
			AUTH_NAME_MAX);
	return 0;
}

static int
tx_get(struct store_conn *c, enum auth_sql which, int64_t id,
	struct store_stmt **out, struct err *e)
{
	int rc = sql_get(c, &auth_sql, (int)which, out, e);

	if (rc == 0)
		sql_bind_i64(*out, 1, id);
	return rc;
}

int
auth_tx_run(
	struct store_conn *c, enum auth_sql which, int64_t id, struct err *e)
{
	struct store_stmt *st;
	int rc = tx_get(c, which, id, &st, e);

	return rc < 0 ? rc : sql_run(st, e);
}

int
auth_tx_run2(struct store_conn *c, enum auth_sql which, int64_t id,
	int64_t other, struct err *e)
{
	struct store_stmt *st;
	int rc = tx_get(c, which, id, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 2, other);
	return sql_run(st, e);
}

int
auth_tx_number(struct store_conn *c, enum auth_sql which, int64_t id,
	int64_t *out, struct err *e)
{
	struct store_stmt *st;
	int rc = tx_get(c, which, id, &st, e);

	if (rc < 0)
		return rc;
	rc = sql_step(st, e);
	if (rc == 1)
		*out = sql_col_i64(st, 0);
	sql_reset(st);
	return rc < 0 ? rc : 0;
}
