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

"""Cinder's own code, asked in a process of its own: cinder.conf is global.

Reads questions from standard input, a line of JSON each, and answers so.
"""

import json
import sys
from typing import Any
import uuid

from cinder import context
from cinder import objects
from cinder.volume import configuration
from cinder.volume import driver as base
from cinder.volume.drivers import rbd
from cinder.volume.flows.manager import create_volume
import glanceclient
from oslo_config import cfg

CONF = cfg.CONF


class Task(create_volume.CreateVolumeFromSpecTask):
    """It only says that it would download, and needs no database."""

    def _create_from_image_cache_or_download(self, *args: Any) -> Any:
        self.downloads = True

    def _handle_bootable_volume_glance_meta(self, *args: Any, **more: Any
                                            ) -> None:
        pass


def main() -> None:
    objects.register_all()
    CONF([], project='cinder', default_config_files=[sys.argv[1]])
    options = json.loads(sys.argv[2])
    CONF.register_opt(cfg.StrOpt('username'), 'glance')
    # There is no Keystone: who asks is in the headers.
    create_volume.glance._create_glance_client = (
        lambda context, netloc, use_ssl, privileged_user=False:
        glanceclient.Client(
            '2', 'http://' + netloc, identity_headers=dict(options[
                (privileged_user and CONF.glance.username) or 'user'])))
    driver = rbd.RBDDriver(configuration=configuration.Configuration(
        base.volume_opts, config_group='ceph'))
    driver.do_setup(None)
    for line in sys.stdin:
        print(json.dumps(create(driver, **json.loads(line))), flush=True)


def create(driver: rbd.RBDDriver, image_id: str, *, encrypted: bool = False,
           service: str | None = None) -> dict[str, Any]:
    """A volume, as the manager's flow makes it of an image.

    :param service: who asks for the locations; None: the user
    """
    CONF.set_override('username', service, 'glance')
    admin = context.get_admin_context()
    images, _image_id = create_volume.glance.get_remote_image_service(
        admin, image_id)
    volume = objects.Volume(
        admin, id=str(uuid.uuid4()), size=1, encryption_key_id=(
            str(uuid.uuid4()) if encrypted else None), volume_type_id=None,
        name_id=None)
    task = Task(None, None, driver)
    task.downloads = False
    try:
        task._create_from_image(
            admin, volume, images.get_location(admin, image_id), image_id,
            images.show(admin, image_id), images)
    except Exception as error:
        return {'got': 'error', 'why': repr(error)}
    return {'got': 'download' if task.downloads else 'clone',
            'why': volume.name}


if __name__ == '__main__':
    main()
