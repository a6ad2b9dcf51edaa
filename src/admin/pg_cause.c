#include <string.h>

#include "admin/pg_test.h"
#include "base/slice.h"

/* The first row whose words are in the text says the cause. Texts of a server
 * in another language fall through to the last. */
static const struct {
	const char *words;
	enum pg_cause cause;
} rows[] = {
	{"could not translate host name", PG_CAUSE_HOST},
	{"could not parse network address", PG_CAUSE_HOST},
	{"No route to host", PG_CAUSE_HOST},
	{"Network is unreachable", PG_CAUSE_HOST},
	{"Connection refused", PG_CAUSE_PORT},
	{"No such file or directory", PG_CAUSE_PORT},
	{"no answer in time", PG_CAUSE_TIMEOUT},
	{"timeout expired", PG_CAUSE_TIMEOUT},
	{"no pg_hba.conf entry", PG_CAUSE_HBA},
	{"pg_hba.conf rejects", PG_CAUSE_HBA},
	{"server does not support SSL", PG_CAUSE_TLS},
	{"certificate", PG_CAUSE_TLS},
	{"SSL error", PG_CAUSE_TLS},
	{"password authentication failed", PG_CAUSE_PASSWORD},
	{"no password supplied", PG_CAUSE_PASSWORD},
	{"Peer authentication failed", PG_CAUSE_PASSWORD},
	{"is not permitted to log in", PG_CAUSE_USER},
	{"permission denied for database", PG_CAUSE_RIGHTS},
	{"too many connections", PG_CAUSE_BUSY},
	{"too many clients", PG_CAUSE_BUSY},
	{"remaining connection slots", PG_CAUSE_BUSY},
	{"starting up", PG_CAUSE_BUSY},
	{"shutting down", PG_CAUSE_BUSY},
	{"read-only", PG_CAUSE_READ_ONLY},
	{"is too old", PG_CAUSE_VERSION},
	{"server closed the connection", PG_CAUSE_PORT},
	{"invalid response to SSL", PG_CAUSE_PORT},
	{"invalid port", PG_CAUSE_URL},
	{"", PG_CAUSE_OTHER},
};

enum pg_cause
pg_cause_of(const char *text)
{
	size_t i = 0;

	/* database "x" and role "x" both end so. */
	if (strstr(text, "does not exist") != NULL) {
		if (strstr(text, "database \"") != NULL)
			return PG_CAUSE_DATABASE;
		if (strstr(text, "role \"") != NULL)
			return PG_CAUSE_USER;
	}
	while (strstr(text, rows[i].words) == NULL)
		i++;
	return rows[i].cause;
}

const char *
pg_cause_word(enum pg_cause c)
{
	static const char *const words[PG_N_CAUSES] = {
		[PG_CAUSE_NONE] = "",
		[PG_CAUSE_URL] = "url",
		[PG_CAUSE_HOST] = "host",
		[PG_CAUSE_PORT] = "port",
		[PG_CAUSE_TIMEOUT] = "timeout",
		[PG_CAUSE_TLS] = "tls",
		[PG_CAUSE_PASSWORD] = "password",
		[PG_CAUSE_USER] = "user",
		[PG_CAUSE_DATABASE] = "database",
		[PG_CAUSE_HBA] = "hba",
		[PG_CAUSE_BUSY] = "busy",
		[PG_CAUSE_VERSION] = "version",
		[PG_CAUSE_READ_ONLY] = "read_only",
		[PG_CAUSE_RIGHTS] = "rights",
		[PG_CAUSE_SCHEMA] = "schema",
		[PG_CAUSE_OTHER] = "other",
	};

	return words[c];
}

const char *
pg_cause_todo(enum pg_cause c)
{
	static const char *const texts[PG_N_CAUSES] = {
		[PG_CAUSE_NONE] = "",
		[PG_CAUSE_URL] = "Write the address as postgresql://user:"
				 "password@host:port/database.",
		[PG_CAUSE_HOST] =
			"Check the host: its name is not known here, or there "
			"is no way to it from this machine.",
		[PG_CAUSE_PORT] =
			"No Postgres answers there. Check the port, that "
			"Postgres runs, and that its listen_addresses has the "
			"address which this machine uses.",
		[PG_CAUSE_TIMEOUT] =
			"Nothing answers. Check host and port; a firewall "
			"between may drop what is sent.",
		[PG_CAUSE_TLS] =
			"Check the choice for TLS: the server has none, or "
			"its certificate is not one that this machine trusts "
			"for that name.",
		[PG_CAUSE_PASSWORD] =
			"The user or the password is wrong. A new one is set "
			"in Postgres with: ALTER ROLE name PASSWORD 'new'",
		[PG_CAUSE_USER] =
			"There is no such user, or it may not log in. As "
			"administrator of Postgres run: CREATE ROLE name LOGIN "
			"PASSWORD 'word'",
		[PG_CAUSE_DATABASE] =
			"There is no such database. As administrator of "
			"Postgres run: CREATE DATABASE name OWNER user",
		[PG_CAUSE_HBA] =
			"The server does not let this user in from this "
			"machine: add a line for it to pg_hba.conf and reload "
			"Postgres; it may want TLS.",
		[PG_CAUSE_BUSY] =
			"The server takes no connection now: wait until it has "
			"started, or raise max_connections (Sluice needs about "
			"a dozen).",
		[PG_CAUSE_VERSION] = "Use Postgres 11 or newer.",
		[PG_CAUSE_READ_ONLY] =
			"This is a replica, or it is set read-only: name the "
			"primary.",
		[PG_CAUSE_RIGHTS] =
			"As the database's owner run what is said above, then "
			"test again.",
		[PG_CAUSE_SCHEMA] =
			"The tables are not as Sluice needs them: upgrade "
			"PostHog or Sluice, choose another database, or set "
			"postgres.schema.",
		[PG_CAUSE_OTHER] =
			"The server's log says more; ask who runs it.",
	};

	return texts[c];
}
