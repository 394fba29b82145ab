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

"""Facts by the Image API, paged, and without what is not this user's."""

from collections.abc import Mapping
from typing import Any

from openstack import exceptions as sdk_exceptions
import testtools

from glance_lifecycle.audit.diagnosis import asked
from glance_lifecycle import exceptions


class Service:
    """A catalogue."""

    def __init__(self, *images: dict[str, Any], error: int = 0) -> None:
        self.images = images
        self.error = error
        self.asked: list[str] = []

    def get(self, path: str, query: Mapping[str, Any]) -> Any:
        self.asked.append(path)
        if path == '/images':
            hidden = query['os_hidden'] == 'true'
            return {'images': [] if hidden else list(self.images)}
        if self.error:
            raise sdk_exceptions.HttpException(
                'no', http_status=self.error)
        if path.endswith('/tasks'):
            return {'tasks': [{'id': 't1', 'status': 'failure'}]}
        return self.images[0]


class AskedTest(testtools.TestCase):

    def test_one(self) -> None:
        found = asked.one(Service({'id': 'i', 'status': 'queued'}).get, 'i',
                          ['s1'])
        self.assertEqual(('queued', ('s1',)), (
            found.image.status, found.stores))
        assert found.newest is not None
        self.assertEqual('t1', found.newest.id)

    def test_stuck(self) -> None:
        service = Service(
            {'id': 'a', 'status': 'active'}, {'id': 'q', 'status': 'queued'},
            {'id': 'l', 'status': 'active', 'os_glance_import_task': 't'},
            {'id': 'n', 'status': 'queued',
             'updated_at': '2999-01-01T00:00:00Z'})
        self.assertEqual(['q', 'l', 'n'], [
            one.image.id for one in asked.stuck(service.get, [])])
        self.assertNotIn('/images/a/tasks', service.asked)
        self.assertEqual(['a', 'q', 'l', 'n'], [
            one.image.id for one in asked.stuck(
                service.get, [], also=('a', 'gone'))])
        # An age that nobody knows hides nothing.
        self.assertEqual(['q', 'l'], [
            one.image.id for one in asked.stuck(service.get, [], 60)])

    def test_not_for_this_user(self) -> None:
        for status in (403, 404):
            [found] = asked.stuck(Service(
                {'id': 'q', 'status': 'queued'}, error=status).get, [])
            self.assertIsNone(found.tasks)
        self.assertRaises(exceptions.ServiceError, list, asked.stuck(
            Service({'id': 'q', 'status': 'queued'}, error=503).get, []))
