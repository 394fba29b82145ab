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

"""An upload that ends before the image is there."""

import contextlib
import io
import tempfile
import types
from typing import Any
import unittest
from unittest import mock

from openstack.image.v2 import image as _image
from osc_lib import exceptions as osc_exceptions
import requests

from glance_lifecycle.osc.common import upload

_LEFT = 'or remove it with "openstack image delete the-id".'


class CreateTest(unittest.TestCase):

    def setUp(self) -> None:
        made = mock.Mock(return_value=types.SimpleNamespace(id='the-id'))
        patched = mock.patch.object(_image.Image, 'create', made)
        patched.start()
        self.addCleanup(patched.stop)
        self.client = mock.Mock()
        file = tempfile.TemporaryFile()
        self.addCleanup(file.close)
        self.source: Any = types.SimpleNamespace(
            path='x', size=0, file=file,
            check_unchanged=lambda: None)

    def test_refused(self) -> None:
        """The SDK returns what Glance says, whatever its status is."""
        self.client.get_image.side_effect = AssertionError('It waits.')
        for status in (403, 409, 413):
            response = requests.Response()
            response.status_code = status
            response.reason = 'not this one'
            self.client.import_image.return_value = response
            with self.assertRaises(osc_exceptions.CommandError) as caught:
                upload.create(self.client, {'name': 'x'}, self.source)
            self.assertIn(str(status), str(caught.exception))
            self.assertIn(_LEFT, str(caught.exception))

    def test_interrupted(self) -> None:
        self.client.stage_image.side_effect = KeyboardInterrupt
        with contextlib.redirect_stderr(io.StringIO()) as said, \
                self.assertRaises(KeyboardInterrupt):
            upload.create(self.client, {'name': 'x'}, self.source)
        self.assertIn(_LEFT, said.getvalue())
