#include "capture/capture_int.h"

#include "base/uuid.h"

/*
 * Events with a client's uuid that the project sent before (src/dedupe) are
 * answered like the first and not stored again. HTTP threads make the
 * fingerprints; the writer of the front log looks them up.
 */
#define AHEAD ((size_t)8) /* prints whose places are being fetched */
#define HEADERS_MAX 32

void
capture_note_print(struct capture_ctx *x, const struct capture_event *ev,
	const struct capture_out *o, struct slice name)
{
	struct capture_job *j = x->portion;
	struct capture_print p = {.out = (uint32_t)(o - j->outs), .at = o->n};

	dedupe_print_of(x->c->dedupe, x->team->id, &ev->client_uuid, name,
		ev->id, &p.print);
	buf_append(&j->prints, &p, sizeof(p));
}

/* The prints of a job as they are walked, one out after the other. */
struct known {
	struct capture_print *p;
	size_t n;
};

/* The sum of those that capture has counted. */
static void
add_gone(const struct capture_job *j, const struct capture_print *p,
	struct audit_sum *gone)
{
	char text[UUID_TEXT];
	struct uuid uuid;

	if (j->outs[p->out].part == j->c->redirected)
		return;
	memcpy(uuid.b, p->print.b, sizeof(uuid.b));
	uuid_format(&uuid, text);
	gone->count++;
	gone->bits ^= audit_uuid_hash(slice_of(text, sizeof(text)));
}

static int
look_up(struct capture_job *j, struct store_conn *conn, const struct known *k,
	struct audit_sum *gone, struct err *e)
{
	struct dedupe *d = j->c->dedupe;

	for (size_t i = 0; i < k->n && i < AHEAD; i++)
		dedupe_prefetch(d, &k->p[i].print);
	for (size_t i = 0; i < k->n; i++) {
		bool is_known;
		int err;

		/* Another processor has written them. */
		if (i + 3 * AHEAD < k->n)
			__builtin_prefetch(&k->p[i + 3 * AHEAD]);
		if (i + AHEAD < k->n)
			dedupe_prefetch(d, &k->p[i + AHEAD].print);
		err = dedupe_take(d, conn, &k->p[i].print, &is_known, e);
		if (err != 0)
			return err;
		if (!is_known)
			continue;
		add_gone(j, &k->p[i], gone);
		k->p[i].out |= CAPTURE_PRINT_KNOWN;
		j->n_known++;
	}
	return 0;
}

static bool
is_gone(const struct known *k, size_t *at, uint32_t out, uint32_t record)
{
	for (; *at < k->n; ++*at) {
		const struct capture_print *p = &k->p[*at];

		if ((p->out & ~CAPTURE_PRINT_KNOWN) != out || p->at < record)
			continue;
		return p->at == record && (p->out & CAPTURE_PRINT_KNOWN) != 0;
	}
	return false;
}

static int
copy_record(struct batch_writer *w, const struct batch_record_view *v,
	struct err *e)
{
	struct batch_header_kv kv[HEADERS_MAX];
	struct slice left = v->headers;
	uint32_t n = 0;

	while (n < HEADERS_MAX && batch_header_next(&left, &kv[n]))
		n++;
	if (n != v->n_headers)
		return err_set(
			e, ERR_BUG, "a record of %u headers", v->n_headers);
	batch_record(w, v->ts_ms, v->key, v->value, kv, n);
	return 0;
}

/* One batch without the records that are known; *record counts on. */
static int
copy_batch(struct batch_reader *r, struct buf *to, const struct known *k,
	size_t *at, uint32_t out, uint32_t *record, struct err *e)
{
	struct batch_record_view v;
	struct batch_writer w;
	int err;

	batch_begin(&w, to, r->info.base_ts);
	while ((err = batch_next(r, &v, e)) == 1) {
		if (!is_gone(k, at, out, (*record)++) &&
			(err = copy_record(&w, &v, e)) != 0)
			return err;
	}
	return err != 0 ? err : batch_end(&w, BATCH_NONE, e);
}

static int
rebuild(struct capture_out *o, const struct known *k, uint32_t out,
	struct err *e)
{
	struct slice rest = buf_slice(&o->batches);
	struct buf fresh, none;
	uint32_t record = 0;
	size_t at = 0;
	int err = 0;

	buf_init(&fresh, o->batches.max_bytes);
	buf_init(&none, 0); /* they are not compressed */
	while (err == 0 && rest.len > 0) {
		struct batch_reader r;

		err = batch_reader_init(&r, rest, &none, e);
		if (err != 0)
			break;
		rest.p += r.info.bytes;
		rest.len -= r.info.bytes;
		err = copy_batch(&r, &fresh, k, &at, out, &record, e);
	}
	if (err == 0 && fresh.failed)
		err = err_set(e, ERR_NO_MEMORY, "no memory for a batch");
	buf_fini(&none);
	if (err != 0) {
		buf_fini(&fresh);
		return err;
	}
	buf_fini(&o->batches);
	o->batches = fresh;
	return 0;
}

static int
drop_from(struct capture_out *o, const struct known *k, uint32_t out,
	struct err *e)
{
	uint32_t gone = 0;

	for (size_t i = 0; i < k->n; i++)
		if (k->p[i].out == (out | CAPTURE_PRINT_KNOWN))
			gone++;
	if (gone == 0)
		return 0;
	o->n -= gone;
	if (o->n > 0)
		return rebuild(o, k, out, e);
	buf_reset(&o->batches);
	return 0;
}

/* What capture made and did not append is counted on both sides. */
static int
count(struct capture_job *j, struct store_conn *conn, struct audit_sum gone,
	struct err *e)
{
	int err;
	struct audit_entry x = {
		.minute = j->tally.minute,
		.team_id = j->tally.team_id,
		.sum = gone,
		.hop = j->tally.hop,
	};

	if (gone.count == 0)
		return 0;
	err = audit_save_one(&x, conn, e);
	x.hop = AUDIT_DUPLICATE;
	j->tally.sum.count -= gone.count;
	j->tally.sum.bits ^= gone.bits;
	return err != 0 ? err : audit_save_one(&x, conn, e);
}

int
capture_drop_known(
	struct capture_job *j, struct store_conn *conn, struct err *e)
{
	const struct known k = {(struct capture_print *)(void *)j->prints.p,
		j->prints.len / sizeof(struct capture_print)};
	struct audit_sum gone = {0};
	int err = look_up(j, conn, &k, &gone, e);

	if (err != 0 || j->n_known == 0)
		return err;
	for (int i = 0; i < j->n_outs && err == 0; i++)
		err = drop_from(&j->outs[i], &k, (uint32_t)i, e);
	return err != 0 ? err : count(j, conn, gone, e);
}
