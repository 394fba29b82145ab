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

import unittest

from oslo_config import types

from glance_lifecycle.audit.doctor import kinds

KINDS = (
    types.Integer(min=1, max=5), types.Integer(), types.Float(min=0.5),
    types.Port(), types.Boolean(), types.String(),
    types.String(choices=['a', 'b']), types.String(regex='^x'),
    types.String(quotes=True), types.String(max_length=3),
    types.List(types.Integer(), bounds=True), types.List(),
    types.Dict(), types.Dict(types.Integer()), types.URI(schemes=['http']),
    types.HostAddress(), types.IPAddress())

VALUES = ('', '1', '6', '0.4', '70000', 'true', 'a', 'c', 'x', '"a"', '"',
          'abcd', '[1,2]', '[a]', '1,2', 'k:1', 'k:v', 'http://h/', 'ftp://h',
          'h', '-h', '192.0.2.1', '::1', 'None')


class KindsTest(unittest.TestCase):

    def judged(self, kind: kinds.Convert, value: str) -> str:
        try:
            return repr(kind(value))
        except ValueError:
            return 'refused'

    def test_as_oslo_config(self) -> None:
        for kind in KINDS:
            loaded = kinds.load(kinds.dump(kind))
            for value in VALUES:
                self.assertEqual(self.judged(kind, value),
                                 self.judged(loaded, value), (kind, value))

    def test_described(self) -> None:
        for kind in KINDS:
            self.assertTrue(kinds.described(kinds.dump(kind)))
        self.assertEqual('an integer from 1 to 5',
                         kinds.described(kinds.dump(KINDS[0])))
        self.assertIn('in brackets', kinds.described(kinds.dump(KINDS[10])))

    def test_unknown(self) -> None:
        class Own(types.String):
            """Of somebody else."""

        self.assertEqual(['any'], kinds.dump(Own()))
        self.assertEqual('x', kinds.load(['any'])('x'))
