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


"""``openstack image lifecycle policy show``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.policy import decision

_COLUMNS = ('Section', 'Order', 'Rule', 'Match', 'Wants')


class ShowPolicy(command.Lister):
    """List the lifecycle policy by section, in the order of evaluation.

    In each section the first rule that matches decides; what it does not say
    comes from the defaults, and then from the configuration. The section
    hygiene is of stores, and not of images.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from glance_lifecycle.policy import hygiene
        from glance_lifecycle.policy import wants
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--section', choices=[*wants.SECTIONS, hygiene.SECTION],
            action='append',
            help='Only this section (repeat for more).')
        policy_options.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.policy import hygiene
        from glance_lifecycle.policy import wants
        with shown.errors():
            policy = policy_options.policy(parsed_args)
        return _COLUMNS, [
            row for section in (
                parsed_args.section or [*wants.SECTIONS, hygiene.SECTION])
            for row in (_of_stores(policy) if section == hygiene.SECTION
                        else _rows(policy, section))]


def _rows(policy: decision.Policy, section: str
          ) -> Iterator[Sequence[Any]]:
    from glance_lifecycle.policy import document
    from glance_lifecycle.policy import wants
    found = policy.document
    assert found is not None  # noqa: S101 - there is none without
    order = 0
    for rule in found.rules:
        if section in rule.wants:
            order += 1
            yield (section, order, rule.name, str(rule.match),
                   _text(section, rule.wants[section]))
    if section in found.defaults:
        order += 1
        yield (section, order, document.DEFAULTS, 'every image',
               _text(section, found.defaults[section]))
    options = wants.from_options(section, policy.defaults)
    for name, value in options.items():
        yield (section, order + 1, wants.OPTIONS[section, name],
               'every image', _text(section, {name: value}))


def _of_stores(policy: decision.Policy) -> Iterator[Sequence[Any]]:
    from glance_lifecycle.policy import hygiene
    found = policy.document
    assert found is not None  # noqa: S101 - there is none without
    for order, (name, store) in enumerate(found.hygiene.items(), 1):
        yield (hygiene.SECTION, order, 'stores', 'store %s' % name,
               hygiene.text(store))


def _text(section: str, fields: Mapping[str, Any]) -> str:
    from glance_lifecycle.policy import wants
    return '; '.join('%s: %s' % (name, wants.text(section, name, value))
                     for name, value in fields.items())
