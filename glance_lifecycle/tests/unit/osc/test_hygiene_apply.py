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

"""What ``hygiene apply`` says when it fails at once."""

import contextlib
import io
import unittest
from unittest import mock

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import export_options
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc import hygiene_apply
from glance_lifecycle.reclaim import exported
from glance_lifecycle.reclaim import here


class ApplyHygieneTest(unittest.TestCase):

    def test_failed(self) -> None:
        """Not that there is nothing of this plan."""
        command = hygiene_apply.ApplyHygiene(mock.Mock(), None)
        parsed = command.get_parser('x').parse_args(['plan'])
        with mock.patch.object(input_file, 'load'), \
                mock.patch.object(export_options, 'needed'), \
                mock.patch.object(exported, 'check'), \
                mock.patch.object(here, 'locked', contextlib.nullcontext), \
                mock.patch.object(
                    hygiene_apply, '_applied',
                    side_effect=osc_exceptions.CommandError('Away.')), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertRaisesRegex(osc_exceptions.CommandError, 'Away',
                                   command._outcomes, parsed)
        self.assertEqual('', said.getvalue())
