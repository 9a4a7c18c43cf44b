/* request_error: what libcurl says, told so that a person can act, and how far the request got.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "net/request.h"

/* Careful: NONE only when nothing can have left this machine. */
int32_t
request_delivery (struct request *r)
{
    if (r->response->status >= 200)
        return FARRIER_DELIVERY_ANSWERED;
    if (r->easy != NULL) {
        long bytes = 0;
        curl_off_t ready_us = 0;
        curl_easy_getinfo (r->easy, CURLINFO_REQUEST_SIZE, &bytes);
        curl_easy_getinfo (r->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
        if (bytes > 0 || ready_us > 0)
            return FARRIER_DELIVERY_MAYBE;
    }
    /* an earlier sending got its 401 */
    return r->response->sends > 1 ? FARRIER_DELIVERY_ANSWERED : FARRIER_DELIVERY_NONE;
}

static bool
connected (struct request *r)
{
    curl_off_t us = 0;
    curl_easy_getinfo (r->easy, CURLINFO_PRETRANSFER_TIME_T, &us);
    return us > 0;
}

static const char *
os_reason (struct request *r, const char *fallback)
{
    long number = 0;
    curl_easy_getinfo (r->easy, CURLINFO_OS_ERRNO, &number);
    return number == 0 ? fallback : strerror ((int) number);
}

static void
explain_timeout (struct request *r)
{
    struct net_target *t = r->target;
    uint32_t limit = r->connect_ms == 0 ? t->connect_ms : r->connect_ms;
    if (r->total_ms != 0 && r->total_ms < limit)
        limit = (uint32_t) r->total_ms;
    if (!connected (r)) {
        request_fail (r, FARRIER_E_UNREACHABLE, "%s (%s) does not answer: no connection within "
                      "%u ms", t->name, t->base_url, limit);
        request_hint (r, "farrier host show %s", t->name);
        return;
    }
    request_fail (r, FARRIER_E_TIMEOUT, "%s %s on %s: no complete answer within %lld ms",
                  r->method, r->path, t->name, (long long) r->total_ms);
}

static void
explain_tls (struct request *r, CURLcode rc)
{
    struct net_target *t = r->target;
    if (r->verdict.refused) {
        request_fail (r, FARRIER_E_TLS, "%s (%s): %s", t->name, t->base_url, r->verdict.problem);
        const char *advice = r->verdict.advice == NULL ? "farrier host trust |" : r->verdict.advice;
        int before = (int) strcspn (advice, "|");
        request_hint (r, "%.*s%s%s", before, advice, t->name, advice + before + 1);
        return;
    }
    long number = 0;
    curl_easy_getinfo (r->easy, CURLINFO_OS_ERRNO, &number);
    /* a BMC that restarts drops the handshake: that is no question of trust */
    if (rc == CURLE_SSL_CONNECT_ERROR
        && (number == ECONNRESET || number == EPIPE || strstr (r->error_text, "SYSCALL") != NULL
            || strstr (r->error_text, "reset by peer") != NULL
            || strstr (r->error_text, "unexpected eof") != NULL)) {
        request_fail (r, FARRIER_E_UNREACHABLE, "%s (%s) dropped the connection in the TLS "
                      "handshake", t->name, t->base_url);
        return;
    }
    request_fail (r, FARRIER_E_TLS, "%s (%s): TLS handshake failed: %s", t->name, t->base_url,
                  r->error_text[0] == '\0' ? curl_easy_strerror (rc) : r->error_text);
}

void
request_explain (struct request *r, CURLcode rc)
{
    struct net_target *t = r->target;
    if (r->cut)
        return;

    switch (rc) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        request_fail (r, FARRIER_E_UNREACHABLE, "%s (%s) cannot be reached: %s", t->name,
                      t->base_url, os_reason (r, curl_easy_strerror (rc)));
        request_hint (r, "farrier host show %s", t->name);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        explain_timeout (r);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        explain_tls (r, rc);
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
        request_fail (r, FARRIER_E_TRANSIENT, "%s %s on %s: the connection broke off: %s",
                      r->method, r->path, t->name,
                      r->error_text[0] == '\0' ? curl_easy_strerror (rc) : r->error_text);
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_URL_MALFORMAT:
    case CURLE_HTTP2:
        request_fail (r, FARRIER_E_INVALID, "%s %s on %s: not an HTTP answer: %s", r->method,
                      r->path, t->name,
                      r->error_text[0] == '\0' ? curl_easy_strerror (rc) : r->error_text);
        break;
    default:
        request_fail (r, FARRIER_E_INTERNAL, "%s %s on %s: libcurl error %d: %s", r->method,
                      r->path, t->name, (int) rc, curl_easy_strerror (rc));
        break;
    }
}
