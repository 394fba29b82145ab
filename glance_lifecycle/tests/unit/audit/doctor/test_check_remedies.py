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
"""What is told to write is what an operator can write as it stands."""

from glance_lifecycle.audit.doctor.checks import lifecycle_rule
from glance_lifecycle.audit import finding
from glance_lifecycle.enforcement import guard
from glance_lifecycle.tests.unit.audit.doctor import cases

_A = ('[DEFAULT]\nenabled_backends = a:%s\n[glance_store]\n'
      'default_backend = a\n')
_STAGING = '[os_glance_staging_store]\nfilesystem_store_datadir = /srv/i\n'
_LIFECYCLE = ('[lifecycle]\npolicy_file = /etc/glance/p.yaml\n')


class RemedyTest(cases.DoctorTestCase):

    def of(self, text: str, code: str, **files: str) -> finding.Finding:
        found = [one for one in self.examined(
            {'glance-api.conf': text, **files}) if one.code == code]
        self.assertEqual(1, len(found), found)
        return found[0]

    def test_written(self) -> None:
        for text, code, remedy in (
                (_A % 'rbd' + '[rbd]\nrbd_store_user = g\n', 'GLC102',
                 'Rename [rbd] to [a].'),
                (_A % 'cinder' + '[a]\ncinder_catalog_info = '
                 'volumev3:publicURL\n', 'GLC226',
                 'Set cinder_catalog_info = volumev3::publicURL in [a].'),
                (_A % 'file' + '[DEFAULT]\nnode_staging_uri = file:///srv/s\n',
                 'GLC303', 'Set filesystem_store_datadir = /srv/s in '
                 '[os_glance_staging_store], and remove the line.'),
                (_A % 'file' + '[DEFAULT]\nnode_staging_uri = file:///srv/s\n'
                 '[a]\nfilesystem_store_datadir = /srv/i\n' + _STAGING,
                 'GLC302', 'Set filesystem_store_datadir = /srv/s in '
                 '[os_glance_staging_store].'),
                ('[image_import_opts]\nimage_import_plugins = '
                 '[image_convertion, image_decompresion]\n', 'GLC401',
                 'Set image_import_plugins = [image_decompression, lifecycle] '
                 'in [image_import_opts] of glance-image-import.conf.'),
                ('[image_import_opts]\nimage_import_plugins = '
                 '[image_conversion, image_decompresion]\n', 'GLC429',
                 'Set image_import_plugins = [image_decompression, '
                 'image_conversion].'),
                ('[os_glance_stagin_store]\nfilesystem_store_datadir = /s\n'
                 + _A % 'file', 'GLC102',
                 'Rename it to [os_glance_staging_store].'),
                (_A % 'rbd' + '[a]\nrbd_pool = g\n', 'GLC101',
                 'Rename it to rbd_store_pool.'),
                ('[DEFAULT]\nenabled_backends = slow:file,\n', 'GLC105',
                 'Remove the comma at the end: write enabled_backends = '
                 'slow:file.'),
                ('[DEFAULT]\nimage_property_quota = unlimited\n', 'GLC105',
                 'Write image_property_quota = -1.'),
                ('[DEFAULT]\nimage_size_cap = 0\n', 'GLC105',
                 'Remove the line: an image may then have up to 1 TiB.'),
                ('[glance_store]\nstores = file,http\ndefault_store = rbd\n',
                 'GLC202', 'Set stores = file,http,rbd in [glance_store], or '
                 'default_store to one of them.'),
                (_A % 'file' + '[a]\nfilesystem_store_datadir =\n'
                 'filesystem_store_datadirs = /mnt/b:high\n', 'GLC233',
                 'Write filesystem_store_datadirs = /mnt/b:NUMBER in [a].'),
                ('[DEFAULT]\ntransport_url = rabbit://g:p@s/w@mq:5672/\n',
                 'GLC739', 'Write "/" as %2F, "?" as %3F, and "#" as %23.'),
                ('[keystone_authtoken]\nauth_url = k.example\n', 'GLC731',
                 'Write "https://" or "http://" before the value of auth_url.'
                 )):
            with self.subTest(text=text):
                self.assertEqual(remedy, self.of(text, code).remedy)

    def test_one_for_a_misnamed_section(self) -> None:
        found = self.codes({'glance-api.conf': _A % 'rbd'
                            + '[rbd]\nrbd_store_user = g\n'})
        self.assertIn('GLC102', found)
        self.assertNotIn('GLC209', found)

    def test_store_of_old_is_not_read(self) -> None:
        found = self.codes({'glance-api.conf': _A % 'rbd' + (
            'default_store = ceph\n[a]\nrbd_store_user = g\n')})
        self.assertEqual(['GLC205'], [code for code in found if code in (
            'GLC104', 'GLC105', 'GLC205')])

    def test_rule_that_is_not_there(self) -> None:
        """The rule "default" counts, and Glance's lets everybody."""
        for text, evidence in (
                ('', 'the rule "default" counts in its place, and lets '
                 'everybody.'),
                ('"default": "role:admin"\n',
                 'the rule "default" counts in its place.')):
            one = self.of('\n', 'GLC747', **{
                'policy.yaml': '"modify_image": "rule:owner"\n' + text})
            self.assertEqual(finding.Severity.ERROR, one.severity)
            self.assertEqual('There is no rule "owner": ' + evidence,
                             one.evidence)
        one = self.of('[oslo_policy]\npolicy_default_rule = none\n', 'GLC747',
                      **{'policy.yaml': '"modify_image": "rule:owner"\n'})
        self.assertEqual('There is no rule "owner": it lets nobody.',
                         one.evidence)

    def test_actions(self) -> None:
        self.assertEqual(set(guard._ACTIONS), set(lifecycle_rule.ACTIONS))

    def test_asked_of_all(self) -> None:
        """Only where nothing of an "or" or a "not" goes past the check."""
        for rule, past in (
                ('lifecycle:delete', False),
                ('role:a and lifecycle:delete', False),
                ('(role:a or role:b) and lifecycle:delete', False),
                ('not role:a and lifecycle:delete', False),
                ('((role:a or role:b) and @) and lifecycle:delete', False),
                ('role:a or lifecycle:delete', True),
                ('lifecycle:delete or role:a', True),
                ('role:a OR (role:b and (role:c and lifecycle:delete))', True),
                ('not lifecycle:delete', True),
                ('not (role:a and lifecycle:delete)', True),
                ('(role:a and lifecycle:delete) or role:b', True)):
            found = self.codes({'glance-api.conf': '\n', 'policy.yaml':
                                '"delete_image": "%s"\n' % rule})
            self.assertEqual(past, 'GLC749' in found, rule)

    def test_lists_of_brackets(self) -> None:
        """Of those that are not closed, or not opened."""
        for rule in ('(' * 4000 + 'lifecycle:delete or', ')' * 4000
                     + 'lifecycle:delete', 'not ( lifecycle:delete'):
            self.codes({'glance-api.conf': '\n', 'policy.yaml':
                        '"delete_image": "%s"\n' % rule})

    def test_protections_without_policy(self) -> None:
        text = ('[DEFAULT]\nproperty_protection_file = p.conf\n'
                'property_protection_rule_format = policies\n')
        section = '[.*]\ncreate = !\nread = nosuch\nupdate = !\ndelete = !\n'
        one = self.of(text, 'GLC747', **{'p.conf': section})
        self.assertEqual(finding.Severity.UNKNOWN, one.severity)
        one = self.of(text, 'GLC747', **{
            'p.conf': section, 'policy.yaml': '"x": "role:x"\n'})
        self.assertEqual(
            (finding.Severity.ERROR, 3), (one.severity, one.places[0].line))

    def test_pipelines(self) -> None:
        """Of a flavor that is not set, it is no error."""
        paste = ('[composite:glance-api-keystone]\n[composite:api]\n'
                 'paste.composite_factory = glance.api:pipeline_factory\n'
                 'keystone = context rootapp\nother = contxt rootapp\n'
                 '[filter:context]\npaste.filter_factory = '
                 'glance.api.middleware.context:ContextMiddleware.factory\n')
        text = '[paste_deploy]\nflavor = keystone\n'
        files = {'glance-api-paste.ini': paste}
        one = self.of(text, 'GLC725', **files)
        self.assertEqual((finding.Severity.ERROR, 4),
                         (one.severity, one.places[0].line))
        one = self.of(text, 'GLC751', **files)
        self.assertEqual((finding.Severity.INFO, 'Write context.'),
                         (one.severity, one.remedy))

    def test_place_of_lifecycle_policy(self) -> None:
        """The file that was read, which is below a gathered directory."""
        for text, code in (
                ('version: 1\nrules:\n  - name: a\n    plaice: {}\n',
                 'GLC601'),
                ('version: 1\nrules:\n  - name: a\n'
                 '    place: {stores: [fastest]}\n', 'GLC603')):
            one = self.of(_A % 'file' + _LIFECYCLE, code, **{'p.yaml': text})
            self.assertEqual(str(self.paths['p.yaml']), one.places[0].path)
