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

"""What the figures were got on."""

import importlib.metadata
import os
import pathlib
import platform
import ssl
import subprocess


def facts(work: pathlib.Path, command: str) -> dict[str, str]:
    """Machine, file system of the work directory, versions, command."""
    packages = {name: _version(name) for name in (
        'glance', 'glance_store', 'glance-lifecycle', 'pyuwsgi')}
    return {
        'command': command,
        'processor': f'{_processor()}, {os.cpu_count()} cores',
        'load at the start': f'{os.getloadavg()[0]:.1f}',
        'memory': f'{_memory() / 1024 ** 3:.0f} GiB',
        'kernel': f'{platform.system()} {platform.release()}',
        'file system': _file_system(work),
        'python': f'{platform.python_version()}, {ssl.OPENSSL_VERSION}',
        'packages': ', '.join(f'{name} {version}'
                              for name, version in packages.items()),
        'qemu-img': _first_line('qemu-img', '--version'),
    }


def _processor() -> str:
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()


def _memory() -> int:
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')


def _file_system(path: pathlib.Path) -> str:
    """Type and mount options of the file system that ``path`` is on."""
    best, kind = '', 'unknown'
    for line in pathlib.Path('/proc/self/mounts').read_text().splitlines():
        _, mount, name, options, *_ = line.split()
        if path.resolve().is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, f'{name} ({options})'
    return kind


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return 'from source'


def _first_line(*argv: str) -> str:
    output = subprocess.run(argv, capture_output=True, text=True, check=True)
    return output.stdout.splitlines()[0]
