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


"""``python -m benchmarks.policy``: decisions a second, drift of a catalogue.

Decisions: a document of 50 rules, as many as decide, on images of which the
most fall through to the last ones; one core.

Drift: ``openstack image lifecycle drift list -f json`` as a process of its
own, over images that a stand-in for the Image API serves: Glance's pages,
markers and attributes, made as they are asked for. The CPU time and the peak
memory are of that process, from start to end.
"""

import argparse
from collections.abc import Iterator
import dataclasses
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any
import urllib.parse

from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document

RULES = 50
IMAGES = 100_000

#: What must be reached.
DECISIONS_A_SECOND = 10_000
DRIFT_CPU = 60
DRIFT_PEAK = 300 * 1024 ** 2

# [DEFAULT] api_limit_max.
_MOST = 1000

_KINDS = {'fast': 'rbd', 'bulk': 'file', 'far': 's3'}


def policy() -> str:
    """Every second rule looks at five facts, and the others at patterns."""
    rules = []
    for number in range(RULES - 1):
        if number % 2:
            rules.append(f"""
  - name: project-{number}
    match:
      project: project-{number}
      visibility: [public, shared]
      tags: [golden, silver]
      size: {{min: 1 MiB, max: 1 TiB}}
      properties: {{os_distro: [debian, ubuntu], hw_disk_bus: virtio}}
    require: {{signature: signed-only, properties: {{os_distro: debian}}}}
    place: {{stores: [fast], later: [far]}}
    protect: {{protected: true, cool_down: 7 days}}""")
        else:
            rules.append(f"""
  - name: names-{number}
    match:
      name: ["team-{number}-*", "*-team-{number}"]
      not: {{properties: {{image_type: snapshot}}}}
    convert: {{to_raw: {{if_store_is: rbd}}}}
    metadata: {{set_tags: [team], forbid_properties: ["internal_*"]}}
    retain: {{deactivate_after: 1 year}}""")
    rules.append("""
  - name: others
    place: {stores: [fast]}
    visibility: {allowed: [private, shared, public]}
    convert: {to_raw: never}""")
    return 'version: 1\nrules:' + ''.join(rules) + '\n'


# That own the images, one after the other.
PROJECTS = 211


def image(number: int) -> dict[str, Any]:
    """As GET /v2/images shows one; every tenth is not where it should be."""
    identifier = f'00000000-0000-4000-8000-{number:012d}'
    return {
        'id': identifier, 'name': f'image-{number}-team-{number % 97}',
        'status': 'active', 'visibility': 'shared', 'protected': False,
        'owner': f'project-{number % PROJECTS}', 'tags': ['golden', 'x86'],
        'disk_format': 'raw', 'container_format': 'bare',
        'size': 2361393152, 'virtual_size': 2361393152, 'min_ram': 0,
        'min_disk': 0, 'checksum': 'b874c39491a2377b8490f5f1e89761a4',
        'os_hash_algo': 'sha512', 'os_hash_value': 'ab' * 64,
        'os_hidden': False, 'created_at': '2026-01-01T00:00:00Z',
        'updated_at': '2026-01-01T00:00:00Z',
        'stores': 'bulk' if number % 10 == 0 else 'fast,bulk',
        'self': '/v2/images/' + identifier, 'schema': '/v2/schemas/image',
        'file': f'/v2/images/{identifier}/file', 'os_distro': 'debian',
        'os_version': '13', 'hw_disk_bus': 'virtio', 'hw_vif_model':
        'virtio', 'hw_qemu_guest_agent': 'yes', 'image_class': 'tenant'}


class _Api(http.server.BaseHTTPRequestHandler):
    """As much of the Image API as the command asks."""

    protocol_version = 'HTTP/1.1'
    count = IMAGES

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == '/v2/info/stores/detail':
            self._answer({'stores': [{'id': name, 'type': kind}
                                     for name, kind in _KINDS.items()]})
        elif url.path == '/v2/images':
            self._answer(self._page(query))
        else:
            self.send_error(404)

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        limit = min(int(query.get('limit', 25)), _MOST)
        first = int(query['marker'][-12:]) + 1 if 'marker' in query else 0
        count = 0 if query.get('os_hidden') == 'true' else self.count
        found = [image(number)
                 for number in range(first, min(first + limit, count))]
        answer: dict[str, Any] = {
            'images': found, 'schema': '/v2/schemas/images',
            'first': '/v2/images?' + urllib.parse.urlencode(query)}
        if len(found) == limit:
            answer['next'] = '/v2/images?' + urllib.parse.urlencode(
                {**query, 'marker': found[-1]['id']})
        return answer

    def _answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclasses.dataclass(frozen=True)
class Drift:
    """One run of the command; seconds and bytes."""

    wall: float
    cpu: float
    peak: int
    rows: int


def facts() -> Iterator[decision.Facts]:
    """Of all kinds: first rule, last rule, none but the last."""
    for number in range(100):
        found = image(number)
        yield decision.Facts(
            found['disk_format'], 'bare', found['size'],
            found['virtual_size'], name=found['name'],
            project=found['owner'], visibility='shared',
            tags=frozenset(found['tags']), properties={
                'os_distro': 'debian', 'hw_disk_bus': 'virtio'},
            signed=False, age=86400, stores=('bulk',), store_kinds=_KINDS)


def decisions(seconds: float) -> float:
    """Decisions a second."""
    ready = decision.Policy(document.load(policy().encode()))
    known = list(facts())
    count = 0
    start = time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for each in known:
            ready.decide(each)
        count += len(known)
    return count / spent


def drift(count: int) -> Drift:
    """The whole catalogue through the command.

    :raises RuntimeError: it failed
    """
    api = type('Api', (_Api,), {'count': count})
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), api)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with tempfile.TemporaryDirectory() as directory:
            return _command(server.server_address[1],
                            pathlib.Path(directory))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _command(port: int, work: pathlib.Path) -> Drift:
    (work / 'policy.yaml').write_text(policy())
    environ = {name: value for name, value in os.environ.items()
               if not name.startswith('OS_')}
    with (work / 'out').open('w+b') as out:
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, f'{sys.prefix}/bin/openstack',
             '--os-auth-type', 'admin_token', '--os-token', 'token',
             '--os-endpoint', f'http://127.0.0.1:{port}/v2', 'image',
             'lifecycle', 'drift', 'list', '--policy',
             str(work / 'policy.yaml'), '-f', 'json'],
            stdout=out, env=environ)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f'the command exited {process.returncode}')
        out.seek(0)
        rows = len(json.load(out))
    return Drift(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024,
                 rows)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.policy', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=IMAGES,
                        help=f'default: {IMAGES}')
    parser.add_argument('--seconds', type=float, default=5,
                        help='of deciding; default: 5')
    args = parser.parse_args()
    rate = decisions(args.seconds)
    print(f'{rate:,.0f} decisions a second, {RULES} rules, one core '
          f'(goal: {DECISIONS_A_SECOND:,}) {_mark(rate, DECISIONS_A_SECOND)}')
    found = drift(args.images)
    print(f'drift of {args.images:,} images, {found.rows:,} rows, '
          f'{found.wall:.1f} s:')
    print(f'  CPU {found.cpu:.1f} s (goal: under {DRIFT_CPU}) '
          f'{_mark(DRIFT_CPU, found.cpu)}')
    print(f'  peak memory {found.peak / 1024 ** 2:.0f} MiB (goal: under '
          f'{DRIFT_PEAK // 1024 ** 2}) {_mark(DRIFT_PEAK, found.peak)}')
    return 0


def _mark(more: float, less: float) -> str:
    return 'reached' if more >= less else 'NOT REACHED'


if __name__ == '__main__':
    sys.exit(main())
