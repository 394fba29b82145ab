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

from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions

from glance_lifecycle.audit.doctor.asked import api_hosts
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.tests.unit.audit.doctor.asked import test_collecting
from glance_lifecycle.tests.unit.audit.doctor import cases

VERSIONS = {'versions': [{'id': 'v2.2'}, {'id': 'v2.0'}]}


class Session:
    """Answers by URL.

    :ivar asked: URL and options of each request
    """

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def get(self, url: str, **options: Any) -> Any:
        self.asked.append((url, options))
        answer = self._answers.get(url, ksa_exceptions.ConnectFailure())
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return test_collecting.Client(body, status).get(url)


class AddressesTest(cases.DoctorTestCase):

    def test_all(self) -> None:
        line = '[DEFAULT]\nworker_self_reference_url = %s\n'
        hosts = self.gathered({
            'a/glance-api.conf': line % 'http://192.0.2.1:9292/',
            'b/glance-api.conf': line % 'http://127.0.0.1:9292',
            'c/glance-api.conf': line % 'file:///etc/passwd',
            'd/glance-api.conf': line % 'http://[bad',
            'e/glance-api.conf': line % '*********',
            'f/glance-api.conf': line % 'http://192.0.2.9:9292'})
        found = api_hosts.addresses(
            [live.Endpoint('public', 'R', 'https://image/v2')],
            ['http://192.0.2.9:9292', 'gopher://x'], hosts)
        self.assertEqual([
            ('https://image/v2', 'the public endpoint of region R', True),
            ('http://192.0.2.9:9292', '--api-url', True),
            ('http://192.0.2.1:9292/',
             'worker_self_reference_url of host a', False)],
            [(one.url, one.by, one.trusted) for one in found])

    def test_many(self) -> None:
        self.assertEqual(64, len(api_hosts.addresses(
            [], ['http://192.0.2.1:%d' % port for port in range(500)], [])))


class AskTest(cases.DoctorTestCase):

    def ask(self, *answers: tuple[str, Any], trusted: bool = True
            ) -> live.Answer:
        self.session = Session(dict(answers))
        return api_hosts.ask(self.session, [api_hosts.Address(
            'http://user:secret@a/v2', '--api-url', trusted=trusted)])[0][0]

    def test_all(self) -> None:
        top = 'http://user:secret@a'
        answer = self.ask(
            (top + '/versions', (300, VERSIONS)),
            (top + '/v2/info/import', (200, {'import-methods': {
                'value': ['web-download']}})),
            (top + '/v2/info/stores', (200, {'stores': [
                {'id': 'a'}, {'id': 'b', 'default': 'true'}]})))
        self.assertEqual(live.Answer(
            'http://***@a', '--api-url', versions=('v2.0', 'v2.2'),
            methods=('web-download',), stores=('b', 'a')), answer)
        self.assertTrue(all(options['redirect'] is False
                            for _url, options in self.session.asked))

    def test_no_token(self) -> None:
        """Whom a file names is asked for what anybody may know."""
        answer = self.ask(
            ('http://user:secret@a/versions', (300, VERSIONS)),
            trusted=False)
        self.assertEqual((('v2.0', 'v2.2'), None),
                         (answer.versions, answer.methods))
        self.assertEqual([False], [
            options['authenticated'] for _url, options in self.session.asked])

    def test_not_glance(self) -> None:
        """It gets no token either."""
        every: tuple[Any, ...] = (
            b'<html>', [], {'versions': 5}, {'versions': [5]},
            {'versions': [{'id': 'v2.1'}]}, {'versions': [{'id': 'v2.0'}]},
            None)
        for body in every:
            answer = self.ask(
                ('http://user:secret@a/versions', (200, body)))
            self.assertEqual(((), ''), (answer.versions, answer.away))
            self.assertEqual(1, len(self.session.asked))

    def test_away(self) -> None:
        answer = self.ask()
        self.assertEqual('it cannot be asked (ConnectFailure)', answer.away)
        answer = self.ask(('http://user:secret@a/versions', (503, b'')))
        self.assertEqual('it answers with HTTP 503', answer.away)

    def test_partly(self) -> None:
        """What it does not say is not compared."""
        answer = self.ask(
            ('http://user:secret@a/versions', (300, VERSIONS)),
            ('http://user:secret@a/v2/info/import', (500, None)))
        self.assertEqual((None, None), (answer.methods, answer.stores))
