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

"""The history of an image, in pages."""

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs

at = cases.at


class HistoryTest(cases.DatabaseTestCase):

    def record(self, image_id: str, text: str, **kwargs: object) -> None:
        history.record(
            self.database, image_id=image_id, event='drift', text=text,
            actor='sweep', **kwargs)  # type: ignore[arg-type]

    def test_record(self) -> None:
        self.record('i', 'It was \0unset \U0001f600.', rule='golden',
                    policy_digest='d', proof={'a': [1, None]}, now=at(1))
        self.record('i', 'Again.', job_id='j')
        one, two = history.of_image(self.database, 'i')
        self.assertEqual(history.Entry(
            one.id, at(1), 'i', None, 'sweep', 'drift', 'golden', 'd',
            'It was \ufffdunset \U0001f600.', {'a': [1, None]}), one)
        self.assertEqual(('j', None), (two.job_id, two.proof))

    def test_named(self) -> None:
        for image_id, name in (('a', 'x'), ('b', 'x'), ('c', 'X'),
                               ('a', 'y')):
            jobs.open_job(self.database, jobs.Wanted(
                image_id=image_id, purpose=name, action={}, reason='It is.',
                image_name=name), actor='sweep')
        self.assertEqual({'a', 'b'}, {*history.named(self.database, 'x')})
        self.assertEqual(['a'], history.named(self.database, 'y'))
        self.assertEqual([], history.named(self.database, 'z'))
        self.assertEqual(1, len(history.named(self.database, 'x', 1)))

    def test_history_pages(self) -> None:
        for number in range(7):
            self.record('i', f'{number}.', job_id=f'j{number % 2}')
            self.record('another', 'Not this.')
        texts, marker = [], None
        while page := history.of_image(self.database, 'i', marker, 3):
            texts += [entry.text for entry in page]
            marker = page[-1].id
        self.assertEqual([f'{number}.' for number in range(7)], texts)
        self.assertEqual(['1.', '3.', '5.'], [
            entry.text for entry in history.of_job(self.database, 'j1')])
