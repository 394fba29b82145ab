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

"""The quarantine of a pool: whoever uses it is killed, or the cluster fails.

The same call, made again, ends what was begun, or undoes it.
"""

from collections.abc import Iterator
import dataclasses
import json
import signal
import subprocess
import sys
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import quarantine_case
from glance_lifecycle.tests.functional.stores import rbd_calls
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine

IMAGE = quarantine_case.IMAGE
PLAN = quarantine_case.PLAN

# Says so before and after each call that changes something, and waits there
# to be told to go on.
_VICTIM = '''
import json, sys
from glance_lifecycle.tests.functional.stores import rbd_calls
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.rbd import quarantine as rbd
options, action, plan, entry = json.loads(sys.argv[1])
there = rbd.RbdQuarantine('fast', options)
cluster = there._cluster
print(cluster.address, flush=True)
def tell(when):
    def told(name):
        if name in rbd_calls.CHANGES:
            print(when, name, flush=True)
            sys.stdin.readline()
    return told
cluster.rbd = rbd_calls.Watched(cluster.rbd, tell('before'), tell('after'))
entry['kind'] = inventory.Kind(entry['kind'])
entry['hangs'] = inventory.NOTHING_ASKED
entry = inventory.Entry(**entry)
if action == 'put':
    done = there.put(entry, plan)
else:
    done = getattr(there, action)(quarantine.Kept(plan, entry, 0.0))
print('done', done, flush=True)
'''


class KilledTest(quarantine_case.QuarantineCase):

    # Killing.

    def killed_at(self, action: str, entry: inventory.Entry,
                number: int, *, cut_off: bool = True) -> str:
        """Kill it at its so many-th stop; where that was.

        :param cut_off: end its watch at once
        """
        child = subprocess.Popen(
            [sys.executable, '-c', _VICTIM, json.dumps(
                (self.options(), action, PLAN, dataclasses.asdict(entry)))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stdin and child.stdout
        try:
            address = child.stdout.readline().strip()
            for _earlier in range(number):
                where = child.stdout.readline().strip()
                if where.startswith('done') or not where:
                    return where
                child.stdin.write('\n')
                child.stdin.flush()
            where = child.stdout.readline().strip()
            child.send_signal(signal.SIGKILL)
        finally:
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()
        if cut_off:
            self.cluster.command('osd blocklist', blocklistop='add',
                                 addr=address, expire=60.0)
            waiting.until('its watch has ended',
                          lambda: not self.is_watched(entry.identity))
        return where

    def is_watched(self, image_id: str) -> bool:
        import rbd
        try:
            with self.by_id(image_id, read_only=True) as image:
                return bool([*image.watchers_list()])
        except rbd.ImageNotFound:
            return False

    def points(self, action: str, entry: inventory.Entry) -> Iterator[str]:
        """Where it was killed, at each of its stops in turn.

        Whoever takes one sees to it that all is as before for the next.
        """
        for number in range(len(rbd_calls.CHANGES)):
            where = self.killed_at(action, entry, number)
            self.assertTrue(where)
            yield where
            if where.startswith('done'):
                return

    def assert_back(self, kept: quarantine.Kept,
                    before: dict[str, Any]) -> None:
        self.assertTrue(self.quarantine.restore(kept))
        self.assertEqual(before, self.whole(kept.entry.identity))
        self.assertEqual(([IMAGE], []), (self.cluster.images('images'),
                                         self.trashed()))

    def test_put(self) -> None:
        entry = self.store()
        before = self.whole(entry.identity)
        kept = self.as_kept(entry)
        seen = []
        for where in self.points('put', entry):
            seen.append(where)
            # Who changes her mind does not know how far it came.
            self.assert_back(kept, before)
        self.assertEqual(
            ['before metadata_set', 'after metadata_set',
             'before trash_move', 'after trash_move', 'done True'], seen)
        for _where in self.points('put', entry):
            self.assertTrue(self.quarantine.put(entry, PLAN))
            self.assertEqual(([], [kept.entry.identity]), (
                self.cluster.images('images'),
                [one.entry.identity for one in self.kept(PLAN)]))
            self.assert_back(self.only_kept(), before)

    def test_put_what_was_in_the_trash(self) -> None:
        entry = self.store()
        self.cluster.rbd('trash', 'mv', f'images/{IMAGE}')
        entry = self.look()
        before = self.whole(entry.identity), self.trashed()
        seen = []
        for action in ('put', 'restore'):
            for where in self.points(action, entry):
                seen.append(where)
                self.assertTrue(self.quarantine.put(entry, PLAN))
                kept = self.only_kept()
                self.assertTrue(self.quarantine.restore(kept))
                self.assertEqual(before, (self.whole(entry.identity),
                                          self.trashed()))
                if action == 'restore':
                    self.assertTrue(self.quarantine.put(entry, PLAN))
            self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertEqual(
            ['before metadata_set', 'after metadata_set', 'done True',
             'before metadata_remove', 'after metadata_remove', 'done True'],
            seen)

    def test_restore(self) -> None:
        entry = self.store()
        before = self.whole(entry.identity)
        self.assertTrue(self.quarantine.put(entry, PLAN))
        kept = self.only_kept()
        seen = []
        for where in self.points('restore', entry):
            seen.append(where)
            self.assert_back(kept, before)
            self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertEqual(
            ['before trash_restore', 'after trash_restore',
             'before metadata_remove', 'after metadata_remove', 'done True'],
            seen)

    def test_purge(self) -> None:
        """Until the very removal, also who changes her mind is heard."""
        entry = self.store()
        before = self.whole(entry.identity)
        self.assertTrue(self.quarantine.put(entry, PLAN))
        kept = self.only_kept()
        seen = []
        for where in self.points('purge', entry):
            seen.append(where)
            if where == 'after trash_remove':
                break
            self.assert_back(kept, before)
            self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertEqual(
            [f'{when} {name}' for name in (
                'metadata_set', 'unprotect_snap', 'remove_snap',
                'trash_remove') for when in ('before', 'after')], seen)
        with self.assertRaisesRegex(exceptions.StoreError, 'it has gone'):
            self.quarantine.restore(kept)
        self.assertTrue(self.quarantine.purge(kept))
        self.assert_nothing_left()
        self.assertEqual([], self.trashed())

    def test_purge_again(self) -> None:
        for number in range(8):
            kept = self.taken()
            where = self.killed_at('purge', kept.entry, number)
            self.assertTrue(self.quarantine.purge(kept), where)
            self.assert_nothing_left()
            self.assertEqual([], self.trashed())

    def test_watch_of_the_dead(self) -> None:
        """It lasts for a while, and is waited for."""
        entry = self.store()
        self.assertEqual('after metadata_set', self.killed_at(
            'put', entry, 1, cut_off=False))
        self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertEqual(entry.identity, self.only_kept().entry.identity)


class BrokenOffTest(quarantine_case.QuarantineCase):
    """Killed in the midst of one call of librbd, which has several steps."""

    STEPS = ({'to_list': True, 'to_object': True},
             {'to_list': True, 'to_object': False},
             {'to_list': False, 'to_object': False})

    def begin(self, kept: quarantine.Kept, state: int,
              **names: bool) -> None:
        self.break_off(kept.entry.identity, state)
        self.give_name(kept.entry.identity, IMAGE, **names)

    def test_moving(self) -> None:
        for names in self.STEPS:
            entry = self.store()
            before = self.whole(entry.identity)
            for call in ('put', 'restore', 'purge'):
                self.assertTrue(self.quarantine.put(entry, PLAN))
                kept = self.only_kept()
                self.begin(kept, quarantine_case.MOVING, **names)
                if call == 'put':
                    self.assertTrue(self.quarantine.put(entry, PLAN))
                else:
                    self.assertTrue(getattr(self.quarantine, call)(kept))
                if call != 'purge':
                    self.assertTrue(self.quarantine.restore(kept))
                    self.assertEqual(before, self.whole(entry.identity))
            self.assert_nothing_left()

    def test_restoring(self) -> None:
        for names in (*self.STEPS, {'to_list': False, 'to_object': True}):
            with self.subTest(names):
                entry = self.store()
                before = self.whole(entry.identity)
                for _call in ('put', 'restore'):
                    self.assertTrue(self.quarantine.put(entry, PLAN))
                    kept = self.only_kept()
                    self.begin(kept, quarantine_case.RESTORING, **names)
                    self.assertTrue(self.quarantine.restore(kept))
                    self.assertEqual(before, self.whole(entry.identity))
                    self.assertEqual([], self.trashed())
            self.cluster.empty('images')

    def test_removing(self) -> None:
        """It cannot come back, and goes at the next purge."""
        kept = self.taken()
        self.break_off(kept.entry.identity, quarantine_case.REMOVING)
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'removal of image .* has begun'):
            self.quarantine.restore(kept)
        with self.cluster.ioctx('images') as ioctx:
            ioctx.remove_object('rbd_header.' + kept.entry.identity)
        with self.assertRaisesRegex(exceptions.StoreError, 'has begun'):
            self.quarantine.restore(kept)
        self.assertEqual([], self.kept())
        self.assertTrue(self.quarantine.purge(kept))
        self.assertEqual([], self.trashed())


class FaultTest(quarantine_case.QuarantineCase):

    def test_silent(self) -> None:
        kept = self.taken()
        entry = self.store(IMAGE.replace('6', '7'))
        before = self.whole(entry.identity), self.whole(kept.entry.identity)
        for name, argv in (('put', (entry, PLAN)), ('kept', ()),
                           ('restore', (kept,)), ('purge', (kept,))):
            impatient = self.opened(timeout=2)
            with self.cluster.osd_stopped():
                with self.assertRaisesRegex(exceptions.StoreError,
                                            'did not answer within 2 s'):
                    found = getattr(impatient, name)(*argv)
                    # A listing asks for nothing before it is taken.
                    next(found)
        self.assertEqual(before, (self.whole(entry.identity),
                                  self.whole(kept.entry.identity)))

    def test_may_only_read(self) -> None:
        kept = self.taken()
        entry = self.store(IMAGE.replace('6', '7'))
        before = self.whole(entry.identity), self.whole(kept.entry.identity)
        reader = self.opened(user='reader')
        self.assertEqual([kept], [*reader.kept()])
        for name, argv in (('put', (entry, PLAN)), ('restore', (kept,)),
                           ('purge', (kept,))):
            with self.assertRaisesRegex(
                    exceptions.StoreError, 'osd "profile rbd pool=images"'):
                getattr(reader, name)(*argv)
        self.assertEqual(before, (self.whole(entry.identity),
                                  self.whole(kept.entry.identity)))

    def test_full(self) -> None:
        """What takes no room is possible: to make some."""
        kept = self.taken()
        with self.cluster.full():
            self.assertTrue(self.quarantine.purge(kept))
        self.assert_nothing_left()
