# FARRIER_PLUGIN (NAME, WHAT-IT-IS, TEST): a plugin, its configure switch, its line in the summary.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors
#
# TEST is shell code that leaves the variable farrier_reason empty when the plugin can be built
# here, or says in it what is missing (with the Debian package). An empty TEST means "always".
#
#   --with-plugin-NAME=auto    (default) built when TEST is content
#   --with-plugin-NAME=yes     configure stops when TEST is not content
#   --with-plugin-NAME=no      not built
#   --with-plugin-NAME=force   built whatever TEST says
#
# Sets the automake conditional PLUGIN_<NAME IN CAPITALS>. FARRIER_MONOLITHIC comes after the last.

AC_DEFUN([FARRIER_PLUGIN], [
  AC_ARG_WITH([plugin-$1],
    [AS_HELP_STRING([--with-plugin-$1=auto|yes|no|force], [$2 @<:@auto@:>@])],
    [farrier_want=$withval], [farrier_want=auto])
  AC_MSG_CHECKING([whether to build the plugin $1])
  farrier_reason=
  farrier_build=yes
  AS_CASE([$farrier_want],
    [auto|yes|no|force], [],
    [AC_MSG_ERROR([--with-plugin-$1=$farrier_want: must be auto, yes, no or force])])
  AS_IF([test "$farrier_want" = no],
    [farrier_build=no
     farrier_reason="switched off by --with-plugin-$1=no"],
    [m4_default([$3], [:])
     AS_IF([test -n "$farrier_reason"],
       [AS_CASE([$farrier_want],
         [yes], [AC_MSG_RESULT([no])
                 AC_MSG_ERROR([the plugin $1 was asked for, but $farrier_reason])],
         [force], [farrier_reason="forced, although $farrier_reason"],
         [farrier_build=no])],
       [AS_IF([test "$farrier_want" = auto], [farrier_reason="all that it needs is here"],
         [farrier_reason="asked for by --with-plugin-$1=$farrier_want"])])])
  AC_MSG_RESULT([$farrier_build ($farrier_reason)])
  AM_CONDITIONAL(m4_toupper([PLUGIN_$1]), [test "$farrier_build" = yes])
  AS_IF([test "$farrier_build" = yes], [farrier_built_ins="$farrier_built_ins X ($1)"])
  farrier_line=`printf '    %-18s %-4s %s' '$1' "$farrier_build" "$farrier_reason"`
  farrier_plugin_summary="$farrier_plugin_summary$farrier_line
"
])

# FARRIER_MONOLITHIC: --enable-monolithic; sets the conditional MONOLITHIC and, in config.h, the
# list FARRIER_BUILT_INS of the plugins that are linked into farrier and farrierd then.
AC_DEFUN([FARRIER_MONOLITHIC], [
  AC_ARG_ENABLE([monolithic],
    [AS_HELP_STRING([--enable-monolithic],
      [link the plugins into farrier and farrierd: fuzzers, sanitizers @<:@no@:>@])],
    [], [enable_monolithic=no])
  AM_CONDITIONAL([MONOLITHIC], [test "$enable_monolithic" = yes])
  AC_DEFINE_UNQUOTED([FARRIER_BUILT_INS(X)], [$farrier_built_ins],
    [The plugins of a monolithic build, each as X (NAME).])
])
