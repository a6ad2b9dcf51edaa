#include "cli/cli.h"
#include "cli/cmd.h"
#include "run/daemon.h"

int
cmd_run(struct cli *c)
{
	const struct daemon_options o = {
		.data_dir = c->data,
		.config_file = c->config,
		.set = c->set,
		.is_demo = cli_has(c, "demo"),
	};
	struct err e;

	return daemon_run(&o, &e) < 0 ? cli_fail(c, &e) : CLI_DONE;
}
