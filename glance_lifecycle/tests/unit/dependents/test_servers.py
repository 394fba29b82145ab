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

"""Servers, as Nova lists them."""

import datetime
from typing import Any
import unittest

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import servers
from glance_lifecycle.tests.unit.dependents import fakes

SHELVED = '0f8c7f5e-4b0a-4a68-a7c2-bc4e1c4e2a11'


def server(number: int, image: Any, **more: Any) -> dict[str, Any]:
    return {'id': str(number), 'name': 'vm', 'tenant_id': 'p',
            'status': 'ACTIVE', 'image': image, **more}


class ServersTest(unittest.TestCase):

    def provider(self, answer: Any) -> servers.ServersProvider:
        self.client = fakes.Client(answer)
        return servers.ServersProvider(
            fakes.Connection(compute=self.client), base.Settings())

    def test_found(self) -> None:
        provider = self.provider(fakes.paged(
            'servers', [server(n, {'id': 'i'}) for n in range(3)]))
        answer = provider.ask(base.Image('i'))
        self.assertEqual((True, ''), (answer.asked, answer.reason))
        self.assertEqual(
            [base.Dependent('server', str(n), 'vm', 'p',
                            'booted from it, ACTIVE') for n in range(3)],
            [*answer.dependents])
        self.assertEqual(
            {'image': 'i', 'all_tenants': 'true', 'soft_deleted': 'true',
             'limit': 1000}, self.client.asked[0][1])

    def test_own_project_only(self) -> None:
        def answer(_path: str, query: dict[str, Any]) -> Any:
            return 403 if 'all_tenants' in query else {'servers': []}
        found = self.provider(answer).ask(base.Image('i'))
        self.assertTrue(found.asked)
        self.assertIn('only servers of your own project', found.reason)

    def test_silent_cell(self) -> None:
        """Nova lists what it can, with a status of success."""
        def answer(path: str, query: dict[str, Any]) -> Any:
            if path == '/servers':
                self.assertEqual({'all_tenants': 'true'}, query)
                return {'servers': [{'id': '9', 'status': 'UNKNOWN'},
                                    {'id': '1', 'name': 'vm'}]}
            return {'servers': []}
        provider = self.provider(answer)
        found = provider.ask(base.Image('i'))
        self.assertFalse(found.asked)
        self.assertIn('a cell of Nova does not answer', found.reason)
        since = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        for used in (provider.used(), provider.used_since(since)):
            with self.assertRaisesRegex(base.NotAsked, 'a cell of Nova'):
                list(used)

    def test_used_needs_all(self) -> None:
        with self.assertRaises(base.NotAsked):
            list(self.provider(lambda path, query: 403).used())

    def test_used(self) -> None:
        provider = self.provider(fakes.paged('servers', [
            server(1, {'id': 'a'}), server(2, ''), server(3, None),
            server(4, {'id': 'b'}, status='SHELVED_OFFLOADED'),
            server(5, {'id': 'b'}, status='SHELVED', **{
                'OS-EXT-STS:task_state': 'spawning'})]))
        self.assertEqual(['a', 'b', '4', 'b'], [*provider.used()])

    def test_used_since(self) -> None:
        provider = self.provider(fakes.paged('servers', [
            server(1, {'id': 'a'}, status='DELETED'), server(2, '')]))
        since = datetime.datetime.fromisoformat('2026-01-01T02:00:00+02:00')
        self.assertEqual(['a'], [*provider.used_since(since)])
        self.assertEqual({'all_tenants': 'true', 'limit': 1000,
                          'changes-since': '2026-01-01T00:00:00Z'},
                         self.client.asked[0][1])
        with self.assertRaises(base.NotAsked):
            list(self.provider(lambda path, query: 403).used_since(since))

    def test_shelved(self) -> None:
        image = base.Image('i', 'vm-shelved', properties={
            'instance_uuid': SHELVED})
        for status, count in (('SHELVED_OFFLOADED', 1), ('ACTIVE', 0)):
            def answer(path: str, query: dict[str, Any],
                       status: str = status) -> Any:
                if path == '/servers/' + SHELVED:
                    return {'server': server(1, {'id': 'x'}, status=status)}
                return {'servers': []}
            found = [*self.provider(answer).ask(image).dependents]
            self.assertEqual(count, len(found))

        def gone(path: str, query: dict[str, Any]) -> Any:
            return {'servers': []} if path.endswith('detail') else 404
        self.assertEqual(
            [], [*self.provider(gone).ask(image).dependents])

    def test_no_nova(self) -> None:
        answer = self.provider(lambda path, query: 503).ask(base.Image('i'))
        self.assertEqual((False, 'Nova (compute) failed (503)'),
                         (answer.asked, answer.reason))
