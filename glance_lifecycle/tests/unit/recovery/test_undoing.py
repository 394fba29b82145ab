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

"""One moment after another, of what the model of recovery finds by chance."""

import pathlib
import tempfile
import threading
import time
import unittest
from unittest import mock

from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle import exceptions
from glance_lifecycle.recovery import recovering
from glance_lifecycle.recovery import undoing
from glance_lifecycle.tests.unit.recovery import recovery_model as model
from glance_lifecycle.transfer.backends.file import sink as file_sink
from glance_lifecycle.transfer import journal_file
from glance_lifecycle.transfer import sink

CONF = cfg.CONF


class CloudTestCase(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cloud = model.Cloud(pathlib.Path(directory.name))
        patch = self.cloud.database.patched()
        patch.start()
        self.addCleanup(patch.stop)

    def started(self, steps: int = 0, *stores: str, host: str = 'a',
                staged: bool = False) -> model.Transfer:
        made = self.cloud.start(host, stores or model.STORES, staged)
        assert made is not None
        for _ in range(steps):
            made.step()
        return made

    def recover(self, host: str = 'a') -> list[recovering.Plan]:
        found = list(recovering.recover(self.cloud.state_dir(host)))
        self.cloud.check()
        return found


class LateCommitTest(CloudTestCase):

    def test_it_lands_when_recovery_looks(self) -> None:
        """The commit was sent before the death, and is carried out after."""
        self.started(4).send()
        plan, = self.recover()
        image = self.cloud.database.image
        assert image is not None
        self.assertEqual(('active', {'s1', 's2'}),
                         (image.status, set(image.locations)))
        self.assertEqual((None, ()), (plan.failure, plan.undo))

    def test_of_a_copy(self) -> None:
        self.started(5, 's1')
        self.started(4, 's2').send()
        self.recover()
        image = self.cloud.database.image
        assert image is not None
        self.assertEqual({'s1', 's2'}, set(image.locations))


class BusyTest(CloudTestCase):

    def test_another_import_goes_on(self) -> None:
        """The old journal is kept for later, not dropped."""
        dead = self.started(3)
        dead.kill()
        database = self.cloud.database
        assert database.image is not None
        database.image.lock = 'other'
        plan, = self.recover()
        self.assertTrue(plan.waits)
        self.assertEqual(['s1', 's2'], sorted(plan.left))
        database.image.lock = None
        plan, = self.recover()
        self.assertTrue(plan.finished)
        self.assertEqual(('s1', 's2'), plan.undo)

    def test_a_copy_is_about_to_be_registered(self) -> None:
        """Of what is only known by its name, nobody knows whose it is now.
        """
        self.started(2, staged=True).kill()
        self.cloud.mount('s2', False)
        plan, = self.recover()
        self.assertEqual(['s2'], list(plan.left))
        self.started(5, 's1')
        self.cloud.mount('s2', True)
        copy = self.started(4, 's2', host='b')
        plan, = self.recover()
        self.assertIn('nothing proves', plan.left['s2'])
        copy.step()
        self.assertIsNone(copy.error)
        self.cloud.check()
        self.assertEqual({}, self.recover()[0].left)
        self.assertEqual([], self.recover())

    def test_own_leftover_of_an_active_image(self) -> None:
        """By its identity it goes, also while others copy the image."""
        self.started(5, 's1')
        self.started(3, 's2').kill()
        plan, = self.recover()
        self.assertEqual(('s2',), plan.undo)
        self.assertTrue(plan.finished)


class AwayTest(CloudTestCase):

    def test_store_is_away(self) -> None:
        """It says so, does all else, and does not forget."""
        self.started(3).kill()
        self.cloud.mount('s2', False)
        plan, = self.recover()
        self.assertEqual((('s1',), ['s2'], 'uploading'),
                         (plan.undo, list(plan.left), plan.status))
        self.assertNotIn('removed from s1, s2', plan.text)
        self.cloud.mount('s2', True)
        plan, = self.recover()
        self.assertEqual(('s2',), plan.undo)
        self.assertEqual([], self.recover())

    def test_died_before_its_first_mark(self) -> None:
        self.started(1).die_opening()
        self.cloud.mount('s1', False)
        plan, = self.recover()
        self.assertIn('s1', plan.left)
        self.cloud.mount('s1', True)
        self.assertTrue(self.recover()[0].finished)

    def test_failing_import(self) -> None:
        """The store goes away as the image is complete."""
        live = self.started(4)
        assert self.cloud.database.image is not None
        self.cloud.database.image.lock = 'stolen'
        self.cloud.mount('s2', False)
        live.step()
        self.assertEqual([['s1', 's2']], [
            [t.store for t in r.targets] for r in self.cloud.records()])


class ScratchTest(CloudTestCase):

    def test_what_cannot_be_removed_here(self) -> None:
        """It keeps nothing of it from being removed there."""
        # All but registered.
        live = self.started(4)
        # Not a file.
        live.journal.note(scratch=[self.cloud.state_dir('a')])
        live.error = exceptions.StoreError(store='s1', detail='full')
        live.end()
        for store in model.STORES:
            self.assertFalse(self.cloud.path(store).exists())
        self.assertEqual(1, len(self.cloud.records()))


class LateTest(CloudTestCase):
    """What a store may carry out after the death of who sent it."""

    def setUp(self) -> None:
        super().setUp()
        opts.register_opts(CONF)
        self.settle(3600)
        self.addCleanup(CONF.clear_override, 'object_store_settle_time',
                        'lifecycle_transfer')
        patch = mock.patch.object(file_sink.FileSink, 'late', True)
        patch.start()
        self.addCleanup(patch.stop)

    def settle(self, seconds: int) -> None:
        CONF.set_override('object_store_settle_time', seconds,
                          'lifecycle_transfer')

    def looked(self, seconds_ago: float) -> None:
        """When the stores were looked through first."""
        record, = self.cloud.records()
        dead = recovering.find(self.cloud.state_dir('a'), record.task_id)
        self.assertEqual(set(model.STORES), set(dead.record.looked))
        then = time.time() - seconds_ago
        dead.note(looked=dict.fromkeys(dead.record.looked, then))
        dead.close()

    def test_looked_through_twice(self) -> None:
        self.started(3).kill()
        plan, = self.recover()
        self.assertEqual((('s1', 's2'), 'uploading', False),
                         (plan.undo, plan.status, plan.finished))
        self.assertIn('looked for again in 3600 seconds', plan.left['s1'])
        self.assertEqual(3600, plan.again_in)
        self.looked(seconds_ago=60)
        plan, = self.recover()
        self.assertEqual(((), ['s1', 's2']), (plan.undo, sorted(plan.left)))
        self.assertTrue(0 < plan.again_in <= 3540)
        self.looked(seconds_ago=3601)
        plan, = self.recover()
        self.assertEqual(({}, 0), (plan.left, plan.again_in))
        self.assertEqual([], self.recover())

    def test_the_first_look_is_the_one_that_succeeded(self) -> None:
        self.started(3).kill()
        self.cloud.mount('s2', False)
        plan, = self.recover()
        self.assertNotIn('looked for again', plan.left['s2'])
        self.cloud.mount('s2', True)
        plan, = self.recover()
        self.assertEqual(('s2',), plan.undo)
        self.assertIn('looked for again', plan.left['s2'])

    def test_the_clock_was_set_back(self) -> None:
        self.started(3).kill()
        self.recover()
        self.looked(seconds_ago=-86400)
        self.assertEqual(3600, self.recover()[0].again_in)

    def test_not_wanted(self) -> None:
        self.settle(0)
        self.started(3).kill()
        self.assertTrue(self.recover()[0].finished)

    def test_what_was_asked_for_is_for_who_is_alone(self) -> None:
        """The image is active: a "store copy" may have asked for the same.
        """
        asked = {'token': 'x', sink.ASKED: 'image'}
        made = self.started(3)
        made.kill()
        dead = recovering.find(self.cloud.state_dir('a'), made.task_id)
        self.addCleanup(dead.close)
        dead.created('s2', asked)
        for reach, expected in ((undoing.Reach.ALL, True),
                                (undoing.Reach.OWN, False)):
            visit = undoing._Visit(dead, dead.record.targets[1], '', False,
                                   False)
            self.assertEqual(expected, asked in visit._usable(reach, None))
        # For the second look, when others may have begun.
        dead.note(looked={'s2': 1.0})
        self.assertNotIn(asked, visit._usable(undoing.Reach.ALL, None))

    def test_nothing_was_made(self) -> None:
        self.started(1).kill()
        self.assertTrue(self.recover()[0].finished)

    def test_it_ended_orderly(self) -> None:
        """And heard of what it had sent."""
        made = self.started(3)
        made.kill()
        dead = recovering.find(self.cloud.state_dir('a'), made.task_id)
        self.addCleanup(dead.close)
        self.assertEqual(undoing.Undone(('s1', 's2'), {}),
                         undoing.undo(dead, complete=True))

    def test_somebody_looks_again(self) -> None:
        """Once, however often it was asked for."""
        def waiting() -> list[threading.Thread]:
            return [thread for thread in threading.enumerate()
                    if thread.name == recovering.LOOKING_AGAIN]
        recovering.look_again(0)
        self.assertEqual([], waiting())
        recovering.look_again(3600)
        recovering.look_again(7200)
        timer, = waiting()
        self.assertIsInstance(timer, threading.Timer)
        self.assertTrue(timer.daemon)
        timer.cancel()  # type: ignore[attr-defined]
        timer.join()


class OldJournalTestCase(CloudTestCase):
    """Of version 1: nothing is known of what was made."""

    def write(self, *stores: str) -> None:
        made = self.started(1, *stores)
        made.kill()
        path = journal_file.path_of(self.cloud.state_dir('a'), made.task_id)
        with open(path) as stream:
            text = stream.read()
        with open(path, 'w') as stream:
            stream.write(text.replace('"version": 2', '"version": 1'))
        self.task_id = made.task_id


class OldJournalTest(OldJournalTestCase):

    def test_finished_object(self) -> None:
        self.write('s1', 's2')
        self.cloud.path('s1').write_bytes(b'whose?')
        self.cloud.foreign['s1'] = self.cloud.path('s1').stat().st_ino
        for _ in range(2):
            plan, = self.recover()
            self.assertEqual(['s1'], list(plan.left))
            self.assertIn('recover --by-name ' + self.task_id, plan.text)

    def test_by_name(self) -> None:
        self.write('s1')
        self.cloud.path('s1').write_bytes(b'whose?')
        dead = recovering.find(self.cloud.state_dir('a'), self.task_id)
        plan, = recovering.remove_by_name(dead)
        self.assertEqual((('s1',), {}), (plan.undo, plan.left))
        self.assertFalse(self.cloud.path('s1').exists())
        self.assertEqual([], self.recover())

    def test_by_name_not_what_is_registered(self) -> None:
        self.write('s1')
        self.cloud.path('s1').write_bytes(b'ours')
        assert self.cloud.database.image is not None
        self.cloud.database.seal({'s1': 'file://%s' % self.cloud.path('s1')})
        dead = recovering.find(self.cloud.state_dir('a'), self.task_id)
        list(recovering.remove_by_name(dead))
        self.cloud.check()

    def test_forget(self) -> None:
        self.write('s1')
        self.cloud.path('s1').write_bytes(b'whose?')
        dead = recovering.find(self.cloud.state_dir('a'), self.task_id)
        plan, = recovering.forget(dead)
        self.assertEqual(['s1'], list(plan.left))
        self.assertEqual(b'whose?', self.cloud.path('s1').read_bytes())
        self.assertEqual([], list(recovering.recover(
            self.cloud.state_dir('a'))))


class ToldTest(unittest.TestCase):

    def test_table(self) -> None:
        for error, expected in (
                (None, True),
                (exceptions.StoreDuplicate(store='s', detail=''), True),
                (exceptions.ImageRefused(reason='r', detail=''), True),
                (exceptions.TransferFailed(detail=''), False),
                (exceptions.TransferCancelled(detail=''), False),
                (KeyboardInterrupt(), False)):
            self.assertEqual(expected, undoing.told(error))


class MarkTest(unittest.TestCase):

    def test_since_is_by_name(self) -> None:
        self.assertTrue(undoing._by_name(sink.since(1)))
        self.assertTrue(undoing._by_name({'absent': True}))
        self.assertFalse(undoing._by_name({'inode': 1}))

    def test_a_store_is_the_same_at_another_time(self) -> None:
        then = {'absent': True, 'bucket': True, sink.BEGUN: 1.0}
        for now, same in (({**then, sink.BEGUN: 9.5}, True),
                          ({**then, 'bucket': False}, False)):
            self.assertEqual(same, undoing._is_same_store(then, now), now)

    def test_an_older_release_said_less(self) -> None:
        then = {'absent': True, 'filesystems': {'/x': 7}}
        now = {**then, 'directories': {'/x': (7, 12, 3)}}
        self.assertTrue(undoing._is_same_store(then, now))
        self.assertTrue(undoing._is_same_store(now, now))
        self.assertFalse(undoing._is_same_store(now, then))
