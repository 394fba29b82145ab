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

"""Whether the stores hold the right bytes, and who says so.

Each witness is asked about each stored copy; nobody takes Glance's word.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Protocol

from glance_lifecycle.tests.functional.fixtures import images


class Witness(Protocol):
    """Someone who knows what the image decodes to.

    ``name`` ends the sentence "compared with ...".
    """

    name: str

    def objection(self, stored: pathlib.Path,
                  found: images.Reference) -> str:
        """What is wrong with a stored copy; '' if nothing is.

        :param found: size and digests of the copy's bytes
        """


class Digests:
    """Size and digests that were known before the import."""

    def __init__(self, name: str, expected: images.Reference) -> None:
        self.name = name
        self._expected = expected

    def objection(self, stored: pathlib.Path,
                  found: images.Reference) -> str:
        if found == self._expected:
            return ''
        return (f'expected {self._expected.size} bytes, sha512 '
                f'{self._expected.sha512[:16]}..., found {found.size} bytes, '
                f'sha512 {found.sha512[:16]}...')


class QemuImg:
    """qemu-img decodes the image itself and compares."""

    def __init__(self, source: pathlib.Path, disk_format: str) -> None:
        self.name = 'what qemu-img decodes'
        self._source = source
        self._format = images.QEMU_FORMATS[disk_format]
        info = _output('qemu-img', 'info', '--output=json', '-f',
                       self._format, str(source))
        self._size = int(json.loads(info)['virtual-size'])

    def objection(self, stored: pathlib.Path,
                  found: images.Reference) -> str:
        if found.size != self._size:
            return f'expected {self._size} bytes, found {found.size}'
        result = subprocess.run(
            ['qemu-img', 'compare', '-f', self._format, '-F', 'raw',
             str(self._source), str(stored)],
            text=True, capture_output=True, check=False)
        text = (result.stdout + result.stderr).strip()
        return '' if result.returncode == 0 else text


def witnesses(source: pathlib.Path, disk_format: str,
              stored_format: str) -> list[Witness]:
    """Everyone who can tell; at least one.

    :param disk_format: of the source, as Glance names it
    :param stored_format: what Glance says of the stored copies
    """
    if disk_format == stored_format:
        return [Digests('the file itself', images.digests(source))]
    found: list[Witness] = []
    recorded = _recorded(source)
    if recorded is not None:
        found.append(Digests('the bundled reference', recorded))
    if shutil.which('qemu-img') and disk_format in images.QEMU_FORMATS:
        found.append(QemuImg(source, disk_format))
    return found or [_ourselves(source)]


def _recorded(source: pathlib.Path) -> images.Reference | None:
    """What demo.json says, if it is of this very file, wherever it lies."""
    known = json.loads(
        pathlib.Path(__file__).with_name('demo.json').read_text())
    with source.open('rb') as image:
        if (hashlib.file_digest(image, 'sha256').hexdigest()
                != known['file_sha256']):
            return None
    return images.Reference(
        known['virtual_size'], known['md5'], known['sha512'])


def _ourselves(source: pathlib.Path) -> Witness:
    """Our own reader once more, for want of a second opinion."""
    transfer = pathlib.Path(sys.prefix, 'bin/glance-lifecycle-transfer')
    report = json.loads(_output(
        sys.executable, str(transfer), str(source), '--to', 'null:',
        '--digest', 'md5,sha512', '--json'))
    digests = report['digests']
    return Digests(
        'our own reader once more; for an independent proof, install '
        'qemu-utils',
        images.Reference(report['virtual_size'], digests['md5'],
                         digests['sha512']))


def _output(*argv: str) -> str:
    result = subprocess.run(argv, text=True, capture_output=True,
                            check=False)
    if result.returncode != 0:
        raise RuntimeError(
            f'{os.path.basename(argv[0])} failed: '
            f'{(result.stderr or result.stdout).strip()}')
    return result.stdout
