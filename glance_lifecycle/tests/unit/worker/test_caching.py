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

"""What is cached where, asked of a server that answers as Glance does."""

import dataclasses
import functools
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
import json
import threading
from typing import Any
import unittest

from openstack import connection

from glance_lifecycle import exceptions
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import caching
from glance_lifecycle.worker import nova_caches

IMAGE = image_api.image(1, size=2 ** 30)
GLANCE = wants.Cache(prefetch=('glance',))
NOVA = wants.Cache(prefetch=('nova',), aggregates=('fast', '2', 'none'))


class Node:
    """A glance-api with a cache, or a Nova.

    :ivar answer: of GET /v2/cache, as JSON
    :ivar asked: how often
    """

    def __init__(self) -> None:
        self.cached: list[dict[str, Any]] = []
        self.queued: list[str] = []
        self.posted: list[tuple[str, Any]] = []
        self.answer: Any = None
        self.status = 200
        self.asked = 0
        self.server = ThreadingHTTPServer(
            ('127.0.0.1', 0), functools.partial(_Handler, self))
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        self._thread = threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):

    def __init__(self, node: Node, *args: Any) -> None:
        self.node = node
        super().__init__(*args)

    def do_GET(self) -> None:
        self.node.asked += 1
        self._answer(self.node.answer if self.node.answer is not None else {
            'cached_images': self.node.cached,
            'queued_images': self.node.queued})

    def do_PUT(self) -> None:
        self.node.queued.append(self.path.rpartition('/')[2])
        self._answer({})

    def do_POST(self) -> None:
        self.node.posted.append((self.path, json.loads(self.rfile.read(
            int(self.headers['Content-Length'])))))
        self._answer({})

    def _answer(self, found: Any) -> None:
        data = json.dumps(found).encode()
        self.send_response(self.node.status)
        self.send_header('Content-Length', str(len(data)))
        self.send_header('Content-Type', 'application/json')
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class CachesTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.nodes = [Node(), Node()]
        for node in self.nodes:
            self.addCleanup(node.close)
        self.connection = connection.Connection(
            auth_type='admin_token', auth={
                'endpoint': self.nodes[0].url + '/v2', 'token': 't'})
        self.urls = [node.url for node in self.nodes]

    def caches(self, limit: int = 0) -> caching.Caches:
        # However they are written.
        return caching.Caches(self.connection, [
            self.urls[0] + '/v2/', self.urls[1]], limit)

    def cache(self, node: int, image_id: str, size: int = 1) -> None:
        self.nodes[node].cached.append({
            'image_id': image_id, 'size': size, 'hits': 0})

    def test_missing(self) -> None:
        self.assertEqual(caching.Missing(nodes=tuple(self.urls)),
                         self.caches().missing(IMAGE, GLANCE))
        self.cache(0, IMAGE['id'])
        self.assertEqual((self.urls[1],),
                         self.caches().missing(IMAGE, GLANCE).nodes)
        self.nodes[1].queued.append(IMAGE['id'])
        self.assertEqual(caching.Missing(),
                         self.caches().missing(IMAGE, GLANCE))

    def test_queue(self) -> None:
        caches = self.caches()
        caches.missing(IMAGE, GLANCE)
        caches.queue(self.urls[1], IMAGE['id'])
        self.assertEqual([IMAGE['id']], self.nodes[1].queued)
        self.assertNotIn(self.urls[1], caches.missing(IMAGE, GLANCE).nodes)
        self.nodes[1].status = 403
        with self.assertRaises(exceptions.ServiceRefused):
            caches.queue(self.urls[1], IMAGE['id'])

    def test_being_fetched(self) -> None:
        """Glance lists it neither as queued nor as cached."""
        caches = self.caches()
        caches.queue(self.urls[1], IMAGE['id'])
        self.nodes[1].queued.clear()
        self.assertEqual((self.urls[0],), caches.missing(IMAGE, GLANCE).nodes)
        self.assertEqual(tuple(self.urls),
                         self.caches().missing(IMAGE, GLANCE).nodes)

    def test_asked_once(self) -> None:
        caches = self.caches()
        for number in range(5):
            caches.missing(image_api.image(number), GLANCE)
        self.assertEqual([1, 1], [node.asked for node in self.nodes])

    def test_room(self) -> None:
        self.cache(0, image_api.image_id(7), 2 ** 30 + 1)
        caches = self.caches(limit=2)
        found = caches.missing(IMAGE, GLANCE)
        self.assertEqual(((self.urls[1],), (self.urls[0],)),
                         (found.nodes, found.full))
        # What is found to fit takes room.
        second = caches.missing(image_api.image(2, size=2 ** 30), GLANCE)
        self.assertEqual((self.urls[1],), second.nodes)
        third = caches.missing(image_api.image(3, size=1), GLANCE)
        self.assertEqual((self.urls[1],), third.full)

    def test_unknown(self) -> None:
        self.nodes[0].status = 404
        answer: Any
        for answer in ([], {}, {'cached_images': None, 'queued_images': []},
                       {'cached_images': [{}], 'queued_images': []},
                       {'cached_images': [{'image_id': 1, 'size': 'x'}],
                        'queued_images': []}):
            self.nodes[1].answer = answer
            self.assertEqual(caching.Missing(unknown=tuple(self.urls)),
                             self.caches().missing(IMAGE, GLANCE), answer)

    def test_the_usual_endpoint(self) -> None:
        caches = caching.Caches(self.connection)
        self.assertEqual((caching.USUAL,), caches.missing(IMAGE, GLANCE).nodes)
        caches.queue(caching.USUAL, IMAGE['id'])
        self.assertEqual([IMAGE['id']], self.nodes[0].queued)

    def test_hosts_of_nova(self) -> None:
        """Nobody tells what they have; what is no aggregate is told apart."""
        self.nodes[0].answer = {'aggregates': [
            {'id': 1, 'uuid': 'u1', 'name': 'fast'},
            {'id': 2, 'uuid': 'u2', 'name': 'slow'}]}
        caches = self.caches()
        for _ in range(2):
            self.assertEqual(caching.Missing(
                nodes=(nova_caches.node('fast'), nova_caches.node('2')),
                absent=(nova_caches.node('none'),)),
                caches.missing(IMAGE, NOVA))
        self.assertEqual(1, self.nodes[0].asked)
        caches.queue(nova_caches.node('slow'), IMAGE['id'])
        self.assertEqual([('/v2/os-aggregates/2/images',
                           {'cache': [{'id': IMAGE['id']}]})],
                         self.nodes[0].posted)
        with self.assertRaisesRegex(exceptions.ServiceRefused,
                                    'The Compute service did not .* none'):
            caches.queue(nova_caches.node('none'), IMAGE['id'])

    def test_no_nova(self) -> None:
        """Then nothing is done, and nothing else is left undone."""
        both = dataclasses.replace(NOVA, prefetch=('glance', 'nova'))
        answer: Any
        for answer in ([], {}, {'aggregates': [{'id': 'x'}]},
                       {'aggregates': [{'id': 1, 'name': 'fast'}]}):
            self.nodes[0].answer = answer
            found = self.caches().missing(IMAGE, both)
            self.assertEqual(((self.urls[1],), ()),
                             (found.nodes, found.absent))
            self.assertIn(nova_caches.node('fast'), found.unknown)
