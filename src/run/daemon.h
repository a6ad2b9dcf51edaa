#ifndef SLUICE_RUN_DAEMON_H
#define SLUICE_RUN_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "admin/admin.h"
#include "base/err.h"
#include "base/thread.h"
#include "conf/conf.h"
#include "flag/flag.h"
#include "run/notify.h"
#include "run/watchdog.h"
#include "store/store.h"

#define DAEMON_RELOADS_MAX 10000 /* each keeps its settings to the end */
#define DAEMON_PATH_MAX 4096
#define DAEMON_SETS_MAX 256 /* of --set */
#define DAEMON_DEMO_TOKEN "phc_demo_sluice_local_appliance_key_000000000"

struct audit_hook;
struct broker;
struct canary;
struct capture;
struct clickhouse;
struct disk_guard;
struct http_tls;
struct pg;
struct pipeline;
struct privacy;
struct put_back;
struct remote;
struct team_cache;

/* Ports as they were got; 0: off. */
struct daemon_ports {
	uint16_t capture, capture_tls, admin, kafka, clickhouse;
};

struct daemon_options {
	const char *data_dir;
	const char *config_file; /* NULL: the default */
	const char *const *set; /* NULL-ended */
	bool is_demo;
};
/* A reload that another thread waits for. */
struct reload_asked {
	struct lock lock;
	struct cond done; /* on lock */
	uint64_t asked, answered; /* guarded by lock */
	struct err result; /* of the last answered; guarded by lock */
	bool closed; /* guarded by lock: nobody answers any more */
};

/* Everything that runs. Written by the main thread alone, but for fatal. */
struct daemon {
	struct daemon_options o;
	const char *data_dir;
	bool is_demo;
	struct conf_set *conf; /* the newest */
	struct reload_asked reload; /* by the admin (reload.c) */
	struct admin_settings settings; /* what the admin does with them */
	struct conf_set
		*old_confs[DAEMON_RELOADS_MAX]; /* parts may point there */
	int n_old_confs;
	int lock_fd;
	struct store *config, *spool, *state, *broker_db;
	struct pg *pg; /* NULL: persons and projects are in SQLite */
	struct team_cache *teams;
	struct audit_hook *spool_audit, *state_audit;
	struct dedupe *dedupe;
	struct broker *broker;
	struct pipeline *pipeline;
	struct put_back *put_back; /* NULL: projects are in SQLite */
	struct capture *capture;
	struct http_tls *tls; /* NULL: capture has no TLS */
	struct http_tls *admin_tls; /* NULL: the admin port has none */
	struct flag_app flags; /* served on the capture port, with remote */
	struct remote *remote;
	struct clickhouse *clickhouse;
	struct canary *canary;
	struct privacy *privacy;
	struct admin *admin;
	struct disk_guard *disk;
	struct daemon_ports ports;
	int wake_fd; /* eventfd: something fatal */
	struct lock fatal_lock; /* guards fatal, has_fatal */
	struct err fatal;
	bool has_fatal;
	int64_t stop_deadline_ns;
	struct notify notify;
	struct watchdog watchdog;
};

/* The whole life of a daemon. 0: it was asked to stop. @thread main */
MUST_CHECK int daemon_run(const struct daemon_options *o, struct err *e);

const struct conf *daemon_conf(const struct daemon *d);
bool daemon_has_role(const struct daemon *d, const char *role);
/* Ends the daemon with this reason and status 1. @thread any */
void daemon_fatal(struct daemon *d, const struct err *why);

/* reload.c: the settings are read again and used. @thread main */
void reload_init(struct daemon *d);
void reload_fini(struct daemon *d);
MUST_CHECK int reload_settings(struct daemon *d, struct err *e);
/* Answers who waits for one; nothing if nobody does. */
void reload_answer(struct daemon *d);
/* Who waits, now or later, is told STOPPING. */
void reload_close(struct daemon *d);
/* Asks for one and waits for how it went. @thread any but main */
MUST_CHECK int reload_ask(struct daemon *d, struct err *e);
/* Wakes the main thread. @thread any */
void daemon_wake(struct daemon *d);

/* parts.c: starts all in order; on failure stops those that had started. */
MUST_CHECK int parts_start(struct daemon *d, struct err *e);
void parts_stop(struct daemon *d);
void parts_reload(struct daemon *d);

/* audit.c: counts what is appended to the app server's inputs. The hooks live
 * as long as the stores. */
MUST_CHECK int audit_start(struct daemon *d, struct err *e);

MUST_CHECK int audit_start_canary(struct daemon *d, struct err *e);

/* dedupe.c: the memory of what projects sent lately; lives as long as the
 * front log. */
MUST_CHECK int dedupe_start(struct daemon *d, struct err *e);
void dedupe_apply(struct daemon *d);

/* disk.c: looks at the disk five times a second. before_start: gives the
 * ballast free if the disk is too full to open the files. */
void disk_before_start(const char *data_dir);
MUST_CHECK int disk_start(
	struct daemon *d, struct disk_guard **out, struct err *e);
void disk_stop(struct disk_guard *g);
bool disk_may_accept(void *guard, bool is_recording);
void disk_state(void *guard, struct admin_disk *out);

/* answer.c: every file takes a write, every port answers (run-8). Waits for it,
 * at most half a minute for each; UNAVAILABLE names the port. */
MUST_CHECK int daemon_check_answers(struct daemon *d, struct err *e);

/* service.c: what the operator sees at the start. */
#define SERVICE_HOST_MAX 80
/* The host by which a client on this machine reaches a listener; an IPv6
 * address without brackets. */
void service_host(const char *listen, char *out, size_t size);
void service_print_start(const struct daemon *d);
MUST_CHECK int service_demo_project(struct daemon *d, struct err *e);

/* retention.c: each topic's own or the configured bounds. */
void retention_apply(struct daemon *d);

#endif
