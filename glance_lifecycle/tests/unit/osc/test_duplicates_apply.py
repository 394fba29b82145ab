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

"""What ``duplicates apply`` says when it fails at once."""

import contextlib
import io
import unittest
from unittest import mock

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc import duplicates_apply


class ApplyDuplicatesTest(unittest.TestCase):

    def test_failed(self) -> None:
        """Not that there are no steps."""
        command = duplicates_apply.ApplyDuplicates(mock.Mock(), None)
        parsed = command.get_parser('x').parse_args(['plan', '--yes'])
        with mock.patch.object(input_file, 'load'), mock.patch.object(
                command, '_applied',
                side_effect=osc_exceptions.CommandError('Away.')), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertRaisesRegex(osc_exceptions.CommandError, 'Away',
                                   command.take_action, parsed)
        self.assertEqual('', said.getvalue())
