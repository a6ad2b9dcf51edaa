#ifndef SLUICE_CLI_CMD_H
#define SLUICE_CLI_CMD_H

struct cli;

/* The functions of the command table. */
int cmd_run(struct cli *c);
int cmd_wait(struct cli *c);
int cmd_status(struct cli *c);
int cmd_project_create(struct cli *c);
int cmd_project_list(struct cli *c);
int cmd_project_show(struct cli *c);
int cmd_project_set(struct cli *c);
int cmd_project_rotate_token(struct cli *c);
int cmd_project_delete(struct cli *c);
int cmd_person_list(struct cli *c);
int cmd_person_show(struct cli *c);
int cmd_person_delete(struct cli *c);
int cmd_person_export(struct cli *c);
int cmd_group_list(struct cli *c);
int cmd_group_show(struct cli *c);
int cmd_group_types(struct cli *c);
int cmd_definition_events(struct cli *c);
int cmd_definition_properties(struct cli *c);
int cmd_definition_event_properties(struct cli *c);
int cmd_topic_list(struct cli *c);
int cmd_topic_read(struct cli *c);
int cmd_topic_create(struct cli *c);
int cmd_topic_delete(struct cli *c);
int cmd_dlq_discard(struct cli *c);
int cmd_dlq_list(struct cli *c);
int cmd_dlq_show(struct cli *c);
int cmd_dlq_replay(struct cli *c);
int cmd_trace(struct cli *c);
int cmd_user_setup(struct cli *c);
int cmd_user_create(struct cli *c);
int cmd_user_list(struct cli *c);
int cmd_user_password(struct cli *c);
int cmd_user_set_role(struct cli *c);
int cmd_user_delete(struct cli *c);
int cmd_key_create(struct cli *c);
int cmd_key_list(struct cli *c);
int cmd_key_revoke(struct cli *c);
int cmd_sql(struct cli *c);
int cmd_audit(struct cli *c);
int cmd_config_check(struct cli *c);
int cmd_config_show(struct cli *c);
int cmd_config_set(struct cli *c);
int cmd_config_unset(struct cli *c);
int cmd_config_help(struct cli *c);
int cmd_config_template(struct cli *c);
int cmd_completion(struct cli *c);
int cmd_manual(struct cli *c);
int cmd_openapi(struct cli *c);
int cmd_doctor(struct cli *c);
int cmd_version(struct cli *c);
int cmd_bench_capture(struct cli *c);
int cmd_bench_ingest(struct cli *c);
int cmd_bench_freshness(struct cli *c);

#endif
