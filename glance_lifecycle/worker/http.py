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

"""/metrics, /healthz and /readyz over HTTP.

Not prometheus_client's own server: whoever reaches that may keep a thread of
the worker for each connection, for as long as they like.
"""

from collections.abc import Callable
from http import server
import io
import socket
import socketserver
import threading
import time
from typing import Any

from oslo_log import log as logging
import prometheus_client

from glance_lifecycle import exceptions
from glance_lifecycle.worker import health as healths
from glance_lifecycle.worker import metrics as counted

LOG = logging.getLogger(__name__)

# Requests that are answered at the same time; more are hung up on.
_ROOM = 8

# Bytes of a request with its headers; those of Prometheus have 300.
_LONGEST = 8192

# Seconds for all of a request, and again for all of its answer.
_PATIENCE = 5.0

# Seconds until it is seen that it shall stop.
_POLL = 0.5

_TEXT = 'text/plain; charset=utf-8'
# The one that every Prometheus knows.
_METRICS = 'text/plain; version=0.0.4; charset=utf-8'

_Answer = tuple[int, str, bytes]


class Server:
    """Answers while it is started.

    :param bind: address or name of this host; IPv6 without brackets
    :param port: 0 has one chosen
    """

    def __init__(self, bind: str, port: int, metrics: counted.Metrics,
                 health: healths.Health) -> None:
        self._bind = bind
        self._wanted = port
        self._pages: dict[str, Callable[[], _Answer]] = {
            '/metrics': lambda: (
                200, _METRICS,
                prometheus_client.generate_latest(metrics.registry)),
            '/healthz': lambda: _told(health.not_alive()),
            '/readyz': lambda: _told(health.not_ready())}
        self._server: _Http | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The one that it listens on; 0 while it does not."""
        return 0 if self._server is None else int(
            self._server.server_address[1])

    def start(self) -> None:
        """Listen, and answer in threads of its own: not before a fork.

        :raises ConfigurationError: it cannot listen there
        """
        try:
            self._server = _Http(_resolved(self._bind, self._wanted),
                                 self._pages)
        except OSError as error:
            raise exceptions.ConfigurationError(
                detail='[lifecycle_worker] metrics_bind, metrics_port: %s '
                'port %d: %s. Choose another port, or 0 for none' % (
                    self._bind, self._wanted, error.strerror)) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), daemon=True,
            name='lifecycle-metrics')
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; requests that are being answered go on."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None


def _told(failing: list[str]) -> _Answer:
    text = '\n'.join(failing or ['ok']) + '\n'
    return 503 if failing else 200, _TEXT, text.encode()


def _resolved(bind: str, port: int) -> tuple[int, Any]:
    """Family and address."""
    family, _, _, _, address = socket.getaddrinfo(
        bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return family, address


class _Http(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Not http.server's: that asks the name service who it is."""

    allow_reuse_address = True
    # A second worker must not get every other request.
    allow_reuse_port = False
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, where: tuple[int, Any],
                 pages: dict[str, Callable[[], _Answer]]) -> None:
        self.address_family, address = where
        self.pages = pages
        self._room = threading.BoundedSemaphore(_ROOM)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any,
                               client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        LOG.debug('A request for metrics was not answered.', exc_info=True)


class _Handler(server.BaseHTTPRequestHandler):
    """One request, and the end of the connection."""

    server: _Http
    server_version = 'glance-lifecycle-worker'
    sys_version = ''
    timeout = _PATIENCE

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        # A client that sends a byte now and then keeps within any timeout of
        # a single read.
        self.rfile = io.BufferedReader(io.BytesIO(self._head()))

    def _head(self) -> bytes:
        """The request without its body; b'' if it is none."""
        found = b''
        deadline = time.monotonic() + _PATIENCE
        while b'\r\n\r\n' not in found and b'\n\n' not in found:
            left = deadline - time.monotonic()
            if left <= 0 or len(found) >= _LONGEST:
                return b''
            self.connection.settimeout(left)
            try:
                more = self.connection.recv(_LONGEST - len(found))
            except OSError:
                return b''
            if not more:
                return b''
            found += more
        # Of "sendall", for all that it sends.
        self.connection.settimeout(_PATIENCE)
        return found

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition('?')[0])
        if page is None:
            self.send_error(404)
            return
        try:
            answer = page()
        except Exception:
            LOG.exception('Metrics cannot be told.')
            self.send_error(500)
            return
        self._send(*answer)

    do_HEAD = do_GET

    def send_error(self, code: int, message: str | None = None,
                   explain: str | None = None) -> None:
        """Nothing of what was sent comes back, nor into the log."""
        if code == 501:
            # http.server's word for a method that it does not know.
            code = 405
        phrase = self.responses.get(code, ('Error', ''))[0]
        self._send(code, _TEXT, (phrase + '\n').encode())

    def _send(self, code: int, kind: str, body: bytes) -> None:
        self.close_connection = True
        self.send_response(code)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Cache-Control', 'no-store')
        self.send_header('X-Content-Type-Options', 'nosniff')
        self.send_header('Connection', 'close')
        if code == 405:
            self.send_header('Allow', 'GET, HEAD')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Each scrape a line would hide all else."""
