#ifndef SLUICE_CLI_GEN_H
#define SLUICE_CLI_GEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "conf/conf.h"

/*
 * What is made from the tables of commands and settings: the commented settings
 * file, the manual pages, the completion of shells. Each function appends one
 * whole file to b. Nothing of it is kept by hand (cli-4).
 */
#define GEN_FILE_MAX_BYTES ((size_t)1024 * 1024)
#define GEN_LINE_MAX 512
#define GEN_WIDTH 78

void gen_conf(struct buf *b); /* sluice.conf */
void gen_settings_page(struct buf *b); /* the same as a Markdown table */
void gen_man_conf(struct buf *b); /* sluice.conf(5) */
void gen_man_main(struct buf *b); /* sluice(1) */
void gen_man_group(struct buf *b, const char *group); /* sluice-GROUP(1) */
void gen_bash(struct buf *b);
void gen_zsh(struct buf *b);
void gen_fish(struct buf *b);

/* The first words of all commands, each once, in the order of the table; NULL
 * past the end. */
const char *gen_group_at(int i, char out[GEN_LINE_MAX]);
bool gen_in_group(const struct cli_command *k, const char *group);
/* What stands behind the first word; NULL: nothing. */
const char *gen_second_word(const struct cli_command *k);
/* Whether the command has an own option of this name. */
bool gen_hides(const struct cli_command *k, const char *name);

/* Of a setting, as text for people: "bytes", what is allowed, the default. */
void gen_range(const struct conf_row *row, char out[GEN_LINE_MAX]);
void gen_default(const struct conf_row *row, char out[GEN_LINE_MAX]);
const char *gen_applies(const struct conf_row *row);

/* What a shell offers for a value. */
enum gen_kind { GEN_TEXT, GEN_DIR, GEN_FILE, GEN_SETTING, GEN_KEY, GEN_CHOICE };
/* Of an option's or command's argument as the tables name it: "DIR",
 * "KEY=VALUE", "a|b|c" (a choice). */
enum gen_kind gen_kind_of(const char *arg);
/* A help text up to its first full stop or semicolon. */
void gen_brief(const char *help, char out[GEN_LINE_MAX]);
/* Text in quotes of the shells. */
void gen_quote(struct buf *b, const char *text);
/* The elements of "a|b" or "a, b" with blanks between. */
void gen_words(struct buf *b, const char *list);

#endif
