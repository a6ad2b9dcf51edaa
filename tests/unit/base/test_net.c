#include "tests.h"

#include <string.h>
#include <unistd.h>

#include "base/net.h"

struct row {
	const char *text, *result; /* NULL: refused */
};

static void
addresses_are_read_in_all_their_forms(void **state)
{
	static const struct row rows[] = {{"1.2.3.4", "1.2.3.4"},
		{" 1.2.3.4:80 ", "1.2.3.4"}, {"::1", "::1"}, {"[::1]", "::1"},
		{"[::1]:80", "::1"}, {"fe80::1%eth0", "fe80::1"},
		{"[fe80::1%eth0]:80", "fe80::1"}, {"::ffff:1.2.3.4", "1.2.3.4"},
		{"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"}, {"", NULL},
		{"1.2.3", NULL}, {"1.2.3.4:", NULL}, {"1.2.3.4:99999", NULL},
		{"1.2.3.4:x", NULL}, {"[::1", NULL}, {"[::1]x", NULL},
		{"1.2.3.4.5", NULL}, {"example.com", NULL}, {"1:2", NULL},
		{"1.2.3.256", NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999", NULL}};
	char out[NET_ADDR_TEXT];
	struct net_addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(net_addr_parse(slice_str(rows[i].text), &a),
			rows[i].result != NULL);
		if (rows[i].result == NULL)
			continue;
		assert_int_equal(
			net_addr_format(&a, out), strlen(rows[i].result));
		assert_string_equal(out, rows[i].result);
	}
	assert_false(net_addr_parse(slice_of("1.2.3.4\0", 8), &a));
}

static void
masks_clear_the_rest(void **state)
{
	char out[NET_ADDR_TEXT];
	struct net_addr a;

	(void)state;
	assert_true(net_addr_parse(SLICE_LIT("1.2.3.255"), &a));
	net_addr_mask(&a, 25, 0);
	net_addr_format(&a, out);
	assert_string_equal(out, "1.2.3.128");
	assert_true(net_addr_parse(SLICE_LIT("2001:db8:ffff:ffff::1"), &a));
	net_addr_mask(&a, 0, 33);
	net_addr_format(&a, out);
	assert_string_equal(out, "2001:db8:8000::");
}

static void
networks_contain_addresses(void **state)
{
	static const struct {
		const char *net, *addr;
		bool is_in;
	} rows[] = {{"10.0.0.0/8", "10.255.1.2", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"172.16.0.0/12", "172.31.255.255", true},
		{"172.16.0.0/12", "172.32.0.0", false},
		{"::1/128", "::1", true}, {"::1", "::2", false},
		{"fc00::/7", "fd12::1", true}, {"0.0.0.0/0", "9.9.9.9", true},
		{"0.0.0.0/0", "::1", false}, {"::/0", "::ffff:1.2.3.4", false}};
	static const char *const bad[] = {"", "10.0.0.0/33", "10.0.0.0/",
		"10.0.0.0/x", "::/129", "x/8", "10.0.0.0/-1"};
	struct net_cidr c;
	struct net_addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(net_cidr_parse(slice_str(rows[i].net), &c));
		assert_true(net_addr_parse(slice_str(rows[i].addr), &a));
		assert_int_equal(net_cidr_contains(&c, &a), rows[i].is_in);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(net_cidr_parse(slice_str(bad[i]), &c));
}

static void
listen_texts_are_read(void **state)
{
	static const char *const bad[] = {"", "8000", "host", "h:", "h:x",
		"h:65536", "::1:80", "h:80x", "h:-1", "h: 80"};
	struct net_listen l;
	struct err e;

	(void)state;
	assert_int_equal(net_listen_parse("[::1]:80", &l, &e), 0);
	assert_string_equal(l.host, "::1");
	assert_int_equal(l.port, 80);
	assert_int_equal(net_listen_parse(":8000", &l, &e), 0);
	assert_string_equal(l.host, "0.0.0.0");
	assert_false(l.is_off);
	assert_int_equal(net_listen_parse("off", &l, &e), 0);
	assert_true(l.is_off);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
			net_listen_parse(bad[i], &l, &e), -(int)ERR_INVALID);
}

static void
a_port_in_use_is_told(void **state)
{
	struct net_listen l;
	uint16_t port = 0, other;
	int fd = -1, fd2 = -1;
	struct err e;

	(void)state;
	assert_int_equal(net_listen_parse("127.0.0.1:0", &l, &e), 0);
	assert_int_equal(net_listen_tcp(&l, &fd, &port, &e), 0);
	assert_true(port > 0);
	l.port = port;
	assert_int_equal(
		net_listen_tcp(&l, &fd2, &other, &e), -(int)ERR_EXISTS);
	assert_non_null(strstr(e.text, "127.0.0.1"));
	close(fd);
	assert_int_equal(net_listen_parse("localhost:0", &l, &e), 0);
	assert_int_equal(net_listen_tcp(&l, &fd, &port, &e), 0);
	assert_true(port > 0);
	close(fd);
	assert_int_equal(net_listen_parse("off", &l, &e), 0);
	assert_int_equal(net_listen_tcp(&l, &fd, &port, &e), -(int)ERR_INVALID);
}

static void
a_passed_socket_stands_for_its_address(void **state)
{
	struct net_listen l;
	uint16_t port, same;
	int fd, fd2, ends[2];
	struct err e;

	(void)state;
	assert_int_equal(
		net_listen_parse("passed:capture", &l, &e), -(int)ERR_INVALID);
	assert_non_null(strstr(e.text, "no socket of the name capture"));
	assert_int_equal(net_listen_parse("127.0.0.1:0", &l, &e), 0);
	assert_int_equal(net_listen_tcp(&l, &fd, &port, &e), 0);
	assert_int_equal(net_pass("capture", fd, &e), 0);
	assert_int_equal(net_listen_parse("passed:capture", &l, &e), 0);
	assert_string_equal(l.host, "127.0.0.1");
	assert_int_equal(l.port, port);
	/* The descriptor is another, so that its owner may close it. */
	assert_int_equal(net_listen_tcp(&l, &fd2, &same, &e), 0);
	assert_int_not_equal(fd2, fd);
	assert_int_equal(same, port);
	close(fd2);
	/* A host may have this name. */
	assert_int_equal(net_listen_parse("passed:80", &l, &e), 0);
	assert_false(l.is_passed);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(net_pass("admin", ends[0], &e), -(int)ERR_INVALID);
	close(ends[0]);
	close(ends[1]);
}

int
run_net_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_in_all_their_forms),
		cmocka_unit_test(masks_clear_the_rest),
		cmocka_unit_test(networks_contain_addresses),
		cmocka_unit_test(listen_texts_are_read),
		cmocka_unit_test(a_port_in_use_is_told),
		cmocka_unit_test(a_passed_socket_stands_for_its_address),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
