# Compiler and linker switches: warnings, hardening, sanitizers, and required libraries.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

# FARRIER_CFLAG (VARIABLE, FLAG): appends FLAG to VARIABLE when the compiler takes it.
AC_DEFUN([FARRIER_CFLAG], [
  AS_VAR_PUSHDEF([cachevar], [farrier_cv_cflag_$2])
  AC_CACHE_CHECK([whether $CC takes $2], [cachevar], [
    farrier_save=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [AS_VAR_SET([cachevar], [yes])], [AS_VAR_SET([cachevar], [no])])
    CFLAGS=$farrier_save
  ])
  AS_VAR_IF([cachevar], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cachevar])
])

# FARRIER_LDFLAG (VARIABLE, FLAG): the same for the linker.
AC_DEFUN([FARRIER_LDFLAG], [
  AS_VAR_PUSHDEF([cachevar], [farrier_cv_ldflag_$2])
  AC_CACHE_CHECK([whether the linker takes $2], [cachevar], [
    farrier_save=$LDFLAGS
    LDFLAGS="$LDFLAGS $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
      [AS_VAR_SET([cachevar], [yes])], [AS_VAR_SET([cachevar], [no])])
    LDFLAGS=$farrier_save
  ])
  AS_VAR_IF([cachevar], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cachevar])
])

# FARRIER_WARNINGS: fills WARN_CFLAGS; --enable-werror.
AC_DEFUN([FARRIER_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [warnings are errors (continuous integration) @<:@no@:>@])],
    [], [enable_werror=no])
  WARN_CFLAGS=
  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
      -Wpointer-arith -Wvla -Wformat=2 -Wno-format-nonliteral -Wundef
      -Wimplicit-fallthrough],
    [FARRIER_CFLAG([WARN_CFLAGS], flag)])
  AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])

# FARRIER_HARDENING: fills HARDEN_CPPFLAGS, HARDEN_CFLAGS, HARDEN_LDFLAGS (programs and plugins)
# and PIE_CFLAGS, PIE_LDFLAGS (programs). Needs FARRIER_SANITIZERS before it.
AC_DEFUN([FARRIER_HARDENING], [
  HARDEN_CPPFLAGS=
  HARDEN_CFLAGS=
  HARDEN_LDFLAGS=
  PIE_CFLAGS=
  PIE_LDFLAGS=
  m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection],
    [FARRIER_CFLAG([HARDEN_CFLAGS], flag)])
  # _FORTIFY_SOURCE warns without optimisation, and hides from the sanitizers what they look for.
  AS_CASE([" $CFLAGS "],
    [*" -O0 "*], [],
    [*" -O"*], [AS_IF([test -z "$SANITIZE_CFLAGS"],
                 [HARDEN_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])])
  FARRIER_LDFLAG([HARDEN_LDFLAGS], [-Wl,-z,relro])
  FARRIER_LDFLAG([HARDEN_LDFLAGS], [-Wl,-z,now])
  FARRIER_LDFLAG([HARDEN_LDFLAGS], [-Wl,-z,noexecstack])
  FARRIER_CFLAG([PIE_CFLAGS], [-fPIE])
  FARRIER_LDFLAG([PIE_LDFLAGS], [-pie])
  AC_SUBST([HARDEN_CPPFLAGS])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
  AC_SUBST([PIE_CFLAGS])
  AC_SUBST([PIE_LDFLAGS])
])

# FARRIER_SANITIZERS: --enable-asan, --enable-tsan, --enable-coverage; fills SANITIZE_CFLAGS
# (compiler and linker) and SANITIZER (asan, tsan or none).
AC_DEFUN([FARRIER_SANITIZERS], [
  AC_ARG_ENABLE([asan],
    [AS_HELP_STRING([--enable-asan], [AddressSanitizer and UndefinedBehaviorSanitizer @<:@no@:>@])],
    [], [enable_asan=no])
  AC_ARG_ENABLE([tsan],
    [AS_HELP_STRING([--enable-tsan], [ThreadSanitizer @<:@no@:>@])], [], [enable_tsan=no])
  AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage], [count executed lines, for gcovr @<:@no@:>@])],
    [], [enable_coverage=no])
  SANITIZE_CFLAGS=
  SANITIZER=none
  AS_IF([test "$enable_asan" = yes && test "$enable_tsan" = yes],
    [AC_MSG_ERROR([--enable-asan and --enable-tsan exclude each other: configure two builds])])
  AS_IF([test "$enable_asan" = yes],
    [SANITIZER=asan
     SANITIZE_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
     SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fno-omit-frame-pointer"])
  AS_IF([test "$enable_tsan" = yes],
    [SANITIZER=tsan
     SANITIZE_CFLAGS="-fsanitize=thread -fno-omit-frame-pointer"])
  COVERAGE_CFLAGS=
  AS_IF([test "$enable_coverage" = yes], [COVERAGE_CFLAGS="--coverage -fprofile-update=atomic"])
  AS_IF([test -n "$SANITIZE_CFLAGS$COVERAGE_CFLAGS"], [
    AC_MSG_CHECKING([whether programs link with $SANITIZE_CFLAGS $COVERAGE_CFLAGS])
    farrier_save=$CFLAGS
    CFLAGS="$CFLAGS $SANITIZE_CFLAGS $COVERAGE_CFLAGS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([the sanitizer or coverage runtime is missing: apt-get install libgcc-12-dev])])
    CFLAGS=$farrier_save
  ])
  AC_SUBST([SANITIZE_CFLAGS])
  AC_SUBST([COVERAGE_CFLAGS])
  AC_SUBST([SANITIZER])
])

# FARRIER_NEED (VARIABLE, PKG-CONFIG-MODULE, DEBIAN-PACKAGE): a library that must be there. What is
# missing is collected; FARRIER_NEED_DONE names all of it at once.
AC_DEFUN([FARRIER_NEED], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_RESULT([no])
     farrier_missing="$farrier_missing $3"
     AS_ECHO(["configure: missing: $2 (Debian package $3): $$1[]_PKG_ERRORS"]) | head -n 1 >&2])
])
AC_DEFUN([FARRIER_NEED_DONE], [
  AS_IF([test -n "$farrier_missing"],
    [AC_MSG_ERROR([libraries are missing; on Debian: apt-get install$farrier_missing])])
])

# FARRIER_ALLOCATOR: --with-jemalloc=auto|yes|no; fills JEMALLOC_LIBS for the two programs, and
# ALLOCATOR (its name). A sanitizer brings an allocator of its own.
AC_DEFUN([FARRIER_ALLOCATOR], [
  AC_REQUIRE([FARRIER_SANITIZERS])
  AC_ARG_WITH([jemalloc],
    [AS_HELP_STRING([--with-jemalloc], [memory from jemalloc: less CPU time @<:@auto@:>@])],
    [], [with_jemalloc=auto])
  ALLOCATOR="the C library's"
  JEMALLOC_LIBS=
  AS_IF([test "$SANITIZER" != none],
    [AS_IF([test "$with_jemalloc" = yes],
       [AC_MSG_ERROR([--with-jemalloc and a sanitizer exclude each other])])],
    [test "$with_jemalloc" != no],
    [PKG_CHECK_MODULES([JEMALLOC], [jemalloc >= 5], [ALLOCATOR=jemalloc],
       [AS_IF([test "$with_jemalloc" = yes],
          [AC_MSG_ERROR([jemalloc is missing: apt-get install libjemalloc-dev])])])])
  AC_SUBST([JEMALLOC_LIBS])
])
