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

"""What Glance does not promise and we rely on, on the release at hand."""

import importlib.metadata
import json
import subprocess
import sys
from typing import Any

from glance_lifecycle.tests.functional.fixtures import gate
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case

# Run in a process of its own, configured as glance-api is.
_TWICE = '''
import sys
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import flow, session
from glance.common import config
glance_host.load_configuration(sys.argv[1:])
stores = ['s1', 's2', 's3']
given = dict(
    context=None, task_id='11111111-1111-1111-1111-111111111111',
    task_type='api_image_import', task_repo=None, image_repo=None,
    image_factory=None, image_id='22222222-2222-2222-2222-222222222222',
    import_req={'method': {'name': 'glance-direct'}}, backend=stores,
    action_wrapper=None)
first = flow.get_flow(**given)
assert stores == [], stores
second = flow.get_flow(**given)
assert stores == [], stores
for found in (first, second):
    names = [task.name for task in found]
    assert names == [
        'lifecycle-admit', 'lifecycle-verify-source', 'lifecycle-transfer',
        'lifecycle-attest', 'lifecycle-seal'], names
    for task in found:
        assert task._session.stores == ['s1', 's2', 's3']
        assert not task._session.broken, task._session.broken
'''

# The options of each store: as Glance has them registered, or by us.
_OPTIONS = '''
import json, sys
kinds = dict(item.split(':') for item in sys.argv[2].split(','))
arguments = ['--config-file', '/dev/null']
from glance.common import config, wsgi_app
import glance_store
from glance_lifecycle import glance_host
conf = config.CONF
conf.set_default('enabled_backends', kinds)
if sys.argv[1] == 'glance':
    conf(arguments)
    glance_store.register_store_opts(
        conf, reserved_stores=wsgi_app.RESERVED_STORES)
else:
    glance_host.load_configuration(arguments, log=False)
loaded = sorted({'boto3', 'keystoneclient', 'rados'} & set(sys.modules))
print(json.dumps([
    {store: sorted(conf[store]) if store in conf else []
     for store in conf.enabled_backends},
    sorted(conf.glance_store), loaded]))
'''


class ContractTest(plugin_case.PluginTestCase):

    def test_release(self) -> None:
        """Each release in RELEASES runs these tests."""
        version = importlib.metadata.version('glance')
        self.assertIn(int(version.split('.')[0]), (31, 32, 33))

    def test_get_flow_twice(self) -> None:
        """Glance 33 builds the flow anew when the database was locked."""
        api = self.new_api(autostart=False)
        result = subprocess.run(
            [sys.executable, '-c', _TWICE, '--config-file',
             str(api.etc / 'glance-api.conf')], env=api.environ(),
            text=True, capture_output=True, check=False)
        self.assertEqual(0, result.returncode, result.stderr)

    def test_options_of_stores(self) -> None:
        """Of configured stores as Glance has them; no other is loaded."""
        kinds = 'a:file,b:rbd,c:s3,d:swift,e:http,f:file,g:no-such'
        of_glance = self.options('glance', kinds)
        self.assertEqual(of_glance, self.options('lifecycle', kinds))
        self.assertIn('rbd_store_pool', of_glance[0]['b'])
        self.assertEqual(['boto3', 'keystoneclient', 'rados'], of_glance[2])
        self.assertEqual([], self.options('lifecycle', 'a:file')[2])

    def options(self, whose: str, kinds: str) -> Any:
        done = subprocess.run(
            [sys.executable, '-c', _OPTIONS, whose, kinds], text=True,
            capture_output=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_emptied_list_is_honoured(self) -> None:
        """No upload of Glance's own follows, and the lists are right."""
        here = self.useFixture(gate.Gate())
        api = self.new_api(plugins=['lifecycle', 'gate'],
                           python_path=[here.path])
        user = api.user()
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(user, source)
        user.import_image(image_id, all_stores=True)
        here.wait()
        before = {store: api.stored_copy(image_id, store).stat().st_ino
                  for store in plugin_case.ALL}
        self.assertEqual('active', user.get(image_id)['status'])
        here.open()
        image = user.wait_import(image_id)
        self.assert_stored(api, image, images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assertEqual(before, {
            store: api.stored_copy(image_id, store).stat().st_ino
            for store in plugin_case.ALL})
        self.assertNotIn('ImportToStore', api.log_text())
        self.assert_nothing_left(api, image_id)

    def test_plugin_that_cannot_load_is_ignored(self) -> None:
        """Why get_flow never fails: Glance would import without us."""
        api = self.new_api(plugins=['no-such-plugin'])
        user = api.user()
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(user, source)
        user.import_image(image_id)
        image = user.wait_import(image_id)
        self.assertEqual(('active', 'qcow2'),
                         (image['status'], image['disk_format']))

    def test_importing_stores_are_shown(self) -> None:
        """os_glance_importing_to_stores, while it lasts, as stock has it."""
        here = self.useFixture(gate.Gate())
        api = self.new_api(plugins=['lifecycle', 'gate'],
                           python_path=[here.path])
        user = api.user()
        seen = set()
        image_id = self.staged(user, self.noise(), 'raw')
        user.import_image(image_id, all_stores=True)
        user.wait_for(image_id, 'active', each=lambda image: seen.add(
            image.get('os_glance_importing_to_stores')))
        here.open()
        user.wait_import(image_id)
        self.assertIn('s1,s2,s3', seen)
        self.assertEqual('', user.get(
            image_id)['os_glance_importing_to_stores'])

    def test_user_sees_the_reason(self) -> None:
        """UploadException is shown; everything else is Internal Error."""
        api = self.new_api()
        user = api.user()
        image_id = self.staged(user, b'not a qcow2', 'qcow2')
        user.import_image(image_id)
        user.wait_import(image_id)
        self.assertIn('Image refused (format-mismatch): ',
                      self.message(user, image_id))
