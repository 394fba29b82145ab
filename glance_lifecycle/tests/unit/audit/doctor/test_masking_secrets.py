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

"""No secret is ever shown: a canary in every place that may hold one."""

import io
import json
import pathlib
import types
from typing import Any
import unittest.mock

from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit.doctor import service
from glance_lifecycle.osc import doctor
from glance_lifecycle.tests.unit.audit.doctor import cases

CANARY = 'c4n4ry'


class CanaryTest(cases.DoctorTestCase):

    def said(self, text: str, *argv: str) -> str:
        """All that the command prints, in every format, and its SARIF."""
        path = self.work / 'etc'
        path.mkdir(exist_ok=True)
        (path / 'glance-api.conf').write_text(text)
        (path / 'glance-api.conf.d').mkdir(exist_ok=True)
        # Overridden, so that both values have a reason to be shown.
        (path / 'glance-api.conf.d/x.conf').write_text(
            text.replace(CANARY, CANARY + '2'))
        out = io.StringIO()
        sarif = self.work / 'x.sarif'
        sarif.unlink(missing_ok=True)
        for name in ('text', 'json', 'yaml', 'csv', 'table', 'value'):
            app: Any = types.SimpleNamespace(stdout=out)
            command = doctor.Doctor(app, None)
            parsed = command.get_parser('x').parse_args([
                '-f', name, '--config-dir', str(path), *argv])
            # The same one each time.
            parsed.sarif = None if sarif.exists() else sarif
            with unittest.mock.patch('sys.stderr', out):
                command.run(parsed)
        return out.getvalue() + sarif.read_text()

    def test_every_secret_option(self) -> None:
        for release in options.RELEASES:
            known = options.Catalogue(release, {
                'o_' + driver: driver for driver in options.Catalogue(
                    release, {}).drivers})
            lines, count = [], 0
            for group, members in known.groups.items():
                lines.append('[%s]' % group)
                for option in members.values():
                    if option.secret:
                        count += 1
                        lines.append('%s = %s # $nothing' % (
                            option.name, CANARY))
                        lines += ['[%s]\n%s = %s' % (where, name, CANARY)
                                  for where, name in option.old]
                        lines.append('[%s]' % group)
            self.assertGreater(count, 20)
            self.assertNotIn(CANARY, self.said(
                '\n'.join(lines), '--release', str(release)))

    def test_urls_everywhere(self) -> None:
        known = options.Catalogue(options.NEWEST, {'fast': 'rbd'})
        lines = ['[DEFAULT]', 'enabled_backends = fast:rbd']
        for group, members in known.groups.items():
            lines.append('[%s]' % group)
            lines += ['%s = http://user:%s@host/?token=%s' % (
                name, CANARY, CANARY) for name in members
                if name != 'enabled_backends']
        said = self.said('\n'.join(lines))
        self.assertIn('GLC105', said)
        self.assertNotIn(CANARY, said)

    def test_misspelt(self) -> None:
        said = self.said(
            '%s\n[DEFAULT]\n%s\n transport_ulr = %s\n'
            'transport_ulr = rabbit://u:%s@h\nadmin_pasword = %s\n'
            '[keystone_authtokn]\npassword = %s\n[' % ((CANARY,) * 6))
        self.assertIn('transport_ulr', said)
        self.assertNotIn(CANARY, said)

    def test_continued(self) -> None:
        """What is indented is a part of the value before it."""
        known = options.Catalogue(options.NEWEST, {'fast': 'rbd'})
        lines = ['[DEFAULT]', 'enabled_backends = fast:rbd']
        for group, members in known.groups.items():
            lines.append('[%s]' % group)
            for name in members:
                lines += ['%s = %s\n  password = %s' % (name, begin, CANARY)
                          for begin in ('x', '1,', 'https://h:x ## y')]
        said = self.said('\n'.join(lines))
        self.assertIn('(and 1 line)', said)
        self.assertNotIn(CANARY, said)

    def test_lines_of_their_own(self) -> None:
        """A key that was broken over lines looks like an option."""
        for text in ('[DEFAULT]\ndebug = true\nAQBvL%s==\n',
                     '[keystone_authtoken]\npassword =\nsw0rd %s: x\n',
                     '[DEFAULT]\nAQ\u00a0%s: x\n',
                     '[DEFAULT]\nAQ%s: x\n  debug = true\n'):
            said = self.said(text % CANARY)
            self.assertIn('(a name not shown)', said)
            self.assertNotIn(CANARY, said)

    def test_continued_beside(self) -> None:
        (self.work / 'etc').mkdir()
        keys = [*service.NOVA_OPTIONS, *service.CINDER_OPTIONS,
                *(('x', name) for name in service.BACKEND_OPTIONS)]
        text = ''.join('[%s]\n%s = x\n  password = %s\n%s: x\n' % (
            *key, CANARY, CANARY.upper()) for key in keys)
        argv = []
        for name in ('nova', 'cinder', 'ceph'):
            path = self.work / ('%s.conf' % name)
            path.write_text(text)
            argv += ['--%s-conf' % name, str(path)]
        said = self.said('[DEFAULT]\nenabled_backends = a:rbd\n', *argv)
        self.assertIn('GLC836', said)
        self.assertNotIn(CANARY, said.lower())

    def test_beside(self) -> None:
        """Of Nova, Cinder and Ceph, only what is known is shown."""
        (self.work / 'etc').mkdir()
        keys = [*service.NOVA_OPTIONS, *service.CINDER_OPTIONS,
                *(('x', name) for name in service.BACKEND_OPTIONS),
                ('DEFAULT', 'transport_url'), ('database', 'connection'),
                ('keystone_authtoken', 'password'), ('glance', 'tokn')]
        text = '%s\n' % CANARY + ''.join('[%s]\n%s = %s\n' % (*key, (
            'https://u:%s@h/?token=%s' % (CANARY, CANARY)))
            for key in keys) + (
                '[libvirt]\nimages_type = rbd\n[workarounds]\n'
                'disable_deep_image_inspection = true\n'
                '[DEFAULT]\nenabled_backends = x\n'
                'verify_glance_signatures = disabled\n')
        argv = []
        for name in ('nova', 'cinder', 'ceph'):
            path = self.work / ('%s.conf' % name)
            path.write_text(text + (
                '[client.x]\nkey = %s\ncaps osd = "allow *"\n' % CANARY
                if name == 'ceph' else ''))
            argv += ['--%s-conf' % name, str(path)]
        (self.work / 'policy.yaml').write_text(
            '"publicize_image": "@ or %s"\n"delete_image": ""\n' % CANARY)
        said = self.said('[DEFAULT]\nenabled_backends = a:rbd\n', *argv,
                         '--policy-dir', str(self.work))
        for code in ('GLC707', 'GLC708', 'GLC802', 'GLC812', 'GLC822',
                     'GLC833', 'GLC834'):
            self.assertIn(code, said)
        self.assertNotIn(CANARY, said)

    def test_host(self) -> None:
        """What uWSGI, systemd, Ceph and the worker are told, and versions."""
        path = self.work / 'etc'
        path.mkdir()
        line = '%%s = https://u:%s@h/?token=%s\n' % (CANARY, CANARY)
        for name, text in (
                ('glance-api.service', '[Service]\nEnvironment=X=%s\n'
                 'MemoryMax=1M\nUser=nobody\n' % CANARY
                 + line % 'LimitNOFILE'),
                ('x-uwsgi.ini', '[uwsgi]\nenv = OS_PASSWORD=%s\n'
                 'uid = u:%s@h\nharakiri = 1\nmaster = %s\n' % (
                     (CANARY,) * 3) + line % 'buffer-size'),
                ('x.keyring', '[client.x]\nkey = %s\n'
                 'caps osd = "allow *"\n' % CANARY),
                ('p.conf', '[.*]\ncreate = %s\n%s\n' % (CANARY, CANARY)),
                ('pip-freeze.txt', 'glance @ https://u:%s@h/\n' % CANARY),
                ('glance-lifecycle-worker.conf', '[lifecycle_worker]\n'
                 'connection = sqlite:///%s\nauth_section = https://u:%s@h\n'
                 'password = %s\nnotifications = true\n'
                 'notification_transport_url = rabbit://guest:%s@h/\n' % (
                     (CANARY,) * 4))):
            (path / name).write_text(text)
        said = self.said(
            '[DEFAULT]\nproperty_protection_file = p.conf\n'
            'enabled_backends = a:s3,b:swift\n[a]\n'
            's3_store_host = u:%s@h\n[b]\nswift_store_user = %s\n'
            'swift_store_auth_address = http://u:%s@h\n' % (
                (CANARY,) * 3), '--this-host')
        for code in ('GLC219', 'GLC221', 'GLC412', 'GLC415', 'GLC424',
                     'GLC610', 'GLC615', 'GLC721', 'GLC834'):
            self.assertIn(code, said)
        self.assertNotIn(CANARY, said)

    def test_other_files(self) -> None:
        """A file that is named is not shown, whatever is wrong with it."""
        (self.work / 'etc').mkdir()
        pathlib.Path(self.work, 'etc/secret').write_text(
            'root:%s:1:0\n- {a: %s' % (CANARY, CANARY))
        said = self.said('[lifecycle]\npolicy_file = %s/etc/secret\n'
                         % self.work)
        self.assertIn('GLC601', said)
        self.assertNotIn(CANARY, said)
        (self.work / 'etc/glance-image-import.conf').symlink_to(
            self.work / 'etc/secret')
        said = self.said('[DEFAULT]\n')
        self.assertIn('GLC106', said)
        self.assertNotIn(CANARY, said)
        json.dumps(said)
