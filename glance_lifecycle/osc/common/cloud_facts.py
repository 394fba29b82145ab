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

"""The facts of the cloud that the user is logged in to, in one document."""

from __future__ import annotations

import argparse
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import file_options
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import probing
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import store_host

# "openstack --help" loads this module, and pays for no more than that.
if TYPE_CHECKING:
    from glance_lifecycle.audit.cloud import collecting
    from glance_lifecycle.audit.cloud import document
    from glance_lifecycle.planning import cloud as clouds

_MOST_WEEKS = 52
_WEEKS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--given', metavar='<file>',
        help='What no service knows, above all cost_per_gib_month of each '
        'store: a part of the document, which counts more than what is read.')
    parser.add_argument(
        '--weeks', metavar='<number>', type=_weeks, default=_WEEKS,
        help='Count servers and volumes of so many weeks (default: %d).'
        % _WEEKS)
    file_options.add_beside(parser)
    probing.add_arguments(parser)
    store_host.add_arguments(parser)


def add_cloud(parser: argparse.ArgumentParser) -> None:
    """The cloud of a file, or the live one with all that is said of it."""
    parser.add_argument(
        '--cloud', metavar='<file>',
        help='The stores, images, compute groups and volume back ends of '
        'the cloud, in YAML or JSON (default: those of the live cloud).')
    add_arguments(parser)


def cloud(command: Any, parsed_args: argparse.Namespace) -> clouds.Cloud:
    """Of ``add_cloud``.

    :raises CommandError: a file cannot be used, or is one too many
    :raises LifecycleError: Glance does not say what it has
    """
    from glance_lifecycle.planning import cloud_file
    if parsed_args.cloud is None:
        return cloud_file.of(collected(command, parsed_args)[0])
    refuse(parsed_args)
    return input_file.load(parsed_args.cloud, cloud_file.MOST,
                           cloud_file.load)


def refuse(parsed_args: argparse.Namespace) -> None:
    """Where nothing is collected.

    :raises CommandError: one of these options was given
    """
    found = ['--' + name.replace('_', '-') for name in (
        'given', 'nova_conf', 'cinder_conf', 'ceph_conf', 'probe',
        'config_file', 'config_dir')
        if getattr(parsed_args, name) not in (None, [])]
    if found:
        raise osc_exceptions.CommandError(
            'With --cloud nothing is collected. Leave out either that or %s.'
            % ', '.join(found))


def collected(command: Any, parsed_args: argparse.Namespace
              ) -> tuple[document.Document, list[str]]:
    """The document, and what could not be told: sentences, also on stderr.

    :raises CommandError: a file cannot be used
    :raises LifecycleError: Glance does not say what it has
    """
    from glance_lifecycle.audit.cloud import collecting
    from glance_lifecycle.audit.cloud import merging
    from glance_lifecycle.audit.doctor import beside
    from glance_lifecycle.planning import cloud_file
    given = {} if parsed_args.given is None else input_file.load(
        parsed_args.given, cloud_file.LIMITS.size, merging.given)
    notes: list[str] = []
    host = _host(parsed_args, notes)
    measured = probing.measured(parsed_args, notes.append)
    line = progress.Progress('', 0)
    try:
        found = collecting.collect(
            connection.of(command), collecting.Wishes(
                parsed_args.weeks, beside.Given(
                    parsed_args.nova_conf, parsed_args.cinder_conf,
                    parsed_args.ceph_conf), given, measured),
            notes.append, host, line.say)
    finally:
        line.end()
    notes = list(dict.fromkeys(notes))
    sys.stderr.writelines('Note: %s\n' % note for note in notes)
    return found, notes


def _host(parsed_args: argparse.Namespace, notes: list[str]
          ) -> collecting.Host | None:
    """None where glance-api does not run here, and nobody says that it does.
    """
    try:
        store_host.configured(parsed_args)
    except (osc_exceptions.CommandError, exceptions.ConfigurationError):
        if (parsed_args.config_file or parsed_args.config_dir
                or parsed_args.probe is not None):
            raise
        notes.append('No glance-api is configured here that this user may '
                     'look into. What only such a host can read is left out: '
                     'the room in stores, and how often Ceph keeps each '
                     'byte.')
        return None
    from glance_lifecycle.audit.cloud import here
    return here.ThisHost()


def _weeks(text: str) -> int:
    found = amounts.number_from(1)(text)
    if found > _MOST_WEEKS:
        raise argparse.ArgumentTypeError('at most %d weeks are counted.'
                                         % _MOST_WEEKS)
    return found
