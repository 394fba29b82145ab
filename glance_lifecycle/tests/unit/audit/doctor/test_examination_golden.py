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

"""Configurations that are good: nothing in them is called a mistake."""

import pathlib
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit import finding
from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.unit.audit.doctor import cases

TOP = pathlib.Path(__file__).parents[5]
GOLDEN = pathlib.Path(__file__).parents[2] / 'devstack_data/golden'

ALARMS = (finding.Severity.ERROR, finding.Severity.UNKNOWN,
          finding.Severity.WARNING)

# What DevStack itself writes beside what its plugin does; 31 to 33.
DEVSTACK = """\
[DEFAULT]
log_dir = /opt/stack/log
public_endpoint = http://192.0.2.10/image
image_cache_dir = /opt/stack/data/glance/cache
use_keystone_limits = True
[oslo_policy]
enforce_scope = True
[oslo_concurrency]
lock_path = /opt/stack/data/glance/locks
[oslo_limit]
username = glance
password = secret
auth_url = http://192.0.2.10/identity
auth_type = password
user_domain_name = Default
system_scope = all
endpoint_id = 1
[keystone_authtoken]
memcached_servers = localhost:11211
cafile = /opt/stack/data/ca-bundle.pem
project_domain_name = Default
project_name = service
user_domain_name = Default
password = secret
username = glance
auth_url = http://192.0.2.10/identity
interface = public
auth_type = password
[paste_deploy]
flavor = keystone+cachemanagement
[cors]
allowed_origin = http://192.0.2.10
"""

# What devstack-plugin-ceph adds.
_CEPH = """\
[robust_rbd]
rbd_store_ceph_conf = /etc/ceph/ceph.conf
rbd_store_user = glance
rbd_store_pool = images
"""

# What the plugin installs by another name.
SOURCES = {'lifecycle-protection.yaml': 'policy-lifecycle-protection.yaml'}

# What is found, because it is so.
TRUE = {
    # DevStack leaves staging in /tmp where there is one store.
    'one-store': {'GLC301'},
    # The operator asked for image_conversion.
    'offload': {'GLC402'},
}


class GoldenTest(cases.DoctorTestCase):

    def golden(self, variant: str) -> list[finding.Finding]:
        """What is found on the machine that DevStack makes."""
        text = (GOLDEN / variant).read_text().replace(
            'TOP/etc/', '/etc/').replace('TOP/opt', '/opt/stack')
        root = self.work / variant
        parts = re.split(r'(?m)^==== (.*)\n', text)
        for name, body in zip(parts[1::2], parts[2::2]):
            if name.startswith(('glance/', 'nova/')):
                path = root / 'etc' / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if body.startswith('(from etc/glance)'):
                    body = (TOP / 'etc/glance' / SOURCES.get(
                        path.name, path.name)).read_text()
                path.write_text(body.lstrip())
        api = root / 'etc/glance/glance-api.conf'
        self.assertTrue(api.exists())
        directory = api.parent / 'glance-api.conf.d'
        directory.mkdir()
        (directory / 'devstack.conf').write_text(DEVSTACK + (
            _CEPH if variant == 'ceph' else ''))
        return [one for release in (31, 32, 33)
                for one in examination.examine(examination.gathered(
                    [('devstack', root)], release, local=False),
                    check.load_all()).findings]

    def test_devstack(self) -> None:
        for path in sorted(GOLDEN.iterdir()):
            if path.name == 'no-glance':
                continue
            with self.subTest(variant=path.name):
                found = self.golden(path.name)
                self.assertEqual(TRUE.get(path.name, set()), {
                    one.code for one in found if one.severity in ALARMS})
                self.assertEqual([], [
                    one for one in found if one.code == 'GLC101'])
                # The plugin turns multiple stores on, unless told not to.
                self.assertLessEqual(
                    {one.code for one in found if one.severity not in ALARMS},
                    {'GLC103', 'GLC104', 'GLC201', 'GLC213'})

    def test_fixture(self) -> None:
        """What the demo and the functional tests run with."""
        base = pathlib.Path('/srv/demo')
        options = glance_conf.api_options(
            base, 60999, dict.fromkeys(('s1', 's2', 's3', 'archive'), 'file'),
            's1', 'sqlite:////srv/demo/glance.db', 4)
        glance_conf.merge(options, {
            'key_manager': {'backend': 'lifecycle_file'},
            'lifecycle_file_key_manager': {'directory': base / 'keys'},
            'lifecycle_signing': {
                'required': 'always', 'on_convert': 'resign',
                'ca_bundle': base / 'ca.pem', 'signing_key': base / 'key',
                'signing_certificate_id': 'glance-of-this-cloud'},
            'lifecycle_transfer': {'progress_interval': 1},
            'lifecycle': {'policy_file': '/etc/glance/lifecycle-policy.yaml'},
            'image_import_opts': {'image_import_plugins': ['lifecycle']}})
        (self.work / 'lifecycle-policy.yaml').write_text(
            (TOP / 'etc/lifecycle-policy.yaml.sample').read_text().replace(
                'stores: [fast]', 'stores: [s1, s2, s3]').replace(
                    'bulk', 's3'))
        glance_conf.write(self.work / 'glance-api.conf', options)
        glance_conf.write_uwsgi(self.work / 'uwsgi.ini', 60999, 1, 8,
                                'glance.wsgi.api')
        found = examination.examine(examination.gathered(
            [('demo', self.work)], 33, local=False), check.load_all())
        # show_multiple_locations is deprecated, and has been for years; and
        # what is reloaded ends imports.
        self.assertEqual(['GLC104', 'GLC408'],
                         [one.code for one in found.findings])
