#include "broker/int.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "topic/wire.h"

/* Reading and writing of one connection. Frame: int32 size, then that many
 * bytes (spec kafka 2.1). */

#define SCRATCH_BYTES ((size_t)64 * 1024)
#define FRAME_FIRST_BYTES ((size_t)4096)
#define FRAME_BYTES_MIN 8
#define READS_PER_ROUND 4
#define SEND_IOV 64

bool
broker_mem_take(struct broker *b, struct conn *c, size_t n)
{
	size_t max = b->mem_max;

	if (c->frame_size <= BROKER_SMALL_FRAME_BYTES)
		max += BROKER_SMALL_RESERVE_BYTES;
	if (b->mem_used + n > max) {
		/* One connection may go over, so that requests that arrived
		 * in part cannot hold up each other for ever. */
		if (b->overdraft != NULL && b->overdraft != c)
			return false;
		b->overdraft = c;
	}
	b->mem_used += n;
	return true;
}

void
broker_mem_force(struct broker *b, size_t n)
{
	b->mem_used += n;
}

void
broker_mem_give(struct broker *b, size_t n)
{
	b->mem_used -= n < b->mem_used ? n : b->mem_used;
}

static void
starve(struct broker *b, struct conn *c)
{
	c->is_starved = true;
	c->starved_next = NULL;
	*b->starved_last = c;
	b->starved_last = &c->starved_next;
}

/* Room in the frame; false when it must wait or the connection was closed. */
static bool
make_room(struct broker *b, struct conn *c)
{
	size_t cap = c->frame_cap == 0 ? FRAME_FIRST_BYTES : c->frame_cap * 2;
	char *p;

	if (c->frame_len < c->frame_cap)
		return true;
	if (cap > c->frame_size)
		cap = c->frame_size;
	if (!broker_mem_take(b, c, cap - c->frame_cap)) {
		starve(b, c);
		return false;
	}
	p = mem_realloc(c->frame, cap);
	if (p == NULL) {
		broker_mem_give(b, cap - c->frame_cap);
		broker_conn_close(b, c, "no memory for a request");
		return false;
	}
	c->frame = p;
	c->frame_cap = cap;
	return true;
}

static const char *
bad_size(const char *head, int32_t size)
{
	if (head[0] == 0x16 && head[1] == 0x03)
		return "TLS on the plain Kafka port";
	if (memcmp(head, "GET ", 4) == 0 || memcmp(head, "POST", 4) == 0 ||
		memcmp(head, "HEAD", 4) == 0 || memcmp(head, "PUT ", 4) == 0 ||
		memcmp(head, "OPTI", 4) == 0)
		return "HTTP on the Kafka port";
	if (size < FRAME_BYTES_MIN || size > LIMIT_KAFKA_FRAME_BYTES)
		return "a request of an impossible size";
	return NULL;
}

static bool
begin_frame(struct broker *b, struct conn *c)
{
	int32_t size = (int32_t)wire_get_u32(c->head);
	const char *why = bad_size(c->head, size);

	if (why != NULL) {
		broker_conn_close(b, c, why);
		return false;
	}
	c->head_len = 0;
	c->in_frame = true;
	c->frame_size = (uint32_t)size;
	c->frame_since_ns = broker_now_ns();
	return true;
}

static void
end_frame(struct broker *b, struct conn *c)
{
	struct request *r = broker_request_new(b, c, c->frame, c->frame_len);

	if (r == NULL) {
		broker_mem_give(b, c->frame_cap);
		broker_conn_close(b, c, "a request that is not served");
	} else {
		r->charged = c->frame_cap;
		*c->last = r;
		c->last = &r->next;
		c->n_requests++;
		broker_conn_dirty(b, c);
	}
	if (b->overdraft == c)
		b->overdraft = NULL;
	c->frame = NULL;
	c->frame_len = c->frame_cap = 0;
	c->in_frame = false;
}

/* Takes what it can of one frame; bytes used. 0: it must wait. */
static size_t
feed_some(struct broker *b, struct conn *c, const char *p, size_t n)
{
	size_t take;

	if (!c->in_frame) {
		if (c->n_requests >= LIMIT_KAFKA_PIPELINE)
			return 0;
		if (c->head_len == 0)
			c->frame_since_ns = broker_now_ns();
		take = sizeof(c->head) - c->head_len;
		take = take < n ? take : n;
		memcpy(c->head + c->head_len, p, take);
		c->head_len = (uint8_t)(c->head_len + take);
		if (c->head_len == sizeof(c->head) && !begin_frame(b, c))
			return 0;
		return take;
	}
	if (!make_room(b, c))
		return 0;
	take = c->frame_cap - c->frame_len;
	take = take < n ? take : n;
	memcpy(c->frame + c->frame_len, p, take);
	c->frame_len += take;
	if (c->frame_len == c->frame_size)
		end_frame(b, c);
	return take;
}

void
broker_conn_feed(struct broker *b, struct conn *c, const char *p, size_t n)
{
	while (n > 0 && !c->is_dead) {
		size_t took = feed_some(b, c, p, n);

		if (took == 0)
			break;
		p += took;
		n -= took;
	}
	if (n > 0 && !c->is_dead) {
		buf_append(&c->left, p, n);
		broker_conn_dirty(b, c);
	}
}

static ssize_t
read_once(struct broker *b, struct conn *c)
{
	ssize_t n;

	/* A large frame is read to its place. */
	if (c->in_frame && c->frame_size - c->frame_len > SCRATCH_BYTES) {
		if (!make_room(b, c))
			return 0;
		n = recv(c->fd, c->frame + c->frame_len,
			c->frame_cap - c->frame_len, 0);
		if (n > 0)
			c->frame_len += (size_t)n;
		if (c->frame_len == c->frame_size)
			end_frame(b, c);
		return n == 0 ? -2 : n;
	}
	n = recv(c->fd, b->scratch, SCRATCH_BYTES, 0);
	if (n > 0)
		broker_conn_feed(b, c, b->scratch, (size_t)n);
	return n == 0 ? -2 : n;
}

void
broker_conn_readable(struct broker *b, struct conn *c)
{
	for (int i = 0; i < READS_PER_ROUND; i++) {
		ssize_t n;

		if (c->is_dead || c->is_starved || c->at_eof ||
			c->left.len > 0 ||
			c->n_requests >= LIMIT_KAFKA_PIPELINE)
			break;
		n = read_once(b, c);
		if (n > 0) {
			c->last_read_ns = broker_now_ns();
			continue;
		}
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n == -1)
			broker_conn_close(b, c, NULL);
		else if (n == -2)
			c->at_eof = true; /* what is owed is still sent */
		break;
	}
	broker_conn_dirty(b, c);
}

/* Adds the parts of one answer behind its first skip bytes. */
static int
add_answer(const struct request *r, size_t skip, struct iovec *iov, int n)
{
	size_t at = 0;

	if (r->out_len == 0)
		return n;
	for (uint32_t i = 0; i <= r->n_pieces; i++) {
		size_t end = i < r->n_pieces ? r->pieces[i].at : r->out.len;
		struct slice parts[2] = {slice_of(r->out.p + at, end - at),
			i < r->n_pieces ? r->pieces[i].bytes : SLICE_NONE};

		at = end;
		for (int k = 0; k < 2; k++) {
			size_t cut = skip < parts[k].len ? skip : parts[k].len;

			skip -= cut;
			if (parts[k].len == cut)
				continue;
			if (n == SEND_IOV)
				return n;
			iov[n].iov_base = (void *)(uintptr_t)(parts[k].p + cut);
			iov[n++].iov_len = parts[k].len - cut;
		}
	}
	return n;
}

static void
pop_sent(struct broker *b, struct conn *c)
{
	struct request *r;

	while ((r = c->first) != NULL && r->state == REQUEST_ANSWERED &&
		c->sent >= r->out_len) {
		c->sent -= r->out_len;
		c->first = r->next;
		if (c->first == NULL)
			c->last = &c->first;
		c->n_requests--;
		broker_request_unref(b, r);
	}
}

bool
broker_conn_send(struct broker *b, struct conn *c)
{
	for (;;) {
		struct iovec iov[SEND_IOV];
		struct msghdr m = {.msg_iov = iov};
		size_t skip;
		int n = 0;
		ssize_t sent;

		pop_sent(b, c);
		skip = c->sent;
		for (struct request *r = c->first;
			r != NULL && r->state == REQUEST_ANSWERED &&
			n < SEND_IOV;
			r = r->next, skip = 0)
			n = add_answer(r, skip, iov, n);
		if (n == 0 || c->fd < 0)
			return true;
		m.msg_iovlen = (size_t)n;
		sent = sendmsg(c->fd, &m, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		c->sent += (size_t)sent;
		c->unsent -= (size_t)sent;
		c->last_write_ns = broker_now_ns();
	}
}
