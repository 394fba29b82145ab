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

import json
import sys
import types
from typing import Any
import uuid

import glanceclient
import nova.conf
from nova import context
from nova import exception
import nova.image.glance
from nova.virt.libvirt import imagebackend

CONF = nova.conf.CONF


def main() -> None:
    CONF([], project='nova', default_config_files=[sys.argv[1]])
    options = json.loads(sys.argv[2])
    # There is no Keystone: who asks is in the headers.
    nova.image.glance._glanceclient_from_endpoint = (
        lambda context, endpoint, version: glanceclient.Client(
            version, endpoint, identity_headers=dict(options['user'])))
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(QUESTIONS[question.pop('ask')](**question)),
              flush=True)


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


QUESTIONS = {'supports_clone': supports_clone, 'boot': boot}

if __name__ == '__main__':
    main()
