#ifndef SLUICE_ADMIN_ADMIN_INT_H
#define SLUICE_ADMIN_ADMIN_INT_H

#include "admin/admin.h"
#include "auth/role.h"
#include "base/arena.h"
#include "base/json_read.h"
#include "base/thread.h"
#include "clickhouse/clickhouse.h"
#include "conf/conf.h"
#include "series/series.h"

struct auth;
struct head;
struct http_request;
struct http_server;
struct schema_set;
struct dlq;
struct letters_watch;
struct watch;
struct pg_test;
struct admin_waiting;
struct console;
struct team;
struct team_snapshot;

#define ADMIN_WORKERS 4
#define ADMIN_QUERIES_MAX 3 /* of the workers, so that one is always left */
#define ADMIN_WAITING_MAX 256
#define ADMIN_PARAMS_MAX 4
#define ADMIN_HEADERS_MAX 6
#define ADMIN_ANSWER_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define ADMIN_PAGE_BYTES ((size_t)8 * 1024 * 1024)
#define ADMIN_PAGE_MAX 1000
#define ADMIN_RATE_SAMPLES 11

/* One hop as it was seen in the last seconds. */
struct admin_hop {
	uint64_t done[ADMIN_RATE_SAMPLES]; /* ring of counts, one a second */
	int64_t at_ns[ADMIN_RATE_SAMPLES];
	int next, n;
	uint64_t moved_to; /* the count when it moved last */
	int64_t moved_at_ns; /* or had nothing to do; 0: not known yet */
	char last_error[240];
	int64_t last_error_at_us;
};

/* In the order of an event's way. */
enum admin_hop_id {
	ADMIN_HOP_CAPTURE,
	ADMIN_HOP_POSTGRES,
	ADMIN_HOP_INGEST,
	ADMIN_HOP_OUTPUT,
	ADMIN_HOP_BROKER,
	ADMIN_HOP_CLICKHOUSE,
	ADMIN_N_HOPS
};

/* Counters as of the last sample, by the series they belong to. */
struct admin_counts {
	bool has_begun;
	uint64_t was[SERIES_N];
};

struct admin {
	struct admin_options o;
	struct schema_set *schemas; /* of schemas.def */
	struct auth *auth;
	int64_t started_at_us;
	struct http_server *unix_server, *tcp_server;
	struct admin_waiting *waiting;
	struct thread workers[ADMIN_WORKERS];
	struct thread sampler; /* rates, lags and gauges, once a second */
	struct cond sampler_wake; /* on lock */
	struct series *series; /* NULL: no daemon runs */
	struct admin_counts counts; /* the sampler's */
	int64_t aged_at_s; /* the sampler's: when ages were looked at */
	struct thread prober; /* asks Postgres, if there is one */
	struct pg_conn *probe_conn;
	struct dlq *dlq;
	struct letters_watch *letters;
	struct watch *watch; /* NULL: no daemon runs */
	struct console *console; /* queries of people */
	bool stopping; /* guarded by lock */
	int n_queries; /* atomic */
	const char *hosts; /* of admin.hosts, read by the HTTP server */
	const struct conf_set *start_conf; /* what START settings are now */
	struct pg_test *pg_test;
	struct lock settings_change; /* one change at a time */
	struct lock lock; /* guards conf, ports, hops, probe_* below */
	int64_t probe_asked_ns; /* 0: no question is out */
	char probe_text[240]; /* why the last was not good, "" if it was */
	char *ports;
	struct admin_hop hops[ADMIN_N_HOPS];
};

struct admin_header {
	const char *name, *value;
};

/* One request under way, on a worker's thread. */
struct admin_call {
	struct admin *a;
	struct arena *arena;
	const struct http_request *http; /* NULL: in process */
	const struct head *head; /* of http; NULL: in process */
	struct auth_who who;
	struct slice method, path, query, body;
	struct slice param[ADMIN_PARAMS_MAX]; /* decoded :parts of the path */
	struct json_doc json; /* of the body, n_nodes 0 if there is none */
	/* The answer. */
	int status;
	const char *content_type;
	struct buf out;
	struct admin_header headers[ADMIN_HEADERS_MAX];
	int n_headers;
	char field[64]; /* what an error is about */
	uint64_t auth_changes; /* as of the check of who asks */
	bool is_no_change; /* it only looked: not for the audit trail */
	int refused_status; /* of an error without a code of its own, or 0 */
	const char *refused_code;
	const char *error_more; /* more members of an error: ",\"line\":1" */
	/* Instead of out: a stream (see http_answer_stream). */
	long (*stream)(void *cookie, char *out, size_t max);
	void (*stream_free)(void *cookie);
	void *stream_cookie;
};

/* To add one: add a row to admin_routes, and one in schemas/ for each new
 * shape. A path part that begins with ':' is a parameter. Role, query and body
 * are checked before the handler, which fills out, or fails with an err. */
struct admin_route {
	const char *method;
	const char *path;
	enum auth_role role; /* the least that may */
	const char *scope; /* what a personal key must have; NULL: none may */
	/* Parameters, blanks between: PARAM rows of schemas.def. "from@time!":
	 * the parameter from, of the row "from@time", which must be there. */
	const char *query;
	/* SCHEMA rows. NULL: it has no body; nothing is said of its answer. */
	const char *body, *answer;
	const char *summary;
	int (*fn)(struct admin_call *c, struct err *e);
};
extern const struct admin_route admin_routes[];
/* Finds the row and fills the parameters. NOT_FOUND; refused with 405: another
 * method. */
MUST_CHECK int admin_route_find(
	struct admin_call *c, const struct admin_route **out, struct err *e);

/* Runs a call to its end: an answer is always in c. */
void admin_dispatch(struct admin_call *c);
void admin_call_init(struct admin_call *c, struct admin *a, struct arena *arena,
	struct slice method, struct slice target, struct slice body);

/* Query and body. */
struct slice admin_query(struct admin_call *c, const char *name); /* .p NULL */
bool admin_query_flag(struct admin_call *c, const char *name);
MUST_CHECK int admin_query_i64(struct admin_call *c, const char *name,
	int64_t min, int64_t max, int64_t *out, struct err *e);
/* YYYY-MM-DD[THH:MM[:SS][Z]] in UTC as microseconds since 1970. */
bool admin_read_time(struct slice s, int64_t *us);
MUST_CHECK int admin_need_body(struct admin_call *c, struct err *e);
/* A string member of the body; NULL if it is not there. */
MUST_CHECK int admin_body_string(struct admin_call *c, const char *name,
	const char **out, struct err *e);
bool admin_body_flag(struct admin_call *c, const char *name);
/* INVALID that names the field. */
int admin_invalid(struct admin_call *c, struct err *e, const char *field,
	const char *fmt, ...) PRINTF(4, 5);
/* An error with a status and code of its own; both are literals. */
int admin_refuse(struct admin_call *c, struct err *e, int status,
	const char *code, const char *fmt, ...) PRINTF(5, 6);
/* A header of the answer, also of an error. name is a literal, value copied. */
void admin_set_header(
	struct admin_call *c, const char *name, const char *value);
MUST_CHECK int admin_param_i64(struct admin_call *c, int i, const char *what,
	int64_t *out, struct err *e);
struct slice admin_decode(struct arena *a, struct slice s); /* %XX */
bool slice_i64(struct slice s, int64_t *out);

/* A project by the path's first parameter; NOT_FOUND. The snapshot is given
 * back with team_snapshot_unref. */
struct team;
struct team_snapshot;
MUST_CHECK int admin_project(struct admin_call *c,
	const struct team_snapshot **snap, const struct team **team,
	struct err *e);

/* A query of ClickHouse; the answer goes to out (admin-3). BUSY, UNAVAILABLE
 * when it is off. */
MUST_CHECK int admin_ask_clickhouse(struct admin *a, const char *query,
	const char *format, struct buf *out, struct err *e);
/* A query of people (explore/console.h): what it found goes to c->out as an
 * object with the members of more (",\"a\":1", or ""). (console.c) */
struct clickhouse_pair;
MUST_CHECK int admin_ask_console(struct admin_call *c, const char *query,
	const struct clickhouse_pair *params, size_t n_params,
	struct slice more, struct err *e);
/* The person as JSON text, by distinct id, or by uuid if that is NULL. The
 * project is the path's first parameter. NOT_FOUND. */
MUST_CHECK int admin_person_text(struct admin_call *c, struct slice distinct_id,
	struct slice uuid, int64_t *team_id, struct buf *text, struct err *e);

/* Types of groups as lines of JSON; the project is the path's first
 * parameter. */
MUST_CHECK int admin_group_types_text(struct admin_call *c, int64_t *team_id,
	struct buf *lines, struct err *e);
/* The project's id and its persons, which the caller closes. */
struct admin_persons;
MUST_CHECK int admin_persons_begin(struct admin_call *c, int64_t *team_id,
	struct admin_persons *p, struct err *e);
/* Lines of JSON become the items of a page; more: further members. */
void admin_put_page(struct admin_call *c, struct buf *lines, int64_t next,
	const char *more);

/* The sampler (sample.c). */
MUST_CHECK int admin_sampler_start(struct admin *a, struct err *e);
void admin_sampler_stop(struct admin *a);
/* Postgres's probe (probe.c); nothing without Postgres. stop: after the sampler
 * was stopped. */
MUST_CHECK int admin_probe_start(struct admin *a, struct err *e);
void admin_probe_stop(struct admin *a);
/* false: it is stopped or hangs, and why. */
bool admin_probe_is_good(struct admin *a, char why[240]);
/* The settings as of the last reload. @thread any */
static inline const struct conf *
admin_conf(const struct admin *a)
{
	return conf_values(__atomic_load_n(&a->o.conf, __ATOMIC_ACQUIRE));
}
/* The status as JSON; topics may be many. */
void admin_put_status(struct admin *a, struct buf *b, bool with_topics);
/* ,"tls":{…},"admin":{"tls":{…},"warning":""} of the status; tls may be
 * null. */
void admin_put_tls(struct admin *a, struct buf *b);
/* INVALID: it cannot be read, or names files that the admin may not. */
MUST_CHECK int admin_check_pg_url(const char *url, struct err *e);
/* off, starting, ready, … */
const char *admin_clickhouse_word(enum clickhouse_state s);
/* Counts of dead letters (letters_watch.c). stop: after the sampler was
 * stopped. */
MUST_CHECK int letters_watch_start(struct admin *a, struct err *e);
void letters_watch_stop(struct admin *a);
double admin_rate(struct admin *a, enum admin_hop_id id);

/* Lags and readiness (health.c). */
struct admin_lag {
	int64_t records;
	int64_t oldest_at_us; /* of the first record not yet done; 0: none */
	char text[240]; /* trouble, "" if none */
};
void admin_lag_ingest(struct admin *a, bool with_age, struct admin_lag *out);
void admin_lag_clickhouse(
	struct admin *a, bool with_age, struct admin_lag *out);
/* true if ready; missing gets a JSON array. */
bool admin_ready(struct admin *a, struct buf *missing);

/* Handlers. */
int admin_projects_list(struct admin_call *c, struct err *e);
int admin_projects_create(struct admin_call *c, struct err *e);
int admin_projects_show(struct admin_call *c, struct err *e);
int admin_projects_set(struct admin_call *c, struct err *e);
int admin_projects_rotate(struct admin_call *c, struct err *e);
int admin_projects_delete(struct admin_call *c, struct err *e);
int admin_persons_list(struct admin_call *c, struct err *e);
int admin_persons_show(struct admin_call *c, struct err *e);
int admin_persons_delete(struct admin_call *c, struct err *e);
int admin_erasure(struct admin_call *c, struct err *e);
int admin_person_export(struct admin_call *c, struct err *e);
int admin_person_events(struct admin_call *c, struct err *e);
int admin_person_history(struct admin_call *c, struct err *e);
int admin_group_events(struct admin_call *c, struct err *e);
int admin_persons_search(struct admin_call *c, struct err *e);
int admin_groups_list(struct admin_call *c, struct err *e);
int admin_groups_show(struct admin_call *c, struct err *e);
int admin_group_types(struct admin_call *c, struct err *e);
int admin_event_definitions(struct admin_call *c, struct err *e);
int admin_property_definitions(struct admin_call *c, struct err *e);
int admin_event_properties(struct admin_call *c, struct err *e);
int admin_topics_list(struct admin_call *c, struct err *e);
int admin_topics_create(struct admin_call *c, struct err *e);
int admin_topics_delete(struct admin_call *c, struct err *e);
int admin_topics_browse(struct admin_call *c, struct err *e);
int admin_topics_read(struct admin_call *c, struct err *e);
int admin_consumer_groups(struct admin_call *c, struct err *e);
int admin_openapi(struct admin_call *c, struct err *e);
int admin_dlq_discard(struct admin_call *c, struct err *e);
int admin_dlq_groups(struct admin_call *c, struct err *e);
int admin_dlq_list(struct admin_call *c, struct err *e);
int admin_dlq_show(struct admin_call *c, struct err *e);
int admin_dlq_replay(struct admin_call *c, struct err *e);
int admin_series(struct admin_call *c, struct err *e);
int admin_status(struct admin_call *c, struct err *e);
int admin_status_stream(struct admin_call *c, struct err *e);
int admin_events_stream(struct admin_call *c, struct err *e);
int admin_project_events_stream(struct admin_call *c, struct err *e);
int admin_ready_api(struct admin_call *c, struct err *e);
int admin_drained(struct admin_call *c, struct err *e);
int admin_sql(struct admin_call *c, struct err *e);
int admin_first_event(struct admin_call *c, struct err *e);
int admin_console_run(struct admin_call *c, struct err *e);
int admin_console_cancel(struct admin_call *c, struct err *e);
int admin_sql_schema(struct admin_call *c, struct err *e);
int admin_saved_list(struct admin_call *c, struct err *e);
int admin_saved_create(struct admin_call *c, struct err *e);
int admin_saved_show(struct admin_call *c, struct err *e);
int admin_saved_change(struct admin_call *c, struct err *e);
int admin_saved_delete(struct admin_call *c, struct err *e);
int admin_insights(struct admin_call *c, struct err *e);
int admin_trace(struct admin_call *c, struct err *e);
int admin_trace_places(struct admin_call *c, struct err *e);
int admin_trace_changes(struct admin_call *c, struct err *e);
int admin_config(struct admin_call *c, struct err *e);
int admin_audit(struct admin_call *c, struct err *e);
int admin_projects_old_tokens(struct admin_call *c, struct err *e);
int admin_projects_revoke(struct admin_call *c, struct err *e);
int admin_project_settings(struct admin_call *c, struct err *e);
int admin_project_activity(struct admin_call *c, struct err *e);
int admin_connections(struct admin_call *c, struct err *e);
int admin_postgres_test(struct admin_call *c, struct err *e);
int admin_settings_list(struct admin_call *c, struct err *e);
int admin_settings_change(struct admin_call *c, struct err *e);

int admin_account_change(struct admin_call *c, struct err *e);
int admin_account_key_create(struct admin_call *c, struct err *e);
int admin_account_key_revoke(struct admin_call *c, struct err *e);
int admin_account_keys(struct admin_call *c, struct err *e);
int admin_account_password(struct admin_call *c, struct err *e);
int admin_account_session_end(struct admin_call *c, struct err *e);
int admin_account_sessions(struct admin_call *c, struct err *e);
int admin_account_sessions_end(struct admin_call *c, struct err *e);
int admin_key_create(struct admin_call *c, struct err *e);
int admin_key_revoke(struct admin_call *c, struct err *e);
int admin_keys_list(struct admin_call *c, struct err *e);
int admin_scopes_list(struct admin_call *c, struct err *e);
int admin_session_begin(struct admin_call *c, struct err *e);
int admin_session_end(struct admin_call *c, struct err *e);
int admin_session_show(struct admin_call *c, struct err *e);
int admin_setup_finish(struct admin_call *c, struct err *e);
int admin_setup_show(struct admin_call *c, struct err *e);
int admin_setup_token(struct admin_call *c, struct err *e);
int admin_trail_list(struct admin_call *c, struct err *e);
int admin_user_change(struct admin_call *c, struct err *e);
int admin_user_create(struct admin_call *c, struct err *e);
int admin_user_delete(struct admin_call *c, struct err *e);
int admin_user_password(struct admin_call *c, struct err *e);
int admin_user_show(struct admin_call *c, struct err *e);
int admin_users_list(struct admin_call *c, struct err *e);

/* /metrics, /_ready and / of the admin port. */
struct http_routes;
void admin_open_set(struct http_routes *out, struct admin *a);
/* Hands a request of the API to a worker, whatever its method. */
#define ADMIN_ALL_METHODS                                                      \
	(HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE |          \
		HTTP_OPTIONS | HTTP_OTHER)
void admin_enter(struct http_request *r);
void admin_not_found(struct http_request *r);

#endif
