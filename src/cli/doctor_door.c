#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/net.h"
#include "cli/api.h"
#include "cli/doctor.h"
#include "conf/conf.h"
#include "httpc/httpc.h"

#define URL_MAX 400
#define WAIT_MS 10000
#define ALIVE SLICE_LIT("http: ok\nspool: ok\n")

/* The number in an object's member; 0 if it is not there. */
static int64_t
number(struct api_doc *doc, uint32_t object, const char *name)
{
	int64_t v = 0;

	if (object != 0 || name != NULL)
		(void)cli_number(
			api_text(doc, object, name), INT64_MIN, INT64_MAX, &v);
	return v;
}

/* Whether libcurl's words are of a handshake that failed. */
static bool
is_about_tls(const char *text)
{
	return strstr(text, "certificate") != NULL ||
	       strstr(text, "SSL") != NULL || strstr(text, "TLS") != NULL;
}

/* What an SDK asks for first: is it Sluice that answers? */
static void
check_answer(struct doctor *d, const char *check, const char *url)
{
	struct httpc_answer a;
	char whole[URL_MAX + 20];
	struct err e;

	snprintf(whole, sizeof(whole), "%s/_liveness", url);
	if (httpc_get(whole, NULL, WAIT_MS, &a, &e) < 0) {
		doctor_find(d, DOCTOR_FAIL, check,
			is_about_tls(e.text)
				? "see the certificate and its names "
				  "(docs/behind-a-proxy.md)"
				: "see capture.listen, firewalls and proxies "
				  "between here and there",
			"%s", e.text);
		return;
	}
	if (a.status == 200 && slice_eq(buf_slice(&a.body), ALIVE))
		doctor_find(d, DOCTOR_OK, check, "", "%s answers", url);
	else
		doctor_find(d, DOCTOR_FAIL, check,
			"let the proxy pass all paths to the capture port "
			"(docs/behind-a-proxy.md)",
			"%s answers with status %d, and not as Sluice does",
			url, a.status);
	httpc_answer_fini(&a);
}

static void
check_own_port(struct doctor *d, struct api_doc *status)
{
	uint32_t ports = json_member(&status->json, 0, SLICE_LIT("ports"));
	int64_t port = ports == 0 ? 0 : number(status, ports, "capture");
	struct net_listen l;
	char url[URL_MAX];
	struct err e;

	if (!conf_list_has(d->conf->roles, "capture") || port == 0) {
		doctor_say(d, "capture", true, "no port for events here");
		return;
	}
	if (d->conf->capture_proxy_protocol == CONF_PROXY_ON) {
		doctor_say(d, "capture", true,
			"port %lld takes connections of proxies only",
			(long long)port);
		return;
	}
	if (net_listen_parse(d->conf->capture_listen, &l, &e) < 0 || l.is_off ||
		strcmp(l.host, "0.0.0.0") == 0 || strcmp(l.host, "::") == 0)
		snprintf(l.host, sizeof(l.host), "127.0.0.1");
	snprintf(url, sizeof(url),
		strchr(l.host, ':') == NULL ? "http://%s:%lld"
					    : "http://[%s]:%lld",
		l.host, (long long)port);
	check_answer(d, "capture", url);
}

/* The name in a URL by DNS. */
static bool
check_name(struct doctor *d, const char *url)
{
	const char *host = strstr(url, "://");
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	char name[256], address[NET_ADDR_TEXT];
	struct net_addr a;
	int rc;

	host = host == NULL ? url : host + 3;
	if (host[0] == '[')
		return true; /* an address */
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, ":/"), host);
	rc = getaddrinfo(name, NULL, &hints, &list);
	if (rc != 0) {
		doctor_find(d, DOCTOR_FAIL, "dns",
			"make a DNS record for it that points to this machine "
			"or its proxy",
			"%s: %s", name, gai_strerror(rc));
		return false;
	}
	net_addr_from_sockaddr(list->ai_addr, &a);
	net_addr_format(&a, address);
	freeaddrinfo(list);
	doctor_say(d, "dns", true, "%s is %s", name, address);
	return true;
}

static void
check_url(struct doctor *d)
{
	const char *url = cli_opt(d->c, "url");
	char base[URL_MAX];
	size_t n = url == NULL ? 0 : strlen(url);

	if (url == NULL || n >= sizeof(base) || !check_name(d, url))
		return;
	while (n > 0 && url[n - 1] == '/')
		n--;
	snprintf(base, sizeof(base), "%.*s", (int)n, url);
	check_answer(d, "url", base);
}

/* Projects whose key is this one; NULL: all. -1: they cannot be asked for. */
static int
count_projects(struct doctor *d, const char *key, char *name, size_t size)
{
	struct api_doc doc;
	uint32_t items;
	struct err e;
	int n = 0;

	if (api_get(d->c, "GET", "/api/v1/projects", NULL, &doc, &e) < 0) {
		doctor_find(d, DOCTOR_FAIL, "key", "", "%s", e.text);
		return -1;
	}
	items = json_member(&doc.json, 0, SLICE_LIT("items"));
	for (uint32_t i = json_first(&doc.json, items);
		items != 0 && i < doc.json.nodes[items].next;
		i = doc.json.nodes[i].next) {
		if (key != NULL &&
			strcmp(api_text(&doc, i, "api_token"), key) != 0)
			continue;
		snprintf(name, size, "%s", api_text(&doc, i, "name"));
		n++;
	}
	api_doc_fini(&doc);
	return n;
}

static void
check_key(struct doctor *d)
{
	const char *key = cli_opt(d->c, "key");
	char name[100] = "";
	int n = count_projects(d, key, name, sizeof(name));

	if (n < 0)
		return;
	if (n == 0 && key != NULL)
		doctor_find(d, DOCTOR_FAIL, "key",
			"give the SDK the api_token of a project: sluice "
			"project list --json",
			"no project has this key: its events are refused "
			"(401)");
	else if (n == 0)
		doctor_find(d, DOCTOR_WARN, "key",
			"sluice project create --name NAME",
			"there is no project, so every event is refused");
	else if (key != NULL)
		doctor_say(d, "key", true, "of the project %s", name);
	else
		doctor_say(
			d, "key", true, "%d project%s", n, n == 1 ? "" : "s");
}

static void
check_setup(struct doctor *d)
{
	struct api_doc doc;
	struct err e;

	if (api_get(d->c, "GET", "/api/v1/setup", NULL, &doc, &e) < 0)
		return; /* of the role admin */
	if (strcmp(api_text(&doc, 0, "needed"), "true") == 0)
		doctor_find(d, DOCTOR_WARN, "setup",
			"open the link that this prints: sluice user setup",
			"nobody has set up the web admin yet");
	else
		doctor_say(d, "setup", true, "done");
	api_doc_fini(&doc);
}

void
doctor_door(struct doctor *d, struct api_doc *status)
{
	check_own_port(d, status);
	check_url(d);
	check_setup(d);
	check_key(d);
}
