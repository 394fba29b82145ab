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

"""``image lifecycle plan`` and ``apply`` on a real Glance."""

import json
import pathlib
import re
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import store_case

POLICY = """\
version: 1
rules:
  - name: golden
    match: {project: admin, name: "golden-*"}
    place: {stores: [s1, s2], later: [s3]}
    protect: {protected: true}
    visibility: {allowed: [private, shared]}
    metadata:
      set_properties: {"class/~": golden}
      set_tags: [golden]
      forbid_properties: ["x_*"]
      forbid_tags: ["old*"]
  - name: narrow
    match: {name: "narrow-*"}
    place: {stores: [s2], copies: exact, combine: policy-only}
  - name: old
    match: {tags: old}
    retain: {hide_after: 0 seconds}
"""

DELETED = """\
version: 1
rules:
  - name: old
    match: {tags: old}
    retain: {delete_after: 0 seconds}
"""


class PlanCase(store_case.StoreCase):

    def setUp(self) -> None:
        super().setUp()
        self.policy = self.work / 'policy.yaml'
        self.policy.write_text(POLICY)
        self.file = self.work / 'plan.json'

    def plan(self, *argv: str) -> list[dict[str, Any]]:
        answer = self.lifecycle('plan', *argv)
        found: list[dict[str, Any]] = answer.json
        return found

    def lifecycle(self, command: str, *argv: str, code: int = 0
                  ) -> openstack.Answer:
        """On a host of glance-api, as an administrator."""
        answer = self.operator().spawn(
            'image', 'lifecycle', command, *argv, '--policy',
            str(self.policy), '--config-file',
            str(self.api.etc / 'glance-api.conf'), '-f', 'json')
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def apply(self, *argv: str, code: int = 0) -> dict[str, str]:
        """Action -> result."""
        answer = self.lifecycle('apply', str(self.file), *argv, code=code)
        return {row['Action']: row['Result'] for row in answer.json}

    def refused(self, *argv: str) -> str:
        return self.lifecycle('apply', str(self.file), *argv,
                              code=1).stderr

    def make(self, *argv: str) -> list[dict[str, Any]]:
        """A new plan in the file."""
        self.file.unlink(missing_ok=True)
        return self.plan('--out', str(self.file), *argv)


class PlanApplyTest(PlanCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()

    def image(self, source: pathlib.Path | bytes = b'bytes' * 1000,
              **fields: Any) -> str:
        created = self.admin.create_image(**{
            'disk_format': 'raw', 'visibility': 'private', **fields})
        self.admin.upload(created['id'], source)
        return str(created['id'])

    def test_golden(self) -> None:
        """From all kinds of drift to none, copies verified in one pass."""
        source = self.sparse()
        golden = self.image(source, name='golden-1', visibility='community',
                            tags=['older', 'mine'], x_y='1', other='2')
        right = self.image(name='tenant', tags=['new'])
        rows = self.make()
        self.assertEqual({golden}, {row['Image'] for row in rows})
        self.assertEqual([
            'protected = true; visibility = shared; property class/~ = '
            'golden; remove property x_y; add tag golden; remove tag older',
            'copy to s2, s3'], [row['Action'] for row in rows])
        self.assertEqual([0, 2 * 64 * images.MIB],
                         [row['Bytes'] for row in rows])
        self.assertEqual({'golden'}, {row['Rule'] for row in rows})
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        # Nothing was changed by that.
        self.assertFalse(self.admin.get(golden)['protected'])

        self.assertEqual({'done'}, set(self.apply().values()))
        found = self.admin.get(golden)
        self.assertEqual(
            (True, 'shared', 'golden', None, '2', ['golden', 'mine']),
            (found['protected'], found['visibility'], found['class/~'],
             found.get('x_y'), found['other'], sorted(found['tags'])))
        self.assert_stored(self.api, found, images.digests(source),
                           's1', 's2', 's3')
        self.assert_nothing_left(self.api, golden, right)
        self.assertEqual('s1', self.admin.get(right)['stores'])
        self.assertEqual([], self.plan())
        self.assertEqual([], self.drift())
        # Once more: it is needed no more, whoever did it.
        self.assertEqual({'not needed any more'}, set(self.apply().values()))

    def drift(self) -> Any:
        return self.operator().spawn(
            'image', 'lifecycle', 'drift', 'list', '--policy',
            str(self.policy), '-f', 'json').json

    def test_totals_and_left(self) -> None:
        self.image(name='golden-1', visibility='public')
        self.admin.update(self.image(name='golden-2'), protected=True)
        totals = {(row['By'], row['Name']): (row['Images'], row['Bytes'])
                  for row in self.plan('--totals')}
        self.assertEqual((2, 20000), totals['action', 'copy'])
        self.assertEqual((2, 10000), totals['store', 's3'])
        self.assertEqual((2, 20000), totals['rule', 'golden'])
        self.policy.write_text(POLICY.replace(
            'allowed: [private, shared]', 'allowed: [community]'))
        row, = self.plan('--left')
        self.assertEqual(('visibility', 'private'),
                         (row['Field'], row['Found']))
        self.assertIn('Only its owner or an operator', row['Why'])

    def test_world_changed(self) -> None:
        """Exactly the plan or nothing; and the difference is shown."""
        first = self.image(name='golden-1')
        second = self.image(name='golden-2')
        self.make()
        self.admin.update(second, x_y='meanwhile')
        text = self.refused()
        self.assertIn('Nothing was done', text)
        self.assertIn(second, text)
        self.assertNotIn(first, text)
        self.assertIn('now it needs', text)
        self.assertEqual('s1', self.admin.get(first)['stores'])
        self.admin.delete(second)
        self.assertIn('it is gone', self.refused())
        self.policy.write_text(POLICY + '# changed\n')
        self.assertIn('another policy', self.refused())
        self.policy.write_text(POLICY)
        self.make()
        self.assertEqual({'done'}, set(self.apply().values()))

    def test_only_a_part(self) -> None:
        """What is left in the file is done, and nothing else."""
        image_id = self.image(name='golden-1')
        self.make()
        plan = json.loads(self.file.read_text())
        plan['actions'] = [a for a in plan['actions']
                           if a['kind'] == 'update']
        self.file.write_text(json.dumps(plan))
        self.assertEqual(1, len(self.apply()))
        self.assertEqual('s1', self.admin.get(image_id)['stores'])

    def test_forged(self) -> None:
        """A plan says what to do only where the policy wants it."""
        image_id = self.image(name='tenant')
        self.image(name='golden-1')
        self.make()
        plan = json.loads(self.file.read_text())
        for kind, arguments in (
                ('delete', {}), ('drop', {'stores': ['s1']}),
                ('update', {'attributes': {'visibility': 'public'}}),
                ('deactivate', {})):
            forged = {**plan['actions'][0], 'kind': kind,
                      'image_id': image_id, 'arguments': arguments}
            self.file.write_text(json.dumps({**plan, 'actions': [forged]}))
            answer = self.lifecycle('apply', str(self.file), '--yes')
            self.assertEqual(['not needed any more'],
                             [row['Result'] for row in answer.json])
        found = self.admin.get(image_id)
        self.assertEqual(('active', 'private', 's1'), (
            found['status'], found['visibility'], found['stores']))
        self.file.write_text('{"schema": 1, "actions": [{}]}')
        self.assertIn('no action of a plan', self.refused())

    def test_surplus(self) -> None:
        """The missing copy first; what is destructive is asked about."""
        source = self.sparse()
        image_id = self.image(source, name='narrow-1')
        self.assertEqual(['copy to s2'], [r['Action'] for r in self.make()])
        self.apply()
        self.assertEqual(['DESTRUCTIVE: delete the copy in s1'],
                         [row['Action'] for row in self.make()])
        text = self.refused()
        self.assertIn('DESTRUCTIVE: delete the copy in s1, of image %s '
                      '(narrow-1)' % image_id, text)
        # Who asks does not believe the name in the file.
        self.file.write_text(self.file.read_text().replace(
            'narrow-1', 'of no value'))
        self.assertIn('(narrow-1)', self.refused())
        self.assertIn('no terminal to ask on', text)
        self.assertEqual(['s1', 's2'], self.stores_of(image_id))
        # The good one is gone behind Glance's back.
        copy = self.api.stored_copy(image_id, 's2')
        copy.rename(self.work / 'away')
        answer = self.lifecycle('apply', str(self.file), '--yes', code=1)
        self.assertIn('no other one is whole', answer.json[0]['Detail'])
        (self.work / 'away').rename(copy)
        self.assertEqual({'done'}, set(self.apply('--yes').values()))
        self.assertEqual(['s2'], self.stores_of(image_id))
        self.assertEqual([], self.plan())
        (self.work / 'got').write_bytes(self.admin.download(image_id))
        self.assertEqual(images.digests(source),
                         images.digests(self.work / 'got'))

    def test_surplus_and_not_read(self) -> None:
        """Nobody has read what stays, and it has only the right size."""
        source = self.sparse()
        image_id = self.image(source, name='narrow-1')
        self.operator().spawn('image', 'lifecycle', 'store', 'copy',
                              image_id, '--to', 's2')
        self.make()
        copy = self.api.stored_copy(image_id, 's2')
        good = copy.read_bytes()
        self.corrupt(copy)
        answer = self.lifecycle('apply', str(self.file), '--yes', code=1)
        self.assertIn('that in store s2 is corrupt',
                      answer.json[0]['Detail'])
        self.assertEqual(['s1', 's2'], self.stores_of(image_id))
        copy.write_bytes(good)
        self.assertEqual({'done'}, set(self.apply('--yes').values()))
        self.assertEqual(['s2'], self.stores_of(image_id))

    def test_store_fails(self) -> None:
        """One action fails; the others are done, and the rest is run again.

        A bit is flipped in the only copy: nothing spreads it.
        """
        bad = self.image(self.sparse(), name='golden-bad')
        good = self.image(name='golden-good')
        self.corrupt(self.api.stored_copy(bad, 's1'))
        self.make()
        answer = self.lifecycle('apply', str(self.file), code=1)
        failed = [row for row in answer.json if row['Result'] == 'failed']
        self.assertEqual([(bad, 'copy to s2, s3')], [
            (row['Image'], row['Action']) for row in failed])
        self.assertIn('is not the image', failed[0]['Detail'])
        self.assertEqual(['s1', 's2', 's3'], self.stores_of(good))
        self.assertEqual(['s1'], self.stores_of(bad))
        self.corrupt(self.api.stored_copy(bad, 's1'))
        self.assertIn('done', self.apply().values())
        self.assertEqual(['s1', 's2', 's3'], self.stores_of(bad))

    def test_elsewhere(self) -> None:
        """No host of glance-api: Glance copies."""
        image_id = self.image(name='golden-1')
        self.make()
        answer = self.operator().spawn(
            'image', 'lifecycle', 'apply', str(self.file), '--policy',
            str(self.policy), '-f', 'json')
        self.assertEqual(0, answer.code, str(answer))
        self.assertEqual(['s1', 's2', 's3'], self.stores_of(image_id))

    def test_plan_is_kept(self) -> None:
        self.make()
        answer = self.operator().spawn(
            'image', 'lifecycle', 'plan', '--out', str(self.file),
            '--policy', str(self.policy))
        self.assertEqual(1, answer.code)
        self.assertIn('File exists', answer.stderr)

    def test_not_known_what_needs_it(self) -> None:
        """There is no Nova to ask: it is not hidden."""
        image_id = self.image(tags=['old'])
        self.assertEqual(['hide'], [row['Action'] for row in self.make()])
        answer = self.lifecycle('apply', str(self.file), code=1)
        self.assertRegex(answer.json[0]['Detail'],
                         re.escape(image_id) + '.*not known what needs it')
        self.assertFalse(self.admin.get(image_id)['os_hidden'])


class DeletedTest(PlanCase):
    """Retention, with somebody to ask what is in use."""

    def setUp(self) -> None:
        self.identity = self.useFixture(keystone.Keystone())
        self.cloud = self.useFixture(
            nova_cinder.NovaAndCinder(self.identity))
        self.api = self.useFixture(glance.GlanceApi(identity=self.identity))
        self.identity.register('image', self.api.url)
        super().setUp()
        self.admin = self.api.keystone_user('admin')
        self.policy.write_text(DELETED)

    def image(self, *tags: str) -> str:
        created = self.admin.create_image(disk_format='raw',
                                          tags=list(tags))
        self.admin.upload(created['id'], b'bytes')
        return str(created['id'])

    def test_deleted(self) -> None:
        """Only what is old, not protected, and needed by nobody."""
        unused, used, young = (self.image('old'), self.image('old'),
                               self.image())
        shared = self.image('old')
        self.register(young, 's2', self.api.stored_copy(shared, 's1'))
        protected = self.image('old')
        self.admin.update(protected, protected=True)
        self.cloud.servers = [{'id': 'server-1', 'image': {'id': used},
                               'name': 'x', 'tenant_id': 'p',
                               'status': 'ACTIVE'}]
        self.assertEqual({unused, used, shared},
                         {row['Image'] for row in self.make()})
        answer = self.lifecycle('apply', str(self.file), '--yes', code=1)
        results = {row['Image']: (row['Result'], row['Detail'])
                   for row in answer.json}
        self.assertEqual(('done', ''), results[unused])
        self.assertIn('it is needed by server server-1', results[used][1])
        self.assertIn('another image needs what is stored for it: image %s'
                      % young, results[shared][1])
        self.assertEqual([False, True, True, True, True], [
            self.admin.exists(one)
            for one in (unused, used, shared, young, protected)])

    def test_cell_is_down(self) -> None:
        """Nova leaves its servers out of its lists, and says nothing."""
        image_id = self.image('old')
        server = self.cloud.boot(image_id)
        self.cloud.silent = {server}
        self.make()
        answer = self.lifecycle('apply', str(self.file), '--yes', code=1)
        self.assertIn('a cell of Nova does not answer',
                      answer.json[0]['Detail'])
        self.assertTrue(self.admin.exists(image_id))

    def test_nova_is_down(self) -> None:
        image_id = self.image('old')
        self.make()
        self.cloud.down = True
        answer = self.lifecycle('apply', str(self.file), '--yes', code=1)
        self.assertIn('not known what needs it', answer.json[0]['Detail'])
        self.assertTrue(self.admin.exists(image_id))
