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

"""``python -m benchmarks.image_api``: a stand-in for the Image API.

With Glance's pages, markers and attributes. Its lists are made before it
begins to answer, so that its own CPU time is small; it is a process of its
own. Its first line says its port.
"""

import argparse
from collections.abc import Iterator
import contextlib
import functools
import http.server
import json
import subprocess
import sys
import time
from typing import Any
import urllib.parse

from benchmarks import policy

#: What the images are to have, as ``benchmarks.worker`` wants them.
STORE = 's1'

# [DEFAULT] api_limit_max.
_MOST = 1000


def image(number: int, *, wrong: bool = False) -> dict[str, Any]:
    """As GET /v2/images shows one.

    :param wrong: it is not protected
    """
    return {**policy.image(number), 'protected': not wrong, 'stores': STORE}


class _Catalogue:
    """:param changed: images of a list of those that have changed"""

    def __init__(self, count: int, wrong: int, changed: int) -> None:
        self.changed = changed
        self.wrong = wrong
        self.texts = [
            json.dumps(image(number, wrong=number < wrong)).encode()
            for number in range(count)]

    @functools.cache  # noqa: B019 - there is one
    def page(self, limit: int, marker: str, only: str, owner: str = ''
             ) -> bytes:
        """GET /v2/images.

        :param only: ``changed``, ``hidden`` or nothing
        :param owner: empty for all
        """
        count = {'changed': self.changed, 'hidden': 0}.get(
            only, len(self.texts))
        numbers = range(count)
        if owner:
            numbers = range(int(owner.removeprefix('project-')), count,
                            policy.PROJECTS)
        if marker:
            numbers = numbers[numbers.index(int(marker[-12:])) + 1:]
        found = numbers[:limit]
        answer = (b'{"images": [' + b', '.join(
            self.texts[number] for number in found)
            + b'], "schema": "/v2/schemas/images"')
        if len(found) == limit:
            answer += (', "next": "/v2/images?marker=%s"' % image(
                found[-1])['id']).encode()
        return answer + b'}'


class _Api(http.server.BaseHTTPRequestHandler):
    """As much of the Image API as the worker asks."""

    protocol_version = 'HTTP/1.1'
    # Else the body waits for the head to be acknowledged, for 40 ms.
    disable_nagle_algorithm = True
    catalogue: _Catalogue
    slow = 0.0

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == '/v2/images':
            self._answer(self.catalogue.page(
                min(int(query.get('limit', 25)), _MOST),
                query.get('marker', ''),
                'hidden' if query.get('os_hidden') == 'true' else
                'changed' if 'updated_at' in query else '',
                query.get('owner', '')))
        elif url.path == '/v2/info/stores/detail':
            self._answer(json.dumps({'stores': [
                {'id': STORE, 'type': 'file'}]}).encode())
        elif url.path.startswith('/v2/images/'):
            time.sleep(self.slow)
            self._answer(self.catalogue.texts[int(url.path[-12:])])
        else:
            self.send_error(404)

    def do_PATCH(self) -> None:
        """Whatever is to be changed: then the image is as it should be."""
        self.rfile.read(int(self.headers['Content-Length']))
        number = int(self.path[-12:])
        self.catalogue.texts[number] = json.dumps(image(number)).encode()
        self.catalogue.page.cache_clear()
        self._answer(self.catalogue.texts[number])

    def _answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Workers are killed while they ask."""


@contextlib.contextmanager
def running(count: int, *, wrong: int = 0, changed: int = 0,
            slow: float = 0) -> Iterator[str]:
    """Its URL, for as long as the context.

    :param wrong: how many images are not as they should be
    :param changed: how many each look at changed images is shown
    :param slow: seconds that one image takes to be shown
    """
    with subprocess.Popen(
            [sys.executable, '-m', 'benchmarks.image_api',
             *(str(value) for value in (count, wrong, changed, slow))],
            stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe
            port = int(process.stdout.readline())
            yield f'http://127.0.0.1:{port}'
        finally:
            process.kill()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.image_api', description=__doc__)
    for name in ('count', 'wrong', 'changed'):
        parser.add_argument(name, type=int)
    parser.add_argument('slow', type=float)
    args = parser.parse_args()
    api = type('Api', (_Api,), {
        'catalogue': _Catalogue(args.count, args.wrong, args.changed),
        'slow': args.slow})
    server = _Server(('127.0.0.1', 0), api)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    return 0


if __name__ == '__main__':
    sys.exit(main())
