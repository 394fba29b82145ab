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

"""The lifecycle policy enforced by Glance's API, on a real Keystone.

The stand-in for Nova and Cinder is described in its fixture; members and
everything else are real.
"""

import os
import pathlib
import time
from typing import Any

import fixtures

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional import plugin_case

FRAGMENT = pathlib.Path(__file__).parents[3].joinpath(
    'etc/glance/policy-lifecycle-protection.yaml')

#: Seconds after un-protecting in which "cooling" images stay.
COOL_DOWN = 10

POLICY = """
version: 1
defaults:
  visibility:
    allowed: [private, shared]
rules:
  - name: golden
    match: {tags: golden}
    protect:
      protected: true
      may_delete: [image_admin]
      may_unprotect: [image_admin]
  - name: cooling
    match: {tags: cooling}
    protect:
      protected: true
      cool_down: %d seconds
      may_delete: []
      may_unprotect: [member]
  - name: busy
    match: {tags: busy}
    protect:
      keep_while_in_use: true
      may_delete: [image_admin]
  - name: hidden
    match: {properties: {secret_class: gold}}
    protect: {protected: true, may_delete: []}
  - name: publishing
    match: {tags: publishing}
    visibility:
      allowed: [private, shared, community, public]
      publishers: [%s]
"""

PROTECTIONS = """
[^secret_]
create = admin
read = admin
update = admin
delete = admin

[.*]
create = @
read = @
update = @
delete = @
"""


class ProtectionTestCase(plugin_case.PluginTestCase):
    """All on one Keystone, Glance, and stand-in."""

    identity: keystone.Keystone
    cloud: nova_cinder.NovaAndCinder
    api: glance.GlanceApi
    document: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.identity = cls.use(keystone.Keystone())
        cls.cloud = cls.use(nova_cinder.NovaAndCinder(cls.identity))
        cls.document = pathlib.Path(
            cls.use(fixtures.TempDir()).path, 'policy.yaml')
        write(cls.document, cls.good())
        protections = cls.document.with_name('protections.conf')
        protections.write_text(PROTECTIONS)
        cls.api = cls.use(glance.GlanceApi(
            plugins=['lifecycle'], identity=cls.identity, conf={
                'DEFAULT': {'property_protection_file': protections},
                'oslo_policy': {'policy_file': FRAGMENT},
                'lifecycle': {'policy_file': cls.document},
                'lifecycle_protection': {
                    **cls.identity.credentials('glance'),
                    'refresh_interval': 5, 'max_age': 600}}))
        cls.identity.register('image', cls.api.url)

    @classmethod
    def use(cls, fixture: Any) -> Any:
        cls.addClassCleanup(fixture.cleanUp)
        fixture.setUp()
        return fixture

    @classmethod
    def good(cls) -> str:
        return POLICY % (COOL_DOWN, cls.identity.projects['demo'])

    def setUp(self) -> None:
        super().setUp()
        self.owner = self.api.keystone_user('demo')
        self.other = self.api.keystone_user('demo2')
        self.admin = self.api.keystone_user('admin')
        self.service = self.api.keystone_user('nova')
        self.curator = self.api.keystone_user('curator')

    def image(self, *tags: str, **properties: Any) -> str:
        """An active image of the owner's."""
        image = self.owner.create_image(
            disk_format='raw', tags=list(tags), **properties)
        self.owner.upload(image['id'], b'bytes')
        return str(image['id'])

    def assert_forbidden(self, call: Any, *said: str) -> str:
        """It answers 403, with these words."""
        error = self.assertRaises(client.HttpError, call)
        self.assertEqual(403, error.status, error.body)
        for words in said:
            self.assertIn(words, error.body)
        return str(error.body)


def write(path: pathlib.Path, text: str) -> None:
    """At once, and as long ago as it takes to count."""
    new = path.with_suffix('.new')
    new.write_text(text)
    before = time.time() - 60
    os.utime(new, (before, before))
    new.replace(path)
