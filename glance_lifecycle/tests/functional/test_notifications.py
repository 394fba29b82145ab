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

"""The notifications of an import are those of stock Glance."""

import json
import re
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case

_EVENT = re.compile(r'oslo\.messaging\.notification\.([a-z_.]+) .*?(\{.*\})')
CONF = {'oslo_messaging_notifications': {'driver': 'log'}}

# What must differ from one image to the next.
_OWN = {'id', 'created_at', 'updated_at', 'checksum', 'name'}

Event = tuple[str, Any]


def events(api: glance.GlanceApi, priority: str = 'INFO') -> list[Event]:
    """(event type, payload) of the images, in the order of the log."""
    found = []
    for line in api.log.read_text().splitlines():
        match = _EVENT.search(line)
        if match is not None:
            message = json.loads(match[2])
            # An update is a save; we need fewer, or more, than stock.
            if message['event_type'].startswith('image.') and (
                    message['event_type'] != 'image.update') and (
                    message['priority'] == priority):
                found.append((message['event_type'], message['payload']))
    return found


class NotificationsTest(plugin_case.PluginTestCase):

    def test_same_as_stock(self) -> None:
        for stores in (['s2'], list(plugin_case.ALL)):
            with self.subTest(stores=stores):
                self.compare(stores)

    def compare(self, stores: list[str]) -> None:
        stock = self.seen(['image_conversion'], stores)
        ours = self.seen(['lifecycle'], stores)
        for store in stores:
            self.assertEqual(
                [name for name, it in stock if it.get('backend') == store],
                [name for name, it in ours if it.get('backend') == store])
        # Stock alternates: prepare and upload, store after store.
        self.assertEqual(sorted(name for name, _it in stock),
                         sorted(name for name, _it in ours))
        self.assertEqual('image.activate', ours[-1][0])
        for name in ('image.prepare', 'image.upload', 'image.activate'):
            theirs = [it for it_name, it in stock if it_name == name]
            own = [it for it_name, it in ours if it_name == name]
            self.assertEqual([sorted(it) for it in theirs],
                             [sorted(it) for it in own])
            self.compare_payloads(name, theirs, own)

    def compare_payloads(self, name: str, theirs: list[dict[str, Any]],
                         ours: list[dict[str, Any]]) -> None:
        for payload in (*theirs, *ours):
            # The state of the import, which goes other ways.
            payload['properties'] = {
                key: value for key, value in payload['properties'].items()
                if not key.startswith('os_glance_')}
        for key in set(theirs[-1]) - _OWN:
            if name == 'image.activate' or key in (
                    'owner', 'visibility', 'backend', 'os_glance_all_stores'):
                self.assertEqual(theirs[-1][key], ours[-1][key],
                                 f'{name} {key}')

    def test_failed_store(self) -> None:
        """An error for each, whether the image becomes active or not."""
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        for plugin in ('image_conversion', 'lifecycle'):
            api = self.new_api(plugins=[plugin], conf=CONF)
            user = api.user()
            for must in (False, True):
                with self.subTest(plugin=plugin, must=must):
                    before = len(events(api, 'ERROR'))
                    image_id = self.staged(user, source)
                    api.stored_copy(image_id, 's2').write_text('in the way')
                    user.import_image(image_id, all_stores=True,
                                      all_stores_must_succeed=must)
                    user.wait_import(image_id)
                    (event, told), = events(api, 'ERROR')[before:]
                    self.assertEqual('image.upload', event)
                    self.assertIn(image_id, told)
            api.stop()

    def seen(self, plugins: list[str], stores: list[str]) -> list[Event]:
        api = self.new_api(plugins=plugins, conf=CONF)
        user = api.user()
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(user, source)
        before = len(events(api))
        user.import_image(image_id, stores=stores)
        self.assertEqual('active', user.wait_import(image_id)['status'])
        found = events(api)[before:]
        api.stop()
        return found
