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

"""What an image can be stored as."""

import enum


class Format(enum.StrEnum):
    """By what that means for its bytes and its disks."""

    RAW = 'raw'
    QCOW2 = 'qcow2'
    COMPRESSED = 'compressed qcow2'
    # Of another kind, such as iso: it stays what it is.
    AS_IS = 'as it is'


#: What can be compared; what boots as another disk cannot be converted.
CHOICES = (Format.RAW, Format.QCOW2, Format.COMPRESSED)
_KEPT = ('iso', 'ami', 'aki', 'ari', 'ploop')


def of(disk_format: str, compressed: bool) -> Format:
    """What an image is stored as.

    :param disk_format: as Glance says
    :param compressed: whether its clusters are, in qcow2
    """
    if disk_format == 'raw':
        return Format.RAW
    if disk_format == 'qcow2':
        return Format.COMPRESSED if compressed else Format.QCOW2
    return Format.AS_IS


def choices(disk_format: str) -> tuple[Format, ...]:
    """What it can be."""
    if disk_format in _KEPT:
        return (Format.AS_IS,)
    return CHOICES if disk_format in ('raw', 'qcow2') else (
        *CHOICES, Format.AS_IS)
