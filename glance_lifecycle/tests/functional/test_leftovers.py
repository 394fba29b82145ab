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

"""What a failed import could not remove is no obstacle for the next one."""

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import kill_case
from glance_lifecycle.tests.functional import plugin_case


class LeftoverTest(kill_case.KillTestCase):

    def test_whole_copies(self) -> None:
        """As when no store answers any more after the last byte.

        The journal and the copies are real, of a glance-api that was killed
        before it could write a row. The row is put as a failed import of a
        living glance-api puts it.
        """
        api = self.new_api()
        user = api.user()
        source = self.noise()
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, all_stores=True)
        self.kill_after_commit(api, image_id)
        api.sql("update images set status = 'uploading'")
        api.sql("delete from image_properties where name like 'os_glance_%'")
        api.sql("update tasks set status = 'failure'")
        api.start()
        user.import_image(image_id, all_stores=True)
        self.assert_stored(api, user.wait_import(image_id),
                           images.digests(source), *plugin_case.ALL)
        self.assert_nothing_left(api, image_id)
