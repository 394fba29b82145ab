# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""``.. lifecycle-policy-fields:: SECTION``: its fields, made from the schema.

Of ``match``, of ``hygiene``, or of a section of a rule, such as ``require``.
"""

from collections.abc import Iterator
import re
from typing import Any

from sphinx.util import docutils

from glance_lifecycle.policy import schema


def rows(properties: dict[str, Any], prefix: str = ''
         ) -> Iterator[tuple[str, str]]:
    """Each field, and what may stand there, of a mapping and those in it."""
    for name, what in properties.items():
        yield prefix + name, said(what)
        inner = what if what.get('type') == 'object' else what.get('then', {})
        each = inner.get('additionalProperties')
        if isinstance(each, dict) and each.get('type') == 'object':
            yield from rows(each['properties'], '%s%s.NAME.' % (prefix, name))
        elif inner.get('type') == 'object':
            yield from rows(inner.get('properties', {}),
                            '%s%s.' % (prefix, name))


def said(what: dict[str, Any]) -> str:
    """What may stand there, and its limits."""
    if '$ref' in what:
        return 'conditions, as ``match`` itself'
    if 'else' in what:
        one = said(what['else'])
        several = what.get('then', {}).get('type') == 'array'
        return one + ', or a list of such' * (several and 'list' not in one)
    if what.get('type') == 'array':
        return 'a list; each is %s' % said(what['items'])
    if isinstance(what.get('additionalProperties'), dict):
        return '%s, each with %s' % (
            what[schema.EXPECTED], said(what['additionalProperties']))
    limits = [text % what[name] for name, text in (
        ('minimum', 'at least %d'), ('maximum', 'at most %d')) if name in what]
    return ', '.join([what[schema.EXPECTED], *limits])


class PolicyFields(docutils.SphinxDirective):
    """See the module."""

    required_arguments = 1

    def run(self) -> list[Any]:
        for path in (__file__, schema.__file__):
            self.env.note_dependency(path)
        name = self.arguments[0]
        top = schema.SCHEMA['properties']
        found = (schema.SCHEMA['$defs']['match'] if name == 'match' else
                 top[name] if name in top else
                 top['defaults']['properties'][name])
        lines = ['.. list-table::', '   :header-rows: 1',
                 '   :widths: 30 50', '',
                 '   * - field', '     - what may stand there']
        for field, text in rows(found['properties']):
            lines += ['   * - ``%s``' % field,
                      '     - %s' % re.sub(r'[*.]', r'\\\g<0>', text)]
        return self.parse_text_to_nodes('\n'.join(lines))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive('lifecycle-policy-fields', PolicyFields)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
