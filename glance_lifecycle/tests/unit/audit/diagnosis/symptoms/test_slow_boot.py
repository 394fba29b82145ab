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

"""Slow boots: condition by condition."""

from typing import Any

from glance_lifecycle.tests.unit.audit.diagnosis.symptoms import cases

URL = 'rbd://1-A/images/x/snap'
NOVA = 'Does Nova clone the image in Ceph, on api?'
CINDER = 'Does Cinder clone the image in Ceph, on api?'


def files(shown: bool = True, nova: str = '1-a', caps: str = 'profile rbd',
          cinder: str = '') -> dict[str, str]:
    """Of a cloud whose images are in cluster 1-a.

    :param nova: cluster of its disks
    :param caps: of its key
    """
    made = {
        'glance-api.conf': cases.CEPH % ('true' if shown else 'false'),
        'ceph.conf': '[global]\nfsid = 1-a\n',
        'nova/nova.conf': cases.NOVA % 'rbd' + (
            '' if nova else 'images_rbd_ceph_conf = /etc/ceph/none.conf\n'),
        'cinder.conf': cinder or (
            '[DEFAULT]\nenabled_backends = ceph\n[ceph]\nvolume_driver = '
            'cinder.volume.drivers.rbd.RBDDriver\nrbd_pool = volumes\n')}
    if nova:
        made['nova/ceph.conf'] = f'[global]\nfsid = {nova}\n'
    if caps:
        made['nova/ceph.client.nova.keyring'] = (
            f'[client.nova]\nkey = x\ncaps osd = "{caps}"\n')
    return made


class SlowBootTest(cases.SymptomTestCase):

    symptom = 'slow-boot'

    def test_not_known(self) -> None:
        found = self.nothing_known()
        self.assertIn('Give --nova-conf of the compute.', found['needed'])
        self.assertIn('Name the image.', found['needed'])

    def test_cloned(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'true',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='raw', stores=('fast',)))
        answers = self.answers(found)
        for question in ('Has the image a copy in Ceph?',
                         'Is the image raw?',
                         'Are the disks of servers in Ceph, on api?',
                         'Do images show where they are, on api?'):
            self.assertEqual('yes', answers[question], question)
        self.assertFalse({'GLC041', 'GLC042', 'GLC043', 'GLC802'}
                         & self.found_codes(found))

    def test_really_cloned(self) -> None:
        """All that is needed, as the Image API shows the image itself."""
        found = self.cloned()
        self.assertEqual('yes', self.answers(found)[NOVA])
        self.assertEqual('yes', self.answers(found)[CINDER])
        self.assertIn('GLC094', self.found_codes(found))
        # One thing at a time, and each is the end of it.
        for change, code in (
                ({'disk_format': 'qcow2'}, 'GLC041'),
                ({'url': ''}, 'GLC802'),
                ({'url': 'file:///images/x'}, 'GLC095'),
                ({'url': 'rbd://2-b/images/x/snap'}, 'GLC096'),
                ({'nova': '2-b'}, 'GLC803'),
                ({'caps': 'profile rbd pool=vms'}, 'GLC097')):
            found = self.cloned(**change)
            self.assertEqual('no', self.answers(found)[NOVA], change)
            codes = self.found_codes(found)
            self.assertNotIn('GLC094', codes, change)
            self.assertIn(code, codes, change)
            # The same is not said twice.
            for pair in (('GLC095', 'GLC802'), ('GLC096', 'GLC803')):
                self.assertFalse({*pair} <= codes, change)

    def test_cloned_not_known(self) -> None:
        """Without the ceph.conf of the compute, nobody can tell."""
        found = self.cloned(nova='')
        self.assertEqual('unknown', self.answers(found)[NOVA])
        self.assertIn('--ceph-conf', ' '.join(found['needed']))
        # Its key is seldom at hand: then it is said what to ask.
        found = self.cloned(caps='')
        self.assertEqual('yes', self.answers(found)[NOVA])
        self.assertIn('ceph auth get client.nova', ' '.join(found['needed']))

    def test_not_shown_without_files(self) -> None:
        host, = self.gathered(files(nova='1-a'))
        found = self.walk(services=host.beside.services, **cases.image(
            disk_format='raw', stores=('fast',), resource={}))
        self.assertIn('GLC095', self.found_codes(found))

    def test_cinder_asks_as_a_service(self) -> None:
        text = files()['cinder.conf'] + (
            '[service_user]\nsend_service_user_token = true\n')
        found = self.cloned(url='', cinder=text)
        self.assertEqual('unknown', self.answers(found)[CINDER])
        self.assertEqual('no', self.answers(self.cloned(url=''))[CINDER])

    def cloned(self, disk_format: str = 'raw', url: str = URL,
               **given: str) -> dict[str, Any]:
        return self.walk(files(shown=bool(url), **given), **cases.image(
            disk_format=disk_format, stores=('fast',),
            resource={'direct_url': url} if url else {}))

    def test_locations_not_shown(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'false',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='raw', stores=('fast',)))
        # That of the doctor, not one like it.
        self.assertIn('GLC802', self.found_codes(found))

    def test_not_raw_not_in_ceph(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'true',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='qcow2', stores=('slow',), size=2**30))
        self.assertLessEqual({'GLC041', 'GLC042'}, self.found_codes(found))
        [raw] = [one for one in found['findings'] if one['code'] == 'GLC041']
        self.assertEqual('[libvirt] images_type', raw['places'][0]['option'])

    def test_files(self) -> None:
        found = self.walk({'glance-api.conf': cases.CEPH % 'true',
                           'nova.conf': cases.NOVA % 'qcow2'},
                          **cases.image(disk_format='qcow2'))
        self.assertIn('GLC043', self.found_codes(found))
        self.assertNotIn('GLC041', self.found_codes(found))

    def test_store_of_unknown_driver(self) -> None:
        """Nothing is concluded from what nothing tells."""
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'true',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='raw', stores=('other',)))
        self.assertEqual('unknown', self.answers(found)[
            'Has the image a copy in Ceph?'])
        self.assertNotIn('GLC042', self.found_codes(found))

    def test_hidden_and_hostile(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % '*****',
             'nova.conf': cases.NOVA % '*********'},
            **cases.image(disk_format=cases.HOSTILE,
                          stores=(cases.HOSTILE,), resource={
                              'direct_url': 'rbd://%s/%s/x/y' % (
                                  cases.HOSTILE, cases.HOSTILE),
                              'locations': [None, 3, {}, {'url': 5}]}))
        answers = self.answers(found)
        self.assertEqual('unknown', answers[
            'Are the disks of servers in Ceph, on api?'])
        self.assertEqual('unknown', answers[
            'Do images show where they are, on api?'])
        self.assertIn('Give --nova-conf of the compute.', found['needed'])
