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

from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle.audit.hygiene.local import cache
from glance_lifecycle.audit.hygiene.local import examination
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import nova
from glance_lifecycle.audit.hygiene.local import staging
from glance_lifecycle.tests.unit.audit.hygiene.local import case


class ExaminationTest(case.LocalCase):

    def test_all(self) -> None:
        """One place that cannot be looked at stops no other."""
        self.put('staging/' + case.A)
        self.put('cache', b'no directory')
        one = examination.Examination(
            case.Host(case.gone(case.A)), (
                cache.Cache(str(self.base / 'cache'), 1.0),
                nova.Nova(str(self.base / 'none/_base'),
                          nova_conf.NovaConf()),
                staging.Staging(str(self.base / 'staging'), '')), self.times)
        items = list(one.items())
        self.assertEqual(
            [('cache', found.NOT_LISTED), ('nova', found.NOT_LISTED),
             ('staging', found.STAGING)],
            [(item.store, item.slug) for item in items])
        self.assertIn('Not a directory', items[0].finding.evidence)
        self.assertEqual(
            {'cache': 0, 'nova': 0, 'staging': 1},
            {name: totals.objects for name, totals in one.totals.items()})
        self.assertEqual({found.STAGING: (1, items[2].held)},
                         one.totals['staging'].found)
