#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"
#include "cli/secret.h"

#define BODY_MAX_BYTES 65536
#define PATH_MAX_BYTES 256

static void
put_member(struct buf *b, const char *name, const char *value)
{
	buf_append_str(b, b->len == 0 ? "{" : ",");
	buf_printf(b, "\"%s\":", name);
	json_put_string(b, slice_str(value));
}

int
cmd_user_setup(struct cli *c)
{
	struct api_doc d;
	struct err e;

	if (c->json)
		return api_print_object(c, "POST", "/api/v1/setup/token", NULL);
	if (api_get(c, "POST", "/api/v1/setup/token", NULL, &d, &e) < 0)
		return cli_fail(c, &e);
	if (api_text(&d, 0, "url")[0] != '\0')
		printf("%s\n", api_text(&d, 0, "url"));
	else
		printf("%s\n", api_text(&d, 0, "token"));
	fprintf(stderr,
		"Open it in a browser to make the first administrator. It "
		"works once, until %s.\n",
		api_text(&d, 0, "expires_at"));
	api_doc_fini(&d);
	return CLI_DONE;
}

int
cmd_user_list(struct cli *c)
{
	static const struct api_column columns[] = {
		{"id", "ID"},
		{"email", "E-MAIL"},
		{"name", "NAME"},
		{"role", "ROLE"},
		{"keys", "KEYS"},
		{"signed_in_at", "SIGNED IN"},
		{NULL, NULL},
	};

	return api_print_list(c, "/api/v1/users", columns);
}

int
cmd_user_create(struct cli *c)
{
	static const char *const names[] = {"email", "name", "role"};
	char password[SECRET_MAX];
	struct buf b;
	struct err e;
	int status = CLI_DONE;

	buf_init(&b, BODY_MAX_BYTES);
	for (size_t i = 0; status == CLI_DONE && i < ARRAY_LEN(names); i++) {
		const char *value = cli_opt(c, names[i]);

		if (value == NULL && strcmp(names[i], "name") == 0)
			value = cli_opt(c, "email");
		if (value == NULL || !utf8_valid(slice_str(value)))
			status = cli_usage_error(c, "--%s is %s", names[i],
				value == NULL ? "missing" : "not valid UTF-8");
		else
			put_member(&b, names[i], value);
	}
	if (status == CLI_DONE && secret_read(c, password, &e) < 0)
		status = cli_fail(c, &e);
	if (status == CLI_DONE) {
		put_member(&b, "password", password);
		buf_append_char(&b, '}');
		status = api_print_object(c, "POST", "/api/v1/users", &b);
	}
	explicit_bzero(password, sizeof(password));
	buf_fini(&b);
	return status;
}

/* The id of the user named by the first argument: an id or an e-mail. */
static int
find_user(struct cli *c, int64_t *id, struct err *e)
{
	struct api_doc d;
	uint32_t items;
	bool is_found = false;
	int rc;

	if (cli_number(c->args[0], 1, INT64_MAX, id))
		return 0;
	rc = api_get(c, "GET", "/api/v1/users", NULL, &d, e);
	if (rc < 0)
		return rc;
	items = json_member(&d.json, 0, SLICE_LIT("items"));
	for (uint32_t i = json_first(&d.json, items);
		!is_found && i < d.json.nodes[items].next;
		i = d.json.nodes[i].next)
		is_found = slice_eq_nocase(slice_str(api_text(&d, i, "email")),
				   slice_str(c->args[0])) &&
			   cli_number(api_text(&d, i, "id"), 1, INT64_MAX, id);
	api_doc_fini(&d);
	if (is_found)
		return 0;
	return err_set(e, ERR_NOT_FOUND,
		"no user has the e-mail %.100s: see sluice user list",
		c->args[0]);
}

static int
on_user(struct cli *c, const char *method, const char *tail,
	const struct buf *body)
{
	char path[PATH_MAX_BYTES];
	int64_t id;
	struct err e;

	if (find_user(c, &id, &e) < 0)
		return cli_fail(c, &e);
	snprintf(path, sizeof(path), "/api/v1/users/%lld%s", (long long)id,
		tail);
	return api_print_object(c, method, path, body);
}

int
cmd_user_password(struct cli *c)
{
	char password[SECRET_MAX];
	struct buf b;
	struct err e;
	int status;

	if (secret_read(c, password, &e) < 0)
		return cli_fail(c, &e);
	buf_init(&b, BODY_MAX_BYTES);
	put_member(&b, "password", password);
	buf_append_char(&b, '}');
	status = on_user(c, "POST", "/password", &b);
	explicit_bzero(password, sizeof(password));
	buf_fini(&b);
	return status;
}

int
cmd_user_set_role(struct cli *c)
{
	struct buf b;
	int status;

	if (!utf8_valid(slice_str(c->args[1])))
		return cli_usage_error(c, "the role is not valid UTF-8");
	buf_init(&b, BODY_MAX_BYTES);
	put_member(&b, "role", c->args[1]);
	buf_append_char(&b, '}');
	status = on_user(c, "PATCH", "", &b);
	buf_fini(&b);
	return status;
}

int
cmd_user_delete(struct cli *c)
{
	return on_user(c, "DELETE", "", NULL);
}
