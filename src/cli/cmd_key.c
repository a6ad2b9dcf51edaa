#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"

#define BODY_MAX_BYTES 65536
#define PATH_MAX_BYTES 256
#define DAYS_MAX 3650

/* "a,b c" -> ["a","b","c"] */
static void
put_scopes(struct buf *b, const char *text)
{
	bool is_first = true;

	buf_append_lit(b, ",\"scopes\":[");
	while (*text != '\0') {
		size_t n = strcspn(text, ", ");

		if (n > 0) {
			if (!is_first)
				buf_append_char(b, ',');
			json_put_string(b, slice_of(text, n));
			is_first = false;
		}
		text += n;
		text += *text != '\0';
	}
	buf_append_char(b, ']');
}

static int
put_body(struct cli *c, struct buf *b)
{
	const char *user = cli_opt(c, "user"), *scopes = cli_opt(c, "scopes");
	const char *name = cli_opt(c, "name");
	int64_t days = -1;
	struct err e;

	if (user == NULL || scopes == NULL)
		return cli_usage_error(
			c, "--%s is missing", user == NULL ? "user" : "scopes");
	if (!utf8_valid(slice_str(user)) || !utf8_valid(slice_str(scopes)) ||
		(name != NULL && !utf8_valid(slice_str(name))))
		return cli_usage_error(c, "an option is not valid UTF-8");
	if (cli_opt_i64(c, "days", 0, DAYS_MAX, &days, &e) < 0)
		return cli_usage_error(c, "%s", e.text);
	buf_append_lit(b, "{\"user\":");
	json_put_string(b, slice_str(user));
	put_scopes(b, scopes);
	if (name != NULL) {
		buf_append_lit(b, ",\"name\":");
		json_put_string(b, slice_str(name));
	}
	if (days >= 0)
		buf_printf(b, ",\"days\":%lld", (long long)days);
	buf_append_char(b, '}');
	return CLI_DONE;
}

int
cmd_key_create(struct cli *c)
{
	struct buf b;
	int status;

	buf_init(&b, BODY_MAX_BYTES);
	status = put_body(c, &b);
	if (status == CLI_DONE)
		status = api_print_object(c, "POST", "/api/v1/keys", &b);
	if (status == CLI_DONE)
		fprintf(stderr, "Keep the key now: it is not shown again.\n");
	buf_fini(&b);
	return status;
}

int
cmd_key_list(struct cli *c)
{
	static const struct api_column columns[] = {
		{"id", "ID"},
		{"prefix", "BEGINS"},
		{"user", "USER"},
		{"name", "NAME"},
		{"expires_at", "EXPIRES"},
		{"used_at", "USED"},
		{"scopes", "SCOPES"},
		{NULL, NULL},
	};

	return api_print_list(c, "/api/v1/keys", columns);
}

int
cmd_key_revoke(struct cli *c)
{
	char path[PATH_MAX_BYTES];
	int64_t id;

	if (!cli_number(c->args[0], 1, INT64_MAX, &id))
		return cli_usage_error(c,
			"'%.40s': the ID of a key is a number, as sluice key "
			"list shows it",
			c->args[0]);
	snprintf(path, sizeof(path), "/api/v1/keys/%lld", (long long)id);
	return api_print_object(c, "DELETE", path, NULL);
}
