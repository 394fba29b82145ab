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

"""``openstack image lifecycle dependents``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from openstack import exceptions as sdk_exceptions
from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.dependents import base

_COLUMNS = ('Asked', 'Result', 'Kind', 'ID', 'Name', 'Project', 'Detail')

_PROVIDERS = ('servers', 'volumes', 'rbd_children', 'members')


class ListDependents(command.Lister):
    """List what needs an image: servers, volumes, clones, other projects.

    A row for each that was found; and one for each provider that found
    nothing ("none"), could only tell a part ("in part"), or could not be
    asked ("not asked"), which is not the same as none.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        parser.add_argument(
            '--ask', metavar='<provider>', action='append', dest='providers',
            help='Ask only this provider (repeat for more; default: %s).'
            % ', '.join(_PROVIDERS))
        parser.add_argument(
            '--ceph-conf', metavar='<file>', default='',
            help="Ceph's configuration (default: where Ceph looks itself).")
        parser.add_argument(
            '--ceph-user', metavar='<user>', default='',
            help='Ceph user, without "client." (default: admin).')
        parser.add_argument(
            '--ceph-timeout', metavar='<seconds>', type=float, default=10.0,
            help='Seconds to wait for Ceph (default: 10).')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        from glance_lifecycle.dependents import base
        from glance_lifecycle.dependents import loading
        conn = connection.of(self)
        image = _image(conn.image, parsed_args.image)
        providers = loading.providers(
            parsed_args.providers or _PROVIDERS, conn, base.Settings(
                ceph={'': base.Ceph(parsed_args.ceph_conf,
                                    parsed_args.ceph_user)},
                ceph_timeout=parsed_args.ceph_timeout))
        return _COLUMNS, (row for provider in providers
                          for row in _rows(provider.ask(image)))


def _rows(answer: base.Answer) -> Iterator[Sequence[Any]]:
    from glance_lifecycle.dependents import base

    def say(result: str, detail: str) -> Sequence[Any]:
        return answer.provider, result, '', '', '', '', detail

    if not answer.asked:
        yield say('not asked', answer.reason)
        return
    nothing = True
    try:
        for found in answer.dependents:
            nothing = False
            yield (answer.provider, 'found', *map(shown.visible, (
                found.kind, found.id, found.name, found.project,
                found.detail)))
    except base.NotAsked as error:
        yield say('in part', str(error))
        return
    if answer.reason:
        yield say('in part', answer.reason)
    elif nothing:
        yield say('none', '')


def _image(client: Any, name_or_id: str) -> base.Image:
    from glance_lifecycle.dependents import base
    try:
        found = client.find_image(name_or_id, ignore_missing=False)
    except sdk_exceptions.NotFoundException:
        raise osc_exceptions.CommandError(
            'There is no image %s.' % name_or_id) from None
    return base.Image(
        found.id, found.name or '', found.owner_id or '', found.visibility,
        {name: str(value)
         for name, value in (found.properties or {}).items()},
        _locations(found))


def _locations(image: Any) -> tuple[base.Location, ...] | None:
    """None if this user is not shown them, or is shown only one.

    https://docs.openstack.org/api-ref/image/v2/#show-image
    """
    from glance_lifecycle.dependents import base
    if image.locations is None:
        return None
    return tuple(base.Location(
        str(location.get('url') or ''),
        str((location.get('metadata') or {}).get('store') or ''))
        for location in image.locations)
