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

"""``glance-lifecycle-manage recover``, which needs Glance."""

import argparse
import json
import sys

from oslo_config import cfg

from glance_lifecycle.cmd import asking
from glance_lifecycle.recovery import recovering

CONF = cfg.CONF


def recover(args: argparse.Namespace) -> int:
    """:returns: 0 done, 1 it failed, if only for one import, or was declined
    """
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
    failed = int(declined or any(plan.failed for plan in plans))
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
    if not asking.agreed():
        raise _Declined


def _recover_stale(args: argparse.Namespace,
                   state_dir: str) -> list[recovering.Plan]:
    """Show the plan and ask first: age is no proof of death."""
    planned = list(recovering.recover_stale(state_dir, args.stale_after, True))
    if args.dry_run or not planned:
        return planned
    _ask(args, 'these imports are taken for dead and undone:', planned)
    return list(recovering.recover_stale(state_dir, args.stale_after))
