#ifndef SLUICE_AUTH_ROLE_H
#define SLUICE_AUTH_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

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
	AUTH_N_DOORS
};

/* What a personal key may be given for: the rows of scopes.def. */
enum auth_scope {
#define SCOPE(id, name, role, help) AUTH_SCOPE_##id,
#include "auth/scopes.def"
#undef SCOPE
	AUTH_N_SCOPES
};

/* Who asks. */
struct auth_who {
	enum auth_door door;
	enum auth_role role;
	int64_t user_id; /* 0: none */
	int64_t key_id, session_id; /* 0: another door */
	uint64_t scopes; /* of a key: 1 << enum auth_scope */
	char name[100]; /* for the audit trail; "" if not known */
};

/* "viewer", "member", "admin"; "" for AUTH_OPEN. */
const char *auth_role_name(enum auth_role role);
/* AUTH_OPEN: no such role. */
enum auth_role auth_role_find(struct slice name);
/* "socket", "session", "key"; "" for AUTH_BY_NOTHING. */
const char *auth_door_name(enum auth_door door);

/* Rows of scopes.def in their order; NULL past the end. */
struct auth_scope_row {
	const char *name, *help;
	enum auth_role role; /* the least whose keys may have it */
};
const struct auth_scope_row *auth_scope_at(int i);
/* -1: no such scope. */
int auth_scope_find(struct slice name);
/* Whether who may what needs this role and scope (NULL: no key may): auth-4. */
bool auth_may(
	const struct auth_who *who, enum auth_role role, const char *scope);

#endif
