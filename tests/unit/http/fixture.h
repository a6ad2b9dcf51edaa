#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include "base/thread.h"
#include "http/http.h"
#include "tests/unit/http/client.h"

/* A server on a free port with routes that echo, hold, stream and break. */
struct fixture {
	struct http_server *s;
	uint16_t port;
	struct http_request *held; /* suspended by /hold */
	struct lock lock;
	struct cond cond;
	bool is_blocked, may_go_on; /* /block keeps the HTTP thread */
	struct thread later;
	int n_streamed;
	int64_t timeout_ms;
};
/* Fills what o leaves open; a listener of o's own is used if it has one. */
void fixture_start(struct fixture *f, struct http_options *o);
void fixture_stop(struct fixture *f);
/* The request that /hold suspended; waits for it. */
struct http_request *fixture_take_held(struct fixture *f);
/* Thread: resumes held requests with their body, until one says "last". */
void fixture_resume_all(void *cookie);
void fixture_ask(struct client *c, struct reply *r, const char *text);
void fixture_post(struct client *c, struct reply *r, const char *where,
	const void *p, size_t n);

/* After <cmocka.h>. */
extern const struct CMUnitTest http_admit_tests[];
extern const size_t http_n_admit_tests;
extern const struct CMUnitTest http_bound_tests[];
extern const size_t http_n_bound_tests;
extern const struct CMUnitTest http_crowd_tests[];
extern const size_t http_n_crowd_tests;
extern const struct CMUnitTest http_proxy_tests[];
extern const size_t http_n_proxy_tests;

#endif
