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

import testtools

from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.null import quarantine as null
from glance_lifecycle.transfer.backends import quarantine


class PlanTest(testtools.TestCase):

    def test_is_plan(self) -> None:
        self.assertTrue(quarantine.is_plan('0123456789abcdef'))
        for text in ('', '0123456789abcde', '0123456789ABCDEF', '../../../../'
                     'etc/pa', '0123456789abcdef\n', '0123456789abcdef0'):
            self.assertFalse(quarantine.is_plan(text), text)


class NullTest(testtools.TestCase):

    def test_nothing(self) -> None:
        found = null.NullQuarantine('nothing', {})
        self.addCleanup(found.close)
        entry = inventory.Entry('x', inventory.Kind.IMAGE, '')
        self.assertNotIn(entry.kind, found.kinds)
        self.assertFalse(found.put(entry, '0123456789abcdef'))
        self.assertEqual([], list(found.kept()))
        kept = quarantine.Kept('0123456789abcdef', entry, 0.0)
        self.assertFalse(found.restore(kept))
        self.assertTrue(found.purge(kept))
