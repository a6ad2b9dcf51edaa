#include "admin/admin_int.h"
#include "base/json_write.h"
#include "conf/conf.h"

#define VALUE_MAX_BYTES 4096

int
admin_config(struct admin_call *c, struct err *e)
{
	const struct conf_set *set = c->a->o.conf;
	const struct conf_row *row;

	buf_append_lit(&c->out, "{\"items\":[");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		char value[VALUE_MAX_BYTES];
		int rc = conf_text(set, row->name, value, sizeof(value), e);

		if (rc < 0)
			return rc;
		buf_append_str(&c->out, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_put_string(&c->out, slice_str(row->name));
		buf_append_lit(&c->out, ",\"value\":");
		json_put_string(&c->out, slice_str(value));
		buf_append_lit(&c->out, ",\"source\":");
		json_put_string(
			&c->out, slice_str(conf_source_name(
					 conf_source_of(set, row->name))));
		buf_printf(&c->out, ",\"needs_restart\":%s}",
			row->needs_restart ? "true" : "false");
	}
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return 0;
}
