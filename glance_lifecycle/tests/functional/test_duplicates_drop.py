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

"""Copies that the policy does not want are dropped."""

from glance_lifecycle.tests.functional import duplicates_case

POLICY = """\
version: 1
rules:
  - name: narrow
    match: {name: "narrow-*"}
    place: {stores: [s1], copies: exact, combine: policy-only}
"""


class DropTest(duplicates_case.DuplicatesPlanCase):

    def setUp(self) -> None:
        super().setUp()
        self.policy = self.work / 'policy.yaml'
        self.policy.write_text(POLICY)
        self.images = [self.image(name=f'narrow-{number}')
                       for number in range(2)]
        # It is like no other, and not looked at.
        self.alone = self.image(b'y' * 1000, name='narrow-alone')
        for image_id in (*self.images, self.alone):
            self.rows('copy', image_id, '--to', 's2', '--to', 's3')

    def words_of(self, word: str, *argv: str) -> list[str]:
        more = () if word == 'undo' else ('--policy', str(self.policy))
        return super().words_of(word, *argv, *more)

    def dropped(self, *argv: str, code: int = 0
                ) -> dict[tuple[str, str], tuple[str, str]]:
        """Image and store -> result and detail."""
        answer = self.duplicates('apply', str(self.file), *argv, code=code)
        return {(row['Image'], row['Store']): (row['Result'], row['Detail'])
                for row in answer.json}

    def test_dropped(self) -> None:
        first, second = self.images
        rows = self.plan('drop')
        self.assertEqual(
            [(image_id, store, 1000) for image_id in self.images
             for store in ('s2', 's3')],
            sorted(((row['Image'], row['Store'], row['Bytes'])
                    for row in rows), key=lambda one: (
                        self.images.index(one[0]), one[1])))
        answer = self.duplicates('apply', str(self.file), code=1)
        self.assertIn(f'DESTRUCTIVE: the copy of image {first} (narrow-0) of '
                      'project ', answer.stderr)
        self.assertIn('in store s2 is deleted, 1000 bytes.', answer.stderr)
        self.assertIn('no terminal to ask on', answer.stderr)
        answer = self.duplicates('apply', str(self.file), '--dry-run')
        self.assertIn('4000 bytes would come back', answer.stderr)
        self.assertEqual(['s1', 's2', 's3'], self.stores_of(first))
        # What stays is not there: nothing of that image goes. One copy of the
        # other is wanted by now.
        self.path(first).rename(self.work / 'away')
        answer = self.duplicates('apply', str(self.file), '--yes', code=3)
        for row in answer.json:
            self.assertEqual('left' if row['Image'] == first else 'dropped',
                             row['Result'])
            if row['Image'] == first:
                self.assertIn('the copy in store s1, which stays, is not '
                              'known to be whole', row['Detail'])
        self.assertIn('2000 bytes have come back', answer.stderr)
        self.assertEqual(['s1', 's2', 's3'], self.stores_of(first))
        self.assertEqual(['s1'], self.stores_of(second))
        self.assertFalse(self.path(second, 's2').exists())
        (self.work / 'away').rename(self.path(first))
        # And on.
        self.assertEqual(
            {(first, 's2'): 'dropped', (first, 's3'): 'dropped',
             (second, 's2'): 'done before', (second, 's3'): 'done before'},
            {key: result for key, (result, _) in self.dropped(
                '--yes').items()})
        for image_id in self.images:
            self.assertEqual(b'x' * 1000, self.admin.download(image_id))
        self.assertEqual(['s1', 's2', 's3'], self.stores_of(self.alone))
        self.assertEqual([], self.plan('drop'))

    def test_changed(self) -> None:
        first, second = self.images
        self.plan('drop')
        self.admin.update(first, name='wide')
        self.api.sql("update images set os_hash_value = 'ab' where id = "
                     f"'{second}'")
        found = self.dropped('--yes', code=3)
        self.assertEqual({'left'}, {result for result, _ in found.values()})
        self.assertIn('does not ask for it now', found[first, 's2'][1])
        self.assertIn('os_hash_value', found[second, 's2'][1])
        self.policy.write_text(POLICY + '# changed\n')
        answer = self.duplicates('apply', str(self.file), '--yes', code=1)
        self.assertIn('for another policy; nothing was done', answer.stderr)
        answer = self.duplicates('undo', str(self.file), code=1)
        self.assertIn('cannot be brought back', answer.stderr)
        for image_id in self.images:
            self.assertEqual(['s1', 's2', 's3'], self.stores_of(image_id))

    def test_killed(self) -> None:
        """Before each copy is dropped: it is, or is not, and none is lost."""
        self.plan('drop')
        self.assertEqual(3, self.killed(
            ('drop',), duplicates_case.RUN, 'apply', str(self.file),
            '--yes'))
        self.assertEqual([['s1']] * 2, [*map(self.stores_of, self.images)])

    def check_killed(self) -> None:
        for image_id in self.images:
            self.assertEqual(b'x' * 1000, self.admin.download(image_id))
            self.assertIn('s1', self.stores_of(image_id))
