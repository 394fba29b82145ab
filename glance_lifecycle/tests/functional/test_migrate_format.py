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

"""``openstack image lifecycle migrate format plan``, ``run`` and ``undo``.

With a Keystone, stand-ins for Nova and Cinder, and the plugin in a Glance.
"""

import shutil
from typing import Any

from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.reclaim.formats import proof
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import format_case

UNDO = 'glance_lifecycle.reclaim.formats.undoing:Undoing.run'
API = 'glance_lifecycle.reclaim.formats.api:'


class MigrateFormatTest(format_case.FormatCase):

    def members(self, image_id: str) -> dict[str, str]:
        answer = self.admin.request('GET', f'images/{image_id}/members')
        return {one['member_id']: one['status']
                for one in answer.json()['members']}

    def shared(self, **fields: Any) -> str:
        """With one project that has accepted it, and one that has not."""
        found = self.image(self.demo, visibility='shared', **fields)
        other = self.identity.projects['demo2']
        for project in (other, self.identity.projects['service']):
            self.demo.request('POST', f'images/{found}/members',
                              json={'member': project})
        self.api.keystone_user('demo2').request(
            'PUT', f'images/{found}/members/{other}',
            json={'status': 'accepted'})
        return found

    def test_whole_way(self) -> None:
        shared = self.shared(
            name='shared one', min_disk=1, min_ram=64, tags=['a', 'b'],
            hw_disk_bus='scsi', **{'owner_specified.openstack.md5': 'x',
                                   'owner_specified.shade': 'kept'})
        self.admin.update(shared, protected=True)
        vmdk = images.make(self.work / 'source.vmdk', 'vmdk',
                           size=format_case.SIZE)
        public = self.image(source=vmdk, disk_format='vmdk', name='public',
                            visibility='public', hw_disk_bus='ide')
        signed = self.image(name='signed')
        self.admin.update(signed, img_signature='x')
        raw = self.image(source=images.raw(self.work / 'r', format_case.SIZE),
                         disk_format='raw', name='raw')
        twice = [self.image(name='twice') for _ in range(2)]
        hidden = self.image(name='hidden')
        self.admin.update(hidden, os_hidden=True)
        self.cloud.boot(shared)
        before = {one: self.admin.get(one) for one in (shared, public)}
        rows = self.plan('--to', 's2', '--to', 's3', code=3)
        self.assertNotIn(raw, rows)
        for image_id, why in (
                (signed, 'It is signed: '), (hidden, 'It is hidden.'),
                *((one, 'has another visible image of this name')
                  for one in twice)):
            self.assertIn(why, rows[image_id]['Why Not'])
        self.assertEqual({shared, public}, {
            one for one, row in rows.items() if row['Step'] != 'left'})
        told = rows[shared]['Consequences']
        for text in ('of qcow2 become 8 MiB of raw in store s2, s3',
                     '1 servers and volumes made of it keep the old one',
                     'its 2 members see the new one', 'both are protected',
                     'Not carried over: owner_specified.openstack.md5'):
            self.assertIn(text, told)
        self.assertEqual((format_case.SIZE, 's2, s3', 1), tuple(
            rows[shared][name] for name in (
                'Raw Bytes', 'Stores', 'Dependents')))
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        # Nothing without a yes.
        answer = self.migrate('run', str(self.file), code=1)
        self.assertIn('no terminal to ask on', answer.stderr)
        self.assertIn(f'Image {shared} (shared one) of project',
                      answer.stderr)
        self.assertEqual({shared: ('replaced', '', ''),
                          public: ('replaced', '', '')},
                         self.became('--dry-run'))
        self.assertEqual(before, {one: self.admin.get(one)
                                  for one in before})
        found = self.became('--yes')
        self.assertEqual([('replaced', '')] * 2, [
            (result, detail) for result, _new, detail in found.values()])
        self.assert_replaced(before[shared], found[shared][1], 's2', 's3')
        new = self.admin.get(found[shared][1])
        self.assertEqual('kept', new['owner_specified.shade'])
        self.assertNotIn('owner_specified.openstack.md5', new)
        self.assertEqual(self.members(shared), self.members(new['id']))
        self.assertEqual({'accepted', 'pending'},
                         {*self.members(new['id']).values()})
        self.raw = images.reference(vmdk, 'vmdk')
        self.assert_replaced(before[public], found[public][1], 's2', 's3')
        # Who looks by name finds the new one, and only that.
        self.assertEqual([found[public][1]], [one['id'] for one in (
            self.demo.list_images(name='public'))])
        # Again.
        self.assertEqual({one: 'done before' for one in before}, {
            one: result for one, (result, *_) in self.became(
                '--yes').items()})
        self.assert_nothing_left(self.api, *(
            one['id'] for hidden in ('true', 'false')
            for one in self.admin.list_images(os_hidden=hidden,
                                              visibility='all')))
        self._undone(before, {one: new for one, (_, new, _) in (
            found.items())})

    def _undone(self, before: dict[str, client.Image],
                new: dict[str, str]) -> None:
        first, second = new
        self.assertIn('DESTRUCTIVE: image ', self.migrate(
            'undo', str(self.file), '--delete', code=1).stderr)
        found = self.became('--yes', word='undo')
        self.assertEqual({'shown again'}, {one for one, *_ in (
            found.values())})
        for image_id, was in before.items():
            self.assertEqual({**was, 'updated_at': ''}, {
                **self.admin.get(image_id), 'updated_at': ''})
            self.assertTrue(self.admin.get(new[image_id])['os_hidden'])
        self.assertEqual({'done before'}, {one for one, *_ in (
            self.became('--yes', word='undo').values())})
        # Forward again: what was made is used.
        self.assertEqual(new, {one: found for one, (_, found, _) in (
            self.became('--yes').items())})
        self.cloud.boot(new[first])
        found = self.became('--yes', '--delete', word='undo', code=3)
        self.assertEqual(('left', 'shown again'), (
            found[first][0], found[second][0]))
        self.assertIn('and not deleted: it is needed by server',
                      found[first][2])
        self.assertEqual((True, False), (
            self.admin.exists(new[first]), self.admin.exists(new[second])))
        self.assertTrue(self.admin.get(new[first])['os_hidden'])
        self.cloud.servers.clear()
        self.became('--yes', '--delete', word='undo')
        self.assertFalse(self.admin.exists(new[first]))
        # Glance gives no id twice: the next attempt has another.
        again = self.became('--yes')
        self.assertEqual('replaced', again[first][0])
        self.assertNotEqual(new[first], again[first][1])

    def test_killed(self) -> None:
        """Before each of its steps, until it has ended."""
        shared = self.shared(name='one', tags=['t'])
        self.admin.update(shared, protected=True)
        before = self.admin.get(shared)
        self.plan()
        for name in ('create', 'stage', 'import_to', 'discard', '_imported',
                     '_check', 'change', 'share'):
            self.assertTrue(self.killed('run', format_case.RUN, (name,), 1),
                            name)
            self.assertFalse(self.admin.get(shared)['os_hidden'])
        self.assertEqual(3, self.until_ended('run', format_case.RUN, (
            '_swap', 'change')))
        (_result, new, _detail), = self.became('--yes').values()
        self.assert_replaced(before, new, 's1')
        self.assertEqual(self.members(shared), self.members(new))
        self.assertEqual([new], [one['id'] for one in self.ours(shared)])
        self.assert_nothing_left(self.api, shared, new)
        self.assertEqual(3, self.until_ended('undo', UNDO, (
            'change', '_remove', 'delete')))
        self.assertEqual({**before, 'updated_at': ''},
                         {**self.admin.get(shared), 'updated_at': ''})
        self.assert_nothing_left(self.api, shared)

    def test_hostile(self) -> None:
        """Its owner writes what we write, and gives other bytes."""
        image_id = self.image(self.demo, name='mine')
        forged = self.image(
            self.demo, name='forged', source=images.raw(
                self.work / 'evil', format_case.SIZE), disk_format='raw', **{
                    proof.REPLACES: image_id, proof.PROOF: 'f' * 64})
        self.demo.update(image_id, **{
            'lifecycle_source_x': 'old', marks.HIDDEN_BY: ''})
        self.plan('mine')
        plan = plans.load(self.file.read_bytes())
        # Killed before it has staged: the owner does, and imports it.
        new_id, *_ = proof.ids(plan.digest, image_id)
        answer = self.operator().fork(
            *self.words_of('run', str(self.file), '--yes'),
            first=points.Kill(('stage',), format_case.RUN, 1)).end()
        self.assertEqual(-9, answer.code)
        self.demo.update(new_id, disk_format='raw')
        self.demo.stage(new_id, self.work / 'evil')
        self.demo.import_image(new_id)
        self.demo.wait_import(new_id)
        self.demo.update(new_id, **{proof.REPLACES: image_id,
                                    proof.PROOF: 'f' * 64})
        (result, new, _), = self.became('--yes').values()
        self.assertEqual('replaced', result)
        self.assertNotIn(new, (new_id, forged))
        self.assertFalse(self.admin.exists(new_id))
        self.assert_stored(self.api, self.admin.get(new), self.raw, 's1')
        self.assertNotIn('lifecycle_source_x', self.admin.get(new))
        # The other image of the owner's was not touched.
        self.became('--yes', '--delete', word='undo')
        self.assertFalse(self.admin.get(forged)['os_hidden'])

    def test_changed(self) -> None:
        names = ('hash', 'hidden', 'signed', 'gone', 'spoilt', 'renamed')
        ids = {name: self.image(name=name) for name in names}
        self.plan()
        self.api.sql("update images set os_hash_value = 'ab' where id = "
                     f"'{ids['hash']}'")
        self.admin.update(ids['hidden'], os_hidden=True)
        self.admin.update(ids['signed'], img_signature='x')
        self.admin.delete(ids['gone'])
        self.corrupt(self.api.stored_copy(ids['spoilt'], 's1'))
        self.admin.update(ids['renamed'], name='new name', os_distro='x')
        found = self.became('--yes', code=1)
        self.assertEqual(
            {'hash': 'left', 'hidden': 'left', 'signed': 'left',
             'gone': 'gone', 'spoilt': 'failed', 'renamed': 'replaced'},
            {name: found[ids[name]][0] for name in names})
        for name, why in (
                ('hash', 'since the plan was made: its os_hash_value.'),
                ('hidden', 'Somebody else has hidden it.'),
                ('signed', 'It is signed: '),
                ('spoilt', 'what Glance gives is not what its hash says')):
            self.assertIn(why, found[ids[name]][2])
        new = self.admin.get(found[ids['renamed']][1])
        self.assertEqual(('new name', 'x'), (new['name'], new['os_distro']))
        # Of what failed nothing is left.
        self.assertEqual(
            {ids['renamed'], ids['hidden']},
            {one['id'] for one in self.admin.list_images(os_hidden='true')})

    def test_not_converted(self) -> None:
        """The service does not: the old one stays, and nothing is left."""
        image_id = self.image(name='one')
        self.plan()
        self.api.configure(lifecycle={'convert': False})
        self.api.restart()
        (result, _new, detail), = self.became('--yes', code=1).values()
        self.assertEqual('failed', result)
        self.assertIn('it is qcow2, and not raw.', detail)
        self.assertEqual([image_id], [one['id'] for hidden in (
            'true', 'false') for one in self.admin.list_images(
                os_hidden=hidden)])
        rows = self.plan(code=3)
        self.assertIn('not make it raw there: so says [lifecycle] convert.',
                      rows[image_id]['Why Not'])

    def test_two_at_once(self) -> None:
        """Of one file one; of two copies of it, no image is lost."""
        image_id = self.image(name='one')
        self.plan()
        stop = points.Stop(API + 'import_to', self.work / 'stop')
        stop.directory.mkdir()
        first = self.operator().fork(
            *self.words_of('run', str(self.file), '--yes'), first=stop)
        stop.wait()
        answer = self.migrate('run', str(self.file), '--yes', code=1)
        self.assertIn('Another command carries out the plan', answer.stderr)
        other = self.work / 'copy.json'
        shutil.copy(self.file, other)
        (row,) = self.migrate('run', str(other), '--yes').json
        self.assertEqual('replaced', row['Result'])
        stop.go_on()
        self.assertEqual(1, first.end().code)
        (result, new, _), = self.became('--yes').values()
        self.assertEqual(('done before', row['New Image']), (result, new))
        self.assert_nothing_left(self.api, image_id, new)

    def test_families(self) -> None:
        """Only the newest of a family is replaced, and stays the newest."""
        policy = self.work / 'policy.yaml'
        policy.write_text(
            'version: 1\nrules: [{name: builds, retain: {family: {property: '
            'build}, keep_last: 1, delete_after: 30 days}}]\n')
        self.api.configure(lifecycle={'policy_file': policy})
        self.api.restart()
        made = {}
        for number, name in enumerate(('01', '02', '11', 'other'), 1):
            made[name] = self.image(
                name=name, build={'11': 'y', 'other': 'z'}.get(name, 'x'))
            self.created(made[name], number)
        rows = self.plan(code=3)
        self.assertEqual({made['02'], made['11'], made['other']}, {
            one for one, row in rows.items() if row['Step'] != 'left'})
        self.assertIn(f"Image {made['02']} of its family is newer:",
                      rows[made['01']]['Why Not'])
        # One comes before the run, and one while it converts.
        early = self.image(name='12', build='y')
        stop = points.Stop(API + 'import_to', self.work / 'stop')
        stop.directory.mkdir()
        run = self.operator().fork(
            *self.words_of('run', str(self.file), '--yes'), first=stop)
        stop.wait()
        late = {self.admin.get(made[name])['build']: self.image(
            name='late ' + name, build=self.admin.get(made[name])['build'])
            for name in ('02', 'other')}
        stop.go_on()
        answer = run.end()
        self.assertEqual(3, answer.code, str(answer))
        found = {row['Image']: row for row in answer.json}
        for name, newer in (('02', late['x']), ('11', early),
                            ('other', late['z'])):
            self.assertIn(f'Image {newer} of its family is newer:',
                          found[made[name]]['Detail'])
            self.assertFalse(self.admin.get(made[name])['os_hidden'])
        # What the run has made of one of them is not in its own way.
        self.assertTrue(any(row['New Image'] for row in found.values()))
        for image_id in late.values():
            self.admin.delete(image_id)
        found_now = self.became('--yes', code=3)
        self.assertEqual(
            {'02': 'replaced', '11': 'left', 'other': 'replaced'},
            {name: found_now[made[name]][0] for name in ('02', '11', 'other')})

    def created(self, image_id: str, day: int) -> None:
        self.api.sql("update images set created_at = "
                     f"'2026-01-0{day} 00:00:00' where id = '{image_id}'")

    def test_refused(self) -> None:
        image_id = self.image(name='one')
        self.assertIn('There is no image two.', self.migrate(
            'plan', 'two', code=1).stderr)
        self.assertIn('There is no store s9; there are s1, s2, s3.',
                      self.migrate('plan', '--to', 's9', code=1).stderr)
        self.assertEqual({}, self.plan('--where', '{name: x*}'))
        self.assertEqual({image_id}, {*self.plan(
            '--where', '{disk_format: qcow2}')})
        answer = self.operator().spawn(
            'image', 'lifecycle', 'migrate', 'format', 'run', str(self.file),
            '--yes')
        self.assertEqual(1, answer.code)
        self.assertIn('It is not known here which policy is in force',
                      answer.stderr)
        self.file.write_text(self.file.read_text().replace('one', 'two'))
        self.assertIn('its digest is another', self.migrate(
            'run', str(self.file), '--yes', code=1).stderr)
        # Who may not do it changes nothing.
        self.plan()
        demo = openstack.OpenStack(self.api, 'demo')
        answer = demo.spawn(*self.words_of('run', str(self.file), '--yes'))
        self.assertEqual('gone', answer.json[0]['Result'])
        self.assertFalse(self.admin.get(image_id)['os_hidden'])
