# farrier.m4: for plugins of Farrier that are built with autotools outside of its tree.
#
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The Farrier authors
#
# FARRIER_SDK([MINOR])
#
#   Looks for farrier-sdk by pkg-config; stops with the reason when it is missing, or when its
#   headers are of an older minor of the plugin ABI than MINOR (default 0), the oldest that the
#   plugin works with. Sets and substitutes:
#
#     FARRIER_PLUGIN_CFLAGS    -I and FARRIER_NEEDS_MINOR
#     FARRIER_PLUGIN_LDFLAGS   relocations read-only, no undefined symbols, a build id
#     FARRIER_TEST_LIBS        libfarrier-test, for the plugin's tests
#     FARRIER_PLUGIN_CHECK     the program farrier-plugin-check
#     FARRIER_PLUGINDIR FARRIER_PLUGINCONFDIR FARRIER_WORKFLOWDIR
#                              where an installed farrier looks; --with-farrier-plugindir=DIR and so
#                              on choose others (a prefix of one's own: make distcheck)
#     SCDOC                    for man pages; automake conditional FARRIER_HAVE_SCDOC

AC_DEFUN([FARRIER_SDK], [
  AC_REQUIRE([PKG_PROG_PKG_CONFIG])
  m4_pushdef([farrier_minor], [m4_default([$1], [0])])
  AC_MSG_CHECKING([for farrier-sdk])
  AS_IF([test -z "$PKG_CONFIG"],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([pkg-config is missing])])
  AS_IF([farrier_abi=`$PKG_CONFIG --variable=abi_minor farrier-plugin 2>/dev/null` &&
         test -n "$farrier_abi"], [],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([pkg-config does not find farrier-plugin: install farrier-sdk, or set PKG_CONFIG_PATH])])
  AS_IF([test "$farrier_abi" -lt farrier_minor],
    [AC_MSG_RESULT([too old])
     AC_MSG_ERROR([farrier-sdk has plugin ABI 1.$farrier_abi, this plugin needs 1.farrier_minor])])
  AC_MSG_RESULT([plugin ABI 1.$farrier_abi])
  FARRIER_PLUGIN_CFLAGS="`$PKG_CONFIG --cflags farrier-plugin` -DFARRIER_NEEDS_MINOR=farrier_minor"
  FARRIER_PLUGIN_LDFLAGS=`$PKG_CONFIG --variable=ldflags farrier-plugin`
  FARRIER_TEST_LIBS=`$PKG_CONFIG --variable=test_libs farrier-plugin`
  FARRIER_PLUGIN_CHECK=`$PKG_CONFIG --variable=plugin_check farrier-plugin`
  AC_SUBST([FARRIER_PLUGIN_CFLAGS])
  AC_SUBST([FARRIER_PLUGIN_LDFLAGS])
  AC_SUBST([FARRIER_TEST_LIBS])
  AC_SUBST([FARRIER_PLUGIN_CHECK])
  _FARRIER_DIR([plugindir], [FARRIER_PLUGINDIR], [plugins])
  _FARRIER_DIR([pluginconfdir], [FARRIER_PLUGINCONFDIR], [settings of plugins])
  _FARRIER_DIR([workflowdir], [FARRIER_WORKFLOWDIR], [workflows])
  AC_PATH_PROG([SCDOC], [scdoc])
  AM_CONDITIONAL([FARRIER_HAVE_SCDOC], [test -n "$SCDOC"])
  m4_popdef([farrier_minor])
])

# _FARRIER_DIR(PKG-CONFIG-VARIABLE, OUTPUT, WHAT)
AC_DEFUN([_FARRIER_DIR], [
  AC_ARG_WITH([farrier-$1],
    [AS_HELP_STRING([--with-farrier-$1=DIR], [where $3 go @<:@where farrier looks@:>@])],
    [$2=$withval], [$2=`$PKG_CONFIG --variable=$1 farrier-plugin`])
  AC_SUBST([$2])
])
