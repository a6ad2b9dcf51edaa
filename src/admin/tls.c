#include "http/tls.h"

#include "admin/admin_int.h"
#include "base/clock.h"
#include "base/json_write.h"

#define DAY_US 86400000000

/* What is to be done about the certificate; "": nothing. */
static const char *
warning_of(const struct http_tls_state *st, int64_t now_us)
{
	if (st->error[0] != '\0')
		return "the files have changed and cannot be used: the older "
		       "certificate stays in use until they can";
	if (now_us > st->not_after_us)
		return "the certificate has expired: clients refuse it";
	if (now_us < st->not_before_us)
		return "the certificate is not valid yet: clients refuse it";
	if (st->not_after_us - now_us < HTTP_TLS_WARN_US)
		return "the certificate expires in less than 14 days: renew "
		       "it";
	return "";
}

static void
put_state(struct http_tls *t, struct buf *b)
{
	int64_t now_us = clock_now_us();
	char until[CLOCK_TEXT_MAX], loaded[CLOCK_TEXT_MAX];
	struct http_tls_state st;

	if (t == NULL) {
		buf_append_lit(b, "null");
		return;
	}
	http_tls_state(t, &st);
	clock_format(st.not_after_us, CLOCK_RFC3339, until);
	clock_format(st.loaded_at_us, CLOCK_RFC3339, loaded);
	buf_append_lit(b, "{\"names\":");
	json_put_string(b, slice_str(st.names));
	buf_printf(b,
		",\"expires_at\":\"%s\",\"days_left\":%lld,"
		"\"loaded_at\":\"%s\",\"loads\":%u,\"warning\":",
		until, (long long)((st.not_after_us - now_us) / DAY_US), loaded,
		st.n_loads);
	json_put_string(b, slice_str(warning_of(&st, now_us)));
	buf_append_lit(b, ",\"error\":");
	json_put_string(b, slice_str(st.error));
	buf_append_char(b, '}');
}

void
admin_put_tls(struct admin *a, struct buf *b)
{
	const char *warning = admin_warning(a);

	buf_append_lit(b, ",\"tls\":");
	put_state(a->o.tls, b);
	buf_append_lit(b, ",\"admin\":{\"tls\":");
	put_state(a->o.admin_tls, b);
	buf_append_lit(b, ",\"warning\":");
	json_put_string(b, slice_str(warning == NULL ? "" : warning));
	buf_append_char(b, '}');
}
