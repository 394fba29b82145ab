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

"""What is changed between Admit and Seal counts when the image activates."""

from collections.abc import Iterator
import contextlib
from typing import Any

import sqlalchemy as sa
import yaml

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case

RULES = [
    {'name': 'golden', 'match': {'tags': 'golden'},
     'protect': {'protected': True},
     'metadata': {'set_properties': {'class': 'gold'},
                  'set_tags': ['approved']}},
    {'name': 'trusted', 'match': {'tags': 'trusted'},
     'require': {'signature': 'always'}},
    {'name': 'inside', 'match': {'properties': {'scope': 'inside'}},
     'visibility': {'allowed': ['private', 'shared']}},
    {'name': 'kept', 'match': {'name': 'kept-*'},
     'convert': {'to_raw': 'never'}},
    {'name': 'archive', 'match': {'properties': {'tier': 'archive'}},
     'place': {'stores': ['s3']}},
]

# The same name to MariaDB, a blank for a person, and two for Glance.
FORGED = ('lifecycle_attestation', 'Lifecycle_attestation',
          'LIFECYCLE_ATTESTATION', 'lifecycl\u00e9_attestation',
          '\uff4cifecycle_attestation')

SIGNATURE = {'img_signature': 'AAAA',
             'img_signature_hash_method': 'SHA-512',
             'img_signature_key_type': 'RSA-PSS',
             'img_signature_certificate_uuid': 'some-certificate'}


class ChangedTestCase(plugin_case.PluginTestCase):

    mode = 'auto'

    def setUp(self) -> None:
        super().setUp()
        policy = self.work / 'policy.yaml'
        policy.write_text(yaml.safe_dump({'version': 1, 'rules': RULES}))
        self.api = self.new_api(
            conf={'lifecycle': {'mode': self.mode, 'policy_file': policy}},
            database=self.database())
        self.user = self.api.user()
        # Long enough to be caught in the middle.
        raw = self.noise()
        self.source = self.work / 'a.qcow2'
        images.convert(raw, 'raw', self.source, 'qcow2')
        self.expected = images.digests(raw)

    def database(self) -> str | None:
        return None

    @contextlib.contextmanager
    def importing(self, **attributes: Any) -> Iterator[str]:
        """An image whose transfer stands still meanwhile."""
        image_id = self.staged(self.user, self.source, 'qcow2', **attributes)
        self.user.import_image(image_id, stores=['s1'])
        with transfer.frozen(transfer.find(self.api)):
            self.assertEqual('importing', self.user.get(image_id)['status'])
            yield image_id

    def changed(self, **properties: Any) -> client.Image:
        with self.importing() as image_id:
            self.user.update(image_id, **properties)
        return self.user.wait_import(image_id)

    def assert_refused_for(self, image: client.Image, reason: str) -> None:
        self.assertIn('Image refused (%s): ' % reason,
                      self.message(self.user, image['id']))
        self.assertEqual(('queued', [], False), (
            image['status'], image['locations'], image['protected']))
        self.assert_lists(image, failed=['s1'])
        self.assert_nothing_left(self.api)

    def assert_to_be_repeated(self, image: client.Image, why: str) -> None:
        """What was staged is kept: the work no longer fits, not the image.
        """
        message = self.message(self.user, image['id'])
        self.assertIn('The image changed while it was imported: ', message)
        self.assertIn(why, message)
        self.assertEqual(('uploading', []),
                         (image['status'], image['locations']))


class DirectTest(ChangedTestCase):

    def test_what_the_policy_wants_then(self) -> None:
        image = self.changed(tags=['golden'])
        self.assert_stored(self.api, image, self.expected, 's1')
        self.assertEqual((True, 'gold', ['approved', 'golden']), (
            image['protected'], image.get('class'), sorted(image['tags'])))

    def test_what_it_wants_no_more(self) -> None:
        with self.importing(tags=['golden']) as image_id:
            self.user.update(image_id, tags=[])
        image = self.user.wait_import(image_id)
        self.assertEqual((False, [], None), (
            image['protected'], image['tags'], image.get('class')))

    def test_what_the_policy_forbids_then(self) -> None:
        self.assert_refused_for(self.changed(tags=['trusted']),
                                'signature-required')
        with self.importing(scope='inside') as image_id:
            self.user.update(image_id, visibility='community')
        self.assert_refused_for(self.user.wait_import(image_id),
                                'visibility-not-allowed')

    def test_part_of_a_signature(self) -> None:
        self.assert_refused_for(self.changed(img_signature='AAAA'),
                                'signature-incomplete')

    def test_signature_that_nobody_verified(self) -> None:
        image = self.changed(**SIGNATURE)
        self.assert_to_be_repeated(image, 'its signature is not the one')

    def test_formats(self) -> None:
        self.assert_to_be_repeated(self.changed(disk_format='raw'),
                                   'it was inspected as qcow2 in bare')
        self.assert_to_be_repeated(self.changed(container_format='ova'),
                                   'are now qcow2 and ova')

    def test_not_converted_then(self) -> None:
        self.assert_to_be_repeated(self.changed(name='kept-1'),
                                   'wants it stored as qcow2 (rule kept)')

    def test_placed_elsewhere_then(self) -> None:
        image = self.changed(tier='archive')
        self.assert_to_be_repeated(image, 'in store s3 too (rule archive)')
        self.user.import_image(image['id'], stores=['s1'])
        self.assert_stored(self.api, self.user.wait_import(image['id']),
                           self.expected, 's1', 's3')

    def test_forged(self) -> None:
        with self.importing() as image_id:
            for name in self.forged():
                self.user.update(image_id, **{name: 'forged'})
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image, self.expected, 's1')
        self.assertNotIn('forged', list(image.values()))

    def forged(self) -> tuple[str, ...]:
        return FORGED


class MariaDbTest(DirectTest):
    """Where names are compared without case, and writers wait."""

    def database(self) -> str | None:
        self.server = self.useFixture(mariadb.MariaDb())
        return self.server.database()

    def forged(self) -> tuple[str, ...]:
        # To this database all are one name.
        return FORGED[1:2]

    def test_in_the_transaction(self) -> None:
        """What is written while Seal waits for the row is looked at."""
        url = self.api.database or ''
        other = self.server.connect(url)
        with self.importing() as image_id:
            other.execute(sa.text(
                'update images set min_ram = 1 where id = :id'),
                {'id': image_id})
            other.execute(sa.text(
                'insert into image_properties (image_id, name, value, '
                "created_at, deleted) values (:id, 'img_signature', 'AAAA', "
                'now(), 0)'), {'id': image_id})
        self.server.wait_for_waiting(url)
        other.commit()
        self.assert_refused_for(self.user.wait_import(image_id),
                                'signature-incomplete')


class StagedTest(ChangedTestCase):
    """Looked at again before Glance uploads and activates."""

    mode = 'staged'

    def test_what_the_policy_wants_then(self) -> None:
        image = self.changed(tags=['golden'])
        self.assert_stored(self.api, image, self.expected, 's1')
        self.assertEqual((True, 'gold'),
                         (image['protected'], image.get('class')))

    def test_part_of_a_signature(self) -> None:
        self.assert_refused_for(self.changed(img_signature='AAAA'),
                                'signature-incomplete')

    def test_forged(self) -> None:
        image = self.changed(Lifecycle_attestation='forged')
        self.assertEqual('active', image['status'])
        self.assertNotIn('Lifecycle_attestation', image)
