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
import os
import pathlib

from glance_lifecycle.audit.doctor import beside
from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import files
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.tests.unit.audit.doctor import cases

NOVA = '[libvirt]\nimages_type = rbd\n'


class BesideTest(cases.DoctorTestCase):

    def write(self, name: str, text: str = NOVA) -> pathlib.Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def beside(self, given: beside.Given = beside.Given()) -> beside.Beside:
        """Of what lies in the directory, as gathered from a host."""
        self.write('glance-api.conf', '[DEFAULT]\n')
        found = files.found(self.work, local=False)
        assert found is not None
        return beside.Beside('api', found, given)

    def test_places(self) -> None:
        for kind, name in (
                ('nova', 'nova.conf'), ('nova', 'etc/nova/nova.conf'),
                ('nova', 'etc/nova/nova-cpu.conf'),
                ('nova', 'etc/kolla/nova-compute/nova.conf'),
                ('cinder', 'etc/cinder/cinder.conf'),
                ('cinder', 'etc/kolla/cinder-volume/cinder.conf'),
                ('nova', 'var/lib/config-data/puppet-generated/nova_libvirt/'
                         'etc/nova/nova.conf')):
            path = self.write(name)
            found = self.beside()
            self.assertEqual([(kind, 'api')], [
                (one.kind, one.name) for one in found.services], name)
            path.unlink()
        self.assertEqual((), self.beside().services)

    def test_later_files(self) -> None:
        self.write('nova.conf')
        self.write('nova.conf.d/b.conf', '[libvirt]\nimages_type = qcow2\n')
        self.write('nova.conf.d/a.conf', '[libvirt]\nimages_type = raw\n')
        self.write('nova.conf.d/.c.conf', '[libvirt]\nimages_type = lvm\n')
        nova, = self.beside().of('nova')
        self.assertEqual('qcow2', nova.value('libvirt', 'images_type'))
        self.assertEqual(3, len(nova.files))

    def test_files_of_the_program(self) -> None:
        """As Debian and Ubuntu start it: those of the program win."""
        names = ('nova.conf', 'nova-compute.conf', 'nova.conf.d/a.conf',
                 'nova-compute.conf.d/a.conf')
        for count, name in enumerate(names, 1):
            self.write(name, '[libvirt]\nimages_type = %d\n' % count)
            nova, = self.beside().of('nova')
            self.assertEqual([str(self.work / one) for one in names[:count]],
                             [one.shown for one in nova.files])
        (self.work / 'nova.conf').unlink()
        self.write('cinder.conf', '')
        self.write('cinder-volume.conf.d/a.conf', '')
        cinder, = self.beside().of('cinder')
        self.assertEqual(2, len(cinder.files))

    def test_given(self) -> None:
        given = beside.Given(
            nova=[('c1', self.write('c1/nova.conf')),
                  ('c2', self.work / 'none.conf')],
            cinder=[('c3', self.write('c3/cinder.conf', '\0'))],
            ceph=[self.work / 'other.conf'])
        found = self.beside(given)
        self.assertEqual(['c1'], [one.name for one in found.services])
        self.assertEqual(['none.conf', 'cinder.conf', 'other.conf'], [
            pathlib.Path(one.shown).name for one in found.broken])
        # Once, for however many hosts.
        self.assertIs(found.services[0], self.beside(given).services[0])

    def test_which_ceph_conf(self) -> None:
        """That beside the service, of the host, or as it was named."""
        self.write('etc/kolla/nova-compute/nova.conf')
        far = self.write('far.conf', '[global]\nfsid = far\n')
        given = beside.Given(ceph=[far])
        nova, = self.beside(given).of('nova')
        self.assertIsNone(nova.ceph_conf(''))
        named = nova.ceph_conf('/etc/ceph/far.conf')
        self.assertEqual('far', named and named.fsid)
        self.write('etc/ceph/ceph.conf', '[global]\nfsid = host\n')
        nova, = self.beside(given).of('nova')
        of_host = nova.ceph_conf('')
        self.assertEqual('host', of_host and of_host.fsid)
        self.write('etc/kolla/nova-compute/ceph.conf',
                   '[global]\nfsid = near\n')
        found = self.beside(given)
        nova, = found.of('nova')
        near = nova.ceph_conf('/etc/ceph/ceph.conf')
        self.assertEqual('near', near and near.fsid)
        self.assertEqual({'near', 'host', 'far'}, {
            one.fsid for one in found.cephs_at_hand})

    def test_own(self) -> None:
        """Of this host, what lies beside glance-api.conf is nobody's; in a
        directory that was named, it is what is meant.
        """
        self.write('glance-api.conf', '[DEFAULT]\n')
        self.write('nova.conf')
        self.write('etc/nova/nova.conf', '\0')
        for own, wanted in ((True, []), (False, [str(
                self.work / 'nova.conf')])):
            found = beside.Beside('localhost', files.Directory(self.work),
                                  beside.Given(own=own))
            self.assertEqual((), found.broken)
            self.assertEqual(wanted, [
                one.files[0].shown for one in found.services
                if str(self.work) in one.files[0].shown])
        # Named as well, it is read once.
        given = beside.Given(nova=[('c1', self.work / 'nova.conf')])
        found = beside.Beside('localhost', files.Directory(self.work), given)
        self.assertEqual(['c1'], [one.name for one in found.services])

    def test_hostile(self) -> None:
        (self.work / 'outside').write_text(NOVA)
        top = self.work / 'in'
        (top / 'etc/nova').mkdir(parents=True)
        (top / 'etc/cinder').mkdir()
        (top / 'glance-api.conf').touch()
        (top / 'nova.conf').symlink_to(self.work / 'outside')
        (top / 'ceph.conf').symlink_to(self.work / 'outside')
        (top / 'cinder.conf').symlink_to('cinder.conf')
        (top / 'etc/nova/nova.conf').write_bytes(b'#' * (3 << 20))
        os.mkfifo(top / 'etc/cinder/cinder.conf')
        os.mkfifo(top / 'policy.yaml')
        (top / 'policy.d').symlink_to('policy.d')
        (top / 'nova.conf.d').symlink_to(self.work)
        host, = examination.gathered([('a', top)], 33, local=False)
        self.assertEqual((), host.beside.services)
        self.assertEqual(
            ['nova.conf', 'nova.conf', 'cinder.conf', 'cinder.conf'],
            [pathlib.Path(one.shown).name for one in host.beside.broken])
        self.assertIsNone(host.beside.ceph_conf(''))
        codes = [one.code for one in examination.examine(
            [host], check.load_all()).findings]
        self.assertEqual(4, codes.count('GLC801'))
        self.assertIn('GLC711', codes)

    def test_wild_values(self) -> None:
        """Nothing that stands there ends the doctor."""
        wild = ('', '*********', '$nothing', '%(x)s', 'a' * 5000, '-1',
                '9' * 99, '[', ',,,', '\u202e', 'true', '/' * 2000,
                '../../etc/passwd')
        names = [key for known in (services.NOVA_OPTIONS,
                                   services.CINDER_OPTIONS) for key in known]
        for value in wild:
            text = ''.join('[%s]\n%s = %s\n' % (*key, value) for key in names)
            back_end = '[DEFAULT]\nenabled_backends = x\n[x]\n' + ''.join(
                '%s = %s\n' % (name, value)
                for name in services.BACKEND_OPTIONS)
            for more in ('', NOVA + 'images_rbd_ceph_conf = %s\n' % value):
                found = self.examined({
                    'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
                    '[a]\nrbd_store_user = a\nrbd_store_ceph_conf = %s\n'
                    % value, 'nova.conf': text + more,
                    'cinder.conf': text + back_end,
                    'ceph.conf': '[%s]\nfsid = %s\nkey = %s\n= x\n[' % (
                        (value,) * 3),
                    'policy.yaml': '"publicize_image": "%s"\n"%s": "x"\n' % (
                        value, value)})
                self.assertEqual([], [
                    one for one in found
                    if one.subject.startswith('the check')])
