#ifndef SLUICE_HTTP_ADMIT_H
#define SLUICE_HTTP_ADMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/net.h"
#include "base/thread.h"

struct http_door;
struct http_server;

/*
 * The one place where a connection is let in or refused, before libmicrohttpd
 * sees it, and what each client's address has.
 */
#define HTTP_ADDRESS_BUCKETS 1024

/* There while it has a connection. */
struct http_address {
	struct http_address *next;
	struct net_addr key;
	int n; /* connections; guarded by the lock */
	_Atomic int64_t bytes; /* of bodies of requests under way */
};

struct http_admission {
	_Atomic int n, n_leaving; /* connections; those that were told to go */
	_Atomic int n_sending; /* addresses that have bytes */
	int64_t made_room_ns, log_ns; /* the accepting thread's */
	struct lock lock; /* guards buckets */
	struct http_address *buckets[HTTP_ADDRESS_BUCKETS];
};

void http_admission_init(struct http_admission *a);
void http_admission_fini(struct http_admission *a);
/* client: whom limits per address are for, the one that a proxy named. false:
 * refused; the caller closes fd. @thread accept */
bool http_admit(struct http_server *s, const struct http_door *door, int fd,
	const struct net_addr *client);
/* A connection that was let in has ended. */
void http_release(struct http_server *s, const struct net_addr *client);
/* Of a connection that was let in, until it is released. */
struct http_address *http_address_of(
	struct http_server *s, const struct net_addr *client);
/* May the address's bodies grow by n? NULL: yes. */
bool http_address_may_take(
	struct http_server *s, struct http_address *a, int64_t n);
void http_address_count(
	struct http_server *s, struct http_address *a, int64_t n);

#endif
