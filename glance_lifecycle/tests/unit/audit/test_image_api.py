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

"""What the Image API, or the way to it, may answer."""

from typing import Any
import unittest

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions


class Answer:

    def __init__(self, status: int, body: Any = None) -> None:
        self.status_code = status
        self._body = body
        self.ok = status < 400
        self.headers: dict[str, str] = {}
        self.url = 'http://host/secret'
        self.reason = 'because'
        self.text = ''
        self.content = b''

    def json(self) -> Any:
        return self._body


class Client:
    """Answers as it is told."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def get(self, _path: str, **_query: Any) -> Answer:
        return self.answer


class AskingTest(unittest.TestCase):

    def failure(self, error: Exception) -> exceptions.ServiceError:
        with self.assertRaises(exceptions.ServiceError) as caught:
            with image_api.asking('show it'):
                raise error
        self.assertIn('The Image service did not show it: ',
                      str(caught.exception))
        self.assertIsNone(caught.exception.__cause__)
        return caught.exception

    def test_refused(self) -> None:
        """What will be refused again, and what may pass."""
        for status, refused in ((400, True), (403, True), (404, True),
                                (408, False), (409, False), (413, False),
                                (429, False), (500, False), (503, False)):
            error = self.failure(sdk_exceptions.HttpException(
                'no', http_status=status))
            self.assertIs(refused, isinstance(
                error, exceptions.ServiceRefused), status)

    def test_way(self) -> None:
        """Their texts quote addresses."""
        for error in (ksa_exceptions.ConnectFailure('http://host/secret'),
                      sdk_exceptions.SDKException('http://host/secret'),
                      ConnectionResetError('secret')):
            found = self.failure(error)
            self.assertNotIn('secret', str(found))
            self.assertNotIsInstance(found, exceptions.ServiceRefused)


class ClientTest(unittest.TestCase):

    def test_marker_is_gone(self) -> None:
        for status in (400, 404):
            get = image_api.getter(Client(Answer(status)))
            self.assertIsNone(get('/images', {'marker': 'x'}))
            with self.assertRaises(sdk_exceptions.HttpException):
                get('/images', {})

    def test_store_kinds(self) -> None:
        for status in (403, 404):
            self.assertIsNone(image_api.store_kinds(Client(Answer(status))))
        for status in (401, 429, 500, 503):
            with self.assertRaises(sdk_exceptions.HttpException):
                image_api.store_kinds(Client(Answer(status)))
        self.assertEqual({'a': 'rbd'}, image_api.store_kinds(
            Client(Answer(200, {'stores': [
                {'id': 'a', 'type': 'rbd'}, {'id': 'b'}]}))))

    def test_store_names(self) -> None:
        self.assertEqual([], image_api.store_names(Client(Answer(404))))
        for status in (401, 403, 429, 500, 503):
            with self.assertRaises(sdk_exceptions.HttpException):
                image_api.store_names(Client(Answer(status)))
        self.assertEqual(['a', 'b'], image_api.store_names(
            Client(Answer(200, {'stores': [
                {'id': 'a', 'default': 'true'}, {'id': 'b'}]}))))

    def test_lists(self) -> None:
        self.assertEqual(['a', 'b'], image_api.stores_of(
            {'stores': 'a, b,'}))
        self.assertEqual([], image_api.stores_of({}))
