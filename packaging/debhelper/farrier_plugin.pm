#!/usr/bin/perl
# debhelper sequence "farrier-plugin": dh_farrier_plugin after dh_shlibdeps.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

use warnings;
use strict;
use Debian::Debhelper::Dh_Lib;

insert_after("dh_shlibdeps", "dh_farrier_plugin");

1;
