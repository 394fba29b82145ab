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

"""What is found in what deployment tools write by themselves.

Each finding that is listed is so; a new one is a false alarm, or belongs here.
"""

from collections.abc import Mapping

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.tests.unit.audit.doctor import cases
from glance_lifecycle.tests.unit.audit.doctor import deployers
from glance_lifecycle.tests.unit.audit.doctor import deployers_containers

# The codes of what is found, without and with those that are only "info".
CORPUS: Mapping[str, tuple[Mapping[str, str], set[str], set[str]]] = {
    'devstack': (
        deployers.DEVSTACK, set(),
        {'GLC408'}),
    'kolla-ansible': (
        deployers_containers.KOLLA, set(),
        {'GLC103', 'GLC104', 'GLC408', 'GLC717'}),
    'openstack-ansible': (
        # The script of its uWSGI is gone since Glance 32.
        deployers.OPENSTACK_ANSIBLE, {'GLC431'},
        {'GLC103', 'GLC104', 'GLC408', 'GLC703'}),
    'charm': (
        deployers.CHARM, {'GLC303'},
        {'GLC101', 'GLC103', 'GLC205', 'GLC401'}),
    'helm': (
        deployers_containers.HELM, {'GLC101', 'GLC301', 'GLC431'},
        {'GLC101', 'GLC103', 'GLC201', 'GLC401', 'GLC408', 'GLC420'}),
    'tripleo': (
        deployers_containers.TRIPLEO, {'GLC303'},
        {'GLC103', 'GLC104', 'GLC205', 'GLC401', 'GLC703'}),
}


class CorpusTest(cases.DoctorTestCase):

    def test_corpus(self) -> None:
        for name, (files, alarms, infos) in CORPUS.items():
            for path, text in files.items():
                where = self.work / name / path
                where.parent.mkdir(parents=True, exist_ok=True)
                where.write_text(text)
            with self.subTest(generator=name):
                found = examination.examine(examination.gathered(
                    [(name, self.work / name)], 33, local=False),
                    check.load_all()).findings
                self.assertEqual(
                    (alarms, infos),
                    ({one.code for one in found
                      if one.severity is not check.INFO},
                     {one.code for one in found
                      if one.severity is check.INFO}))
