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

import contextlib
import socket
import threading
from unittest import mock

import fixtures
import requests
import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import health as healths
from glance_lifecycle.worker import http
from glance_lifecycle.worker import metrics


class Case(testtools.TestCase):

    bind = '127.0.0.1'

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.MockPatchObject(http, '_POLL', 0.01))
        self.metrics = metrics.Metrics()
        self.health = healths.Health()
        self.server = self.serve()

    def serve(self, port: int = 0) -> http.Server:
        server = http.Server(self.bind, port, self.metrics, self.health)
        server.start()
        self.addCleanup(server.stop)
        return server

    def ask(self, path: str, method: str = 'GET', **more: object
            ) -> requests.Response:
        host = f'[{self.bind}]' if ':' in self.bind else self.bind
        return requests.request(
            method, f'http://{host}:{self.server.port}{path}',
            timeout=waiting.BOUND, **more)  # type: ignore[arg-type]

    def connect(self) -> socket.socket:
        found = socket.create_connection((self.bind, self.server.port),
                                         timeout=waiting.BOUND)
        self.addCleanup(found.close)
        return found

    def raw(self, request: bytes) -> bytes:
        """All that is answered before the server hangs up."""
        connection = self.connect()
        found = b''
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
            while more := connection.recv(65536):
                found += more
        return found


class AnswersTest(Case):

    def test_metrics(self) -> None:
        self.metrics.braked(3)
        for path in ('/metrics', '/metrics?module=x'):
            answer = self.ask(path)
            self.assertEqual(200, answer.status_code)
            self.assertIn('\nglance_lifecycle_worker_jobs_held_total 3.0\n',
                          answer.text)
        self.assertEqual('text/plain; version=0.0.4; charset=utf-8',
                         answer.headers['Content-Type'])
        self.assertEqual('nosniff', answer.headers['X-Content-Type-Options'])
        self.assertEqual('glance-lifecycle-worker',
                         answer.headers['Server'].strip())

    def test_health(self) -> None:
        said = {'turn': '', 'database': ''}
        self.health.add('turn', lambda: said['turn'], vital=True)
        self.health.add('database', lambda: said['database'])

        def told() -> list[tuple[int, str]]:
            return [(answer.status_code, answer.text) for answer in (
                self.ask('/healthz'), self.ask('/readyz'))]

        self.assertEqual([(200, 'ok\n'), (200, 'ok\n')], told())
        said['database'] = 'It is away.'
        self.assertEqual([(200, 'ok\n'),
                          (503, 'database: It is away.\n')], told())
        said['turn'] = 'It hangs.'
        self.assertEqual(
            [(503, 'turn: It hangs.\n'),
             (503, 'turn: It hangs.\ndatabase: It is away.\n')], told())

    def test_head(self) -> None:
        for path in ('/metrics', '/healthz', '/nowhere'):
            answer = self.ask(path, 'HEAD')
            self.assertEqual(b'', answer.content)
            self.assertGreater(int(answer.headers['Content-Length']), 0)
        self.assertEqual(404, answer.status_code)

    def test_nothing_else(self) -> None:
        for path in ('/', '/metrics/', '/%2e%2e/metrics', '/SECRET<b>',
                     '/healthz/../metrics/x'):
            answer = self.ask(path)
            self.assertEqual((404, 'Not Found\n'),
                             (answer.status_code, answer.text))
            self.assertNotIn('SECRET', str(answer.headers))
        for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'SECRET'):
            answer = self.ask('/metrics', method)
            self.assertEqual((405, 'Method Not Allowed\n', 'GET, HEAD'), (
                answer.status_code, answer.text, answer.headers['Allow']))

    def test_page_fails(self) -> None:
        with mock.patch.object(self.health, 'not_ready',
                               side_effect=KeyError('SECRET')):
            answer = self.ask('/readyz')
        self.assertEqual((500, 'Internal Server Error\n'),
                         (answer.status_code, answer.text))
        self.assertEqual(200, self.ask('/readyz').status_code)


class Ipv6Test(AnswersTest):

    bind = '::1'


class StartTest(Case):

    def test_port_is_taken(self) -> None:
        other = http.Server(self.bind, self.server.port, self.metrics,
                            self.health)
        error = self.assertRaises(exceptions.ConfigurationError, other.start)
        self.assertIn('port %d: Address already in use.' % self.server.port,
                      str(error))
        self.assertEqual(0, other.port)
        other.stop()

    def test_no_such_address(self) -> None:
        for bind in ('192.0.2.1', 'nowhere.invalid'):
            server = http.Server(bind, 0, self.metrics, self.health)
            self.assertRaises(exceptions.ConfigurationError, server.start)

    def test_stop(self) -> None:
        port = self.server.port
        self.assertEqual(200, self.ask('/healthz').status_code)
        self.server.stop()
        self.assertEqual(0, self.server.port)
        self.assertRaises(ConnectionRefusedError, socket.create_connection,
                          (self.bind, port))
        self.server.stop()
        # The last connection does not keep the port from the next start.
        self.server = self.serve(port)
        self.assertEqual(port, self.server.port)
        self.assertEqual(200, self.ask('/healthz').status_code)


class HostileTest(Case):

    def patience(self, seconds: float) -> None:
        self.useFixture(fixtures.MockPatchObject(http, '_PATIENCE', seconds))

    def test_no_request(self) -> None:
        for request in (
                b'\r\n\r\n', b'\0' * 100 + b'\n\n', b'GET\r\n\r\n',
                b'GET /metrics FTP/1\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n',
                b'GET SECRET HTTP/1.1\r\n\r\n', b'\xff\xfe /\r\n\r\n',
                b'GET /SECRET\r\n\r\n', b'__init__ / HTTP/1.1\r\n\r\n',
                b'GET / HTTP/1.1\r\n' + b'SECRET: x\r\n' * 200 + b'\r\n',
                b'GET / SECRET SECRET HTTP/1.1\r\n\r\n'):
            answer = self.raw(request)
            self.assertNotIn(b'SECRET', answer, str(request))
            self.assertNotIn(b' 200 ', answer, str(request))
        self.assertEqual(200, self.ask('/healthz').status_code)

    def test_long_request(self) -> None:
        for request in (b'GET /' + b'x' * 100000,
                        b'GET / HTTP/1.1\r\nA: ' + b'x' * 100000,
                        b'GET / HTTP/1.1\r\n' + b'A: x\r\n' * 100000):
            self.assertEqual(b'', self.raw(request))
        self.assertEqual(200, self.ask('/healthz').status_code)

    def test_a_body_is_not_read(self) -> None:
        answer = self.raw(b'POST /metrics HTTP/1.1\r\n'
                          b'Content-Length: 99999999999\r\n\r\nx')
        self.assertIn(b' 405 ', answer)

    def test_one_request_a_connection(self) -> None:
        answer = self.raw(b'GET /healthz HTTP/1.1\r\n'
                          b'Connection: keep-alive\r\n\r\n' * 2)
        self.assertEqual(1, answer.count(b'ok\n'))

    def test_slow_request(self) -> None:
        """It is hung up on, however often it sends a byte."""
        self.patience(0.1)
        connection = self.connect()
        connection.sendall(b'GET /')

        def hung_up() -> bool:
            try:
                connection.sendall(b'x')
                connection.setblocking(False)
                return connection.recv(1) == b''
            except BlockingIOError:
                return False
            except ConnectionError:
                return True

        waiting.until('the server hangs up', hung_up)

    def test_silent(self) -> None:
        self.patience(0.01)
        self.assertEqual(b'', self.raw(b''))

    def test_answer_is_not_taken(self) -> None:
        """What no client takes is given up, and its thread is free."""
        self.patience(0.1)
        much = 'x' * (1 << 26)
        self.health.add('much', lambda: much)
        for _each in range(http._ROOM):
            self.connect().sendall(b'GET /readyz HTTP/1.1\r\n\r\n')
        waiting.until('a thread is free', self._answers)

    def test_many(self) -> None:
        """More than there is room for are hung up on, others answered."""
        # Other tests may have left some that still wait.
        before = set(threading.enumerate())
        many = [self.connect() for _each in range(http._ROOM)]
        waiting.until('the room is taken', lambda: not self._answers())
        self.assertEqual(http._ROOM, sum(
            'process_request_thread' in thread.name
            for thread in set(threading.enumerate()) - before))
        many.pop().close()
        waiting.until('there is room again', self._answers)

    def _answers(self) -> bool:
        return b' 200 ' in self.raw(b'GET /healthz HTTP/1.1\r\n\r\n')
