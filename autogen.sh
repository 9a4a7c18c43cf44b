#!/bin/sh
# autogen.sh: makes ./configure from configure.ac (needed once in a fresh clone).
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors
set -eu
cd "$(dirname "$0")"

for tool in autoreconf:autoconf automake:automake libtoolize:libtool pkg-config:pkg-config; do
    command -v "${tool%%:*}" >/dev/null 2>&1 || {
        echo "autogen.sh: ${tool%%:*} is missing: apt-get install ${tool##*:}" >&2
        exit 1
    }
done

autoreconf --install --force
echo "autogen.sh: ready; now, outside of the source folder or in it: ./configure && make"
