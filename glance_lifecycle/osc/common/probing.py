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

"""``--probe``: stores measured with a scratch object."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import sys
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.audit.cloud import document

MIB = 1024 ** 2

# The most is some seconds of a store that is fast enough for images.
_DEFAULT, _LEAST, _MOST = 256, 1, 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--probe', metavar='<store>', nargs='*',
        help='Measure these stores, or all: a scratch object of random bytes '
        'is written, read, in Ceph also cloned, and removed. Only on a host '
        'of glance-api.')
    parser.add_argument(
        '--probe-size', metavar='<MiB>', type=_size, default=_DEFAULT,
        help='Write so many MiB into each store with --probe (default: %d; '
        'at most %d).' % (_DEFAULT, _MOST))
    parser.add_argument('-y', '--yes', action='store_true',
                        help='Do not ask before something is written.')


def measured(parsed_args: argparse.Namespace, note: document.Note
             ) -> Mapping[str, document.Item]:
    """Store -> what was measured of it; nothing without --probe.

    :raises CommandError: the answer is not yes
    :raises LifecycleError: there is no such store, or the state directory
        cannot be used
    """
    if parsed_args.probe is None:
        return {}
    from glance_lifecycle.audit.cloud import document
    from glance_lifecycle.copies import host
    from glance_lifecycle.copies import probing
    from glance_lifecycle import exceptions
    host.check_user()
    stores = probing.stores(parsed_args.probe, note)
    if not stores:
        return {}
    size = parsed_args.probe_size * MIB
    if not parsed_args.yes:
        sys.stderr.write(
            'An object of %d MiB, called %s..., is written into each of these '
            'stores, read, and removed: %s.\n' % (
                parsed_args.probe_size, probing.PREFIX, ', '.join(
                    map(shown.visible, stores))))
        shown.agreed('Nothing was written')
    found = {}
    for store in stores:
        line = progress.Progress('Measuring store %s' % store, 0)
        try:
            one = probing.measure(store, size, line.say)
        except exceptions.LifecycleError as error:
            note('Store %s was not measured: %s' % (store, error.detail))
            continue
        finally:
            line.end()
        found[document.name(store)] = {
            key: document.measured(value)
            for key, value in one.items()}
    return found


def _size(text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = 0
    if not _LEAST <= found <= _MOST:
        raise argparse.ArgumentTypeError(
            '"%s" is no number of MiB from %d to %d.' % (text, _LEAST, _MOST))
    return found
