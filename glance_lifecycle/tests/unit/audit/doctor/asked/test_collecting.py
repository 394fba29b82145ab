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

import json
from typing import Any
import unittest
from unittest import mock

from keystoneauth1 import exceptions as ksa_exceptions

from glance_lifecycle.audit.doctor.asked import collecting


class Client:
    """Answers everything with one response.

    :ivar asked: options of each request
    """

    def __init__(self, body: Any = None, status: int = 200,
                 **headers: str) -> None:
        self._chunks = [body if isinstance(body, bytes)
                        else json.dumps(body).encode()]
        self._status = status
        self._headers = headers
        self.asked: list[dict[str, Any]] = []

    def get(self, path: str, **options: Any) -> Any:
        self.asked.append(options)
        response = mock.Mock(status_code=self._status, headers=self._headers)
        response.iter_content.return_value = iter(self._chunks)
        return response


class FetchTest(unittest.TestCase):

    def test_bounded(self) -> None:
        client = Client({'a': 1})
        self.assertEqual({'a': 1}, collecting.get(client, '/x'))
        self.assertEqual(collecting.PATIENCE, client.asked[0]['timeout'])
        self.assertTrue(client.asked[0]['stream'])

    def test_too_much(self) -> None:
        client = Client()
        client._chunks = [b'x' * 1024 ** 2] * 20
        with self.assertRaisesRegex(collecting.Unexpected, 'more than 16'):
            collecting.get(client, '/x')

    def test_too_slow(self) -> None:
        """A byte now and then keeps no socket from answering for ever."""
        client = Client()
        client._chunks = [b' '] * 100
        with mock.patch('time.monotonic', side_effect=range(0, 900, 9)):
            with self.assertRaisesRegex(collecting.Unexpected, 'longer'):
                collecting.get(client, '/x')

    def test_status(self) -> None:
        self.assertIsNone(collecting.get(Client(status=404), '/x'))
        with self.assertRaisesRegex(collecting.Unexpected,
                                    '403, your user may not'):
            collecting.get(Client(status=403), '/x')
        with self.assertRaisesRegex(collecting.Unexpected, 'HTTP 302$'):
            collecting.get(Client(status=302), '/x')

    def test_no_json(self) -> None:
        for body in (b'<html>', b'[' * 100000, b'\xff\x00'):
            self.assertIsNone(collecting.fetch(Client(body), '/x').data)

    def test_clock(self) -> None:
        """As far as a Date, of whole seconds, can tell."""
        with mock.patch('time.time', side_effect=[100.0, 101.0] * 5):
            for date, ahead in (
                    ('Thu, 01 Jan 1970 00:01:40 GMT', 0.0),
                    ('Thu, 01 Jan 1970 00:03:20 GMT', 99.0),
                    ('Thu, 01 Jan 1970 00:00:39 GMT', -60.0),
                    ('', None), ('Thu, 99 Jan 1970', None)):
                self.assertEqual(ahead, collecting.fetch(
                    Client(Date=date), '/x').ahead)


class AskedTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.asked = collecting.Asked()

    def fails(self, error: Exception, service: str = 'Image') -> None:
        self.assertIsNone(self.asked.answer(
            'list its stores', mock.Mock(side_effect=error), service))

    def test_answer(self) -> None:
        self.assertEqual(1, self.asked.answer('x', lambda: 1))
        self.assertEqual([], self.asked.unknown)

    def test_each_failure_is_noted(self) -> None:
        for error in (KeyError('x'), TypeError('x'), RecursionError(),
                      OverflowError(), collecting.Unexpected('HTTP 500')):
            self.fails(error)
        self.assertEqual(5, len(self.asked.unknown))
        for sentence in self.asked.unknown:
            self.assertRegex(sentence, r'^The Image service .*\.$')

    def test_away(self) -> None:
        """Who was away once is not waited for again; others are asked."""
        self.fails(ksa_exceptions.ConnectFailure('http://x:secret@y'))
        self.fails(KeyError('x'))
        self.fails(KeyError('x'), 'Identity')
        self.assertEqual(2, len(self.asked.unknown))
        self.assertIn('cannot be asked (ConnectFailure)',
                      self.asked.unknown[0])
        self.assertNotIn('secret', self.asked.unknown[0])
