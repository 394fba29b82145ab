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
import pathlib

from glance.policies import list_rules
from oslo_policy import policy

from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.tests.unit.audit.doctor import cases


class RulesTest(cases.DoctorTestCase):

    def rules(self, text: str, **more: str) -> rules.Rules:
        return rules.of(self.gathered({
            'glance-api.conf': '', 'policy.yaml': text, **more})[0])

    def test_names(self) -> None:
        """All that the installed Glance has."""
        self.assertEqual(set(), {
            rule.name for rule in list_rules()} - rules.NAMES)

    def test_anybody(self) -> None:
        for text, anybody in (
                ('', True), ('@', True), ('role:admin or @', True),
                ('rule:all', True), ('role:admin OR rule:all', True),
                ('!', False), ('role:admin', False), ('not @', False),
                ('@ and role:admin', False), ('(@)', False),
                ('rule:self', False), ('rule:none', False),
                ('http://192.0.2.1/', False), ('@' * 5000, False)):
            found = self.rules('"x": "%s"\n"all": "@"\n"self": "rule:self"\n'
                               % text)
            self.assertEqual(anybody, found.anybody('x'), text)
        for text in ('', '~', 'null', '[]', '{}', 'no', 'Off', 'false', '0'):
            self.assertTrue(self.rules('x: %s\n' % text).anybody('x'), text)
        for text in ('"no"', '"~"', '"null"', '"false"'):
            self.assertFalse(self.rules('x: %s\n' % text).anybody('x'), text)
        for text in ('yes', 'true', '1'):
            self.assertTrue(self.rules('x: %s\n' % text).broken, text)
        self.assertFalse(self.rules('x: [["role:admin"]]\n').anybody('x'))

    def test_nothing(self) -> None:
        for text in ('---', '---\n', '# x\n--- # y\n \n # z\n...\n'):
            self.assertEqual([], self.rules(text).broken, text)
        for text in ('--- x\n', '----\n', '---\n- a\n'):
            self.assertTrue(self.rules(text).broken, text)

    def test_users(self) -> None:
        found = self.rules('"x": "role:admin or role:member"\n')
        self.assertFalse(found.anybody('x'))
        self.assertTrue(found.anybody('x', users=True))

    def test_order(self) -> None:
        """Of a name that is there twice, the later file counts."""
        found = self.rules('"x": "@"\n"y": "@"\n', **{
            'policy.d/a.yaml': '"x": "!"\n', 'policy.d/b.json': '{"y": "!"}',
            'policy.d/.c.yaml': '"x": "@"\n'})
        self.assertFalse(found.anybody('x'))
        self.assertFalse(found.anybody('y'))
        self.assertTrue(found.rules['x'].place.path.endswith('d/a.yaml'))

    def test_named_elsewhere(self) -> None:
        found = rules.of(self.gathered({
            'glance-api.conf': '[oslo_policy]\npolicy_file = p.yaml\n'
            'policy_dirs = /etc/glance/q.d\npolicy_dirs = ../../etc\n',
            'p.yaml': 'x: "@"\n', 'q.d/y.yaml': 'y: "@"\n',
            'policy.yaml': 'z: "@"\n'})[0])
        self.assertEqual({'x', 'y'}, set(found.rules))

    def test_release(self) -> None:
        """To 31, policy.json is read where there is no policy.yaml."""
        for release, files, read in (
                (31, {'policy.json': '{"x": "@"}'}, {'x'}),
                (31, {'policy.json': '{"x": "@"}', 'policy.yaml': 'y: "@"'},
                 {'y'}),
                (32, {'policy.json': '{"x": "@"}'}, set()),
                (33, {'policy.json': '{"x": "@"}'}, set())):
            with self.subTest(release=release, files=files):
                host, = self.gathered({'glance-api.conf': '', **files},
                                      release)
                self.assertEqual(read, set(rules.of(host).rules))

    def test_tabs(self) -> None:
        """As oslo.policy reads them, and not as the loader in C."""
        # Releases of oslo.policy differ on this one.
        self.assertEqual([], self.rules('{\n\t"x": "@"\n}').broken)
        for text, line in (('"x":\n\t"@"\n', 2), ('"x": "@"\t# y\n', 1),
                           ('"x": "role:a or\trole:b"\n', 0)):
            try:
                policy.Rules.load(text)
            except ValueError:
                self.assertTrue(line, text)
            else:
                self.assertFalse(line, text)
            self.assertEqual([line] * bool(line), [
                one.line for one in self.rules(text).broken
                if one.certain], text)

    def test_directory(self) -> None:
        """--policy-dir takes the place of the one with glance-api.conf."""
        self.gathered({'glance-api.conf': '', 'policy.yaml': 'x: "@"\n',
                       'other.d/policy.yaml': 'y: "@"\n'})
        top = self.work / '0/api'
        host, = examination.gathered([('a', top)], 33, local=False,
                                     policies=top / 'other.d')
        self.assertEqual({'y'}, set(rules.of(host).rules))

    def test_hidden(self) -> None:
        with self.assertRaises(hosts.Hidden):
            rules.of(self.host('[oslo_policy]\npolicy_file = *********\n'))

    def test_hostile(self) -> None:
        for text, certain in (
                ('a: &a "@"\nb: *a\n', False),
                ('a: !!python/name:os "x"\n', False),
                ('"a": "c4n4ry\n', True), ('- c4n4ry\n', True),
                ('{' * 5000, None), ('a: {b: c4n4ry}\n', True),
                ('a: 1\n', True), ('a: "@"\n' * 90_000, False)):
            found = self.rules(text)
            self.assertEqual({}, found.rules, text[:50])
            broken, = found.broken
            self.assertNotIn('c4n4ry', broken.reason)
            if certain is not None:
                self.assertEqual(certain, broken.certain, text[:50])
        for path, data in (('x', b'\xff\xfe'), ('y', b'\0')):
            top = pathlib.Path(self.work, path)
            top.mkdir()
            (top / 'glance-api.conf').touch()
            (top / 'policy.yaml').write_bytes(data)
            host, = examination.gathered([('a', top)], 33, local=False)
            self.assertTrue(rules.of(host).broken)
