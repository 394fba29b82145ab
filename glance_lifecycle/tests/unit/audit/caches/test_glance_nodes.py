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

"""What glance-apis may answer, of which none may be trusted."""

import json
from typing import Any
import unittest

import requests

from glance_lifecycle.audit.caches import glance_nodes
from glance_lifecycle import exceptions

ENTRY = {'image_id': 'a-1', 'size': 5, 'hits': 2, 'last_accessed': 7.5,
         'last_modified': 6}


class Client:
    """Path -> body, or status."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def get(self, path: str) -> requests.Response:
        self.asked.append(path)
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code = answer if isinstance(answer, int) else 200
        response._content = b'' if isinstance(answer, int) else answer
        response.url = path
        return response


class NodesTest(unittest.TestCase):

    def node(self, answer: Any) -> glance_nodes.Node:
        found, = glance_nodes.ask(Client({'/cache': answer}))
        return found

    def body(self, **changes: object) -> bytes:
        return json.dumps({'cached_images': [{**ENTRY, **changes}],
                           'queued_images': ['q-1']}).encode()

    def test_good(self) -> None:
        self.assertEqual(
            glance_nodes.Node(glance_nodes.USUAL, (glance_nodes.Cached(
                'a-1', 5, 2, 7.5, 6.0),), ('q-1',)), self.node(self.body()))

    def test_endpoints(self) -> None:
        client = Client({'http://a/v2/cache': 404, 'http://b/v2/cache':
                         requests.ConnectionError('http://u:secret@b')})
        one, other = glance_nodes.ask(
            client, ['http://a', 'http://a/v2/', 'http://a/', 'http://b'])
        self.assertTrue(one.disabled)
        self.assertIn('cannot be asked', other.unknown)
        self.assertNotIn('secret', other.unknown)

    def test_refused(self) -> None:
        self.assertTrue(self.node(410).disabled)
        for status in (401, 403, 500):
            self.assertRegex(self.node(status).unknown, r'\.$')

    def test_hostile(self) -> None:
        for answer in (b'', b'[]', b'{', b'null', b'{"cached_images": 1}',
                       self.body(image_id='../../v3/users'),
                       self.body(image_id=''), self.body(image_id='..'),
                       self.body(image_id=5), self.body(size='x'),
                       self.body(size=[1]), self.body(hits={'a': 1}),
                       self.body(image_id='\u00b2'),
                       self.body(last_accessed=float('nan')),
                       self.body(last_accessed='yesterday'),
                       self.body(image_id='a\x1b[2J')):
            self.assertIn('cannot be read', self.node(answer).unknown)

    def test_images(self) -> None:
        client = Client({'/images/a': b'{"id": "a"}', '/images/b': 404,
                         '/images/c': 500})
        self.assertEqual({'a': {'id': 'a'}, 'b': None},
                         glance_nodes.images(client, ['b', 'a', 'a']))
        with self.assertRaises(exceptions.ServiceError):
            glance_nodes.images(client, 'c')
