#ifndef SLUICE_CAPTURE_CAPTURE_INT_H
#define SLUICE_CAPTURE_CAPTURE_INT_H

#include <stdatomic.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/net.h"
#include "base/queue.h"
#include "base/slice.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "capture/answer.h"
#include "capture/body.h"
#include "capture/capture.h"
#include "capture/job.h"
#include "capture/lane.h"
#include "capture/quota.h"
#include "capture/rules.h"
#include "capture/share.h"
#include "conf/conf.h"
#include "dedupe/dedupe.h"
#include "http/http.h"
#include "store/store.h"
#include "team/team.h"
#include "topic/batch.h"
#include "topic/topic.h"

/* What an HTTP thread decodes itself; larger requests go to the heavy
 * thread. */
#define CAPTURE_LIGHT_BYTES ((size_t)4 * 1024 * 1024)
#define CAPTURE_LIGHT_EVENTS 20000
#define CAPTURE_MAX_PROXIES 64
#define CAPTURE_COMMIT_TIMEOUT_MS 15000
#define CAPTURE_HEAVY_TIMEOUT_MS 60000
#define CAPTURE_HEAVY_QUEUE 32
/* Over what a look-up takes at its worst. */
#define CAPTURE_KEY_TIMEOUT_MS 20000
/* Least Retry-After while the disk is full. */
#define CAPTURE_FULL_RETRY_S 5
/* A replaced struct capture_conf: far longer than a run of the steps. */
#define CAPTURE_CONF_KEPT_NS ((int64_t)600 * 1000000000)
/* What a project may send at once, in seconds of its rate limit. */
#define CAPTURE_RATE_BURST_S 10

/* Settings as they were read; replaced as a whole on reload. */
struct capture_conf {
	struct capture_conf *older;
	int64_t replaced_ns; /* then it is kept for a while */
	int64_t max_body_bytes, max_recording_body_bytes;
	size_t max_decoded_bytes, max_event_bytes, max_recording_bytes;
	bool keep_unknown;
	int64_t keep_unknown_max_bytes;
	int proxy; /* enum conf_proxy_protocol, of connections of these: */
	int n_proxies;
	struct net_cidr proxies[CAPTURE_MAX_PROXIES];
	struct capture_rules rules;
};

/* Buffers of the decoding; one request at a time has it. */
struct capture_scratch {
	struct buf a, b;
	struct buf events; /* struct capture_event, back to back */
	struct capture_scratch *next;
};

/* What a request waits for on no thread, before it runs once more. */
enum capture_wait {
	CAPTURE_GOES_ON,
	CAPTURE_WAITS_FOR_KEY,
	CAPTURE_WAITS_FOR_LETTERS /* of its key, to be put back */
};

/* A request that goes through its steps once more, on another thread. */
struct capture_again {
	struct queue_node node;
	struct team_question question;
	struct capture *c;
	struct http_request *r;
	const struct capture_step *steps;
	unsigned path_flags;
	bool is_heavy; /* on the heavy thread */
	enum team_answer answer; /* TEAM_ASK: not asked */
	bool has_waited; /* for letters: no longer than this */
	int64_t until_ns; /* of that wait */
	char token[LIMIT_TOKEN_BYTES];
};

struct capture_ctx;
struct capture_message;
struct capture_step {
	const char *name;
	int (*run)(
		struct capture_ctx *x); /* 0, or -1 with the refusal filled */
};
struct capture_v1;

/* One request on its way through the steps. */
struct capture_ctx {
	struct capture *c; /* NULL in tests of the decoding */
	const struct capture_conf *conf;
	struct http_request *r;
	struct arena *a;
	struct capture_scratch *s;
	const struct capture_step *steps; /* the last one's run is NULL */
	struct capture_v1 *v1; /* of that endpoint alone */
	unsigned path_flags;
	struct slice query_text, raw, content_type, content_encoding;
	size_t max_decoded; /* at this stage: light or full */
	bool on_heavy; /* runs on the heavy thread */
	bool is_heavy; /* out: too large for an HTTP thread */
	struct capture_query q;
	bool raw_from_query;
	enum capture_hint form_hint;
	struct slice form_token;
	struct slice text; /* decoded JSON text */
	struct capture_body body;
	struct slice token; /* trimmed */
	const struct team_snapshot *teams;
	const struct team *team; /* NULL: unknown and kept */
	enum team_anonymize anonymize;
	bool is_unknown; /* kept as dead letters */
	enum team_answer answer; /* of a request that runs once more */
	bool has_waited; /* for letters */
	enum capture_wait wait; /* out: it is not done */
	bool is_behind; /* a dead letter because others of its key wait */
	bool is_remembered; /* events with a client's uuid are */
	bool is_unasked; /* because Postgres could not be asked for the token */
	uint32_t used[TEAM_N_KINDS]; /* of quotas; only with quotas */
	bool is_over_quota; /* and nothing else is left */
	bool is_done; /* success without anything to store */
	int64_t now_us;
	char now[CLOCK_TEXT_MAX];
	size_t now_len;
	struct slice sent_at; /* RFC 3339 text as it goes into the message */
	struct slice sent_at_invalid;
	char ip[NET_ADDR_TEXT]; /* as it goes into the message */
	uint32_t share; /* 0 until its project is known */
	struct capture_job *job;
	struct capture_job
		*portion; /* that gets the records; job or behind it */
	struct capture_refusal no;
};

struct capture {
	struct team_cache *teams;
	struct store *spool;
	bool (*may_accept)(void *cookie, bool is_recording);
	void *cookie;
	struct http_tls *tls;
	char *listen_text, *tls_listen_text;
	int64_t timeout_ms, max_inflight_bytes;
	int n_threads, max_connections, max_connections_per_address;
	struct capture_conf *_Atomic conf;
	struct http_server *http;
	struct store_part *main, *historical, *recordings, *letters;
	struct store_part *overflow, *redirected;
	struct store_part *recordings_overflow, *recordings_dlq;
	struct quotas *quotas;
	struct buckets *overflow_rate, *global, *project_rate;
	struct share_table shares;
	struct dedupe *dedupe; /* NULL: nothing is remembered */
	struct lane lane;
	struct lock lock; /* guards scratches and jobs */
	struct capture_scratch *scratches;
	struct capture_job *jobs;
	int n_jobs;
	struct queue heavy;
	struct thread heavy_thread;
	struct queue again; /* struct capture_again */
	_Atomic bool is_stopping; /* nothing is held any more */
	struct thread again_thread;
	size_t heavy_bytes; /* guarded by lock */
	struct cond heavy_written;
};

/* A step returns 0, or -1 with ctx->no filled. */
int capture_refuse(struct capture_ctx *x, int status, enum capture_error error,
	const char *fmt, ...) PRINTF(4, 5);
/* 503, and counts why. */
int capture_shed(
	struct capture_ctx *x, enum capture_error error, enum refusal why);

/* query.c */
int capture_read_query(struct capture_ctx *x);
enum capture_hint capture_hint_of(struct slice value, bool any_case);

/* decode.c: x->raw to x->text */
int capture_decode(struct capture_ctx *x);
/* Of a text inside the body (3.1 addition a): unwraps and unzips it. */
int capture_decode_inner(
	struct capture_ctx *x, struct slice in, struct slice *out);
/* form.c */
int capture_read_form(struct capture_ctx *x, struct slice *payload);
bool capture_looks_form(struct slice s);
bool capture_looks_base64(struct slice s, bool blanks_too);
bool capture_media_type_is(struct slice content_type, const char *type);

/* shape.c: x->text to x->body */
int capture_parse(struct capture_ctx *x);
/* event.c: json cursor at an object */
/* check.c: from the body to what is to be written */
int capture_check_token(struct capture_ctx *x);
int capture_check_events(struct capture_ctx *x);
int capture_drop_filtered(struct capture_ctx *x);
/* project.c */
enum capture_key {
	CAPTURE_KEY_KNOWN, /* team is set */
	CAPTURE_KEY_KEPT, /* as dead letters */
	CAPTURE_KEY_WAITS, /* for an answer: the request runs once more */
	CAPTURE_KEY_AWAY, /* cannot be asked for, and no room for letters */
	CAPTURE_KEY_NOBODYS
};
enum capture_key capture_find_key(struct capture_ctx *x);
int capture_check_project(struct capture_ctx *x);
/* allow.c */
int capture_check_rate(struct capture_ctx *x);
int capture_check_quota(struct capture_ctx *x);
int capture_v1_check_quota(struct capture_ctx *x);
/* address.c */
enum http_proxy capture_proxy(void *app, const struct net_addr *peer);
int capture_find_address(struct capture_ctx *x);
/* A header as it may stand in a text: what is not UTF-8 becomes U+FFFD. */
struct slice capture_header_text(struct capture_ctx *x, const char *name);
/* message.c */
int capture_write_records(struct capture_ctx *x);
/* Takes a job for the records, if the front log may take any. */
int capture_begin_records(struct capture_ctx *x);
/* m holds what is known beforehand; the topic follows from both. */
int capture_write_event(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m);
int capture_write_record(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m);
struct capture_out *capture_out(struct capture_ctx *x, struct store_part *part);
/* Makes room in the out's batch for a record of about so many bytes. */
void capture_out_begin(
	struct capture_ctx *x, struct capture_out *o, size_t estimate);
int capture_outs_end(struct capture_ctx *x);
/* The message 5.1 of one event into b; the caller bounds it. */
struct capture_message {
	char uuid[36];
	int64_t at_us;
	bool has_at; /* at_us is given, not computed */
	bool is_historical;
	bool is_old; /* and sent to the historical topic for it */
	bool no_person; /* header force_disable_person_processing */
};
struct capture_headers {
	struct batch_header_kv kv[16];
	char ms[24];
};
struct slice capture_event_key(
	struct capture_ctx *x, const struct capture_event *ev);
/* Whether historical_migration leaves it where it is: spec capture 3.7. */
bool capture_keeps_own_topic(const struct capture_event *ev);
uint32_t capture_event_headers(struct capture_ctx *x,
	const struct capture_event *ev, const struct capture_message *m,
	struct capture_headers *h);
int capture_too_large(struct capture_ctx *x, size_t len, size_t max);
void capture_take_sent_at(struct capture_ctx *x);
void capture_put_message(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m, struct buf *b);
/* The same around another text of data. */
typedef void capture_put_data(struct capture_ctx *x,
	const struct capture_event *ev, struct slice arg, struct buf *b);
void capture_put_message_around(struct capture_ctx *x,
	const struct capture_event *ev, struct capture_message *m,
	struct slice arg, struct buf *b, capture_put_data *put);
/* letter.c */
int capture_write_letter(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m);
/* Reason of the letter, its step, time and topic into the headers; n of them
 * are there. at has room for the time. */
uint32_t capture_letter_headers(struct capture_ctx *x,
	const struct capture_message *m, struct capture_headers *h, uint32_t n,
	char at[CLOCK_TEXT_MAX]);
/* recording.c */
int capture_write_recording(struct capture_ctx *x);

/* nested.c: copies raw JSON compactly; lone surrogates become U+FFFD. nested:
 * as part of a JSON string, so quotes and backslashes are escaped. */
void capture_put_raw(struct buf *b, struct slice raw, bool nested);
/* As put_raw for an object, without members "$ip", or with their value
 * replaced by this text if it has a length. */
void capture_put_without_ip(
	struct buf *b, struct slice raw, bool nested, struct slice instead);

/* known.c: events that the project sent before */
void capture_note_print(struct capture_ctx *x, const struct capture_event *ev,
	const struct capture_out *o, struct slice name);
/* portion.c: true when it is time for another portion, at the next event. */
bool capture_portion_is_full(const struct capture_ctx *x);
int capture_portion_next(struct capture_ctx *x);

/* submit.c: the job to the writer, and its answer */
void capture_submit(struct capture_ctx *x, bool is_suspended);

/* steps.c */
void capture_on_events(struct http_request *r);
void capture_on_engage(struct http_request *r);
void capture_on_legacy(struct http_request *r);
void capture_on_recording(struct http_request *r);
/* Runs the steps and answers, or hands over. is_suspended: on the heavy thread
 * with the right to answer. */
void capture_run(struct capture_ctx *x, bool is_suspended);
/* Runs it once more; the caller has the right to answer. Its share. */
uint32_t capture_run_again(struct capture_again *g);
/* Another run of x's request, in its arena; NULL: no memory. */
struct capture_again *capture_again_new(struct capture_ctx *x);
/* To the heavy thread; the request is suspended. */
void capture_hand_to_heavy(struct capture_again *g);
/* again.c: x waits for what its run found missing. */
void capture_wait(struct capture_ctx *x, bool is_suspended);
void capture_again_thread(void *cookie);
void capture_heavy_thread(void *cookie);
void capture_on_v1(struct http_request *r);
void capture_on_csp(struct http_request *r);
/* csp.c: reports of browsers, spec capture 3.10 */
int capture_csp_read(struct capture_ctx *x);
extern const struct http_route capture_routes[];
extern const struct capture_step capture_v0_steps[], capture_csp_steps[];

/* v1.c, v1_body.c: the endpoint of spec capture 12 */
extern const struct capture_step capture_v1_steps[];
/* status, tag and description as that endpoint words them. */
int capture_refuse_v1(struct capture_ctx *x, int status, const char *tag,
	const char *description);
int capture_shed_v1(struct capture_ctx *x, enum refusal why);
void capture_word_v1(
	struct capture_refusal *no, const char *tag, const char *description);
int capture_v1_parse(struct capture_ctx *x);
int capture_v1_check(struct capture_ctx *x);
int capture_v1_rules(struct capture_ctx *x);
int capture_v1_write(struct capture_ctx *x);

#endif
