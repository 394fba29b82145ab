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


"""What ``[<store>] filesystem_store_*`` mean, as glance_store reads them.

Source: glance_store 5.7 ``_drivers/filesystem.py``, ``configure_add``,
``_find_best_datadir`` and ``_get_metadata``. The driver reads all this once
at start and keeps it in the store object; here it is plain data, so that it
travels to the child process and lies in the journal.
"""

import importlib
import json
import os
import stat
from typing import Any
from typing import NoReturn

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import settings


def _refuse(store: str, detail: str) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: %s' % (store, detail))


def describe(conf: Any, store: str) -> dict[str, Any]:
    """The options of FileSink.

    :returns: ``datadirs``, a list of ``[path, priority]``; ``by_space``,
        whether one is chosen by free space, or the only one taken as it
        is; ``mode``, the permission bits to set, 0 for none; ``metadata``,
        a list of ``{'id': ..., 'mountpoint': ...}``
    :raises ConfigurationError: where glance_store would disable the store
    """
    # Late: it costs half a second, which the child process never pays.
    filesystem = importlib.import_module('glance_store._drivers.filesystem')
    read = settings.StoreSettings(conf, store, filesystem.Store.OPTIONS)
    single = read['filesystem_store_datadir']
    several = read['filesystem_store_datadirs']
    if single and several:
        _refuse(store, 'both filesystem_store_datadir and '
                'filesystem_store_datadirs are set, the former perhaps by '
                'its default. To use the latter, add an empty '
                '"filesystem_store_datadir =" to [%s].' % store)
    if not (single or several):
        _refuse(store, 'set filesystem_store_datadir in [%s].' % store)
    return {
        'datadirs': [[single, 0]] if single else _several(store, several),
        'by_space': not single,
        'mode': _mode(store, read['filesystem_store_file_perm']),
        'metadata': _metadata(store, read['filesystem_store_metadata_file']),
    }


def _several(store: str, entries: list[str]) -> list[list[Any]]:
    found: dict[str, int] = {}
    for entry in entries:
        path, priority = _path_and_priority(store, entry)
        if found.setdefault(path, priority) != priority:
            _refuse(store, 'filesystem_store_datadirs names a directory '
                    'twice, with different priorities.')
    return [[path, priority] for path, priority in found.items()]


def _path_and_priority(store: str, entry: str) -> list[Any]:
    path, *rest = (part.strip() for part in entry.rsplit(':', 1))
    priority = rest[0] if rest else ''
    try:
        number = int(priority or 0)
    except ValueError:
        _refuse(store, 'the priority %r in filesystem_store_datadirs is no '
                'number.' % priority)
    if not path:
        _refuse(store, 'filesystem_store_datadirs has an empty entry.')
    return [path, number]


def _mode(store: str, perm: int) -> int:
    if perm <= 0:
        return 0
    try:
        mode = int(str(perm), 8)
    except ValueError:
        _refuse(store, 'filesystem_store_file_perm = %d is not octal.' % perm)
    if not mode & stat.S_IRUSR:
        _refuse(store, 'filesystem_store_file_perm = %d takes the right to '
                'read from Glance itself.' % perm)
    return mode


def _metadata(store: str, path: str | None) -> list[dict[str, Any]]:
    if not path:
        return []
    try:
        with open(path, 'rb') as stream:
            content = json.load(stream)
    except (OSError, ValueError) as error:
        _refuse(store, 'filesystem_store_metadata_file cannot be read (%s).'
                % type(error).__name__)
    entries = [content] if isinstance(content, dict) else content
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        _refuse(store, 'filesystem_store_metadata_file must hold an object, '
                'or a list of objects, of strings with the keys id and '
                'mountpoint.')
    return entries


def _is_entry(entry: Any) -> bool:
    return (isinstance(entry, dict) and
            isinstance(entry.get('id'), str) and
            isinstance(entry.get('mountpoint'), str) and
            _is_location_metadata(entry))


def _is_location_metadata(value: Any) -> bool:
    # As glance_store's check_location_metadata: Glance refuses the rest.
    if isinstance(value, dict):
        return all(map(_is_location_metadata, value.values()))
    if isinstance(value, list):
        return all(map(_is_location_metadata, value))
    return isinstance(value, str)


def location_metadata(options: dict[str, Any],
                      filepath: str) -> dict[str, Any]:
    """The first entry whose mountpoint begins the path; else nothing."""
    for entry in options.get('metadata', ()):
        if filepath.startswith(entry['mountpoint']):
            return dict(entry)
    return {}


def free_bytes(path: str) -> int:
    """What an unprivileged user may still store below ``path``.

    :raises OSError: as statvfs(3) does
    """
    result = os.statvfs(path)
    return max(0, result.f_bavail * result.f_frsize)


def choose_datadir(options: dict[str, Any], need: int) -> str | None:
    """The directory for ``need`` bytes, or None where none has room.

    The highest priority that has any with room; of those the emptiest.

    :raises OSError: as statvfs(3) does
    """
    by_priority: dict[int, list[str]] = {}
    for path, priority in options['datadirs']:
        by_priority.setdefault(priority, []).append(path)
    for priority in sorted(by_priority, reverse=True):
        # Two equally empty ones: the first, as the driver's ">" has it.
        room, path = max(((free_bytes(path), path)
                          for path in by_priority[priority]),
                         key=lambda candidate: candidate[0])
        if room >= need:
            return str(path)
    return None
