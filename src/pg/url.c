#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pg/pg_int.h"

/* libpq quotes parts of the URL in its texts: what is in quotes goes (pg-1). */
static void
drop_quoted(char *text)
{
	char *to = text;
	bool inside = false;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '"') {
			inside = !inside;
			*to++ = '"';
		} else if (!inside && *at != '\n') {
			*to++ = *at;
		}
	}
	*to = '\0';
}

static int
keep(struct pg *p, const char *key, const char *value, struct err *e)
{
	if (p->n == PG_URL_PARAMS_MAX)
		return err_set(e, ERR_TOO_BIG,
			"postgres.url has more than %d parameters",
			PG_URL_PARAMS_MAX);
	p->keys[p->n] = mem_strdup(key);
	p->values[p->n] = mem_strdup(value);
	p->n++;
	if (p->keys[p->n - 1] == NULL || p->values[p->n - 1] == NULL)
		return err_set(e, ERR_NO_MEMORY, "postgres.url");
	return 0;
}

int
pg_url_parse(struct pg *p, const char *url, struct err *e)
{
	char *text = NULL;
	PQconninfoOption *all = PQconninfoParse(url, &text);
	int rc = 0;

	if (all == NULL) {
		if (text != NULL)
			drop_quoted(text);
		rc = err_set(e, ERR_INVALID,
			"postgres.url is neither postgresql://user:password"
			"@host:port/database nor key=value pairs: %.100s",
			text != NULL ? text : "no memory");
		PQfreemem(text);
		return rc;
	}
	for (PQconninfoOption *o = all; o->keyword != NULL && rc == 0; o++)
		if (o->val != NULL && o->val[0] != '\0')
			rc = keep(p, o->keyword, o->val, e);
	PQconninfoFree(all);
	return rc;
}

const char *
pg_url_get(const struct pg *p, const char *key)
{
	for (int i = 0; i < p->n; i++)
		if (strcmp(p->keys[i], key) == 0)
			return p->values[i];
	return NULL;
}

int
pg_list_at(const char *list, int i, char *out, size_t size)
{
	int n = 0;

	out[0] = '\0';
	for (const char *at = list; at != NULL; n++) {
		const char *end = strchr(at, ',');
		size_t len = end != NULL ? (size_t)(end - at) : strlen(at);

		if (n <= i && len < size) {
			memcpy(out, at, len);
			out[len] = '\0';
		}
		at = end != NULL ? end + 1 : NULL;
	}
	return n;
}

int
pg_url_n_hosts(const struct pg *p)
{
	char part[256];
	int a = pg_list_at(pg_url_get(p, "host"), 0, part, sizeof(part));
	int b = pg_list_at(pg_url_get(p, "hostaddr"), 0, part, sizeof(part));
	int n = a > b ? a : b;

	return n < 1 ? 1 : n > PG_HOSTS_MAX ? PG_HOSTS_MAX : n;
}

const char *
pg_user(const struct pg *p)
{
	const char *user = pg_url_get(p, "user");

	return user != NULL ? user : "";
}

bool
pg_has_param(const struct pg *p, const char *key)
{
	return pg_url_get(p, key) != NULL;
}
