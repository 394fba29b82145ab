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


"""``openstack image lifecycle policy|drift ...`` against a real Glance."""

from typing import Any

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack

POLICY = """\
version: 1
rules:
  - name: golden
    match: {project: admin, name: "golden-*"}
    require: {formats: [qcow2], signature: always}
    place: {stores: [s1, s2], later: [s3]}
    protect: {protected: true}
    visibility: {allowed: [public]}
    metadata: {set_properties: {class: golden}, set_tags: [golden]}
  - name: tenant
    place: {stores: [s1]}
    convert: {to_raw: {if_store_is: rbd}}
    visibility: {allowed: [private, shared]}
"""


class PolicyCommandsTestCase(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.policy = self.work / 'policy.yaml'
        self.policy.write_text(POLICY)
        self.api = self.useFixture(glance.GlanceApi())
        self.user = openstack.OpenStack(self.api)
        self.admin = openstack.OpenStack(
            self.api, 'admin', 'admin', 'admin')

    def lifecycle(self, who: openstack.OpenStack, *argv: object,
                  code: int = 0) -> Any:
        answer = who.run('image', 'lifecycle', *map(str, argv), '-f', 'json')
        self.assertEqual(code, answer.code, str(answer))
        return answer.json if answer.stdout else answer.stderr

    def drift(self, who: openstack.OpenStack, *argv: object
              ) -> dict[str, set[tuple[str, str, str]]]:
        """Image -> (field, wanted, found)."""
        found: dict[str, set[tuple[str, str, str]]] = {}
        for row in self.lifecycle(who, 'drift', 'list', '--policy',
                                  self.policy, *argv):
            found.setdefault(row['Image'], set()).add(
                (row['Field'], row['Wanted'], row['Found']))
        return found

    def image(self, user: Any, **fields: Any) -> str:
        created = user.create_image(**{
            'disk_format': 'raw', 'visibility': 'private', **fields})
        user.upload(created['id'], b'x' * 1000)
        return str(created['id'])

    def test_drift_and_explain(self) -> None:
        owner, tenant = self.api.admin(), self.api.user()
        golden = self.image(owner, name='golden-1')
        right = self.image(tenant, name='mine')
        hidden = self.image(tenant, name='hidden', visibility='community',
                            os_hidden=True)
        self.image(tenant, name='x')
        tenant.create_image(disk_format='raw', visibility='community')
        expected = {
            golden: {
                ('img_signature', 'a signature', 'none'),
                ('stores', 's2', 's1'), ('stores', 's3 (later)', 's1'),
                ('protected', 'true', 'false'),
                ('visibility', 'public', 'private'),
                ('property class', 'golden', 'not set'),
                ('tag golden', 'set', 'not set')},
            hidden: {('visibility', 'private or shared', 'community')}}
        for page_size in (1, 2, 500):
            self.assertEqual(expected, self.drift(
                self.admin, '--page-size', page_size))
        self.assertEqual({hidden: expected[hidden]}, self.drift(self.user))
        self.assertEqual({golden: expected[golden]}, self.drift(
            self.admin, '--project', 'admin'))
        self.assertEqual({hidden: expected[hidden]}, self.drift(
            self.admin, '--visibility', 'community'))

        lines = self.explain(self.admin, 'golden-1')
        self.assertIn(('protect', 'golden', 'decides', 'protected: true'),
                      lines)
        self.assertIn(('protect', 'golden', 'drift',
                       'protected: wanted true, found false'), lines)
        lines = self.explain(self.user, right)
        self.assertIn(('place', 'golden', 'does not match',
                       'project is demo, not admin'), lines)
        self.assertNotIn('drift', [line[2] for line in lines])

        owner.update(golden, protected=True, visibility='public',
                     **{'class': 'golden'})
        self.assertEqual(
            expected[golden] - {('protected', 'true', 'false'),
                                ('visibility', 'public', 'private'),
                                ('property class', 'golden', 'not set')},
            self.drift(self.admin)[golden])

    def explain(self, who: openstack.OpenStack, *argv: object
                ) -> list[tuple[str, ...]]:
        return [tuple(row.values()) for row in self.lifecycle(
            who, 'policy', 'explain', '--policy', self.policy, *argv)]

    def test_explain_not_imported(self) -> None:
        created = self.api.user().create_image(
            disk_format='qcow2', name='new', visibility='community')
        lines = self.explain(self.user, created['id'])
        self.assertEqual(
            [('visibility', 'tenant')],
            [line[:2] for line in lines if line[2] == 'refuses'])

    def test_store_kinds(self) -> None:
        """An administrator's answer knows them, a user's cannot."""
        for who, unsure in ((self.admin, False), (self.user, True)):
            created = self.api.user().create_image(
                disk_format='qcow2', name='new')
            lines = self.explain(who, created['id'])
            self.assertEqual(unsure, (
                'convert', 'tenant', 'cannot be told', 'the kind of a target '
                'store is not known here') in lines, str(lines))

    def test_no_such_image(self) -> None:
        said = self.lifecycle(self.user, 'policy', 'explain', 'nothing',
                              '--policy', self.policy, code=1)
        self.assertIn('nothing', said)

    def test_validate(self) -> None:
        self.assertEqual([], self.lifecycle(
            self.user, 'policy', 'validate', self.policy))
        self.policy.write_text(POLICY + '  - {name: late, place: {stores: '
                               '[s2]}}\n')
        found = self.lifecycle(self.user, 'policy', 'validate', self.policy)
        self.assertEqual(['warning'], [row['Severity'] for row in found])
        self.policy.write_text(POLICY + 'x: &a [*a]\n')
        found = self.lifecycle(self.user, 'policy', 'validate', self.policy,
                               code=1)
        self.assertEqual([(14, 4)], [
            (row['Line'], row['Column']) for row in found])
        said = self.lifecycle(self.admin, 'drift', 'list', '--policy',
                              self.policy, code=1)
        self.assertIn('line 14, column 4', said)

    def test_service_configuration(self) -> None:
        """The options of glance-api decide where the policy is silent."""
        self.api.configure(lifecycle={'policy_file': self.policy,
                                      'convert': False})
        found = self.lifecycle(
            self.user, 'policy', 'show', '--config-file',
            self.api.etc / 'glance-api.conf', '--section', 'convert')
        self.assertEqual(
            [('tenant', 'to_raw: if a store is rbd'),
             ('[lifecycle] convert', 'to_raw: never')],
            [(row['Rule'], row['Wants']) for row in found])
