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

"""What commands of migrations share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import datetime
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.planning import windows
from glance_lifecycle.policy import units

if TYPE_CHECKING:
    from oslo_config import cfg

    from glance_lifecycle.policy import decision
    from glance_lifecycle.worker.database import engine
    from glance_lifecycle.worker.migrating import plan as plans

_MOST_PARALLEL = 1000

# A rule has to want something.
_WHERE = ('version: 1\nrules: [{name: where, match: %s, '
          'protect: {protected: true}}]\n')


def size(text: str) -> int:
    try:
        return units.size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError('%s.' % error) from None


def window(text: str) -> str:
    try:
        windows.Window.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            '"%s" is no window such as 22:00-06:00.' % text) from None
    return text


def parallel(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= _MOST_PARALLEL:
        return int(text)
    raise argparse.ArgumentTypeError('"%s" is no number from 1 to %d.' % (
        text, _MOST_PARALLEL))


def add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--where', metavar='<match>', default='',
        help='Only the images that this matches, in the words of '
        '"match" of a policy, such as "{disk_format: qcow2}".')


def where(text: str) -> Callable[[decision.Facts], bool] | None:
    """:raises CommandError: it is no match of a policy"""
    from glance_lifecycle.policy import document
    if not text:
        return None
    try:
        rule, = document.load((_WHERE % text).encode()).rules
    except (document.DocumentError, ValueError) as error:
        raise osc_exceptions.CommandError(
            '--where is no "match" of a policy: %s' % error) from None
    return lambda facts: rule.match.holds(facts) is True


def policy(parsed_args: argparse.Namespace) -> decision.Policy:
    """That of the options; without one, the options of the service decide."""
    from glance_lifecycle import policy_file
    conf = policy_options.configuration(parsed_args)
    if parsed_args.policy or conf.lifecycle.policy_file:
        return policy_options.policy(parsed_args)
    return policy_file.in_force(conf)


def known_policy(parsed_args: argparse.Namespace) -> decision.Policy:
    """The same, where what is done must not be done without knowing it.

    :raises CommandError: nothing says which policy is in force
    """
    if not (parsed_args.policy
            or policy_options.arguments(parsed_args)):
        raise osc_exceptions.CommandError(
            'It is not known here which policy is in force, and so not '
            'which images are the newest of their families: name the '
            'configuration of the service with --config-file, or the policy '
            'with --policy.')
    return policy(parsed_args)


def add_asking(parser: argparse.ArgumentParser) -> None:
    """Of what is shown first, and then asked."""
    parser.add_argument('--dry-run', action='store_true',
                        help='Only say what would be done.')
    parser.add_argument('-y', '--yes', action='store_true',
                        help='Do not ask.')


def calendar(plan: plans.Plan) -> Iterator[str]:
    """When each wave would end that begins when the one before has ended."""
    open_at = windows.parse(plan.settings.windows)
    now = datetime.datetime.fromisoformat(plan.made)
    for number, wave in enumerate(plan.waves, 1):
        begin = windows.opens(open_at, now)
        now = windows.done(open_at, begin, wave.seconds)
        if not plan.settings.keep:
            now += datetime.timedelta(seconds=plan.settings.soak)
        yield 'Wave %d: %d images, %s, %.0f s of copying; from %s to %s.' % (
            number, len(wave.images), units.size_text(wave.size),
            wave.seconds, _minute(begin), _minute(now))


def check_acts(database: engine.Database, conf: cfg.ConfigOpts) -> None:
    """:raises CommandError: no worker would do anything"""
    from glance_lifecycle.worker import presence
    modes = {worker.mode for worker in presence.workers(database)}
    if conf.lifecycle_worker.mode != 'act' or (modes and 'act' not in modes):
        raise osc_exceptions.CommandError(
            'The worker observes, and changes nothing, so that no image '
            'would move: set [lifecycle_worker] mode to act, and restart it.')


def _minute(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat(
        timespec='minutes').replace('+00:00', 'Z')
