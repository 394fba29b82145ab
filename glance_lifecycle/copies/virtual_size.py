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

"""The size of the disk that a stored copy holds, from a look at its head.

As Glance itself has it when an image is uploaded (``ImageProxy.set_data``), by
the same inspectors of oslo.utils; nothing is decoded.
"""

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer.formats import detect
from glance_lifecycle.transfer.formats import inspect

#: Formats whose virtual size Glance knows.
KNOWN = ('raw', 'qcow2', 'vhd', 'vhdx', 'vmdk', 'vdi', 'iso')


def is_known(image: glance_host.StoredImage) -> bool:
    """Whether Glance would know it of such an image."""
    return image.container_format == 'bare' and image.disk_format in KNOWN


def of(image: glance_host.StoredImage, copy: glance_host.StoredCopy
       ) -> int | None:
    """Bytes; None where the copy is not of the image's format.

    :raises LifecycleError: the copy cannot be read
    """
    with copy_jobs.opened(copy_jobs.describe(image, copy)) as source:
        if image.disk_format == 'raw':
            return source.virtual_size
        detector = detect.Detector(source.virtual_size)
        try:
            while detector.position is not None:
                detector.feed(_chunk(source, detector.position))
            found = detector.finish()
        except exceptions.ImageRefused:
            return None
        if found.NAME != image.disk_format:
            return None
        return inspect.virtual_size(found, source.virtual_size)


def _chunk(source: stored.StoredSource, position: int) -> bytes:
    buffer = bytearray(min(detect.CHUNK, source.virtual_size - position))
    source.read_into(position, memoryview(buffer))
    return bytes(buffer)
