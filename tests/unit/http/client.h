#ifndef TESTS_UNIT_HTTP_CLIENT_H
#define TESTS_UNIT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A blocking client for tests: bytes out, one answer in. */
struct client {
	int fd;
	char in[256 * 1024];
	size_t n_in;
};
struct reply {
	int status;
	char head[8192];
	char body[128 * 1024];
	size_t n_body;
};
void client_connect(struct client *c, uint16_t port);
void client_connect_unix(struct client *c, const char *path);
void client_close(struct client *c);
void client_send(struct client *c, const void *p, size_t n);
void client_send_text(struct client *c, const char *text);
/* Reads one answer; status 0 when the peer closed without one. */
void client_read(struct client *c, struct reply *r);
/* As read, for the answer to HEAD: no body follows. */
void client_read_head(struct client *c, struct reply *r);
/* Waits until the peer has closed; fails after ten seconds. */
void client_expect_close(struct client *c);
/* The value of a header in the head, or NULL; in a static buffer. */
const char *reply_header(const struct reply *r, const char *name);

#endif
