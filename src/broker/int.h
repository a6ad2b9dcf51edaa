#ifndef SLUICE_BROKER_INT_H
#define SLUICE_BROKER_INT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/net.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "broker/kerr.h"
#include "broker/map.h"
#include "broker/msg.h"
#include "broker/timer.h"
#include "conf/conf.h"
#include "store/sql.h"
#include "store/store.h"
#include "topic/topic.h"

/*
 * The inside of broker/. Everything reachable from struct broker is guarded by
 * its lock, which the net thread holds while it works (never while it waits);
 * other threads take it for short reads. Exceptions are named.
 */

#define BROKER_NODE_ID 1
#define BROKER_LEADER_EPOCH 0
#define BROKER_CLUSTER_ID_CHARS 22
#define BROKER_N_FILES 4 /* by enum topic_file; 0 is unused */

struct conn;
struct request;

/* Work that another thread hands to the net thread. */
struct post {
	struct post *next;
	void (*fn)(struct broker *b, struct post *p);
};

/* Work for the reader pool; completion is posted. */
struct pool_job {
	struct pool_job *next;
	/* @thread broker_read; r: its connections by enum topic_file */
	void (*run)(struct pool_job *j, struct store_conn *const *r);
	struct post done;
};
#define BROKER_READERS 2
struct pool_reader {
	struct thread thread;
	struct broker *b;
	struct store_conn *conns[BROKER_N_FILES];
};
struct pool {
	struct lock lock; /* guards first, last, stop */
	struct cond wake;
	struct pool_job *first, **last;
	bool stop;
	struct pool_reader readers[BROKER_READERS];
};

/* One row per API: the gate, ApiVersions, the reader, the writer and the
 * manual read this table (spec kafka 1.2). */
enum api_flags {
	/* May start while earlier ones of the same kind wait on its
	 * connection. */
	API_PIPELINED = 1,
};
struct broker_api {
	int16_t key, min, max;
	int16_t first_flexible; /* -1: none */
	unsigned flags;
	const char *name;
	const struct wire_schema *req, *resp;
	void (*start)(struct broker *b, struct request *r);
};
extern const struct broker_api broker_apis[];
extern const int broker_n_apis;
const struct broker_api *broker_api_find(int16_t key);
bool broker_api_is_flexible(const struct broker_api *a, int16_t version);

enum request_state { REQUEST_WAITS, REQUEST_STARTED, REQUEST_ANSWERED };

/*
 * REQUEST_WAITS -> REQUEST_STARTED [broker_request_start]
 * REQUEST_STARTED -> REQUEST_ANSWERED [broker_request_answer, _answer_none]
 * The connection's queue holds one reference, each piece of work elsewhere one
 * more; conn is NULL once the connection is gone (broker-4).
 */
struct request {
	struct request *next;
	struct conn *conn;
	const struct broker_api *api;
	int16_t version;
	int32_t correlation_id;
	struct slice client_id;
	enum request_state state;
	int n_refs;
	char *frame;
	size_t frame_len, body_at;
	size_t charged; /* bytes of the memory budget */
	struct arena arena;
	void *body; /* the C struct of api->req, in arena */
	/* The connection went while this was started. */
	void (*abort)(struct broker *b, struct request *r);
	void *work; /* the handler's */
	struct timer timer; /* the handler's */
	struct buf out;
	struct wire_piece *pieces;
	uint32_t n_pieces, max_pieces;
	size_t out_len; /* whole answer; 0: none is sent */
};
/* Takes frame, also on failure. NULL: close the connection (it is logged). */
struct request *broker_request_new(
	struct broker *b, struct conn *c, char *frame, size_t len);
void broker_request_start(struct broker *b, struct request *r);
/* resp: the C struct of api->resp. Nothing if the connection is gone. */
void broker_request_answer(
	struct broker *b, struct request *r, const void *resp);
void broker_request_answer_none(struct broker *b, struct request *r);
void broker_request_ref(struct request *r);
void broker_request_unref(struct broker *b, struct request *r);
/* From the request's arena; NULL: the connection was closed. */
void *broker_request_alloc(
	struct broker *b, struct request *r, size_t n, size_t size);
void broker_request_fail(struct broker *b, struct request *r, const char *why);

struct conn {
	struct conn *prev, *next;
	struct conn *dirty_next, *starved_next;
	int fd;
	uint64_t id;
	struct net_addr peer;
	char local_host[NET_ADDR_TEXT];
	uint16_t local_port;
	uint32_t epoll_events;
	bool is_dirty, is_starved, is_dead, at_eof, has_logged;
	/* input */
	char head[4];
	uint8_t head_len;
	bool in_frame;
	uint32_t frame_size;
	char *frame;
	size_t frame_len, frame_cap;
	int64_t frame_since_ns;
	struct buf left; /* read, but there was no room to take it */
	/* requests in order of arrival */
	struct request *first, **last;
	uint32_t n_requests;
	size_t sent; /* of first's answer */
	size_t unsent; /* bytes of answers not sent */
	int64_t last_read_ns, last_write_ns;
};
void broker_conn_accept(struct broker *b);
void broker_conn_readable(struct broker *b, struct conn *c);
void broker_conn_dirty(struct broker *b, struct conn *c);
/* Marks it dead; it is freed at the end of the loop's round. */
void broker_conn_close(struct broker *b, struct conn *c, const char *why);
/* Sends, starts what may start, frees the dead; until nothing is dirty. */
void broker_conn_settle(struct broker *b);
/* Lets those that waited for memory try again. */
void broker_conn_wake_starved(struct broker *b);
void broker_conn_sweep(struct broker *b, int64_t now_ns);
void broker_conn_free_all(struct broker *b);
/* Input from a test or a fuzzer, as if it had been received. */
void broker_conn_feed(
	struct broker *b, struct conn *c, const char *p, size_t n);
struct conn *broker_conn_new(struct broker *b, int fd);
bool broker_conn_send(struct broker *b, struct conn *c);

/* Memory in flight (spec kafka 6.2). */
#define BROKER_SMALL_FRAME_BYTES (16 * 1024)
#define BROKER_SMALL_RESERVE_BYTES (16 * 1024 * 1024)
bool broker_mem_take(struct broker *b, struct conn *c, size_t n);
void broker_mem_force(struct broker *b, size_t n);
void broker_mem_give(struct broker *b, size_t n);

/* A partition of the catalogue. */
struct wait {
	struct wait *prev, *next;
	struct request *request;
	struct bpart *part;
};
struct bpart {
	struct map_node by_store;
	struct btopic *topic;
	int32_t idx;
	enum topic_file file_no;
	struct store *file;
	struct store_part *part;
	struct wait *waits; /* parked fetches */
	uint64_t produce_serial; /* last Produce that named it */
};
enum btopic_state { TOPIC_LIVE, TOPIC_CREATING, TOPIC_GOING, TOPIC_GONE };
/* Never freed before the broker: others keep pointers. */
struct btopic {
	struct map_node by_name, by_id;
	struct btopic *next;
	int64_t row; /* topic.id in broker.db */
	char *name;
	struct uuid id;
	enum topic_id own; /* TOPIC_N: of an outside client */
	enum btopic_state state;
	int32_t n_parts;
	struct bpart *parts;
	char **configs; /* by enum topic_config; NULL: default */
	int64_t max_message_bytes;
	bool log_append_time;
};
struct btopic *broker_topic_find(struct broker *b, struct slice name);
struct btopic *broker_topic_find_id(struct broker *b, const struct uuid *id);
/* NULL: unknown, or not open. */
struct bpart *broker_part_find(
	struct broker *b, struct slice name, int32_t idx);
/* The name that the partitions have in the files (no prefix). */
const char *broker_topic_store_name(const struct btopic *t);

struct broker {
	const struct conf *conf;
	struct store *files[BROKER_N_FILES];
	struct lock lock;
	/* net */
	int epoll_fd, event_fd, listen_fd;
	uint16_t port;
	bool listens_on_loopback;
	char advertised_host[256];
	uint16_t advertised_port; /* 0: the address they came in by */
	struct thread net;
	bool is_stopping, net_runs;
	int64_t stop_deadline_ns;
	struct timer_wheel timers;
	struct timer sweep, expire;
	struct pool pool;
	struct conn *conns, *dirty, *dead;
	struct conn *starved, **starved_last, *overdraft;
	uint32_t n_conns;
	uint64_t next_conn_id;
	size_t mem_used, mem_max;
	char *scratch; /* input buffer */
	uint32_t n_outside; /* requests' work in other threads */
	/* posts: own lock */
	struct lock post_lock;
	struct post *posts, **posts_last;
	/* watch: own lock */
	struct watch *watch;
	atomic_uint n_parked; /* fetches that wait for data */
	/* catalogue */
	char cluster_id[BROKER_CLUSTER_ID_CHARS + 1];
	struct map topics, topic_ids, store_parts;
	struct btopic *all_topics;
	uint32_t n_topics, n_parts;
	int64_t pid_next, pid_end; /* producer ids reserved durably */
	/* groups */
	struct map groups;
	uint32_t n_groups, n_members;
	/* produce: appends that found the store's queue full */
	struct append *retry, **retry_last;
	struct timer retry_timer;
	uint64_t produce_serial;
	bool is_full; /* broker.db has reached kafka.max_bytes */
};
int64_t broker_now_ns(void);
void broker_post(struct broker *b, struct post *p);
/* false: stopping. */
bool broker_pool_put(struct broker *b, struct pool_job *j);
MUST_CHECK int broker_pool_start(struct broker *b, struct err *e);
void broker_pool_stop(struct broker *b);
MUST_CHECK int broker_watch_init(struct broker *b, struct err *e);
/* From here on the stores' calls do nothing. */
void broker_watch_off(struct broker *b);
void broker_net_main(void *cookie);
/* What is due: posts, timers, starved and dirty connections. @locks broker
 * (held) */
void broker_net_round(struct broker *b);

enum kerr broker_kerr_of(enum err_code code);
/* Host and port that this client is to use. */
struct slice broker_host_for(const struct broker *b, const struct conn *c);
int32_t broker_port_for(const struct broker *b, const struct conn *c);

#endif
