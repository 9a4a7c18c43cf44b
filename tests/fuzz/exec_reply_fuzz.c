/* exec_reply_fuzz: any bytes as what an executable plugin writes, for each callback.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#define FUZZ_CORPUS "tests/fuzz/corpus/exec_reply"
#include "replay.h"

#include <assert.h>
#include <string.h>

#include "plugin/exec_reply.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    for (unsigned which = PLUGIN_CALL_START; which <= PLUGIN_CALL_RECONCILE; which++) {
        struct exec_reply reply = { 0 };
        struct err err = { 0 };
        int32_t rc = exec_reply_parse ((const char *) data, size, which, &reply, &err);

        assert (rc == 0 || rc == FARRIER_E_PLUGIN_BUG);
        assert ((rc == 0) == (reply.doc != NULL));
        assert (rc == 0 || (err.message[0] != '\0' && str_valid_utf8 (err.message,
                                                                      strlen (err.message))));
        assert (reply.result >= FARRIER_E_LAST_ && reply.result <= FARRIER_UNKNOWN);
        exec_reply_clear (&reply);
    }
    return 0;
}
