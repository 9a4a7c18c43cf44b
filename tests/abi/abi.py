#!/usr/bin/env python3
"""abi.py: reads what abidw wrote about the public types.

  abi.py layout ABI MACROS   what is promised about memory: offsets, sizes, values (for layout.c)
  abi.py grown OLD NEW       what grew as the version rule allows, as suppressions for abidiff

MACROS is the output of cc -dM -E. See tests/abi/README.md.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import re
import sys
import xml.etree.ElementTree as ET

# Structs that are parts of others, or promised to stay as they are.
FIXED = {'farrier_table', 'farrier_error'}
# The end of a closed list: the one value that may change.
LAST = {'FARRIER_E_LAST_'}


def types_of(path):
    """({struct: (bytes, [(member, byte, type)])}, {enum: {name: value}}) of the public types."""
    structs, enums = {}, {}
    for decl in ET.parse(path).getroot().iter():
        name = decl.get('name', '')
        if not name.startswith('farrier_'):
            continue
        if decl.tag == 'class-decl' and decl.get('is-declaration-only') != 'yes':
            members = [(m.find('var-decl').get('name'), int(m.get('layout-offset-in-bits')) // 8,
                        m.find('var-decl').get('type-id')) for m in decl.iter('data-member')]
            structs[name] = (int(decl.get('size-in-bits')) // 8, members)
        elif decl.tag == 'enum-decl':
            enums[name] = {e.get('name'): int(e.get('value')) for e in decl.iter('enumerator')}
    return structs, enums


def constants_of(path):
    """The public macros that stand for one number or one string."""
    number = re.compile(r'#define (FARRIER_[A-Z0-9_]+) '
                        r'((?:U?INT(?:32|64)_C ?\()?-?(?:0x[0-9a-f]+|[0-9]+)u?\)?|"[^"]*")$')
    # What changes with each version, or with the processor, is no promise.
    changing = {'FARRIER_ABI_MINOR', 'FARRIER_ABI_DRAFT', 'FARRIER_NEEDS_MINOR'}
    with open(path, encoding='utf-8') as lines:
        found = (number.match(line.strip()) for line in lines)
        return sorted(m.groups() for m in found if m and m.group(1) not in changing)


def layout(abi, macros):
    structs, enums = types_of(abi)
    for name, (size, members) in sorted(structs.items()):
        print('\n%s (struct %s, %d)'
              % ('FIXED' if name in FIXED else 'SIZE', name, size))
        for member, offset, _ in members:
            print('AT (struct %s, %s, %d)' % (name, member, offset))
    for name, values in sorted(enums.items()):
        print()
        for value in values.items():
            if value[0] not in LAST:
                print('VALUE (%s, %d)' % value)
    print()
    for name, value in constants_of(macros):
        print('%s (%s, %s)' % ('TEXT' if value[0] == '"' else 'VALUE', name, value))


def grown(old, new):
    old_structs, old_enums = types_of(old)
    new_structs, new_enums = types_of(new)
    for name, (_, members) in sorted(old_structs.items()):
        now = new_structs.get(name, (0, []))[1]
        if name not in FIXED and len(now) > len(members) and now[:len(members)] == members:
            print('[suppress_type]\n  type_kind = struct\n  name = %s' % name)
    for name, values in sorted(old_enums.items()):
        now = new_enums.get(name, {})
        if len(now) > len(values) and all(now.get(k) == v for k, v in values.items()
                                          if k not in LAST):
            print('[suppress_type]\n  type_kind = enum\n  name = %s' % name)
            if LAST & set(values):
                print('  changed_enumerators = %s' % ', '.join(sorted(LAST & set(values))))


def main(words):
    if words[:1] == ['layout'] and len(words) == 3:
        layout(words[1], words[2])
    elif words[:1] == ['grown'] and len(words) == 3:
        grown(words[1], words[2])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
