#ifndef SLUICE_TESTS_UNIT_AUTH_FIXTURE_H
#define SLUICE_TESTS_UNIT_AUTH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/limit.h"
#include "store/store.h"

#define HOUR_US 3600000000LL
#define GOOD SLICE_LIT("correct horse battery")
#define OTHER SLICE_LIT("another long password")

/* A real config.db; time stands still until it is moved. */
struct world {
	char dir[40];
	struct store *config;
	struct auth *auth;
	struct auth_origin from;
	int64_t now_us;
	struct auth_pass pass;
	int retry_s;
	struct err e;
};

/* Set-up and tear-down of cmocka tests: a folder of its own, opened. */
int world_set_up(void **state);
int world_tear_down(void **state);
/* Closed and opened again: a restart. */
void world_open(struct world *w);
void world_close(struct world *w);
void pass_time(struct world *w, int64_t us);

/* A user with the password GOOD; returns its id. */
int64_t make_user(struct world *w, const char *email, enum auth_role role);
/* The session is in w->pass, or how long to wait in w->retry_s. */
int sign_in(struct world *w, const char *email, struct slice password);
/* Whose session the token is. */
int check(struct world *w, const char *token, struct auth_who *who);

#define IN_WORLD(f)                                                            \
	cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

#endif
