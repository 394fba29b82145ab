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


"""``migrate format undo --delete`` and ``run`` delete nothing that is needed.

With a Keystone, stand-ins for Nova and Cinder, and the plugin in a Glance.
"""

import json
import shutil

from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.reclaim.formats import proof
from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import format_case

MAKING = 'glance_lifecycle.reclaim.formats.making:Making.'


class MigrateFormatKeptTest(format_case.FormatCase):

    def replaced(self) -> tuple[str, str]:
        """The old image and the new one."""
        old = self.image(name='one')
        self.plan()
        (result, new, _), = self.became('--yes').values()
        self.assertEqual('replaced', result)
        return old, new

    def stop(self, function: str, name: str = 'stop') -> points.Stop:
        found = points.Stop(function, self.work / name)
        found.directory.mkdir()
        return found

    def without(self, image_id: str, name: str) -> None:
        self.admin.request(
            'PATCH', f'images/{image_id}', data=json.dumps(
                [{'op': 'remove', 'path': '/' + name}]), headers={
                    'Content-Type':
                    'application/openstack-images-v2.1-json-patch'})

    def test_old_one_changes(self) -> None:
        """While it is asked what needs the new one, which takes minutes."""
        for how, told in (('deactivate', 'is deactivated.'),
                          ('hide', 'was hidden again.'),
                          ('delete', 'is gone.')):
            old, new = self.replaced()
            stop = self.stop(
                'glance_lifecycle.worker.cloud:Cloud.check_alone', how)
            undo = self.operator().fork(*self.words_of(
                'undo', str(self.file), '--yes', '--delete'), first=stop)
            stop.wait()
            if how == 'deactivate':
                self.admin.request('POST', f'images/{old}/actions/deactivate')
            elif how == 'hide':
                self.admin.update(old, os_hidden=True)
            else:
                self.admin.delete(old)
            stop.go_on()
            answer = undo.end()
            self.assertEqual(3, answer.code, str(answer))
            self.assertIn(f'Image {new} stays as it is: the old one, which '
                          f'was to be used instead of it, {told}',
                          answer.json[0]['Detail'])
            self.assertFalse(self.admin.get(new)['os_hidden'])
            self.admin.delete(new)
            if how != 'delete':
                self.admin.delete(old)

    def test_proof_removed(self) -> None:
        """By its owner, of an image that a server is made of."""
        old, new = self.replaced()
        self.without(new, proof.PROOF)
        self.cloud.boot(new)
        self.assertIn('somebody has shown it.', self.again(1))
        found = self.became('--yes', '--delete', word='undo', code=3)
        self.assertIn('not deleted: it is needed by server', found[old][2])
        self.assertTrue(self.admin.get(new)['os_hidden'])
        # The run takes another one.
        (result, other, _), = self.became('--yes').values()
        self.assertEqual('replaced', result)
        self.assertNotEqual(new, other)
        self.assertTrue(self.admin.exists(new))

    def again(self, code: int) -> str:
        """Once the old one is shown again; what is said."""
        (image_id,) = (one['id'] for one in self.admin.list_images(
            os_hidden='true'))
        self.admin.update(image_id, os_hidden=False)
        self.without(image_id, 'lifecycle_replaced_by')
        (_result, _new, detail), = self.became('--yes', code=code).values()
        return detail

    def test_stored_for_two(self) -> None:
        """Glance deletes what is stored, whoever else needs it."""
        old, new = self.replaced()
        other = self.image(name='other')
        self.register(other, 's1', self.api.stored_copy(new, 's1'))
        found = self.became('--yes', '--delete', word='undo', code=3)
        self.assertIn('another image needs what is stored', found[old][2])
        self.assertTrue(self.api.stored_copy(new, 's1').exists())

    def test_withdrawn(self) -> None:
        """While it is converted; then nobody but its owner gets a new one."""
        names = {'made private': 'public', 'deleted': 'community',
                 'shared no more': 'shared'}
        old = {name: self.image(name=name, visibility=visibility)
               for name, visibility in names.items()}
        member = self.identity.projects['demo']
        self.admin.request('POST', f"images/{old['shared no more']}/members",
                           json={'member': member})
        self.plan()
        import_to = 'glance_lifecycle.reclaim.formats.api:import_to'
        stop = points.Stops(
            'glance_lifecycle.reclaim.formats.running:Running._replace',
            (import_to,) * len(old), self.work)
        run = self.operator().fork(
            *self.words_of('run', str(self.file), '--yes'), first=stop)
        steps = plans.load(self.file.read_bytes()).steps
        for number, step in enumerate(steps):
            stop.wait(number)
            if step.image.id == old['deleted']:
                self.admin.delete(step.image.id)
            else:
                self.admin.update(step.image.id, visibility='private')
            stop.go_on(number)
        answer = run.end()
        self.assertEqual(3, answer.code, str(answer))
        new = {row['Image']: row['New Image'] for row in answer.json}
        for image_id in new.values():
            self.assert_private(image_id)
        # A run that died after it had shared it, or one of old.
        self.admin.update(new[old['shared no more']], visibility='shared')
        self.admin.update(new[old['made private']], visibility='public')
        self.became('--yes', code=3)
        for image_id in new.values():
            self.assert_private(image_id)
        gone = new[old['deleted']]
        answer = self.migrate('undo', str(self.file), '--delete', code=1)
        self.assertIn('does not show it any more. DESTRUCTIVE: image '
                      f'{gone} is deleted.', answer.stderr)
        self.became('--yes', word='undo')
        self.assertTrue(self.admin.exists(gone))
        self.became('--yes', '--delete', word='undo')
        self.assertEqual([False] * 3, [*map(self.admin.exists, new.values())])

    def test_shown_stays(self) -> None:
        """Without the old one it is the last, also if it is hidden."""
        old, new = self.replaced()
        self.admin.update(new, os_hidden=True)
        self.admin.delete(old)
        found = self.became('--yes', '--delete', word='undo')
        self.assertIn('The new image stays.', found[old][2])
        self.assertTrue(self.admin.exists(new))

    def assert_private(self, image_id: str) -> None:
        found = self.admin.get(image_id)
        self.assertEqual((True, 'private'), (
            found['os_hidden'], found['visibility']))

    def test_ended_on_another_host(self) -> None:
        """Just before what looked like the rest of an attempt is deleted."""
        image_id = self.image(name='one')
        self.plan()
        first = self.stop('glance_lifecycle.reclaim.formats.api:import_to')
        run = self.operator().fork(
            *self.words_of('run', str(self.file), '--yes'), first=first)
        first.wait()
        copy = self.work / 'copy.json'
        shutil.copy(self.file, copy)
        second = self.stop(MAKING + 'proven', 'second')
        other = self.operator().fork(
            *self.words_of('run', str(copy), '--yes'), first=second)
        second.wait()
        first.go_on()
        answer = run.end()
        self.assertEqual(0, answer.code, str(answer))
        new = answer.json[0]['New Image']
        second.go_on()
        answer = other.end()
        self.assertEqual(1, answer.code, str(answer))
        self.assertIn('another run of the plan has verified it',
                      answer.json[0]['Detail'])
        self.assertFalse(self.admin.get(new)['os_hidden'])
        self.assertEqual('done before', self.became('--yes')[image_id][0])
