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


"""Containers are looked into, and only those that are allowed come in."""

import io
import pathlib
import tarfile
from typing import Any

import yaml

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import test_decoded

OVF = b'<?xml version="1.0"?>\n<Envelope xmlns="x"><References/></Envelope>\n'
ALL = ('ami', 'ari', 'aki', 'ova', 'docker', 'ovf', 'compressed')
KERNEL = b'MZ'.ljust(510, b'\0') + b'\x55\xaa' + bytes(images.MIB)


def archive(path: pathlib.Path, *members: tuple[str, bytes | pathlib.Path],
            mode: str = 'w') -> pathlib.Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, content in members:
            if isinstance(content, pathlib.Path):
                file.add(content, name)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
    return path


class ContainerTestCase(plugin_case.SharedApiTestCase):

    def stream(self) -> pathlib.Path:
        """A disk as an appliance has it."""
        return images.make(self.work / 'disk.vmdk', 'vmdk',
                           size=16 * images.MIB,
                           options='subformat=streamOptimized')

    def ova(self, *members: tuple[str, bytes | pathlib.Path]
            ) -> pathlib.Path:
        return archive(self.work / 'a.ova', ('a.ovf', OVF), *members)

    def active(self, source: pathlib.Path | bytes, disk_format: str,
               container: str) -> client.Image:
        image_id = self.staged(self.user, source, disk_format,
                               container_format=container)
        self.user.import_image(image_id)
        image = self.user.wait_import(image_id)
        self.assertEqual(
            ('active', disk_format, container),
            (image['status'], image['disk_format'],
             image['container_format']), self.message(self.user, image_id))
        return image

    def refused(self, source: pathlib.Path | bytes, disk_format: str,
                container: str, reason: str, *said: str) -> None:
        image = self.assert_refused(source, disk_format, reason,
                                    container_format=container)
        message = self.message(self.user, image['id'])
        for text in said:
            self.assertIn(text, message)


class ContainersTest(ContainerTestCase):

    conf = {'lifecycle': {'formats': 'raw,qcow2,vmdk,iso,aki,ari,ami'}}

    def test_backing_file_in_no_container(self) -> None:
        """The one of the audit: active in five of them."""
        source = test_decoded.backed(self.work / 'b.qcow2')
        for container in ('ova', 'docker', 'aki', 'ari', 'ami'):
            for disk_format in ('qcow2', 'raw'):
                with self.subTest(container, disk_format=disk_format):
                    self.refused(source, disk_format, container,
                                 'backing-file')

    def test_containers_that_are_not_allowed(self) -> None:
        source = test_decoded.backed(self.work / 'b.qcow2')
        for container in ('ovf', 'compressed'):
            self.refused(source, 'qcow2', container, 'container-not-allowed',
                         'container format %s' % container,
                         '[lifecycle] container_formats')

    def test_disk_image_as_a_container(self) -> None:
        source = images.make(self.work / 'a.qcow2')
        for container in ('ova', 'docker', 'aki', 'ari', 'ami'):
            self.refused(source, 'qcow2', container, 'format-mismatch',
                         'container_format is %s' % container,
                         'Set container_format=bare')

    def test_ova(self) -> None:
        source = self.ova(('disk.vmdk', self.stream()),
                          ('a.mf', b'SHA256(a.ovf)= 00\n'))
        image = self.active(source, 'vmdk', 'ova')
        self.assert_stored(self.api, image, images.digests(source), 's1')

    def test_ova_that_is_not_good(self) -> None:
        backed = test_decoded.backed(self.work / 'b.qcow2')
        member = 'its member bad.vmdk is refused'
        for content, reason, *said in (
                (backed, 'backing-file', member),
                (plugin_case.truncated(self.stream(), 70000), 'truncated',
                 member),
                (b'# Disk DescriptorFile\nversion=1\nRW 1 FLAT "/etc/x" 0\n',
                 'vmdk-type', member),
                (b'\x1f\x8b\x08' + bytes(600), 'container-member', member)):
            with self.subTest(reason):
                self.refused(self.ova(('bad.vmdk', content)), 'vmdk', 'ova',
                             reason, *said)

    def test_archive_that_is_not_sound(self) -> None:
        good = self.ova(('disk.vmdk', self.stream()))
        packed = archive(self.work / 'a.tgz', ('a.ovf', OVF), mode='w:gz')
        for source, reason in (
                (packed, 'container-invalid'),
                (b'not looked into' * 1000, 'container-invalid'),
                (archive(self.work / 'b.ova', ('../a.ovf', OVF)),
                 'container-member'),
                (archive(self.work / 'c.ova', ('a.vmdk', self.stream())),
                 'container-invalid'),
                (plugin_case.truncated(good, 100000), 'truncated')):
            self.refused(source, 'vmdk', 'ova', reason)

    def test_link_in_an_ova(self) -> None:
        (self.work / 'link').symlink_to('/etc/shadow')
        self.refused(self.ova(('disk.vmdk', self.work / 'link')), 'vmdk',
                     'ova', 'container-member', 'is a link')

    def test_docker(self) -> None:
        layer = archive(self.work / 'layer.tar', ('etc/motd', b'hello\n'))
        source = archive(self.work / 'd.tar', ('abc/layer.tar', layer),
                         ('manifest.json', b'[{}]'))
        image = self.active(source, 'raw', 'docker')
        self.assert_stored(self.api, image, images.digests(source), 's1')
        self.refused(layer, 'raw', 'docker', 'container-invalid',
                     'docker save')

    def test_amazon(self) -> None:
        disk = images.raw(self.work / 'disk.raw', 16 * images.MIB)
        for source, container in ((KERNEL, 'aki'), (b'\x1f\x8b\x08' * 999,
                                                    'ari'), (disk, 'ami')):
            self.active(source, container, container)
        self.refused(KERNEL, 'ami', 'ami', 'unsafe')


class OtherContainersTest(ContainerTestCase):

    conf = {'lifecycle': {'container_formats': 'bare,ovf,compressed'}}

    def test_looked_at_all_the_same(self) -> None:
        source = test_decoded.backed(self.work / 'b.qcow2')
        for container in ('ovf', 'compressed'):
            for disk_format in ('qcow2', 'raw', 'vmdk'):
                self.refused(source, disk_format, container, 'backing-file')
        good = images.make(self.work / 'a.qcow2')
        image = self.active(good, 'qcow2', 'ovf')
        # Only bare images are converted.
        self.assert_stored(self.api, image, images.digests(good), 's1')
        self.refused(good, 'raw', 'ovf', 'format-mismatch')

    def test_shorter_list(self) -> None:
        self.refused(self.ova(), 'vmdk', 'ova', 'container-not-allowed',
                     'bare, compressed, ovf', '[lifecycle] container_formats')


class PolicyTest(ContainerTestCase):

    def test_rule(self) -> None:
        """A rule decides, and the refusal names it."""
        policy = self.work / 'policy.yaml'
        rules: list[dict[str, Any]] = [
            {'name': 'appliances', 'match': {'name': 'appliance-*'},
             'require': {'container_formats': ['ova']}}]
        policy.write_text(yaml.safe_dump({
            'version': 1, 'rules': rules, 'defaults': {
                'require': {'container_formats': ['bare']}}}))
        api = self.new_api(conf={'lifecycle': {'policy_file': policy}})
        user = api.user()
        source = self.ova(('disk.vmdk', self.stream()))
        for name, container, said in (
                ('appliance-1', 'ova', None),
                ('appliance-2', 'bare', 'rule appliances of the lifecycle '
                 'policy'),
                ('other', 'ova', 'defaults of the lifecycle policy')):
            image_id = self.staged(user, source, 'vmdk', name=name,
                                   container_format=container)
            user.import_image(image_id)
            image = user.wait_import(image_id)
            message = self.message(user, image_id)
            if said is None:
                self.assertEqual('active', image['status'], message)
                continue
            if container == 'bare':
                # A bare image is inspected first.
                said = 'format-mismatch'
            self.assertEqual('queued', image['status'])
            self.assertIn(said, message)


class NotConvertedTest(ContainerTestCase):

    conf = {'lifecycle': {'convert': 'False'}}

    def test_hidden_parent(self) -> None:
        """A VMDK that is stored as it came names no other file either."""
        good = images.make(self.work / 'a.vmdk', 'vmdk')
        self.active(good, 'vmdk', 'bare')
        data = good.read_bytes()
        bad = data.replace(b'parentCID=ffffffff', b'parentCID=00000001')
        self.assertNotEqual(data, bad)
        self.refused(bad, 'vmdk', 'bare', 'backing-file')
