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

"""What a program that guesses formats would take a file for.

By its first bytes, as qemu's probes do: formats that oslo.utils does not know,
and those forms of a VMDK that name other files.
"""

import re

from glance_lifecycle import exceptions

VMDK_ESX = b'COWD'

# Formats that qemu probes for and oslo.utils does not know.
MARKS = {
    b'WithoutFreeSpace': 'parallels',
    b'WithouFreSpacExt': 'parallels',
    b'Bochs Virtual HD Image': 'bochs',
    b'#!/bin/sh\n#V2.0 Format\n': 'cloop',
}

# How a statement begins that the service signs (DSSE's pre-authentication
# encoding, securesystemslib and in-toto have it): with the same key as what it
# has converted. An image that is one, signed as an image, would be an
# attestation that whoever made the image has written.
STATEMENT = b'DSSEv1 '

# As qemu's vmdk_probe() goes by it: after comments and blank lines, in the
# beginning that a probe is given (BLOCK_PROBE_BUF_SIZE). In a text of 1 MiB
# of empty lines it took 0.35 s of CPU and 200 MB, for ways back that there are
# not. Without a createType qemu opens no descriptor, even where it is told to.
PROBED = 512
_DESCRIPTOR = re.compile(
    rb'(?:#[^\n]*\n| *\r?\n)*version=[123]\r?\n', re.IGNORECASE)


def check(name: str, head: bytes, declared: str | None) -> None:
    """Refuse what qemu guesses to be another format, and oslo.utils does not.

    Also what would be a statement of the service's, if it signed that. It
    misses the text form of a VMDK, which names other files, where zeros
    follow, as in those that qemu-img writes; and the form of ESX, whose
    descriptor may name a parent (qemu 7.2 opens it).

    :param name: what oslo.utils takes it for
    :param head: its first bytes
    :param declared: the image's disk_format
    :raises ImageRefused: ``vmdk-type``, ``unsafe``
    """
    if _DESCRIPTOR.match(head, 0, PROBED):
        raise _text_vmdk(head)
    if head.startswith(VMDK_ESX):
        raise vmdk_type('vmfsSparse', ())
    if head.startswith(STATEMENT):
        raise exceptions.ImageRefused(
            reason='unsafe', checks=['mark'],
            detail='it begins like a statement that the service signs, such '
            'as an attestation, and not like a disk. Upload an image of a '
            'disk.')
    for mark, guessed in MARKS.items():
        # Glance's ploop is what qemu calls parallels.
        if head.startswith(mark) and (guessed, declared) != (
                'parallels', 'ploop'):
            raise exceptions.ImageRefused(
                reason='unsafe', checks=['mark'],
                detail='the file begins like a %s image, which a program '
                'that guesses formats would take it for. Convert it with '
                '"qemu-img convert -f %s -O qcow2" and upload the result.' % (
                    guessed, guessed))


def check_text(text: bytes) -> None:
    """Refuse a text that is, or could be taken for, that of a VMDK.

    :raises ImageRefused: ``vmdk-type``
    """
    if (_DESCRIPTOR.match(text, 0, PROBED)
            or re.search(rb'createType\s*=', text, re.IGNORECASE)):
        raise _text_vmdk(text)


def _text_vmdk(text: bytes) -> exceptions.ImageRefused:
    kind = re.search(rb'createType="(\w+)"', text)
    return vmdk_type(kind[1].decode() if kind else 'unknown', ())


def vmdk_type(found: str,
              allowed: tuple[str, ...]) -> exceptions.ImageRefused:
    """The refusal of a type that is not among those allowed."""
    # The name comes out of the image: only what a type can be made of.
    shown = ''.join(c for c in found if c.isalnum())[:32] or 'unknown'
    wanted = ' or '.join(allowed) or 'monolithicSparse or streamOptimized'
    return exceptions.ImageRefused(
        reason='vmdk-type',
        detail='a VMDK of type %s is not accepted; it must be %s. Convert '
        'it with "qemu-img convert -O vmdk -o subformat=streamOptimized" '
        'and upload the result, if the operator allows that.' % (
            shown, wanted))
