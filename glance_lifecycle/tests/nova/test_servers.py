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

"""Whether Nova names the servers that it leaves out of its lists."""

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.nova import asked


class SilentCellTest(base.FunctionalTestCase):

    def test_what_is_asked(self) -> None:
        """As ``dependents.servers`` asks; nothing else may be asked for."""
        nova = self.useFixture(asked.Asked('nova_asked', {}, {}))
        every = {'all_tenants': 'true'}
        for version, query, names in (
                ('2.69', every, True), ('2.68', every, False),
                ('2.96', every, True),
                ('2.69', {**every, 'limit': '1000'}, False),
                ('2.69', {**every, 'image': 'i'}, False),
                ('2.69', {**every, 'soft_deleted': 'true'}, False),
                ('2.69', {**every, 'changes-since': '2026-01-01'}, False)):
            self.assertEqual(names, nova.ask(
                ask='names_all', version=version, query=query),
                str((version, query)))
