#ifndef SLUICE_TESTS_UNIT_TEAM_FIXTURE_H
#define SLUICE_TESTS_UNIT_TEAM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "team/team_int.h"

/* The projects of a real config.db. */
struct fixture {
	char dir[64];
	struct store *config;
	struct team_cache *c;
};

/* Set-up and tear-down of cmocka tests: a folder of its own, opened. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
/* Closed and opened again: a restart. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

#define IN_FOLDER(f)                                                           \
	cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

#endif
