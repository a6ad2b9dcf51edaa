#ifndef SLUICE_WEB_WEB_H
#define SLUICE_WEB_WEB_H

#include <stdbool.h>

struct http_request;

/* The web admin as it was built into the program. */

/* false: built without it; web_serve then says so. */
bool web_is_built(void);
/* Answers a GET on the admin port that no other route has: a file of the web
 * admin, its page for "/" and for what a browser asks for as a page, else 404.
 * @thread http */
void web_serve(struct http_request *r);

#endif
