#include <string.h>

#include "pg/pg_int.h"
#include "stats/stats.h"

/* The first row whose prefix fits says what an SQLSTATE means to us. */
static const struct {
	const char *prefix;
	enum err_code code;
} classes[] = {
	{"23505", ERR_EXISTS},
	{"23503", ERR_NOT_FOUND},
	{"25006", ERR_UNAVAILABLE}, /* read only */
	{"25P03", ERR_UNAVAILABLE}, /* idle in a transaction for too long */
	{"40003", ERR_UNAVAILABLE}, /* completion unknown */
	{"40", ERR_BUSY},
	{"42501", ERR_DENIED},
	{"53100", ERR_NO_SPACE},
	{"55P03", ERR_BUSY}, /* lock timeout */
	{"57014", ERR_TIMEOUT}, /* statement timeout, or cancelled */
	{"08", ERR_UNAVAILABLE},
	{"28", ERR_DENIED},
	{"53", ERR_UNAVAILABLE},
	{"55", ERR_UNAVAILABLE},
	{"57", ERR_UNAVAILABLE},
	{"58", ERR_UNAVAILABLE},
	{"F0", ERR_UNAVAILABLE},
	{"XX", ERR_UNAVAILABLE},
	{"", ERR_INVALID},
};

static enum err_code
class_of(const char *sqlstate)
{
	int i = 0;

	while (strncmp(sqlstate, classes[i].prefix,
		       strlen(classes[i].prefix)) != 0)
		i++;
	return classes[i].code;
}

void
pg_count_error(enum err_code code)
{
	static const enum err_code order[] = {
		ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_BUSY, ERR_EXISTS, ERR_UNSURE};
	int label = 0;

	while (label < (int)ARRAY_LEN(order) && order[label] != code)
		label++;
	stats_add(STATS_PG_ERRORS, label, 1);
}

/* One line, and without what is in quotes if that may be a row's value: those
 * of class 22, errors of data, say the value. */
static void
tidy(char *text, bool without_quoted)
{
	char *to = text;
	bool inside = false;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '"')
			inside = !inside;
		if (without_quoted && inside && *at != '"')
			continue;
		*to++ = *at == '\n' || *at == '\t' ? ' ' : *at;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

int
pg_result_err(struct pg_conn *c, const PGresult *r, struct err *e)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *name = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
	enum err_code code;

	if (state == NULL)
		return pg_lost(c, ERR_UNAVAILABLE, "the connection", e);
	snprintf(c->sqlstate, sizeof(c->sqlstate), "%s", state);
	snprintf(c->constraint, sizeof(c->constraint), "%s",
		name != NULL ? name : "");
	code = class_of(state);
	ERR_IGNORE(err_set(e, code, "%.180s", text != NULL ? text : "an error"),
		"it is returned below");
	tidy(e->text, strncmp(state, "22", 2) == 0);
	ERR_IGNORE(
		err_prefix(e, "Postgres (%s)", state), "it is returned below");
	pg_count_error(code);
	return -(int)code;
}

/* Takes the secret out, wherever it stands. */
static void
scrub(char *text, const char *secret)
{
	size_t len = secret != NULL ? strlen(secret) : 0;
	char *at;

	while (len > 0 && (at = strstr(text, secret)) != NULL)
		memmove(at, at + len, strlen(at + len) + 1);
}

void
pg_conn_text(const struct pg_conn *c, char *out, size_t size)
{
	const char *pass = c->db != NULL ? PQpass(c->db) : NULL;

	snprintf(out, size, "%s",
		c->db != NULL ? PQerrorMessage(c->db) : "not connected");
	scrub(out, pg_url_get(c->pg, "password"));
	scrub(out, pg_url_get(c->pg, "sslpassword"));
	scrub(out, pass);
	tidy(out, false);
}

int
pg_lost(struct pg_conn *c, enum err_code code, const char *what, struct err *e)
{
	char text[200];

	if (c->db == NULL)
		return err_set(e, ERR_UNAVAILABLE, "Postgres: not connected");
	pg_conn_text(c, text, sizeof(text));
	pg_close(c);
	pg_count_error(code);
	ERR_IGNORE(err_set(e, code, "Postgres: %s%s%s", what,
			   text[0] != '\0' ? ": " : "", text),
		"it is returned below");
	pg_set_down(c->pg, e->text);
	return -(int)code;
}

const char *
pg_sqlstate(const struct pg_conn *c)
{
	return c->sqlstate;
}

const char *
pg_constraint(const struct pg_conn *c)
{
	return c->constraint;
}
