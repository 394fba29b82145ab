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

"""Every credential is looked for wherever an import leaves words."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import json
import pathlib

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case

#: Of services that no import here asks; they are in the configuration.
UNUSED: Mapping[str, Mapping[str, object]] = {
    'DEFAULT': {
        'transport_url': 'kombu+memory://glance:brokersecret@broker//',
        # What users are shown of locations is another matter.
        'show_multiple_locations': False},
    'keystone_authtoken': {'password': 'keystonesecret'},
    'vault': {'root_token_id': 'vaultsecret'},
    'oslo_messaging_notifications': {'driver': 'log'},
    'lifecycle_transfer': {'nice': 0}}
UNUSED_SECRETS = ('brokersecret', 'keystonesecret', 'vaultsecret')


class CanaryTestCase(plugin_case.PluginTestCase):
    """:ivar canaries: what must be seen nowhere"""

    api: glance.GlanceApi
    user: client.Client
    canaries: tuple[str, ...] = UNUSED_SECRETS

    @contextlib.contextmanager
    def importing(self, source: pathlib.Path, disk_format: str = 'qcow2',
                  **properties: str) -> Iterator[str]:
        """An import whose transfer stands still, and is looked at."""
        image_id = self.staged(self.user, source, disk_format, **properties)
        self.user.import_image(image_id, all_stores=True)
        child = transfer.find(self.api)
        with transfer.frozen(child):
            self.assert_clean('process', self.process_text(child))
            self.assert_clean('journal', self.journal_text())
            yield image_id

    def process_text(self, pid: int, *more: int) -> str:
        """The child, what it started, and what starts it."""
        text = ''
        for one in (pid, *process.descendants(pid), *self.api.workers(),
                    *more):
            for name in ('cmdline', 'environ'):
                # The child has made its own readable by root only.
                with contextlib.suppress(PermissionError,
                                         FileNotFoundError):
                    text += pathlib.Path(f'/proc/{one}/{name}').read_bytes(
                    ).decode(errors='replace')
        self.assertIn('glance_lifecycle.transfer.child', text)
        return text

    def journal_text(self) -> str:
        transfers = self.api.state_dir / 'transfers'
        text = '\n'.join(path.read_text() for path in transfers.iterdir())
        self.assertIn('"targets"', text)
        return text

    def check(self, image_id: str, status: str, *said: str) -> client.Image:
        """The import ended like that, and nothing was told."""
        image = self.user.wait_import(image_id)
        tasks = self.user.tasks(image_id)
        self.assertEqual(status, image['status'], tasks[0]['message'])
        for text in said:
            self.assertIn(text, tasks[0]['message'])
        self.assert_clean('image', json.dumps(image))
        self.assert_clean('task', json.dumps(tasks))
        self.assertNotIn(str(self.api.base), json.dumps(tasks))
        log = self.api.log_text()
        # Results of tasks, and notifications, are among it.
        self.assertIn("'lifecycle-admit'", log)
        self.assertIn('oslo.messaging.notification.image', log)
        self.assert_clean('log', log)
        for path in (self.api.state_dir / 'transfers').iterdir():
            self.assert_clean('journal', path.read_text())
        return image

    def check_recovery(self) -> None:
        result = self.api.run('glance-lifecycle-manage', 'recover')
        self.assert_clean('recover', result.stdout + result.stderr)

    def assert_clean(self, where: str, text: str) -> None:
        for canary in self.canaries:
            at = text.find(canary)
            self.assertEqual(-1, at, '%s: %s' % (
                where, text[max(0, at - 1500):at + 100]))

    def no_sealing(self) -> None:
        """The database refuses locations, and says so with the values."""
        self.api.sql('create trigger full before insert on image_locations '
                     "begin select raise(abort, 'no more locations'); end")

    def sealing(self) -> None:
        self.api.sql('drop trigger full')
