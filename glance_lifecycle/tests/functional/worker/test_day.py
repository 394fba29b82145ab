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

"""A day in the life of two workers."""

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import rabbitmq
from glance_lifecycle.tests.functional.worker import day


class DayTest(base.FunctionalTestCase):

    def test_day(self) -> None:
        """At its end all is as wanted, and the history tells why."""
        broker = self.useFixture(rabbitmq.RabbitMq())
        said: list[str] = []
        the_day = self.useFixture(day.Day(
            lambda what, text: said.append('%s: %s' % (what, text)),
            broker.url))
        golden, later, killed, again, old = the_day.run()
        self.assertEqual([], the_day.drift())
        self.assertEqual([], the_day.api.leftovers(
            old, *(image['id']
                   for image in the_day.api.admin().list_images())))
        first = the_day.workers[0]
        self.assertEqual(
            {'done'}, set(first.states().values()), str(first.states()))
        for image_id, told in (
                (golden, 'Protected = true.'),
                (golden, 'Copy to s2, s3.'), (golden, 'Add tag golden.'),
                (golden, 'not whole in s2 was replaced by the copy of s1'),
                (later, 'put back: Store s2 failed'),
                (killed, 'which ran the job, is gone'),
                (again, 'recovered: '), (old, 'done: Hide.'),
                (old, 'done: Deactivate.')):
            self.assertIn(told, '\n'.join(first.story(image_id)))
