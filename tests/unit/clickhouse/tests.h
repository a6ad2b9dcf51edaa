#ifndef SLUICE_TESTS_UNIT_CLICKHOUSE_TESTS_H
#define SLUICE_TESTS_UNIT_CLICKHOUSE_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void frames_arrive_whole_however_they_are_cut(void **state);
void frames_of_another_protocol_are_refused(void **state);
void frame_texts_are_cut_and_cleaned(void **state);
#define CLICKHOUSE_FRAME_TESTS                                                 \
	cmocka_unit_test(frames_arrive_whole_however_they_are_cut),            \
		cmocka_unit_test(frames_of_another_protocol_are_refused),      \
		cmocka_unit_test(frame_texts_are_cut_and_cleaned)

void console_allows_reading(void **state);
void console_refuses_what_rights_let_through(void **state);
#define CLICKHOUSE_CONSOLE_TESTS                                               \
	cmocka_unit_test(console_allows_reading),                              \
		cmocka_unit_test(console_refuses_what_rights_let_through)

void schema_files_split_into_statements(void **state);
void topics_get_their_prefix(void **state);
void configuration_is_escaped(void **state);
void errors_have_clickhouse_statuses(void **state);
void a_missing_library_says_what_to_run(void **state);
void a_foreign_library_is_refused(void **state);
void streams_are_one_gzip_stream(void **state);
#define CLICKHOUSE_HOST_TESTS                                                  \
	cmocka_unit_test(schema_files_split_into_statements),                  \
		cmocka_unit_test(topics_get_their_prefix),                     \
		cmocka_unit_test(configuration_is_escaped),                    \
		cmocka_unit_test(errors_have_clickhouse_statuses),             \
		cmocka_unit_test(a_missing_library_says_what_to_run),          \
		cmocka_unit_test(a_foreign_library_is_refused),                \
		cmocka_unit_test(streams_are_one_gzip_stream)

void queries_go_their_ways(void **state);
void settings_are_quoted_and_set_first(void **state);
void inserts_hand_over_their_data(void **state);
void large_results_stream_whole_or_break_off(void **state);
void a_client_that_leaves_cancels_its_stream(void **state);
void foreign_hosts_and_pages_are_refused(void **state);
#define CLICKHOUSE_HTTP_TESTS                                                  \
	cmocka_unit_test(queries_go_their_ways),                               \
		cmocka_unit_test(settings_are_quoted_and_set_first),           \
		cmocka_unit_test(inserts_hand_over_their_data),                \
		cmocka_unit_test(large_results_stream_whole_or_break_off),     \
		cmocka_unit_test(a_client_that_leaves_cancels_its_stream),     \
		cmocka_unit_test(foreign_hosts_and_pages_are_refused)

void statements_are_told_apart(void **state);
void data_of_inserts_is_split_off(void **state);
void the_format_clause_is_found(void **state);
void words_in_quotes_and_comments_are_no_words(void **state);
void formats_with_a_frame_are_not_streamed(void **state);
void scanning_ends_on_every_prefix(void **state);
#define CLICKHOUSE_SQL_SCAN_TESTS                                              \
	cmocka_unit_test(statements_are_told_apart),                           \
		cmocka_unit_test(data_of_inserts_is_split_off),                \
		cmocka_unit_test(the_format_clause_is_found),                  \
		cmocka_unit_test(words_in_quotes_and_comments_are_no_words),   \
		cmocka_unit_test(formats_with_a_frame_are_not_streamed),       \
		cmocka_unit_test(scanning_ends_on_every_prefix)

#endif
