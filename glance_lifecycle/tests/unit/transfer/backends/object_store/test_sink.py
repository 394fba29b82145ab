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


from collections.abc import Sequence
from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store import marks
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer.backends.object_store import sink
from glance_lifecycle.transfer import sink as sinks

IMAGE = helpers.IMAGE


class Service:
    """Objects in a dictionary, name -> token."""

    def __init__(self, objects: dict[str, str], away: bool) -> None:
        self.patience = patience.Patience(1)
        self.objects = objects
        self.away = away
        self.closed = False

    def connect(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def find(self, name: str, /) -> dict[str, Any] | None:
        if self.away:
            raise exceptions.StoreError(store='one', detail='away')
        token = self.objects.get(name)
        return None if token is None else {marks.TOKEN: token}


class Sink(sink.ObjectSink[Service]):
    """An image is there when it is begun."""

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return {}

    @staticmethod
    def _make_claim(store: str, image_id: str,
                    options: dict[str, Any]) -> claim.Claim:
        return claim.Claim(store, 'unit test', image_id)

    @staticmethod
    def _make_service(store: str, image_id: str,
                      options: dict[str, Any]) -> Service:
        made = Service(options['objects'], options.get('away', False))
        options.setdefault('services', []).append(made)
        return made

    @staticmethod
    def _undo(service: Service, image_id: str,
              created: Sequence[sinks.Mark]) -> bool:
        found = service.find(image_id)
        if found is None or found[marks.TOKEN] not in marks.tokens(created):
            return False
        del service.objects[image_id]
        return True

    @staticmethod
    def _absent(service: Service, image_id: str) -> sinks.Mark:
        if service.find(image_id) is not None:
            raise exceptions.StoreDuplicate(store='one', detail='it')
        return marks.absent(0.0)

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return bool(found[marks.TOKEN] == self._token)

    def _remove(self, service: Service) -> None:
        self._check_heard(service)
        self._undo(service, self.image_id, self.marks)

    def begin(self, size: int, data_size: int | None = None) -> None:
        service = self._connect()
        self._made({marks.TOKEN: self._token})
        service.objects.setdefault(self.image_id, self._token)

    def write(self, offset: int, data: memoryview) -> None:
        raise NotImplementedError

    def zero(self, offset: int, length: int) -> None:
        raise NotImplementedError

    def commit(self) -> sinks.Stored:
        assert self._service is not None
        if not self._is_made(self._service):
            raise exceptions.StoreError(store='one', detail='not made')
        self._committed = True
        self._close()
        return sinks.Stored('url', {})


class ObjectSinkTest(unittest.TestCase):

    def setUp(self) -> None:
        self.options: dict[str, Any] = {'objects': {}}

    def begun(self) -> Sink:
        made = Sink('one', IMAGE, self.options)
        self.addCleanup(made.abort)
        made.begin(1)
        return made

    @property
    def objects(self) -> Any:
        return self.options['objects']

    def undo(self, created: Sequence[sinks.Mark]) -> bool:
        return Sink.undo('one', IMAGE, self.options, created)

    def tearDown(self) -> None:
        self.assertTrue(all(service.closed for service
                            in self.options.get('services', ())))

    def test_commit_and_undo(self) -> None:
        made = self.begun()
        made.commit()
        made.abort()
        self.assertEqual([IMAGE], list(self.objects))
        self.assertFalse(self.undo([{marks.TOKEN: 'another'}]))
        self.assertTrue(self.undo(made.marks))
        self.assertIn('absent', Sink.absent('one', IMAGE, self.options))

    def test_abort(self) -> None:
        self.begun().abort()
        self.assertEqual({}, self.objects)

    def test_one_at_a_time(self) -> None:
        made = self.begun()
        with self.assertRaises(exceptions.StoreDuplicate):
            self.begun()
        with self.assertRaisesRegex(exceptions.StoreError, 'still running'):
            self.undo(made.marks)
        made.abort()
        self.begun().abort()

    def test_another_s_object(self) -> None:
        self.objects[IMAGE] = 'theirs'
        with self.assertRaises(exceptions.StoreDuplicate):
            Sink.absent('one', IMAGE, self.options)
        made = self.begun()
        self.assertRaises(exceptions.StoreError, made.commit)
        made.abort()
        self.assertEqual({IMAGE: 'theirs'}, self.objects)

    def test_away(self) -> None:
        """The first cause is the caller's to tell; abort says what it left.
        """
        made = self.begun()
        assert made._service is not None
        made._service.away = True
        with self.assertLogs(sink.LOG, 'WARNING'):
            self.assertRaises(exceptions.StoreError, made.commit)
        made._service.patience.silent = True
        with self.assertLogs(sink.LOG, 'ERROR') as logs:
            made.abort()
        self.assertIn('the service is silent', logs.output[0])
        self.assertEqual([IMAGE], list(self.objects))
