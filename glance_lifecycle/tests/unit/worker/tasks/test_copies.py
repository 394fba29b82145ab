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


"""A copy is deleted only after another one was found to be good."""

import contextlib
import types
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle.copies import known
from glance_lifecycle.copies import removal
from glance_lifecycle import exceptions
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.tasks import copies

READ = known.Copy('s1', present=True, size=10, verified='2026-01-01')
GOES = known.Copy('s2', present=True, size=10, verified='2026-01-01')
UNREAD = known.Copy('s1', present=True, size=10)
AWAY = known.Copy('s1', detail='it does not answer')
GONE = known.Copy('s1', present=False)


class Host:
    """Of what reading finds: store -> result."""

    def __init__(self, *found: known.Copy, **results: str) -> None:
        self._found = found
        self._results = results
        self.image = types.SimpleNamespace(copies=[
            types.SimpleNamespace(store=copy.store) for copy in found])

    def look(self) -> list[known.Copy]:
        return list(self._found)

    def check_user(self) -> None:
        pass

    def check_hash(self) -> None:
        pass

    def verify(self, copy: Any, *_args: Any, **_more: Any) -> Any:
        return types.SimpleNamespace(
            result=self._results.get(copy.store, 'unreadable'), detail='')


class DropCopyTest(unittest.TestCase):

    def drop(self, host: Host | None) -> str:
        """What was dropped."""
        cloud = mock.MagicMock()
        cloud.copies.return_value = host
        plan = types.SimpleNamespace(against=(), kept=(READ,))
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(
                removal, 'plan', return_value=plan))
            dropped = stack.enter_context(mock.patch.object(
                removal, 'drop'))
            copies.DropCopy(cloud, lambda _text: None).act(
                actions.Action('drop', 'i', 'n', 'p', {'stores': ['s2']}, ()),
                {'id': 'i'})
        return 'dropped' if dropped.called else ''

    def test_read_before(self) -> None:
        self.assertEqual('dropped', self.drop(Host(READ, GOES)))

    def test_read_now(self) -> None:
        self.assertEqual('dropped', self.drop(
            Host(UNREAD, GOES, s1='verified')))

    def test_not_whole(self) -> None:
        with self.assertRaisesRegex(exceptions.ActionRefused,
                                    'that in store s1 is corrupt'):
            self.drop(Host(UNREAD, GOES, s1='corrupt'))
        with self.assertRaisesRegex(exceptions.ActionRefused, 'no other one'):
            self.drop(Host(GONE, GOES))

    def test_away(self) -> None:
        """It is tried again, and its circuit opens."""
        for host in (Host(AWAY, GOES), Host(UNREAD, GOES)):
            with self.assertRaises(exceptions.StoreError) as caught:
                self.drop(host)
            self.assertEqual('s1', caught.exception.fields['store'])

    def test_no_host(self) -> None:
        with self.assertRaisesRegex(exceptions.ActionRefused,
                                    'on a host of glance-api'):
            self.drop(None)
