#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "topic/wire.h"
#include "unit/broker/harness.h"

/*
 * A connection's bytes to the broker on real stores. Input: up to 8 requests,
 * each 2 bytes that choose API and version, a length of 2 bytes, and that many
 * bytes of body behind a header made here. An input whose first byte is 0xff is
 * sent as it is, frames and all.
 */

#define REQUESTS_MAX 8
#define RUNS_PER_BROKER 500 /* then a fresh folder: topics and groups pile up */

static struct harness h;
static int n_runs;

static void
put_request(struct buf *b, const struct broker_api *a, int16_t version,
	struct slice body)
{
	bool is_flexible = broker_api_is_flexible(a, version);
	char head[15] = {0};
	size_t n = is_flexible ? 15 : 14;

	wire_put_u32(head, (uint32_t)(n - 4 + body.len));
	wire_put_u16(head + 4, (uint16_t)a->key);
	wire_put_u16(head + 6, (uint16_t)version);
	buf_append(b, head, n);
	buf_append_slice(b, body);
}

static void
put_requests(struct buf *b, const uint8_t *p, size_t len)
{
	for (int i = 0; i < REQUESTS_MAX && len >= 4; i++) {
		const struct broker_api *a = &broker_apis[p[0] % broker_n_apis];
		int n_versions = a->max - a->min + 1;
		int16_t version = (int16_t)(a->min + p[1] % n_versions);
		size_t n = ((size_t)p[2] << 8) | p[3];

		p += 4;
		len -= 4;
		n = n < len ? n : len;
		put_request(b, a, version, slice_of((const char *)p, n));
		p += n;
		len -= n;
	}
}

/* Answers must be whole frames. */
static void
check_answers(int peer)
{
	static char got[1 << 20];
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(got) &&
		(n = recv(peer, got + have, sizeof(got) - have, 0)) > 0)
		have += (size_t)n;
	if (have == sizeof(got))
		return;
	for (size_t at = 0; at < have;) {
		size_t size;

		FUZZ_CHECK(have - at >= 8);
		size = wire_get_u32(got + at);
		FUZZ_CHECK(size >= 4 && size <= have - at - 4);
		at += 4 + size;
	}
}

static void
close_conns(void)
{
	lock_take(&h.b->lock);
	for (struct conn *c = h.b->conns; c != NULL; c = c->next)
		broker_conn_close(h.b, c, NULL);
	lock_release(&h.b->lock);
	harness_settle(&h);
	FUZZ_CHECK(h.b->n_conns == 0 && h.b->n_outside == 0);
	FUZZ_CHECK(h.b->mem_used == 0 && h.b->n_parked == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const char *const set[] = {"clickhouse.mode=off",
		"kafka.allow_produce=events_plugin_ingestion", NULL};
	struct conn *c;
	struct buf b;
	int peer;

	if (n_runs == 0) {
		log_configure(LOG_ERROR, LOG_LOGFMT);
		harness_open(&h, set);
		h.b->listens_on_loopback = true; /* topics on asking */
	}
	buf_init(&b, 1 << 24);
	if (len > 0 && p[0] == 0xff)
		buf_append(&b, p + 1, len - 1);
	else
		put_requests(&b, p, len);
	c = harness_connect(&h, &peer);
	harness_feed(&h, c, b.p, b.len);
	harness_settle(&h);
	check_answers(peer);
	close_conns();
	close(peer);
	buf_fini(&b);
	if (++n_runs == RUNS_PER_BROKER) {
		harness_close(&h);
		n_runs = 0;
	}
	return 0;
}
