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

"""What ``drift list`` refuses, and what it makes of Glance's refusals."""

import contextlib
import io
from typing import Any
import unittest
from unittest import mock

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc import drift


class ListDriftTest(unittest.TestCase):

    def setUp(self) -> None:
        self.command = drift.ListDrift(mock.Mock(), None)

    def parsed(self, *argv: str) -> Any:
        return self.command.get_parser('x').parse_args(argv)

    def test_page_size(self) -> None:
        """Of none, no image would be looked at."""
        for number in ('0', '-1', 'x'):
            with contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertRaises(SystemExit, self.parsed, '--page-size',
                                  number)
            self.assertIn('is no number from 1 on.', said.getvalue())

    def test_refused(self) -> None:
        client = mock.Mock()
        client.get.side_effect = client.stores.side_effect = (
            sdk_exceptions.ForbiddenException('no'))
        with mock.patch.object(connection, 'of', return_value=mock.Mock(
                image=client)), mock.patch.object(policy_options, 'policy'):
            answers: tuple[Any, ...] = (
                {}, sdk_exceptions.ForbiddenException('no'))
            for kinds in answers:
                with mock.patch('glance_lifecycle.audit.image_api.store_kinds',
                                side_effect=[kinds]), \
                        self.assertRaisesRegex(osc_exceptions.CommandError,
                                               'Image service'):
                    list(self.command.take_action(self.parsed())[1])
