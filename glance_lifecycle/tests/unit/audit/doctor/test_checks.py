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

"""Every check finds its bad examples, and nothing in its good ones."""

import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding
from glance_lifecycle.tests.unit.audit.doctor import cases

ALARMS = (finding.Severity.ERROR, finding.Severity.UNKNOWN,
          finding.Severity.WARNING)

STORES = """\
[DEFAULT]
enabled_backends = fast:rbd
show_image_direct_url = true
worker_self_reference_url = http://192.0.2.1:9292
[glance_store]
default_backend = fast
[fast]
rbd_store_user = glance
[image_import_opts]
image_import_plugins = [lifecycle]
"""


class ExamplesTest(cases.DoctorTestCase):

    def found(self, kind: type[check.Check], files: check.Files
              ) -> list[finding.Finding]:
        return list(examination.examine(
            self.gathered(files), [kind], cases.live_of(files)).findings)

    def test_bad(self) -> None:
        for kind in check.load_all():
            self.assertTrue(kind.bad, kind.code)
            for number, files in enumerate(kind.bad):
                with self.subTest(code=kind.code, number=number):
                    found = self.found(kind, files)
                    self.assertIn(kind.code, [one.code for one in found])
                    self.assertIn(kind.severity if number == 0 and (
                        kind.code not in ('GLC103', 'GLC203', 'GLC404')
                    ) else found[0].severity,
                        [one.severity for one in found])

    def test_good(self) -> None:
        for kind in check.load_all():
            self.assertTrue(kind.good, kind.code)
            for number, files in enumerate(kind.good):
                with self.subTest(code=kind.code, number=number):
                    self.assertEqual([], self.found(kind, files))

    def test_every_release(self) -> None:
        for release in options.RELEASES:
            for kind in check.load_all():
                with self.subTest(code=kind.code, release=release):
                    # Not all options are in all of them.
                    self.assertTrue(any(examination.examine(
                        self.gathered(files, release), [kind],
                        cases.live_of(files)).findings
                        for files in kind.bad))

    def test_sentences(self) -> None:
        for kind in check.load_all():
            self.assertRegex(kind.title(), r'\.$', kind.code)
            self.assertIn('\n\n', kind.text(), kind.code)
            for files in kind.bad:
                for one in self.found(kind, files):
                    for text in (one.evidence, one.remedy):
                        self.assertRegex(text, r'^[A-Z"/\[a-z_0-9].*[.]$')
                        self.assertIsNone(re.search(r'\.\.$', text), text)

    def test_hidden(self) -> None:
        """What a report has taken away is judged by nobody."""
        for kind in check.load_all():
            for files in kind.bad:
                hidden = {path: re.sub(r'(?m)^([\w-]+) *=.*$',
                                       r'\1 = *********', text)
                          for path, text in files.items()}
                found = self.found(kind, hidden)
                self.assertEqual(
                    [], [one for one in found
                         if any(place.value for place in one.places)
                         and one.severity != finding.Severity.INFO
                         and kind.code not in _BY_NAME], kind.code)


# These look at names, and not at values.
_BY_NAME = ('GLC101', 'GLC103', 'GLC104', 'GLC205', 'GLC303', 'GLC405',
            'GLC604', 'GLC108')


class NotMistakesTest(cases.DoctorTestCase):
    """What must never be called a mistake."""

    def test_good_configuration(self) -> None:
        self.assertEqual([], self.codes({'glance-api.conf': STORES}))

    def test_quotes(self) -> None:
        self.assertEqual([], self.codes({'glance-api.conf': STORES.replace(
            '_backend = fast', '_backend = "fast"')}))

    def test_deployment_tools(self) -> None:
        found = self.examined({'glance-api.conf': STORES
                               + '[fast]\nrbd_store_replication = 3\n'
                               'rbd_store_crush_rule = flash\n'})
        self.assertEqual([('GLC101', finding.Severity.INFO)] * 2,
                         [(one.code, one.severity) for one in found])

    def test_report(self) -> None:
        self.assertEqual([], self.codes({'glance-api.conf': STORES + (
            '[database]\nconnection = mysql+pymysql://glance:*********@db/g\n'
            '[keystone_authtoken]\npassword = *********\n'
            'auth_type = password\nmemcache_secret_key = *********\n'
            '[paste_deploy]\nflavor = *********\n')}))

    def test_single_store(self) -> None:
        self.assertEqual([], self.codes({'glance-api.conf': (
            '[DEFAULT]\nnode_staging_uri = file:///srv/staging\n'
            '[glance_store]\nstores = rbd\ndefault_store = rbd\n'
            'rbd_store_user = glance\nrbd_thin_provisioning = true\n'
            '[image_import_opts]\nimage_import_plugins = [lifecycle]\n')},
            *ALARMS))

    def test_left_over(self) -> None:
        found = self.examined({'glance-api.conf': STORES
                               + '[DEFAULT]\nbind_host = 192.0.2.1\n'
                               'bind_port = 9292\nworkers = 5\n'})
        self.assertEqual([('GLC103', finding.Severity.INFO)] * 3,
                         [(one.code, one.severity) for one in found])
        self.assertEqual([], [one for one in self.examined({
            'glance-api.conf': '[DEFAULT]\nworkers = 5\n'}, 31)
            if one.code in ('GLC101', 'GLC103')])


class SeenTest(cases.DoctorTestCase):
    """Mistakes that were found in public configurations."""

    def one(self, files: check.Files, code: str) -> finding.Finding:
        found = [one for one in self.examined(files) if one.code == code]
        self.assertEqual(1, len(found), found)
        return found[0]

    def test_did_you_mean(self) -> None:
        for wrong, right in (
                ('enable_import_methods = [glance-direct]',
                 'enabled_import_methods'),
                ('use_keystone_quotas = true', 'use_keystone_limits')):
            one = self.one({'glance-api.conf': STORES.replace(
                '[DEFAULT]', '[DEFAULT]\n' + wrong)}, 'GLC101')
            self.assertIn(right, one.remedy)
            self.assertEqual(2, one.places[0].line)

    def test_output(self) -> None:
        one = self.one({'glance-api.conf': STORES
                        + '[image_conversion]\n'
                        'image_conversion_format = raw\n'}, 'GLC101')
        self.assertIn('output_format', one.remedy)

    def test_many(self) -> None:
        """Of a file that is none, what is found is bounded."""
        for code, files, most in (
                ('GLC206', {'glance-api.conf': '[DEFAULT]\nenabled_backends = '
                            + ','.join('s%d:file' % one for one in range(300))
                            + ''.join('\n[s%d]\nfilesystem_store_datadir = /a'
                                      % one for one in range(300))}, 1),
                ('GLC747', {'glance-api.conf': '', 'policy.yaml': ''.join(
                    'r%d: rule:x%d\n' % (one, one) for one in range(300))},
                 101),
                ('GLC710', {'glance-api.conf': '', 'policy.yaml': ''.join(
                    'r%d: role:x\n' % one for one in range(300))}, 101)):
            with self.subTest(code):
                found = list(check.load(code)().cloud(self.gathered(files)))
                self.assertEqual(most, len(found))
                self.assertLess(len(str(found)), 100_000)

    def test_move_to_nowhere(self) -> None:
        """No remedy tells to move a line where it has no effect."""
        stores = ('[DEFAULT]\nenabled_backends = a:%s\n%s\n'
                  '[glance_store]\ndefault_backend = a\n[a]\n%s\n')
        info = ('Remove the line.', finding.Severity.INFO)
        for driver, wrong, own, remedy in (
                ('file', 'stores = file', '', info),
                ('file', 'default_store = file', '', info),
                ('file', 'cinder_catalog_info = a:b:c', '', info),
                ('rbd', 'filesystem_store_datadir = /a', '', info),
                ('cinder', 'cinder_catalog_info = a:b:c',
                 'cinder_catalog_info = d:e:f', info),
                ('cinder', 'cinder_catalog_info = a:b:c', '', (
                    'Move the line to the section [a].',
                    finding.Severity.WARNING))):
            self.assertEqual([remedy], [
                (one.remedy, one.severity) for one in self.examined({
                    'glance-api.conf': stores % (driver, wrong, own)})
                if one.code == 'GLC101'], wrong)

    def test_comment(self) -> None:
        one = self.one({'glance-api.conf': STORES + (
            '[lifecycle_worker]\nsweep_interval = 43200   # daily\n')},
            'GLC109')
        self.assertEqual(finding.Severity.ERROR, one.severity)
        self.assertIn('sweep_interval = 43200,', one.remedy)

    def test_import_conf_loses(self) -> None:
        one = self.one({
            'glance-api.conf': STORES,
            'glance-image-import.conf': '[image_import_opts]\n'
            'image_import_plugins = [image_conversion]\n'}, 'GLC108')
        self.assertIn('glance-api.conf counts', one.evidence)
        self.assertEqual(2, len(one.places))

    def test_hidden_on_one_host(self) -> None:
        """The others are compared all the same."""
        line = '[image_import_opts]\nimage_import_plugins = %s\n'
        one = self.one({'%s/glance-api.conf' % name: line % value
                        for name, value in (('a', '*********'), (
                            'b', '[lifecycle]'), ('c', '[no_op]'))}, 'GLC503')
        self.assertEqual(('c',), one.hosts)
        self.assertEqual(finding.Severity.ERROR, one.severity)

    def test_list_of_thousands(self) -> None:
        """It is judged soon, and what is too long is not at all."""
        line = '[image_import_opts]\nimage_import_plugins = [%s]\n'
        for number, most in ((3000, 20), (9000, 0)):
            self.assertEqual(most, self.codes({'glance-api.conf': line % (
                ','.join('p%d' % one for one in range(number)))}).count(
                    'GLC404'))

    def test_same_on_every_host(self) -> None:
        text = STORES.replace('2.1', '2.%s') + '[DEFAULT]\ndebug = maybe\n'
        one = self.one({'%s/glance-api.conf' % name: text % name
                        for name in '123'}, 'GLC105')
        self.assertEqual(('1', '2', '3'), one.hosts)
        self.assertEqual(3, len(one.places))
