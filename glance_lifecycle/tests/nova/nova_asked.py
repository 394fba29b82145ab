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

"""Nova's own code, asked in a process of its own: nova.conf is global.

Reads questions from standard input, a line of JSON each, and answers so.
"""

from collections.abc import Callable
import json
import os
import pathlib
import sys
import tempfile
import types
from typing import Any
import urllib.parse
import uuid

import glanceclient
from nova.api.openstack import api_version_request
from nova.api.openstack.compute import servers
from nova.api.openstack import wsgi
import nova.conf
from nova import context
from nova import exception
import nova.image.glance
from nova import objects
from nova.privsep import path
from nova.virt.libvirt import imagebackend
from nova.virt.libvirt import imagecache

CONF = nova.conf.CONF


def main() -> None:
    CONF([], project='nova', default_config_files=[sys.argv[1]])
    objects.register_all()
    options = json.loads(sys.argv[2])
    # There is no Keystone: who asks is in the headers.
    nova.image.glance._glanceclient_from_endpoint = (
        lambda context, endpoint, version: glanceclient.Client(
            version, endpoint, identity_headers=dict(options['user'])))
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(QUESTIONS[question.pop('ask')](**question)),
              flush=True)


def names_all(version: str, query: dict[str, str]) -> bool:
    """Whether a list of servers has those of cells that do not answer."""
    request = wsgi.Request.blank(
        '/servers?' + urllib.parse.urlencode(query))
    request.api_version_request = (
        api_version_request.APIVersionRequest(version))
    return bool(servers.ServersController._is_cell_down_supported(
        request, dict(query)))


def supports_clone(images_type: str) -> bool:
    """Whether such disks are ever cloned."""
    return bool(imagebackend.Backend(True).backend(
        images_type).SUPPORTS_CLONE)


def boot(image_id: str) -> dict[str, Any]:
    """As the driver does for the disk of a new server.

    It downloads what is ImageUnacceptable; what else is raised fails.
    """
    disk = imagebackend.Rbd(types.SimpleNamespace(
        uuid=str(uuid.uuid4())), 'disk')
    try:
        disk.clone(context.get_admin_context(), image_id)
    except exception.ImageUnacceptable as error:
        return {'got': 'download', 'why': str(error)}
    except Exception as error:
        return {'got': 'error', 'why': repr(error)}
    return {'got': 'clone', 'why': disk.rbd_name}


def base_images(boots: list[list[Any]], age: float, interval: float,
                server_seconds: float, until: float) -> dict[str, Any]:
    """One host, its clock turned: boots and passes of the manager.

    :param boots: time and image; by time
    :returns: those that had to download, and what is left at the end
    """
    now = 0.0
    # The clock, the privileged daemon, and the database.
    imagecache.time = types.SimpleNamespace(time=lambda: now)
    path.utime = lambda name: os.utime(name, (now, now))
    objects.BlockDeviceMappingList.bdms_by_instance_uuid = (
        lambda context, uuids: {})
    found: dict[str, Any] = {'downloads': []}
    servers: list[tuple[float, Any]] = []
    with tempfile.TemporaryDirectory() as directory:
        CONF.set_override('instances_path', directory)
        for name, value in (('original', age), ('resized', age)):
            CONF.set_override('remove_unused_%s_minimum_age_seconds' % name,
                              value, 'image_cache')
        base = pathlib.Path(directory, '_base')
        base.mkdir()
        manager = imagecache.ImageCacheManager()
        passes = [(one * interval, None) for one in range(
            1, int(until // interval) + 1)]
        # A pass comes before a boot at the same time.
        for now, image in sorted([*passes, *boots], key=lambda one: (
                one[0], one[1] is not None)):
            if image is None:
                manager.update(None, [one for end, one in servers
                                      if end > now])
                continue
            file = base / imagecache.get_cache_fname(image)
            if not file.exists():
                found['downloads'].append([now, image])
                file.touch()
            imagebackend._update_utime_ignore_eacces(str(file))
            servers.append((now + server_seconds, types.SimpleNamespace(
                uuid=str(uuid.uuid4()), name='instance', image_ref=image,
                kernel_id=None, ramdisk_id=None, host=CONF.host,
                task_state=None, vm_state='active')))
        left = {one.name for one in base.iterdir()}
        found['left'] = sorted({image for _time, image in boots if (
            imagecache.get_cache_fname(image) in left)})
    return found


QUESTIONS: dict[str, Callable[..., Any]] = {
    'supports_clone': supports_clone, 'boot': boot,
    'base_images': base_images, 'names_all': names_all}

if __name__ == '__main__':
    main()
