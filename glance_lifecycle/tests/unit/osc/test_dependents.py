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

"""Rows of ``image lifecycle dependents``."""

from collections.abc import Iterator
from typing import Any
import unittest

from glance_lifecycle.dependents import base
from glance_lifecycle.osc import dependents


def rows(answer: base.Answer) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in dependents._rows(answer)]


class RowsTest(unittest.TestCase):

    def test_not_asked_is_not_none(self) -> None:
        self.assertEqual(
            [('servers', 'not asked', '', '', '', '', 'no Nova')],
            rows(base.Answer('servers', False, 'no Nova')))
        self.assertEqual([('servers', 'none', '', '', '', '', '')],
                         rows(base.Answer('servers', True)))

    def test_part(self) -> None:
        self.assertEqual(
            [('servers', 'in part', '', '', '', '', 'only yours')],
            rows(base.Answer('servers', True, 'only yours')))

    def test_breaks(self) -> None:
        def found() -> Iterator[base.Dependent]:
            yield base.Dependent('server', '1')
            raise base.NotAsked(detail='it went down')
        self.assertEqual(
            [('servers', 'found', 'server', '1', '', '', ''),
             ('servers', 'in part', '', '', '', '', 'it went down')],
            rows(base.Answer('servers', True, dependents=found())))

    def test_names_of_strangers(self) -> None:
        found = [base.Dependent('server', '1', 'a\x1b[2J\n\x9bé')]
        self.assertEqual('a\\x1b[2J\\x0a\\x9bé', rows(
            base.Answer('servers', True, dependents=found))[0][4])
