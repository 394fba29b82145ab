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
from glance_lifecycle.audit.doctor.checks import pool_copies
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import pools
from glance_lifecycle.audit import finding
from glance_lifecycle.tests.unit.audit.doctor import cases

CONF = ('[DEFAULT]\nenabled_backends = fast:rbd\n[glance_store]\n'
        'default_backend = fast\n[fast]\nrbd_store_pool = images\n')


class PoolCheckTest(cases.DoctorTestCase):

    def test_place(self) -> None:
        """Of the host by whose files it was asked, and of no other."""
        hosts = self.gathered({'a/glance-api.conf': CONF,
                               'b/glance-api.conf': CONF})
        found, = pool_copies.PoolCopies().live(live.Live(pools=(
            live.Pool('b', 'fast', 'images', '', size=1),)), hosts)
        self.assertEqual(('b',), found.hosts)
        self.assertEqual(['[fast] rbd_store_pool'],
                         [place.option for place in found.places])
        self.assertEqual(finding.Severity.WARNING, found.severity)

    def test_hostile_names(self) -> None:
        pool = live.Pool('h', 'fast', 'x\x1b[2J', 'y\n')
        for words in (pools.user(pool), pools.caps(pool)):
            self.assertTrue(words.isprintable())

    def test_default_user(self) -> None:
        self.assertEqual('client.admin', pools.user(
            live.Pool('h', 'fast', 'images', '')))
