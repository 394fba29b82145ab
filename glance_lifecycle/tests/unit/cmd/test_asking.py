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

import contextlib
import io
import unittest
from unittest import mock

from glance_lifecycle.cmd import asking


class Terminal(io.StringIO):
    """Somebody is there, and types this."""

    def isatty(self) -> bool:
        return True


class AgreedTest(unittest.TestCase):

    def test_answers(self) -> None:
        for answer, agreed in (('y\n', True), (' YES\n', True), ('n\n', False),
                               ('yes please\n', False), ('\n', False),
                               # Control-D.
                               ('', False)):
            with (self.subTest(answer),
                  mock.patch('sys.stdin', Terminal(answer)),
                  contextlib.redirect_stderr(io.StringIO()) as asked):
                self.assertIs(agreed, asking.agreed())
                self.assertEqual('Go on? [y/N] ', asked.getvalue())

    def test_nobody(self) -> None:
        """Not even if something could be read there."""
        with (mock.patch('sys.stdin', io.StringIO('y\n')),
              contextlib.redirect_stderr(io.StringIO()) as said):
            self.assertFalse(asking.agreed())
        self.assertEqual('There is no terminal to ask on. Use --yes.\n',
                         said.getvalue())
