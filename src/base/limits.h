#ifndef SLUICE_BASE_LIMITS_H
#define SLUICE_BASE_LIMITS_H

/* Every bound on input from outside that is not a setting. Units in names. */
#define LIMIT_JSON_DEPTH 128 /* of a request */
#define LIMIT_PROPERTIES_DEPTH 64 /* of stored properties */
#define LIMIT_EVENT_NODES 1000000
#define LIMIT_REQUEST_EVENTS 100000
#define LIMIT_DISTINCT_ID_SCALARS 200
#define LIMIT_DISTINCT_ID_UNITS 400
#define LIMIT_EVENT_NAME_UNITS 200
#define LIMIT_GROUP_KEY_UNITS 400
#define LIMIT_TOKEN_BYTES 64
#define LIMIT_SESSION_ID_BYTES 70
#define LIMIT_GROUP_TYPES 5
#define LIMIT_PERSON_PROPERTIES_BYTES 655360
#define LIMIT_PERSON_PROPERTIES_TRIM_BYTES 524288
#define LIMIT_FUTURE_CLAMP_S (23 * 3600)
#define LIMIT_BATCH_BYTES (1024 * 1024) /* record batches that Sluice builds */
#define LIMIT_ROW_BYTES (1024 * 1024) /* batches merged into one row */
#define LIMIT_COMMIT_BYTES (16 * 1024 * 1024)
#define LIMIT_COMMIT_JOBS 4096
#define LIMIT_STORE_PARTITIONS 20000 /* live and deleted, of one file */
#define LIMIT_KAFKA_FRAME_BYTES (64 * 1024 * 1024)
#define LIMIT_KAFKA_ITEMS 100000 /* array elements in one request */
#define LIMIT_KAFKA_PIPELINE 8 /* unanswered requests of a connection */
#define LIMIT_KAFKA_UNSENT_BYTES (1024 * 1024)
#define LIMIT_KAFKA_TAGS 64 /* tagged fields in one struct */
#define LIMIT_KAFKA_MESSAGE_BYTES 1048588
#define LIMIT_DEAD_LETTER_BYTES (16 * 1024 * 1024)
#define LIMIT_HTTP_HEADER_BYTES (32 * 1024)
/* The longest parameters of its document, each byte written as three. */
#define LIMIT_ADMIN_HEADER_BYTES (128 * 1024)
#define LIMIT_HTTP_KNOCKS 1024 /* connections whose PROXY header is awaited */
#define LIMIT_PROXY_HEADER_BYTES 4096
#define LIMIT_TLS_CHAIN 16 /* certificates in one file */
#define LIMIT_TLS_HANDSHAKES 512 /* under way at once, of one server */
#define LIMIT_URL_BYTES (16 * 1024)
#define LIMIT_CONTROL_BODY_BYTES (16 * 1024 * 1024)
#define LIMIT_AUTH_AGENT_BYTES 200 /* of User-Agent, kept with a session */
#define LIMIT_AUTH_KEYS 50 /* of one user */
#define LIMIT_AUTH_SCOPES_BYTES 1024 /* as given for one key */
#define LIMIT_AUTH_SESSIONS 20 /* of one user; the oldest end */
#define LIMIT_AUTH_TRAIL_TEXT_BYTES 200
#define LIMIT_AUTH_USERS 1000
#define LIMIT_AUDIT_SUMS 4000000 /* of one report; 48 bytes each */
#define LIMIT_WARNING_KEYS 16384 /* debounced warnings remembered */
#define LIMIT_CSP_BODY_BYTES (1024 * 1024)
#define LIMIT_CSP_REPORTS 100
#define LIMIT_V1_BODY_BYTES (10 * 1024 * 1024)
#define LIMIT_V1_TEXT_BYTES (50 * 1024 * 1024)
#define LIMIT_V1_EVENT_NAME_BYTES 200
#define LIMIT_V1_DISTINCT_ID_BYTES 200
#define LIMIT_TEAM_QUESTIONS 4096 /* requests that wait for a look-up */
#define LIMIT_TEAM_QUESTIONS_AT_ONCE 1000 /* keys in one statement */
#define LIMIT_TEAM_ASK_MS 2000 /* then Postgres counts as away */
#define LIMIT_TEAM_DENIED 16384 /* keys remembered as nobody's */
#define LIMIT_TEAM_DENIED_MS 30000
#define LIMIT_TEAM_WAITING_SOON 5000 /* letters that take but a moment */
#define LIMIT_TEAM_WAITING_MS 5000 /* then a request waits no more for them */
#define LIMIT_TEAM_WAITING 1000000 /* keys with letters to be put back */
#define LIMIT_SUSPENDED_REQUESTS 20000
#define LIMIT_CLICKHOUSE_BODY_BYTES (64 * 1024 * 1024) /* also decoded */
#define LIMIT_CLICKHOUSE_QUERY_BYTES (16 * 1024 * 1024)
#define LIMIT_CLICKHOUSE_PARAMS 256 /* of one URL */
#define LIMIT_CLICKHOUSE_QUERIES 256 /* waiting for a worker */

#endif
