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

"""kill -9, of the child or of glance-api: nothing half-visible, nothing left.

Stock leaves the image ``importing`` for ever, orphaned processes, partial
objects that even DELETE does not remove.
"""

import os
import signal
import subprocess
import sys

from glance_lifecycle.tests.functional.fixtures import gate
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import web
from glance_lifecycle.tests.functional import kill_case
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests import waiting


class KillChildTest(plugin_case.SharedApiTestCase):

    def test_kill_child(self) -> None:
        source = self.noise()
        image_id = self.staged(self.user, source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        os.kill(transfer.find(self.api), signal.SIGKILL)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('The transfer failed: its process was killed',
                      self.message(self.user, image_id))
        self.assert_lists(image, failed=plugin_case.ALL)
        transfer.until('only the staged file is left', lambda: [
            f'staging/{image_id}'] == self.api.leftovers())
        self.user.import_image(image_id, all_stores=True)
        self.assert_stored(self.api, self.user.wait_import(image_id),
                           images.digests(source), *plugin_case.ALL)
        self.assert_nothing_left(self.api, image_id)
        self.user.delete(image_id)

    def test_kill_child_with_qemu_img(self) -> None:
        """The converter of a foreign format dies with the child."""
        source = images.make(self.work / 'a.vmdk', 'vmdk')
        image_id = self.staged(self.user, source, 'vmdk')
        self.user.import_image(image_id)
        os.kill(transfer.find(self.api), signal.SIGKILL)
        image = self.user.wait_import(image_id)
        self.assertEqual(('uploading', 'vmdk'),
                         (image['status'], image['disk_format']))
        transfer.until('only the staged file is left', lambda: [
            f'staging/{image_id}'] == self.api.leftovers())
        self.user.import_image(image_id)
        self.assertEqual('active', self.user.wait_import(image_id)['status'])
        self.user.delete(image_id)


class KillApiTest(kill_case.KillTestCase):

    def test_while_writing(self) -> None:
        """kill -9 in mid-transfer, with parts written to every store."""
        api = self.new_api()
        user = api.user()
        source = self.noise()
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, all_stores=True)
        child = transfer.find(api)
        with transfer.Throttle(child):
            self.wait_written(api, 's3')
            api.kill9()
            self.wait_no_survivors(api)
        api.start()
        before = user.get(image_id)
        self.assertEqual('importing', before['status'])
        files = api.leftovers()
        self.assertEqual([(image_id, 'uploading')], [
            (plan['image_id'], plan['status'])
            for plan in self.recover(api, '--dry-run')])
        self.assertEqual((before, files),
                         (user.get(image_id), api.leftovers()))
        self.check_recovered(api, image_id, images.digests(source))

    def test_nobody_says_what_this_host_is(self) -> None:
        """The defaults of Glance, in a process that has loaded no API."""
        api = self.new_api()
        user = api.user()
        image_id = self.staged(user, self.noise(), 'raw')
        user.import_image(image_id, all_stores=True)
        with transfer.Throttle(transfer.find(api)):
            self.wait_written(api, 's3')
            api.kill9()
            self.wait_no_survivors(api)
        api.start()
        recovered = subprocess.run(
            [sys.executable, f'{sys.prefix}/bin/glance-lifecycle-manage',
             '--config-file', str(api.without_self_reference()), 'recover'],
            capture_output=True, text=True)
        self.assertEqual(0, recovered.returncode, recovered.stderr)
        self.check_put_right(api, image_id, 'uploading')

    def test_child_survives_for_a_while(self) -> None:
        """The journal is the child's too: no recovery before it is dead."""
        api = self.new_api()
        user = api.user()
        source = self.noise()
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, all_stores=True)
        child = transfer.find(api)
        with transfer.frozen(child):
            api.kill9()
            api.start()
            self.assertEqual([], self.recover(api))
            self.assertEqual('importing', user.get(image_id)['status'])
        self.wait_no_survivors_but_api(api, child)
        self.check_recovered(api, image_id, images.digests(source))

    def wait_no_survivors_but_api(self, api: glance.GlanceApi,
                                  child: int) -> None:
        transfer.until('the orphan ends',
                       lambda: not transfer.running(child))

    def test_between_commit_and_seal(self) -> None:
        api = self.new_api()
        user = api.user()
        source = self.noise()
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, all_stores=True)
        self.kill_after_commit(api, image_id)
        api.start()
        self.assertEqual('importing', user.get(image_id)['status'])
        self.check_recovered(api, image_id, images.digests(source))

    def test_after_seal(self) -> None:
        """Active already, staged file and task not yet tidied up."""
        here = self.useFixture(gate.Gate())
        api = self.new_api(plugins=['lifecycle', 'gate'],
                           python_path=[here.path])
        user = api.user()
        source = images.make(self.work / 'a.qcow2')
        image_id = self.staged(user, source)
        user.import_image(image_id, all_stores=True)
        here.wait()
        self.assertEqual('active', user.get(image_id)['status'])
        api.kill9()
        here.open()
        api.start()
        plans = self.recover(api)
        self.assertEqual([], self.recover(api))
        self.assertEqual([(image_id, None, [])], [
            (plan['image_id'], plan['failure'], plan['undo'])
            for plan in plans])
        image = user.get(image_id)
        self.assert_stored(api, image, images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_lists(image)
        self.assertEqual('success', user.tasks(image_id)[0]['status'])
        self.assert_nothing_left(api, image_id)

    def test_deleted_as_it_was_sealed(self) -> None:
        """By a request that had read it before, and knew of no location."""
        here = self.useFixture(gate.Gate())
        api = self.new_api(plugins=['lifecycle', 'gate'],
                           python_path=[here.path])
        user = api.user()
        image_id = self.staged(user, self.noise(), 'raw')
        user.import_image(image_id, all_stores=True)
        here.wait()
        self.assertEqual('active', user.get(image_id)['status'])
        api.sql("update images set status = 'deleted', deleted = 1, "
                f"deleted_at = updated_at where id = '{image_id}'")
        for table in ('image_locations', 'image_properties'):
            api.sql(f'update {table} set deleted = 1 '
                    f"where image_id = '{image_id}'")
        here.open()
        self.assert_nothing_left(api)

    def test_deleted_for_the_scrubber(self) -> None:
        """With delayed_delete, before the import has ended: the data stay."""
        here = self.useFixture(gate.Gate())
        api = self.new_api({'DEFAULT': {'delayed_delete': True}},
                           plugins=['lifecycle', 'gate'],
                           python_path=[here.path])
        user = api.user()
        image_id = self.staged(user, self.noise(), 'raw')
        user.import_image(image_id, stores=['s2'])
        here.wait()
        self.assertEqual('active', user.get(image_id)['status'])
        user.delete(image_id)
        here.open()
        journals = api.state_dir / 'transfers'
        waiting.until('it ends', lambda: not list(journals.iterdir()))
        self.assertTrue(api.stored_copy(image_id, 's2').exists())

    def test_before_admit(self) -> None:
        here = self.useFixture(gate.Gate())
        api = self.new_api(plugins=['gate', 'lifecycle'],
                           python_path=[here.path])
        user = api.user()
        source = images.make(self.work / 'a.qcow2')
        image_id = self.staged(user, source)
        user.import_image(image_id, all_stores=True)
        here.wait()
        api.kill9()
        here.open()
        api.start()
        self.check_recovered(api, image_id,
                             images.reference(source, 'qcow2'))

    def test_next_import_recovers(self) -> None:
        """Without any command: the first import of the new process does."""
        api = self.new_api()
        user = api.user()
        source = self.noise()
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, all_stores=True)
        with transfer.Throttle(transfer.find(api)):
            self.wait_written(api, 's1')
            api.kill9()
            self.wait_no_survivors(api)
        api.start()
        other = self.staged(user, b'other' * 100, 'raw')
        user.import_image(other)
        user.wait_import(other)
        user.wait_for(image_id, 'uploading')
        transfer.until('the journal is gone', lambda: api.leftovers(
            other) == [f'staging/{image_id}'])
        user.import_image(image_id, all_stores=True)
        self.assert_stored(api, user.wait_import(image_id),
                           images.digests(source), *plugin_case.ALL)

    def test_deleted_before_recovery(self) -> None:
        """The owner deletes it first: the objects go at recovery."""
        api = self.new_api()
        user = api.user()
        image_id = self.staged(user, self.noise(), 'raw')
        user.import_image(image_id, all_stores=True)
        with transfer.Throttle(transfer.find(api)):
            self.wait_written(api, 's1')
            api.kill9()
            self.wait_no_survivors(api)
        api.start()
        user.delete(image_id)
        self.assertEqual(1, len(self.recover(api)))
        self.assert_nothing_left(api)

    def test_foreign(self) -> None:
        """qemu-img does not run on, nor does its scratch file stay."""
        api = self.new_api()
        user = api.user()
        raw = self.noise()
        source = self.work / 'a.vmdk'
        images.convert(raw, 'raw', source, 'vmdk')
        image_id = self.staged(user, source, 'vmdk')
        user.import_image(image_id, all_stores=True)
        child = transfer.find(api)
        transfer.until('qemu-img runs', lambda: any(
            b'qemu-img' in transfer.command(pid)
            for pid in process.children(child)), interval=0.001)
        with transfer.frozen(child):
            api.kill9()
        self.wait_no_survivors(api)
        api.start()
        self.check_recovered(api, image_id, images.digests(raw))

    def test_staged_mode(self) -> None:
        """kill -9 in conversion: two staged files, stock's for ever."""
        api = self.new_api(conf={'lifecycle': {'mode': 'staged'}})
        user = api.user()
        raw = self.noise()
        source = self.work / 'a.qcow2'
        images.convert(raw, 'raw', source, 'qcow2')
        image_id = self.staged(user, source)
        user.import_image(image_id, all_stores=True)
        with transfer.Throttle(transfer.find(api)):
            transfer.until('something is written', lambda: len(
                list(api.staging.iterdir())) > 1)
            api.kill9()
            self.wait_no_survivors(api)
        api.start()
        self.check_recovered(api, image_id, images.digests(raw))

    def test_stock_upload_in_staged_mode(self) -> None:
        """kill -9 in Glance's own store phase, after our conversion."""
        here = self.useFixture(gate.Gate())
        api = self.new_api(conf={'lifecycle': {'mode': 'staged'}},
                           plugins=['lifecycle', 'gate'],
                           python_path=[here.path])
        user = api.user()
        source = images.make(self.work / 'a.qcow2')
        image_id = self.staged(user, source)
        user.import_image(image_id, all_stores=True)
        here.wait()
        # What a killed upload leaves: glance_store writes in place.
        api.stored_copy(image_id, 's1').write_bytes(b'half of it')
        api.kill9()
        here.open()
        api.start()
        self.recover(api)
        self.check_put_right(api, image_id, 'uploading')
        self.assertEqual('qcow2', user.get(image_id)['disk_format'])
        user.import_image(image_id, all_stores=True)
        self.assert_stored(api, user.wait_import(image_id),
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_nothing_left(api, image_id)

    def test_in_download(self) -> None:
        """Nothing of ours has run but get_flow; that is enough."""
        api = self.new_api()
        user = api.user()
        source = images.make(self.work / 'a.qcow2')
        server = self.useFixture(
            web.WebServer(self.work, rate=256 * 1024))
        made = user.create_image()
        user.import_image(made['id'], 'web-download', all_stores=True,
                          uri=f'{server.url}/a.qcow2')
        transfer.until('it downloads', lambda: any(
            path.stat().st_size for path in api.staging.iterdir()))
        api.kill9()
        api.start()
        plans = self.recover(api)
        self.assertEqual([(made['id'], 'queued')], [
            (plan['image_id'], plan['status']) for plan in plans])
        self.check_put_right(api, made['id'], 'queued')
        server.rate = None
        user.import_image(made['id'], 'web-download', all_stores=True,
                          uri=f'{server.url}/a.qcow2')
        self.assert_stored(api, user.wait_import(made['id']),
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
