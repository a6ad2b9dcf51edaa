#include "tests/unit/http/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void
set_up(struct client *c, int family, const void *addr, socklen_t len)
{
	struct timeval tv = {10, 0};

	c->n_in = 0;
	c->fd = socket(family, SOCK_STREAM, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(
		setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(connect(c->fd, addr, len), 0);
}

void
client_connect(struct client *c, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	set_up(c, AF_INET, &sa, sizeof(sa));
	assert_int_equal(setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1},
				 sizeof(int)),
		0);
}

void
client_connect_unix(struct client *c, const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	assert_true(strlen(path) < sizeof(sa.sun_path));
	memcpy(sa.sun_path, path, strlen(path) + 1);
	set_up(c, AF_UNIX, &sa, sizeof(sa));
}

void
client_close(struct client *c)
{
	close(c->fd);
}

void
client_send(struct client *c, const void *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return; /* the peer cut us off: the answer tells */
		p = (const char *)p + k;
		n -= (size_t)k;
	}
}

void
client_send_text(struct client *c, const char *text)
{
	client_send(c, text, strlen(text));
}

static int
more(struct client *c)
{
	ssize_t k;

	if (c->n_in >= sizeof(c->in) - 1)
		return 0;
	k = recv(c->fd, c->in + c->n_in, sizeof(c->in) - 1 - c->n_in, 0);
	if (k <= 0)
		return 0;
	c->n_in += (size_t)k;
	return 1;
}

static void
drop(struct client *c, size_t n)
{
	memmove(c->in, c->in + n, c->n_in - n);
	c->n_in -= n;
}

static int
read_head(struct client *c, struct reply *r)
{
	char *end;
	size_t n;

	memset(r, 0, sizeof(*r));
	for (;;) {
		c->in[c->n_in] = '\0';
		end = strstr(c->in, "\r\n\r\n");
		if (end != NULL)
			break;
		if (!more(c))
			return 0;
	}
	n = (size_t)(end - c->in) + 4;
	assert_true(n < sizeof(r->head));
	memcpy(r->head, c->in, n);
	drop(c, n);
	assert_int_equal(strncmp(r->head, "HTTP/1.", 7), 0);
	r->status = (int)strtol(r->head + 9, NULL, 10);
	return 1;
}

static void
read_chunked(struct client *c, struct reply *r)
{
	for (;;) {
		char *eol;
		size_t n, line;

		c->in[c->n_in] = '\0';
		eol = strstr(c->in, "\r\n");
		if (eol == NULL) {
			assert_true(more(c));
			continue;
		}
		n = strtoul(c->in, NULL, 16);
		line = (size_t)(eol - c->in) + 2;
		while (c->n_in < line + n + 2)
			assert_true(more(c));
		assert_true(r->n_body + n < sizeof(r->body));
		memcpy(r->body + r->n_body, c->in + line, n);
		r->n_body += n;
		drop(c, line + n + 2);
		if (n == 0)
			return;
	}
}

void
client_read(struct client *c, struct reply *r)
{
	const char *len;
	size_t n;

	do {
		if (!read_head(c, r))
			return;
	} while (r->status == 100);
	if (reply_header(r, "Transfer-Encoding") != NULL) {
		read_chunked(c, r);
		return;
	}
	len = reply_header(r, "Content-Length");
	n = len == NULL ? 0 : strtoul(len, NULL, 10);
	assert_true(n < sizeof(r->body));
	while (c->n_in < n)
		assert_true(more(c));
	memcpy(r->body, c->in, n);
	r->n_body = n;
	drop(c, n);
}

void
client_read_head(struct client *c, struct reply *r)
{
	assert_true(read_head(c, r));
}

void
client_expect_close(struct client *c)
{
	while (more(c))
		c->n_in = 0;
	/* Not if recv gave up after its time-out. */
	assert_true(recv(c->fd, c->in, 1, MSG_DONTWAIT) == 0 ||
		    (errno != EAGAIN && errno != EWOULDBLOCK));
}

const char *
reply_header(const struct reply *r, const char *name)
{
	static char value[1024];
	const char *p = r->head;
	size_t len = strlen(name);

	while ((p = strstr(p, "\r\n")) != NULL) {
		p += 2;
		if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
			p += len + 1;
			while (*p == ' ')
				p++;
			snprintf(value, sizeof(value), "%.*s",
				(int)strcspn(p, "\r"), p);
			return value;
		}
	}
	return NULL;
}
