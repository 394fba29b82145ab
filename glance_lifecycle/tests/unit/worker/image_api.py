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

"""An Image API by real HTTP: as much of it as the worker needs."""

from collections.abc import Callable
import copy
import functools
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
import json
import threading
from typing import Any
import urllib.parse

import fixtures
from openstack import connection

from glance_lifecycle.worker import cloud as clouds

STORES = {'fast': 'rbd', 'bulk': 'file', 'far': 's3'}


def image_id(number: int) -> str:
    return '00000000-0000-4000-8000-%012d' % number


def image(number: int, **changes: Any) -> dict[str, Any]:
    """One that is active, as GET /v2/images shows it."""
    return {
        'id': image_id(number), 'name': 'golden', 'status': 'active',
        'owner': 'p', 'visibility': 'private', 'protected': False,
        'os_hidden': False, 'tags': [], 'disk_format': 'raw',
        'container_format': 'bare', 'size': 1000, 'virtual_size': 1000,
        'min_ram': 0, 'min_disk': 0, 'stores': 'fast',
        'created_at': '2026-01-01T00:00:00Z',
        'updated_at': '2026-01-01T00:00:00Z', **changes}


class ImageApi(fixtures.Fixture):
    """Holds images, in the order in which it lists them.

    :ivar images: by their ids
    :ivar fail: path without its query -> status, of all requests there
    :ivar requests: method and path of each
    :ivar hook: called with both before a request is answered
    """

    def __init__(self, *images: dict[str, Any]) -> None:
        super().__init__()
        self.images = {each['id']: each for each in images}
        self.fail: dict[str, int] = {}
        self.requests: list[tuple[str, str]] = []
        self.hook: Callable[[str, str], None] = lambda _method, _path: None

    def _setUp(self) -> None:
        server = ThreadingHTTPServer(
            ('127.0.0.1', 0), functools.partial(_Handler, self))
        server.daemon_threads = True
        self.url = f'http://127.0.0.1:{server.server_address[1]}/v2'
        thread = threading.Thread(
            target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def connection(self) -> Any:
        made = connection.Connection(
            auth_type='admin_token',
            auth={'endpoint': self.url, 'token': 't'})
        # Who is told of an error waits 15 seconds before that is believed.
        made.image.status_code_retries = 0
        return made

    def cloud(self, **parts: Any) -> clouds.Cloud:
        return clouds.Cloud(self.connection(), **parts)

    def add(self, *images: dict[str, Any]) -> None:
        self.images |= {each['id']: each for each in images}

    def listed(self) -> list[str]:
        """The queries of all requests for a list."""
        return [urllib.parse.unquote(path.partition('?')[2])
                for _method, path in self.requests
                if path.startswith('/v2/images?')]


class _Handler(BaseHTTPRequestHandler):

    protocol_version = 'HTTP/1.1'

    def __init__(self, api: ImageApi, *args: Any) -> None:
        self.api = api
        super().__init__(*args)

    def _answer(self) -> None:
        self.api.requests.append((self.command, self.path))
        self.api.hook(self.command, self.path)
        length = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        status = self.api.fail.get(url.path)
        if status is None:
            status, found = self._do(url.path, dict(
                urllib.parse.parse_qsl(url.query)), body)
        else:
            found = {}
        data = json.dumps(found).encode() if status != 204 else b''
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PATCH = do_DELETE = do_POST = _answer

    def _do(self, path: str, query: dict[str, str], body: bytes
            ) -> tuple[int, Any]:
        parts = path.strip('/').split('/')[1:]
        if parts == ['info', 'stores', 'detail']:
            return 200, {'stores': [{'id': name, 'type': kind}
                                    for name, kind in STORES.items()]}
        if parts == ['info', 'stores']:
            return 200, {'stores': [{'id': name} for name in STORES]}
        if parts == ['images']:
            return 200, self._list(query)
        if len(parts) < 2 or parts[0] != 'images':
            # Nor has it versions to choose from.
            return 404, {}
        found = self.api.images.get(parts[1])
        if found is None:
            return 404, {}
        if self.command == 'GET':
            return 200, found
        if self.command == 'DELETE':
            del self.api.images[parts[1]]
            return 204, None
        if self.command == 'PATCH':
            return self._patch(found, json.loads(body))
        found['status'] = 'deactivated'
        return 204, None

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        since = query.get('updated_at', '').removeprefix('gte:')
        found = [each for each in self.api.images.values()
                 if each['os_hidden'] is (query['os_hidden'] == 'true')
                 and each['updated_at'] >= since
                 and query.get('owner', each['owner']) == each['owner']]
        if 'id' in query:
            ids = query['id'].removeprefix('in:').split(',')
            found = [each for each in found if each['id'] in ids]
        if 'marker' in query:
            ids = [each['id'] for each in found]
            found = found[ids.index(query['marker']) + 1:]
        limit = int(query['limit'])
        page: dict[str, Any] = {'images': found[:limit]}
        if len(page['images']) == limit:
            page['next'] = '/v2/images?marker=' + found[limit - 1]['id']
        return page

    def _patch(self, found: dict[str, Any], operations: list[dict[str, Any]]
               ) -> tuple[int, Any]:
        changed = copy.deepcopy(found)
        for each in operations:
            name = each['path'][1:]
            if each['op'] == 'remove':
                del changed[name]
            else:
                changed[name] = each['value']
        self.api.images[found['id']] = changed
        return 200, changed

    def log_message(self, format: str, *args: object) -> None:
        pass
