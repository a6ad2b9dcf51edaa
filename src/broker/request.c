#include "broker/int.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "stats/stats.h"
#include "topic/wire.h"

#define API_VERSIONS 18
#define ARENA_MAX_BYTES ((size_t)32 * 1024 * 1024)
#define CLIENT_ID_MAX 256
#define FRAME_MIN_BYTES 8

/* The header: false when the connection is to be closed. */
static bool
read_header(struct request *r)
{
	struct wire_reader in = {.p = r->frame,
		.end = r->frame + r->frame_len,
		.arena = &r->arena};
	int16_t key = broker_wire_get_i16(&in);
	const struct broker_api *a = broker_api_find(key);

	r->version = broker_wire_get_i16(&in);
	r->correlation_id = broker_wire_get_i32(&in);
	r->client_id = broker_wire_get_nstr16(&in);
	if (r->client_id.len > CLIENT_ID_MAX)
		r->client_id.len = CLIENT_ID_MAX;
	r->api = a;
	if (a == NULL || in.failed)
		return false;
	if (r->version < a->min || r->version > a->max)
		return key == API_VERSIONS;
	in.is_flexible = broker_api_is_flexible(a, r->version);
	if (in.is_flexible)
		broker_wire_skip_tags(&in);
	r->body_at = (size_t)(in.p - r->frame);
	return !in.failed;
}

static void
log_refused(const struct request *r)
{
	char client[CLIENT_ID_MAX + 1];

	memcpy(client, r->client_id.p == NULL ? "" : r->client_id.p,
		r->client_id.len);
	client[r->client_id.len] = '\0';
	if (r->api == NULL)
		log_warn("broker_api_unknown", "client=%s key=%d version=%d",
			log_q(client),
			r->frame_len < 2 ? -1 : wire_get_u16(r->frame),
			r->version);
	else
		log_warn("broker_request_refused",
			"client=%s api=%s version=%d text=%s", log_q(client),
			r->api->name, r->version,
			log_q("version not served, or malformed header"));
}

struct request *
broker_request_new(struct broker *b, struct conn *c, char *frame, size_t len)
{
	struct request *r = mem_new(struct request);

	if (r == NULL) {
		mem_free(frame);
		return NULL;
	}
	r->conn = c;
	r->frame = frame;
	r->frame_len = len;
	r->n_refs = 1;
	arena_init(&r->arena, ARENA_MAX_BYTES);
	if (len < FRAME_MIN_BYTES || !read_header(r)) {
		if (!c->has_logged)
			log_refused(r);
		c->has_logged = true;
		broker_request_unref(b, r);
		return NULL;
	}
	return r;
}

void
broker_request_ref(struct request *r)
{
	r->n_refs++;
}

void
broker_request_unref(struct broker *b, struct request *r)
{
	if (--r->n_refs > 0)
		return;
	broker_timer_stop(&b->timers, &r->timer);
	broker_mem_give(b, r->charged);
	arena_fini(&r->arena);
	buf_fini(&r->out);
	mem_free(r->frame);
	mem_free(r);
}

void
broker_request_fail(struct broker *b, struct request *r, const char *why)
{
	if (r->conn != NULL)
		broker_conn_close(b, r->conn, why);
}

void *
broker_request_alloc(struct broker *b, struct request *r, size_t n, size_t size)
{
	void *p = arena_zalloc(&r->arena, n, size);

	if (p == NULL)
		broker_request_fail(b, r, "a request needs too much memory");
	return p;
}

void
broker_request_start(struct broker *b, struct request *r)
{
	struct wire_reader in = {.p = r->frame + r->body_at,
		.end = r->frame + r->frame_len,
		.arena = &r->arena,
		.version = r->version};

	r->state = REQUEST_STARTED;
	stats_add(STATS_BROKER_REQUESTS, 0, 1);
	if (r->version > r->api->max) { /* ApiVersions alone comes so far */
		r->api->start(b, r);
		return;
	}
	r->body = broker_request_alloc(b, r, 1, r->api->req->size);
	if (r->body == NULL)
		return;
	in.is_flexible = broker_api_is_flexible(r->api, r->version);
	broker_wire_read(&in, r->api->req, r->body);
	if (in.failed) { /* broker-1 */
		log_warn("broker_request_malformed", "api=%s version=%d",
			r->api->name, r->version);
		broker_request_fail(b, r, "malformed request");
		return;
	}
	broker_mem_force(b, r->arena.total);
	r->charged += r->arena.total;
	r->api->start(b, r);
}

static void
put_pieces_room(struct request *r, struct wire_writer *w)
{
	if (r->max_pieces == 0)
		return;
	r->pieces = arena_zalloc(&r->arena, r->max_pieces, sizeof(*r->pieces));
	w->pieces = r->pieces;
	w->max_pieces = r->pieces == NULL ? 0 : r->max_pieces;
}

static void
mark_answered(struct broker *b, struct request *r)
{
	r->state = REQUEST_ANSWERED;
	r->abort = NULL;
	broker_timer_stop(&b->timers, &r->timer);
	if (r->conn != NULL) {
		r->conn->unsent += r->out_len;
		broker_conn_dirty(b, r->conn);
	}
}

void
broker_request_answer(struct broker *b, struct request *r, const void *resp)
{
	bool too_new = r->version > r->api->max;
	int16_t version = too_new ? 0 : r->version;
	struct wire_writer w = {.b = &r->out,
		.version = version,
		.is_flexible = broker_api_is_flexible(r->api, version)};

	if (r->conn == NULL || r->state == REQUEST_ANSWERED)
		return;
	buf_init(&r->out, LIMIT_KAFKA_FRAME_BYTES);
	put_pieces_room(r, &w);
	broker_wire_put_i32(&r->out, 0);
	broker_wire_put_i32(&r->out, r->correlation_id);
	if (w.is_flexible && r->api->key != API_VERSIONS)
		buf_append_char(&r->out, 0);
	broker_wire_write(&w, r->api->resp, resp);
	if (r->out.failed) {
		broker_request_fail(b, r, "no memory for an answer");
		return;
	}
	r->n_pieces = w.n_pieces;
	r->out_len = r->out.len + w.piece_bytes;
	wire_put_u32(r->out.p, (uint32_t)(r->out_len - 4));
	broker_mem_force(b, r->out.cap);
	r->charged += r->out.cap;
	mark_answered(b, r);
}

void
broker_request_answer_none(struct broker *b, struct request *r)
{
	if (r->state == REQUEST_ANSWERED)
		return;
	r->out_len = 0;
	mark_answered(b, r);
}
