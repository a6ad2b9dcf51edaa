#ifndef SLUICE_AUTH_ROLE_H
#define SLUICE_AUTH_ROLE_H

#include <stdint.h>

/*
 * What somebody may do. A role may all that the ones before it may.
 */
enum auth_role {
	AUTH_OPEN, /* nobody is signed in */
	AUTH_VIEWER, /* reads */
	AUTH_MEMBER, /* reads, and changes data: persons, dead letters */
	AUTH_ADMIN, /* all: projects, settings, users */
	AUTH_N_ROLES
};

/* By which door a request came. */
enum auth_door {
	AUTH_BY_NOTHING,
	AUTH_BY_SOCKET, /* the data folder's socket, or the files themselves */
	AUTH_BY_SESSION, /* a browser that has signed in */
	AUTH_BY_KEY, /* a personal key */
};

/* Who asks. */
struct auth_who {
	enum auth_door door;
	enum auth_role role;
	int64_t user_id; /* 0: none */
	int64_t key_id, session_id; /* 0: another door */
	char name[100]; /* for the audit trail; "" if not known */
};

#endif
