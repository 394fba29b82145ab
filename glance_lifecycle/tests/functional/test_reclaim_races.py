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


"""An import, a copy, a delete or a location comes at each step of an apply."""

from glance_lifecycle.tests.functional import race_case

_FILE = 'glance_lifecycle.transfer.backends.file.'

# To take a file, in their order.
_STEPS = (race_case.THERE, _FILE + 'quarantine:FileQuarantine.put',
          _FILE + 'renaming:move', _FILE + 'quarantine:_unchanged',
          _FILE + 'quarantine:_durable', race_case.AWAY)


class FileRaceTest(race_case.RaceCase):

    def setUp(self) -> None:
        super().setUp()
        self.events = (self.registered, self.import_begins, self.copy_begins,
                       self.deleted)

    def registered(self, image_id: str) -> None:
        self.register(image_id, 's2')

    def copies(self, number: int) -> list[str]:
        """In s2, where no location leads to."""
        images = self.new_images(number)
        for image in images:
            self.put(image, self.path(image).read_bytes(), store='s2')
        return images

    def test_it_stays(self) -> None:
        races = self.races(_STEPS, self.events)
        before = {image: self.look(self.path(image, 's2'))
                  for image in self.copies(len(races))}
        result = self.raced(self.plan(), race_case.TAKEN, races)
        self.assertEqual({'left', 'restored'}, set(result.values()))
        self.assertEqual(before, {
            image: self.look(self.path(image, 's2')) for image in before})
        self.assertEqual([], self.kept('s2'))

    def test_it_is_not_purged(self) -> None:
        """What is needed comes back; what may be stays where it is."""
        races = self.races((race_case.AWAY,), self.events)
        before = {image: self.look(self.path(image, 's2'))
                  for image in self.copies(len(races))}
        plan = self.plan()
        self.reclaim('apply', str(plan))
        images = self.planned_images(plan)
        self.assertEqual(
            dict(zip(images, ('restored', *['in quarantine'] * 3))),
            self.raced(plan, race_case.KEPT, races, '--purge', '--yes'))
        self.assertEqual(3, len(self.kept('s2')))
        self.reclaim('undo', str(plan))
        self.assertEqual(before, {
            image: self.look(self.path(image, 's2')) for image in before})

    def test_copied_before_the_removal(self) -> None:
        """The new copy stays: nobody ever had a location to the old one."""
        image, = self.copies(1)
        plan = self.plan()
        self.reclaim('apply', str(plan))

        def copied(image_id: str) -> None:
            self.put(image_id, self.path(image_id).read_bytes(), store='s2')
            self.registered(image_id)
        self.assertEqual({image: 'purged'}, self.raced(
            plan, race_case.KEPT, [race_case.Race(
                _FILE + 'quarantine:FileQuarantine.purge', copied)],
            '--purge', '--yes', code=0))
        self.assertEqual(self.path(image).read_bytes(),
                         self.path(image, 's2').read_bytes())
        self.assertEqual([], self.kept('s2'))
