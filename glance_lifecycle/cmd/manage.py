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

"""``glance-lifecycle-manage``: what an operator does on a Glance host."""

import argparse
import json
import sys

from oslo_config import cfg

from glance_lifecycle.cmd import manage_db
from glance_lifecycle.conf import opts
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.recovery import recovering

CONF = cfg.CONF


def main(argv: list[str] | None = None) -> int:
    """:returns: 0 done, 1 it failed, if only for one import, 2 wrong usage
    """
    args = _parser().parse_args(argv)
    config = [word for name, values in (('--config-file', args.config_file),
                                        ('--config-dir', args.config_dir))
              for value in values for word in (name, value)]
    try:
        glance_host.load_configuration(config)
        opts.register_opts(CONF)
        return int(args.function(args))
    except exceptions.LifecycleError as error:
        print('glance-lifecycle-manage: %s' % error.for_operator(),
              file=sys.stderr)
        return 1
    except cfg.Error as error:
        print('glance-lifecycle-manage: %s' % exceptions.sentence(str(error)),
              file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='glance-lifecycle-manage',
        description='Look after image imports on this host.')
    for name in ('--config-file', '--config-dir'):
        parser.add_argument(
            name, action='append', default=[], metavar='PATH',
            help='As glance-api has it; may be repeated. Default: the files '
            'in /etc/glance, or in $OS_GLANCE_CONFIG_DIR.')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    manage_db.add_parser(commands)
    recover = commands.add_parser(
        'recover', help='Undo the imports that died with their process.',
        description='Undo the imports that died with their process: remove '
        'unfinished copies from the stores, and put each image back to where '
        'its owner can import it again. Safe at any time: imports that are '
        'alive are not touched.')
    recover.add_argument('--dry-run', action='store_true',
                         help='Only say what would be done.')
    recover.add_argument(
        '--stale-after', type=float, metavar='SECONDS',
        help='DESTRUCTIVE: also undo imports that left no journal (stock '
        'imports, copy-image) and whose task has not changed for so long, '
        'on whatever host. A long download or copy looks like that too: use '
        'it when no glance-api of this cloud has an import running, and '
        'with --dry-run first.')
    recover.add_argument(
        '--by-name', metavar='TASK_ID',
        help='DESTRUCTIVE: recover one import, and remove from its stores '
        'also what bears the image\'s name and cannot be proven to be of '
        'that import, such as that of a release that kept no proof. Make '
        'sure first that it is of no use to another Glance that shares the '
        'store, and that no copy of the image runs.')
    recover.add_argument(
        '--forget', metavar='TASK_ID',
        help='DESTRUCTIVE: recover one import, and drop its record with what '
        'cannot be removed from its stores, for stores that are gone for '
        'good and objects that are to stay. Nobody knows of these any more.')
    recover.add_argument('-y', '--yes', action='store_true',
                         help='Do not ask before the destructive part.')
    recover.add_argument('-f', '--format', choices=['text', 'json'],
                         default='text', help='How to print the result.')
    recover.set_defaults(function=_recover)
    return parser


def _recover(args: argparse.Namespace) -> int:
    state_dir = CONF.lifecycle.state_dir
    plans: list[recovering.Plan] = []
    declined = False
    try:
        if args.by_name or args.forget:
            plans += _recover_named(args, state_dir)
        else:
            plans += recovering.recover(state_dir, args.dry_run)
            if args.stale_after is not None:
                plans += _recover_stale(args, state_dir)
    except _Declined:
        declined = True
    failed = int(any(plan.failed for plan in plans))
    if args.format == 'json':
        print(json.dumps([plan.to_dict() for plan in plans], indent=2))
        return failed
    for plan in plans:
        print('%s: %s' % (_said(args, plan), plan.text))
    if declined:
        print('The rest is left as it is.' if plans else 'Nothing is changed.')
    elif not plans:
        print('Nothing to recover.')
    return failed


def _said(args: argparse.Namespace, plan: recovering.Plan) -> str:
    if plan.failed:
        return 'not recovered'
    if args.dry_run:
        return 'would be recovered'
    if args.forget:
        return 'forgotten'
    return 'recovered' if plan.finished else 'not all recovered'


def _recover_named(args: argparse.Namespace,
                   state_dir: str) -> list[recovering.Plan]:
    """One journal, with its destructive end."""
    dead = recovering.find(state_dir, args.by_name or args.forget)
    plan = recovering.planned(dead)
    stores = ', '.join(target.store for target in dead.record.targets)
    if args.by_name:
        what = ('whatever is named %s in store %s is removed, whoever made '
                'it, unless Glance has a location there.'
                % (plan.image_id, stores))
    else:
        what = ('the record of this import is dropped. What cannot be '
                'removed now stays for ever, unknown to all, in store %s.'
                % stores)
    try:
        if args.dry_run:
            return [plan]
        _ask(args, what, [plan])
        act = recovering.remove_by_name if args.by_name else recovering.forget
        return list(act(dead))
    finally:
        dead.close()


class _Declined(Exception):
    """The operator said no."""


def _ask(args: argparse.Namespace, what: str,
         plans: list[recovering.Plan]) -> None:
    """:raises _Declined: the operator does not agree"""
    if args.yes:
        return
    print('DESTRUCTIVE: ' + what, file=sys.stderr)
    for plan in plans:
        print('  ' + plan.text, file=sys.stderr)
    print('Go on? [y/N] ', end='', file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ('y', 'yes'):
        raise _Declined


def _recover_stale(args: argparse.Namespace,
                   state_dir: str) -> list[recovering.Plan]:
    """Show the plan and ask first: age is no proof of death."""
    planned = list(recovering.recover_stale(state_dir, args.stale_after, True))
    if args.dry_run or not planned:
        return planned
    _ask(args, 'these imports are taken for dead and undone:', planned)
    return list(recovering.recover_stale(state_dir, args.stale_after))


if __name__ == '__main__':
    sys.exit(main())
