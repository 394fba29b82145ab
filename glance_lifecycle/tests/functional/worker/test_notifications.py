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

"""Glance's notifications, by a real broker, as the worker hears them."""

from collections.abc import Callable
import json
import sys
from typing import Any
import uuid


from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.worker import notifications_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import notifications

# As notifications has imported it; first of all, it would choose eventlet.
oslo_messaging: Any = sys.modules['oslo_messaging']

OWN = 'glance-lifecycle'
DEFAULT = 'notifications.info'

# What Glance tells of images, and is no reason to look at one.
IGNORED = {'image.prepare', 'image.send'}


class GlanceTest(notifications_case.NotificationsCase):

    def glance(self) -> glance.GlanceApi:
        return self.useFixture(glance.GlanceApi(
            stores={'s1': 'file', 's2': 'file'},
            conf={'oslo_messaging_notifications': {
                'driver': 'messagingv2', 'transport_url': self.rabbit.url,
                'retry': 0}}))

    def test_each_change(self) -> None:
        """Others with queues of their own, or with Glance's, lose nothing."""
        self.listen()
        others = [self.consume('ceilometer'), self.consume(None)]
        user = self.glance().admin()
        image_id = ''

        def create() -> None:
            nonlocal image_id
            image_id = user.create_image(disk_format='raw')['id']

        def staged() -> None:
            user.stage(image_id, b'x' * 1000)
            user.import_image(image_id, stores=['s1'])
            user.wait_import(image_id)

        def copied() -> None:
            user.import_image(image_id, 'copy-image', stores=['s2'])
            user.wait_import(image_id)

        def downloaded() -> None:
            user.download(image_id)
            # It is told once all is sent: we may have all before.
            waiting.until('it is told', lambda: all(
                it.heard[-1][0] == 'image.send' for it in others))

        def ask(method: str, path: str, **options: Any
                ) -> Callable[[], object]:
            return lambda: user.request(
                method, f'images/{image_id}{path}', **options)
        update = {'image.update'}
        for change, told in (
                (create, {'image.create'}),
                (staged, {'image.update', 'image.upload', 'image.activate',
                          'image.prepare'}),
                (copied, {'image.update', 'image.upload', 'image.prepare'}),
                (lambda: user.update(image_id, color='red'), update),
                (lambda: user.update(image_id, protected=True), update),
                (lambda: user.update(image_id, protected=False), update),
                (lambda: user.update(image_id, visibility='shared'), update),
                (ask('POST', '/members', json={'member': 'other'}),
                 {'image.member.create'}),
                (ask('DELETE', '/members/other'), {'image.member.delete'}),
                (ask('PUT', '/tags/blue'), update),
                (ask('DELETE', '/tags/blue'), update),
                (downloaded, {'image.send'}),
                (ask('POST', '/actions/deactivate'), update),
                (ask('POST', '/actions/reactivate'), update),
                (lambda: user.delete(image_id), {'image.delete'})):
            before = len(self.seen), *(len(it.heard) for it in others)
            change()
            self.mark(*(lambda mark, it=it: any(
                payload.get('id') == mark for _, payload in it.heard)
                for it in others))
            for number, other in enumerate(others, 1):
                heard = [event for event, _ in other.heard[before[number]:-1]
                         if event.startswith('image.')]
                self.assertEqual(told, set(heard))
                self.assertEqual(
                    [image_id for event in heard if event not in IGNORED],
                    self.seen[before[0]:-1], str(heard))

    def test_upload(self) -> None:
        self.listen()
        user = self.glance().user()
        image_id = user.create_image(disk_format='raw')['id']
        self.mark()
        before = len(self.seen)
        user.upload(image_id, b'x' * 1000)
        self.mark()
        # Saving, uploaded, active.
        self.assertIn(image_id, self.seen[before:])
        self.assertEqual({image_id}, {*self.seen[before:-1]})

    def test_broker_stopped_and_started(self) -> None:
        listener = self.listen()
        user = self.glance().user()
        image_id = user.create_image()['id']
        waiting.until('it is seen', lambda: image_id in self.seen)
        self.rabbit.stop()
        waiting.until('the listener knows', lambda: 'is lost'
                      in listener.problem())
        # Glance goes on, as long as its retry is bounded.
        lost = user.create_image()['id']
        self.rabbit.start()
        waiting.until('it listens again', lambda: not listener.problem())
        user.update(image_id, color='red')
        waiting.until('the change is seen', lambda: self.seen.count(
            image_id) > 1)
        self.assertNotIn(lost, self.seen)
        user.update(lost, color='red')
        waiting.until('the change is seen', lambda: lost in self.seen)


class BrokerTest(notifications_case.NotificationsCase):

    def test_no_broker_at_the_start(self) -> None:
        self.rabbit.stop()
        listener = self.started()
        waiting.until('it was tried', lambda: 'cannot be reached'
                      in listener.problem())
        self.rabbit.start()
        waiting.until('it listens', lambda: not listener.problem())
        self.mark()

    def test_killed(self) -> None:
        listener = self.listen()
        self.rabbit.kill9()
        waiting.until('the listener knows', listener.problem)
        self.rabbit.start()
        waiting.until('it listens again', lambda: not listener.problem())
        self.mark()

    def test_stopped_while_the_broker_is_away(self) -> None:
        listener = self.listen()
        self.rabbit.stop()
        waiting.until('the listener knows', listener.problem)
        listener.stop()
        self.assertEqual('It was stopped.', listener.problem())

    def test_not_let_in(self) -> None:
        """One that was stopped meanwhile takes nothing when it is let in."""
        url = f'rabbit://new:newsecret@127.0.0.1:{self.rabbit.port}//'
        stopped_seen: list[str] = []
        stopped = self.started(url=url, seen=stopped_seen.append)
        listener = self.started(url=url)
        for each in (stopped, listener):
            waiting.until('it was tried', lambda: 'not let us in'
                          in each.problem())
        stopped.stop()
        self.rabbit.ctl('add_user', 'new', 'newsecret')
        self.rabbit.ctl('set_permissions', 'new', '.*', '.*', '.*')
        waiting.until('it listens', lambda: not listener.problem())
        waiting.until('the other has gone', lambda: stopped.problem()
                      == 'It was stopped.')
        self.mark()
        self.assertEqual([], stopped_seen)
        self.assertNotIn('newsecret', self.log.output)

    def test_shared(self) -> None:
        """Workers share one queue, and what one leaves another takes."""
        first = self.listen()
        second = self.listen()
        told = [self.tell() for _ in range(20)]
        waiting.until('all are seen', lambda: len(self.seen) == 20)
        self.assertEqual(sorted(told), sorted(self.seen))
        self.assertTrue(first.taken and second.taken)
        first.stop()
        second.stop()
        told.append(self.tell())
        self.listen()
        waiting.until('the last is seen', lambda: told[-1] in self.seen)
        self.assertEqual(sorted(told), sorted(self.seen))

    def test_doubled(self) -> None:
        self.listen()
        image_id = str(uuid.uuid4())
        for _ in range(2):
            self.tell(image_id)
        waiting.until('both are seen', lambda: self.seen == [image_id] * 2)

    def test_out_of_order(self) -> None:
        """Each is a hint, and none of them is believed."""
        self.listen()
        image_id = str(uuid.uuid4())
        events = ['image.delete', 'image.activate', 'image.update',
                  'image.create']
        for event in events:
            self.notifier.info({}, event, {'id': image_id})
        waiting.until('all are seen',
                      lambda: self.seen == [image_id] * len(events))

    def test_queues(self) -> None:
        """Ours; and that of Glance, which nobody else empties."""
        listener = self.listen()
        consumers = self.rabbit.ctl(
            'list_consumers', '--no-table-headers', 'queue_name',
            'prefetch_count').split()
        self.assertEqual([OWN, str(notifications.PREFETCH)], consumers)
        for _ in range(3):
            self.mark()
        self.assertEqual({OWN: 0, DEFAULT: 3}, self.rabbit.waiting_in())
        listener.stop()
        self.listen('notification_pool =')
        self.mark()
        waiting.until('they are empty, but for the one that was told since',
                      lambda: self.rabbit.waiting_in() == {
                          OWN: 1, DEFAULT: 0})

    def test_topic_of_its_own(self) -> None:
        self.listen('notification_pool =',
                    'notification_topics = lifecycle, more')
        self.notifier = oslo_messaging.Notifier(
            self.notifier.transport, 'image.host1', driver='messagingv2',
            topics=['notifications', 'more'], retry=0)
        self.mark()
        self.assertEqual(1, self.rabbit.waiting_in()[DEFAULT])

    def test_bounded_by_a_policy(self) -> None:
        """As the documentation has it: the newest are kept."""
        self.listen().stop()
        self.rabbit.ctl(
            'set_policy', '--apply-to', 'queues', 'glance-lifecycle',
            f'^{OWN}$', json.dumps({'max-length': 5,
                                    'overflow': 'drop-head'}))
        told = [self.tell() for _ in range(20)]
        self.assertEqual(5, self.rabbit.waiting_in()[OWN])
        self.listen()
        waiting.until('the newest are seen', lambda: self.seen == told[-5:])
