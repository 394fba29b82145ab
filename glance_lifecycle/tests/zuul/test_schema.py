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

"""Zuul itself reads .zuul.yaml: its loader, its schemas, its expressions.

The names in it are compared with this tree by ``tests/unit/test_zuul.py``.
"""

import copy
import pathlib
from typing import Any
import unittest

import voluptuous
from zuul import configloader
from zuul.lib import re2util
from zuul import model

TOP = pathlib.Path(__file__).parents[3]
TEXT = (TOP / '.zuul.yaml').read_text()

Entry = dict[str, Any]


def parsed(text: str = TEXT) -> list[Entry]:
    """As Zuul reads a file: a key that is there twice is an error."""
    context = model.SourceContext(
        'opendev.org/openstack/glance-lifecycle',
        'openstack/glance-lifecycle', 'gerrit', 'master', '.zuul.yaml')
    found: list[Entry] = configloader.safe_load_yaml(text, context)
    return found


def check(entries: list[Entry]) -> None:
    """:raises voluptuous.Invalid: one of them is not as Zuul wants it"""
    schemas = {'job': configloader.JobParser.schema,
               'project': configloader.ProjectParser(None).schema}
    for entry in entries:
        (kind, value), = entry.items()
        schemas[kind](value)
        for name in ('files', 'irrelevant-files'):
            for rule in value.get(name, ()):
                # RE2's; what only Python knows, Zuul will not know any more.
                if re2util.ZuulRegex(rule).re2_failure:
                    raise voluptuous.Invalid('%s is not of RE2' % rule)


class SchemaTest(unittest.TestCase):

    def test_ours(self) -> None:
        entries = parsed()
        self.assertIn('project', entries[0])
        check(entries)

    def test_what_is_found(self) -> None:
        """It is no schema that lets everything pass."""
        job = next(entry for entry in parsed() if 'job' in entry)
        for key, value in (('timeout', 'long'), ('parents', 'openstack-tox'),
                           ('vars', {'tox-envlist': 'py3'}),
                           ('nodeset', 3), ('required-projects', [{}])):
            wrong = copy.copy(job)
            wrong['job'] = job['job'] | {key: value}
            with self.assertRaises(voluptuous.Invalid, msg=key):
                check([wrong])
        with self.assertRaises(voluptuous.Invalid):
            check([{'job': job['job'] | {'files': ['^a(?!b)']}}])

    def test_twice(self) -> None:
        with self.assertRaisesRegex(Exception, 'name'):
            parsed('- job:\n    name: a\n    name: b\n')
