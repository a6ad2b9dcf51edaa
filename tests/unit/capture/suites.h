#ifndef TESTS_UNIT_CAPTURE_SUITES_H
#define TESTS_UNIT_CAPTURE_SUITES_H

/* After <cmocka.h>. */
extern const struct CMUnitTest capture_alloc_tests[];
extern const size_t capture_n_alloc_tests;
extern const struct CMUnitTest capture_nested_tests[];
extern const size_t capture_n_nested_tests;
extern const struct CMUnitTest capture_decode_tests[];
extern const size_t capture_n_decode_tests;
extern const struct CMUnitTest capture_lane_tests[];
extern const size_t capture_n_lane_tests;
extern const struct CMUnitTest capture_share_tests[];
extern const size_t capture_n_share_tests;
extern const struct CMUnitTest capture_bucket_tests[];
extern const size_t capture_n_bucket_tests;
extern const struct CMUnitTest capture_known_tests[];
extern const size_t capture_n_known_tests;
extern const struct CMUnitTest capture_v1_tests[];
extern const size_t capture_n_v1_tests;

#endif
