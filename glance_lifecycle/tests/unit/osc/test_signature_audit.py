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

"""Numbers that ``signature audit`` refuses."""

import contextlib
import io
import unittest
from unittest import mock

from glance_lifecycle.osc import signature_audit


class AuditSignaturesTest(unittest.TestCase):

    def test_numbers(self) -> None:
        parser = signature_audit.AuditSignatures(
            mock.Mock(), None).get_parser('x')
        for argv in (('--page-size', '0'), ('--page-size', '-1'),
                     ('--days', '-5')):
            with self.subTest(argv), \
                    contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertRaises(SystemExit, parser.parse_args, argv)
                self.assertIn('is no number from', said.getvalue())
