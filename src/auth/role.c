#include "auth/role.h"

static const char *const role_names[AUTH_N_ROLES] = {
	[AUTH_OPEN] = "",
	[AUTH_VIEWER] = "viewer",
	[AUTH_MEMBER] = "member",
	[AUTH_ADMIN] = "admin",
};

static const char *const door_names[AUTH_N_DOORS] = {
	[AUTH_BY_NOTHING] = "",
	[AUTH_BY_SOCKET] = "socket",
	[AUTH_BY_SESSION] = "session",
	[AUTH_BY_KEY] = "key",
};

static const struct auth_scope_row scopes[AUTH_N_SCOPES] = {
#define SCOPE(id, name, role, help) [AUTH_SCOPE_##id] = {name, help, role},
#include "auth/scopes.def"
#undef SCOPE
};

_Static_assert(AUTH_N_SCOPES <= 64, "auth_who.scopes has 64 bits");

const char *
auth_role_name(enum auth_role role)
{
	return role < AUTH_N_ROLES ? role_names[role] : "";
}

enum auth_role
auth_role_find(struct slice name)
{
	for (enum auth_role r = AUTH_VIEWER; r < AUTH_N_ROLES; r++)
		if (slice_eq_str(name, role_names[r]))
			return r;
	return AUTH_OPEN;
}

const char *
auth_door_name(enum auth_door door)
{
	return door < AUTH_N_DOORS ? door_names[door] : "";
}

const struct auth_scope_row *
auth_scope_at(int i)
{
	return i >= 0 && i < AUTH_N_SCOPES ? &scopes[i] : NULL;
}

int
auth_scope_find(struct slice name)
{
	for (int i = 0; i < AUTH_N_SCOPES; i++)
		if (slice_eq_str(name, scopes[i].name))
			return i;
	return -1;
}

bool
auth_may(const struct auth_who *who, enum auth_role role, const char *scope)
{
	int i;

	if (role == AUTH_OPEN)
		return true;
	if (who->role < role)
		return false;
	if (who->door != AUTH_BY_KEY)
		return true;
	i = scope == NULL ? -1 : auth_scope_find(slice_str(scope));
	return i >= 0 && (who->scopes & UINT64_C(1) << i) != 0;
}
