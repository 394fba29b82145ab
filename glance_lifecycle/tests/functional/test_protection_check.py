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

"""The check ``lifecycle`` in Glance's own enforcer, without a service."""

import datetime
import os
import pathlib
import subprocess
import sys
from typing import Any
from unittest import mock

import fixtures
from glance.api import policy as glance_policy
from glance.common import exception as glance_exception
from glance import context as glance_context
from glance import domain
from oslo_config import cfg
from oslo_config import fixture as config_fixture
from oslo_policy import opts as policy_opts
import webob.exc

from glance_lifecycle.conf import opts
from glance_lifecycle import glance_host
from glance_lifecycle import policy_file
from glance_lifecycle.tests.functional import base

ROOT = pathlib.Path(__file__).parents[3]
NOW = datetime.datetime(2026, 3, 1, 12)


class CheckTestCase(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.config = self.useFixture(config_fixture.Config(cfg.CONF))
        opts.register_opts(cfg.CONF)
        cfg.CONF([], project='glance', default_config_files=[])
        policy_opts.set_defaults(cfg.CONF)
        self.document = self.work / 'lifecycle.yaml'
        self.config.config(group='lifecycle',
                           policy_file=str(self.document))
        self.document.write_text(
            'version: 1\n'
            'rules: [{name: gold, match: {properties: {class: gold}},\n'
            '         protect: {protected: true, may_delete: [boss]}}]\n')
        os.utime(self.document, (1, 1))
        self.rows: dict[str, Any] = {}
        # There is no database here: tests with a real Glance have one.
        self.useFixture(fixtures.MockPatch(
            'glance.db.get_api', return_value=mock.Mock(image_get=self.row)))

    def row(self, _context: Any, image_id: str) -> Any:
        """As Glance's own says it."""
        if image_id not in self.rows:
            raise glance_exception.ImageNotFound
        return self.rows[image_id]

    def enforcer(self, rule: str) -> Any:
        path = self.work / 'policy.yaml'
        path.write_text('"delete_image": "%s"\n' % rule)
        self.config.config(group='oslo_policy', policy_file=str(path))
        return glance_policy.Enforcer()

    def image(self, **properties: str) -> Any:
        self.rows['i'] = {
            'protected': False, 'updated_at': NOW, 'properties': [],
            'locations': [{'url': 'rbd://f/p/i/snap',
                           'metadata': {'store': 'fast'}}]}
        return domain.Image(
            'i', 'active', NOW, NOW, owner='p', visibility='private',
            disk_format='raw', container_format='bare', size=1,
            virtual_size=2, tags=['t'], extra_properties=properties,
            locations=[{'url': 'rbd://f/p/i/snap',
                        'metadata': {'store': 'fast'}}])

    def context(self, *roles: str) -> Any:
        return glance_context.RequestContext(
            user_id='u', project_id='p', project_domain_id='d',
            roles=list(roles or ('member',)))

    def enforce(self, enforcer: Any, image: Any, *roles: str) -> str:
        """The refusal, or nothing."""
        try:
            enforcer.enforce(self.context(*roles), 'delete_image',
                             glance_policy.ImageTarget(image))
        except glance_exception.Forbidden as error:
            return str(error)
        return ''


class CheckTest(CheckTestCase):

    def test_light(self) -> None:
        """Loaded while glance.policies is imported: nothing of Glance yet.
        """
        done = subprocess.run(
            [sys.executable, '-c', 'import sys\n'
             'import glance_lifecycle.enforcement.check\n'
             'print(sorted(name for name in sys.modules if name.split('
             '".")[0] in ("glance", "openstack", "glance_store")))'],
            text=True, capture_output=True, check=True,
            env={**os.environ, 'PYTHONPATH': str(ROOT)})
        self.assertEqual('[]', done.stdout.strip())

    def test_refused_and_allowed(self) -> None:
        enforcer = self.enforcer('role:member and lifecycle:delete')
        self.assertIn('rule gold of the lifecycle policy', self.enforce(
            enforcer, self.image(**{'class': 'gold'})))
        self.assertEqual('', self.enforce(
            enforcer, self.image(**{'class': 'gold'}), 'member', 'Boss'))
        self.assertEqual('', self.enforce(enforcer, self.image()))
        self.assertIn('not authorized', self.enforce(
            enforcer, self.image(**{'class': 'gold'}), 'reader'))

    def test_strangers(self) -> None:
        """Whatever comes before it in policy.yaml."""
        enforcer = self.enforcer('rule:default and lifecycle:delete')
        image = self.image()
        image.owner = 'q'
        self.assertIn('not owned by your project',
                      self.enforce(enforcer, image))
        self.assertEqual('', self.enforce(enforcer, image, 'Admin'))
        for owner in (None, ''):
            image.owner = owner
            self.assertIn('not owned', self.enforce(enforcer, image))

    def test_service_roles_do_not_count(self) -> None:
        """Nova's roles are not those of the user it works for."""
        context = self.context()
        context.service_roles = ['boss', 'admin']
        error = self.assertRaises(
            glance_exception.Forbidden,
            self.enforcer('lifecycle:delete').enforce, context,
            'delete_image', glance_policy.ImageTarget(
                self.image(**{'class': 'gold'})))
        self.assertIn('rule gold', str(error))

    def test_percent_signs(self) -> None:
        """Of strangers: the sentence is no template."""
        enforcer = self.enforcer('lifecycle:delete')
        image = self.image(**{'class': 'gold', '%(x)s': '%s'})
        image.name = '%(action)s %s ${explanation}'
        self.assertIn('rule gold', self.enforce(enforcer, image))

    def test_misspelt(self) -> None:
        said = self.enforce(self.enforcer('lifecycle:delet'), self.image(),
                            'admin', 'boss')
        self.assertIn('"lifecycle:delet", which does not exist', said)
        self.assertIn('delete_location', said)

    def test_unexpected_error(self) -> None:
        with mock.patch.object(policy_file, 'in_force',
                               side_effect=ValueError('secret')):
            said = self.enforce(self.enforcer('lifecycle:delete'),
                                self.image(), 'boss')
        self.assertIn('could not be applied', said)
        self.assertNotIn('secret', said)

    def test_deleted_meanwhile(self) -> None:
        """404, as for whoever asks a moment later, and not "forbidden"."""
        enforcer = self.enforcer('lifecycle:delete')
        target = glance_policy.ImageTarget(self.image())
        self.rows.clear()
        self.assertRaises(webob.exc.HTTPNotFound, enforcer.enforce,
                          self.context(), 'delete_image', target)

    def test_no_policy(self) -> None:
        self.config.config(group='lifecycle', policy_file=None)
        self.assertEqual('', self.enforce(
            self.enforcer('lifecycle:delete'),
            self.image(**{'class': 'gold'})))


class EnforcedTest(CheckTestCase):

    def enforced(self, target: Any, **creds: str) -> Any:
        return glance_host.enforced(target, {
            'project_id': 'p', 'project_domain_id': 'd', **creds})

    def test_facts(self) -> None:
        found = self.enforced(glance_policy.ImageTarget(
            self.image(**{'class': 'gold'})))
        self.assertEqual(
            ('i', 'p', 'd', frozenset(('t',)), {'class': 'gold'}, 'raw',
             ('fast',), 'private', NOW.replace(tzinfo=datetime.UTC)),
            (found.image.id, found.facts.project, found.facts.domain,
             found.facts.tags, found.facts.properties,
             found.facts.disk_format, found.facts.stores,
             found.facts.visibility, found.updated_at))
        self.assertEqual('rbd://f/p/i/snap', found.image.locations[0].url)

    def test_deactivated(self) -> None:
        """Its owner is shown no location, and it may be cloned all the same.
        """
        image = self.image()
        image.locations = []
        image.status = 'deactivated'
        found = self.enforced(glance_policy.ImageTarget(image))
        self.assertEqual(['rbd://f/p/i/snap'],
                         [one.url for one in found.image.locations])

    def test_domain_of_others(self) -> None:
        found = self.enforced(glance_policy.ImageTarget(self.image()),
                              project_id='other')
        self.assertIsNone(found.facts.domain)

    def test_to_be_created(self) -> None:
        found = self.enforced({'project_id': 'p', 'owner': 'p',
                               'visibility': 'public'})
        self.assertEqual(('', 'p', 'public', None, None), (
            found.image.id, found.facts.project, found.facts.visibility,
            found.facts.tags, found.facts.properties))
