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

"""What ``cache audit`` shows of its findings."""

import io
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle.osc import cache_audit

_REPORT = {'nodes': [], 'limits': None, 'findings': [{
    'code': 'no-cache', 'page': 'GLC240', 'severity': 'unknown',
    'node': 'here', 'subject': 'cache', 'evidence': 'It says nothing.',
    'remedy': 'Look there.', 'destructive': False}]}


class AuditCacheTest(unittest.TestCase):

    def test_rows_and_findings(self) -> None:
        """The rows are of images: the findings stand beside them."""
        for formatter in ('csv', 'value', 'table', 'yaml'):
            app: Any = mock.Mock(stdout=io.StringIO(), stderr=io.StringIO())
            command = cache_audit.AuditCache(app, None)
            parsed = command.get_parser('x').parse_args(['-f', formatter])
            with self.subTest(formatter), mock.patch.object(
                    command, '_audited', return_value=_REPORT):
                self.assertEqual(3, command.run(parsed))
                self.assertIn('UNKNOWN GLC240 no-cache cache\n',
                              app.stderr.getvalue())
                self.assertNotIn('GLC240', app.stdout.getvalue())
