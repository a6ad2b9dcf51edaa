#ifndef SLUICE_TESTS_UNIT_ADMIN_FIXTURE_H
#define SLUICE_TESTS_UNIT_ADMIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/admin.h"
#include "conf/conf.h"
#include "store/store.h"
#include "team/team.h"

/* The API in process, over real files in a folder of its own, no broker. */
struct world {
	char dir[40];
	struct conf_set *conf;
	struct admin_options o;
	struct admin *admin;
	struct buf out; /* the last answer */
};

/* Which files of the folder are opened. */
enum world_files { WORLD_CONFIG, WORLD_CONFIG_SPOOL_STATE };

/* w is zeroed but for what the caller sets of o, and for conf: that is closed
 * with the world; NULL: the defaults. */
void world_open(struct world *w, enum world_files files);
void world_close(struct world *w);
/* Set-up and tear-down of cmocka tests: one with all files. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* The answer's text, until the next; its status must be this one. */
const char *ask(struct world *w, int status, const char *method,
	const char *target, const char *body);
/* The text must have the part. */
void has(const char *text, const char *part);

#define IN_WORLD(f)                                                            \
	cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

#endif
