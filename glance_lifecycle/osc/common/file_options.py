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

"""Hosts of glance-api and what is beside it, as options name their files."""

import argparse
from collections.abc import Sequence
import pathlib
from typing import TYPE_CHECKING
import urllib.parse

from osc_lib import exceptions as osc_exceptions

# "openstack --help" loads this module, and pays for no more than that.
if TYPE_CHECKING:
    from glance_lifecycle.audit.doctor import beside
    from glance_lifecycle.audit.doctor import host as hosts

Directories = Sequence[tuple[str, pathlib.Path]]

_MOST_HOSTS = 1000


def add_arguments(parser: argparse.ArgumentParser, *, config_dir: str,
                  api_url: str) -> None:
    """Those of ``doctor``, for all that judges the same files.

    :param config_dir: help of that option
    :param api_url: likewise
    """
    where = parser.add_mutually_exclusive_group()
    where.add_argument('--config-dir', metavar='<directory>',
                       type=pathlib.Path, help=config_dir)
    where.add_argument(
        '--host', metavar='<name>=<directory>', action='append',
        default=[], type=_named,
        help='Directory gathered from a host: a copy of its /etc/glance, '
        'or a report of sosreport (repeat for more hosts).')
    add_beside(parser)
    parser.add_argument(
        '--uwsgi', metavar='<file>', action='append', default=[],
        type=pathlib.Path,
        help='The file that tells uWSGI how to run glance-api, where it '
        'is not named *uwsgi*.ini beside glance-api.conf.')
    parser.add_argument(
        '--this-host', action='store_true',
        help='Look at this host as well: mounts, owners, free space, '
        'staged files, and whether its import plugins can be loaded. '
        'Only where the files are its own, and where glance-api runs: '
        'in its container, if it has one.')
    parser.add_argument(
        '--policy-dir', metavar='<directory>', type=pathlib.Path,
        help="Directory with Glance's own policy.yaml and policy.d "
        '(default: that of glance-api.conf).')
    parser.add_argument('--api-url', metavar='<url>', action='append',
                        default=[], type=url, help=api_url)
    parser.add_argument(
        '--release', metavar='<number>', type=int, choices=(31, 32, 33),
        help='Release of Glance: 31 (2025.2), 32 (2026.1) or 33 (2026.2) '
        '(default: the one that is installed here, or else 33).')


def add_beside(parser: argparse.ArgumentParser) -> None:
    """Only those that name files of Nova, Cinder and Ceph."""
    parser.add_argument(
        '--nova-conf', metavar='[<name>=]<file>', action='append',
        default=[], type=maybe_named,
        help='A nova.conf that goes with this Glance, and the name of the '
        'host that it is from (repeat for more computes). In directories of '
        'whole hosts it is found by itself.')
    parser.add_argument(
        '--cinder-conf', metavar='[<name>=]<file>', action='append',
        default=[], type=maybe_named,
        help='A cinder.conf that goes with this Glance, and the name of the '
        'host that it is from (repeat for more).')
    parser.add_argument(
        '--ceph-conf', metavar='<file>', action='append', default=[],
        type=pathlib.Path,
        help='A ceph.conf for the services that name one of its file name, '
        'where none lies beside them (repeat for more clusters).')


def given(parsed_args: argparse.Namespace, *, own: bool = False
          ) -> 'beside.Given':
    """The files that were named, beside the directories.

    :param own: this host's own /etc is looked at as well
    """
    from glance_lifecycle.audit.doctor import beside
    return beside.Given(
        parsed_args.nova_conf, parsed_args.cinder_conf,
        parsed_args.ceph_conf, parsed_args.uwsgi, own=own)


def directories(parsed_args: argparse.Namespace,
                usual: pathlib.Path | None = None) -> Directories:
    """Name of each host, and where its files are.

    :param usual: of this host, where none is named
    :raises CommandError: two hosts have one name, or they are too many, or
        are not this one
    """
    if parsed_args.host:
        if parsed_args.this_host:
            raise osc_exceptions.CommandError(
                '--this-host looks at the host on which it runs, and --host '
                'names others. Leave one out.')
        return _once(parsed_args.host)
    here = parsed_args.config_dir or usual
    return [] if here is None else [('localhost', here)]


def gathered(parsed_args: argparse.Namespace, named: Directories,
             beside_them: 'beside.Given') -> 'list[hosts.Host]':
    """What is read of these hosts.

    :raises ConfigurationError: there is no configuration in one
    """
    from glance_lifecycle.audit.doctor import examination
    from glance_lifecycle.audit.doctor import facts
    return examination.gathered(
        named, parsed_args.release or examination.installed_release(),
        local=not parsed_args.host, policies=parsed_args.policy_dir,
        here=facts.ThisHost() if parsed_args.this_host else None,
        given=beside_them)


def used(parsed_args: argparse.Namespace) -> list[str]:
    """The options above that were given, without --config-dir."""
    return ['--' + name.replace('_', '-') for name in (
        'host', 'nova_conf', 'cinder_conf', 'ceph_conf', 'uwsgi',
        'this_host', 'policy_dir', 'api_url', 'release')
        if getattr(parsed_args, name)]


def url(text: str) -> str:
    """Without http:// it would be asked nothing, and taken for silent."""
    try:
        parts = urllib.parse.urlsplit(text)
        good = bool(parts.scheme in ('http', 'https') and parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise argparse.ArgumentTypeError(
            '"%s" is no URL that begins with http:// or https://.' % text)
    return text


def maybe_named(text: str) -> tuple[str, pathlib.Path]:
    name, equals, path = text.partition('=')
    # A path may have a "=", and a name has no "/".
    if not equals or '/' in name:
        name, path = text, text
    if not (name and path):
        raise argparse.ArgumentTypeError('"%s" is not NAME=FILE.' % text)
    return name, pathlib.Path(path)


def _named(text: str) -> tuple[str, pathlib.Path]:
    name, equals, path = text.partition('=')
    if not (name and equals and path):
        raise argparse.ArgumentTypeError('"%s" is not NAME=DIRECTORY.' % text)
    return name, pathlib.Path(path)


def _once(named: Directories) -> Directories:
    """:raises CommandError: two hosts have one name, or they are too many"""
    names = [name for name, _path in named]
    if len(set(names)) < len(names):
        raise osc_exceptions.CommandError(
            'Two hosts have the same name. Name each --host differently.')
    if len(names) > _MOST_HOSTS:
        raise osc_exceptions.CommandError(
            'There are more than %d hosts. Look at some at a time.'
            % _MOST_HOSTS)
    return named
